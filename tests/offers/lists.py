"""Rows and mappings for tests."""

from dataclasses import dataclass, field

from sync2sys.offers import mapping, rows

GTIN = "4006381333931"
MAPPING = {
    "fields": {
        "sku": "Artikelnummer",
        "gtin": ["EAN", "EAN 2"],
        "mpn": "Hersteller-Nr",
        "brand": "Marke",
        "title": "Bezeichnung",
        "cost": {"columns": "EK", "numbers": "comma", "tax": "without"},
        "price": {"columns": "UVP", "numbers": "comma", "tax": "with"},
        "per": {"columns": "PE"},
        "currency": {"columns": "Währung", "constant": "EUR"},
        "quantity": {"columns": "Bestand", "numbers": "comma", "words": {"viele": 50, "<5": 1}},
        "availability": {"columns": "Status", "words": {"A": "in_stock", "Z": "out_of_stock", "wenig": 2}},
        "available_at": {"columns": "ab", "days": "day_first"},
        "description": "Text",
        "link": "Link",
        "images": ["Bild 1", "Bild 2"],
        "category": "Warengruppe",
        "weight": {"columns": "Gewicht", "numbers": "comma", "unit": "g"},
    },
    "options": {"Size": "Größe"},
}
FULL = {
    "Artikelnummer": "AC-1",
    "EAN": GTIN,
    "Hersteller-Nr": "TR-42",
    "Marke": "Acme",
    "Bezeichnung": "Trail  Runner",
    "EK": "1.234,50",
    "UVP": "1.999,00 €",
    "Bestand": "7",
    "Status": "auf Lager",
    "ab": "24.12.2026",
    "Text": "Runs.",
    "Link": "https://b2b.example/ac-1",
    "Bild 1": "https://b2b.example/1.jpg, https://b2b.example/2,3.jpg",
    "Bild 2": "https://b2b.example/1.jpg\nhttps://b2b.example/4.jpg",
    "Warengruppe": "Shoes > Running",
    "Gewicht": "250",
    "Größe": "42",
}


@dataclass
class Line:
    """A row as a reader gives it."""

    line: int
    values: dict[str, str] = field(default_factory=dict)


def read(changes=None, line=2, definition=MAPPING, **cells):
    """The offer of the full row with other cells; a None takes one away."""
    values = FULL | (changes or {}) | cells
    values = {column: text for column, text in values.items() if text is not None}
    return rows.offer_of(Line(line, values), mapping.parse(definition))


def mapped(**fields):
    """The mapping with other fields; a None takes one away."""
    found = MAPPING["fields"] | fields
    return MAPPING | {"fields": {name: each for name, each in found.items() if each is not None}}
