"""One nasty catalogue: everything that shops are known to hold, an item each."""

from datetime import UTC, datetime, timedelta

import orjson

from sync2sys.formats import custom
from sync2sys.formats.base import EACH, LOCAL, Context, Item
from sync2sys.formats.markets import Market
from sync2sys.formats.renderer import Renderer

#: In the hour in which clocks in Europe are set back.
NOW = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
CONTEXT = Context(
    title="Rig & Söhne <Shop> \x0b]]>",
    link="https://shop.example/über uns?a=1&b=2",
    description="Products, “quoted”\nover two lines",
    now=NOW,
    as_of=datetime(2026, 10, 24, 8, 5, tzinfo=UTC),
    settings={
        "sellerName": "Rig & Söhne",
        "sellerUrl": "https://shop.example/",
        "returnPolicy": "https://shop.example/returns",
        "vat": "24.00",
    },
    market=Market("DE"),
)


def listed(*values: str) -> str:
    return orjson.dumps(values).decode()


def listing(**values: list[str]) -> str:
    return orjson.dumps(values).decode()


def named(**values: str) -> str:
    return orjson.dumps(values).decode()


PLAIN = Item(
    key="1",
    group_key="1",
    has_variants=0,
    title="Acme Trail Runner",
    variant_title="",
    description="Waterproof trail running shoe.",
    link="https://shop.example/p/trail",
    image="https://shop.example/i/1.jpg",
    images=listed("https://shop.example/i/1.jpg", "https://shop.example/i/1b.jpg"),
    brand="Acme",
    categories=listed("Shoes", "Shoes > Running"),
    gtin="4006381333931",
    mpn="AC-TR",
    sku="SKU-1",
    options="{}",
    price="89.90",
    sale_price=None,
    sale_from=None,
    sale_to=None,
    currency="EUR",
    availability="in_stock",
    quantity=3,
    weight="0.80",
    weight_unit="kg",
    product_published=1,
    variant_published=1,
    purchasable=1,
    kind="simple",
    tags="[]",
    prices_include_tax=1,
)


def item(**changes: object) -> Item:
    """The plain item with some changes."""
    return PLAIN._replace(**changes)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


_NASTY = {
    "plain": {},
    "emoji": {"title": "Tasse 🍵 für 👩‍👩‍👧 & Co.", "description": "Familie 👨‍👩‍👧‍👦 — 100 % 🎉"},
    "right-to-left": {"title": "حذاء رياضي", "description": "נעל ריצה \u202eabc\u202c", "brand": "עברית"},
    "markup": {
        "title": 'Tisch "Eiche" <groß> & ]]> &amp; mehr',
        "description": "5 < 6 > 4 & ]]>\n<![CDATA[ cdata ]]>",
        "brand": "B&<Q>",
        "sku": "A<B&C>",
        "mpn": "",
    },
    "csv": {
        "title": 'Comma, "quote", semicolon; tab\there',
        "description": '\ufeffFirst line\nsecond, "line"\r\nthird\ttab',
        "brand": "=HYPERLINK(1)",
        "tags": listed("a,b", 'c"d', "+e"),
        "categories": listed("A | B > C, D"),
    },
    "control characters": {
        "title": "\ufeffBell\x07 and \x00nul\x1a, unit\x1fseparator\x85line\u2028end",
        "description": "a\x0bb\x0cc\x08d\ufffee\uffff\x7f",
        "brand": "Ac\u200bme\xad",
        "sku": "S\x01KU",
    },
    "surrogates": {"title": "Half \ud83d face", "description": "half \udc00 face", "link": "https://a.example/\ud800"},
    "long": {
        "key": "L" * 40 + "-" + "7" * 40,
        "group_key": "G" * 51,
        "has_variants": 1,
        "title": "Ein sehr langer Name " * 20,
        "description": ("Wörter und noch mehr Wörter, " * 400)[:10_000],
        "options": named(Farbe="Ein ziemlich langer Farbname, der nicht mehr passt", Größe="42"),
        "brand": "Brand " * 20,
        "mpn": "M" * 71,
        "sku": "S",
        "categories": listed(" > ".join(["Eine Ebene mit langem Namen"] * 40)),
    },
    "endless word": {"title": "x" * 400, "description": "ÿ" * 6000},
    "40 images": {"images": listed(*(f"https://shop.example/i/{n}.jpg" for n in range(40)))},
    "image addresses": {
        "image": "https://cdn.example.com/p/94/gross bild-ü.jpg?v=94&w=1200",
        "images": listed(
            "https://cdn.example.com/p/94/gross bild-ü.jpg?v=94&w=1200",
            "//cdn.example.com/a,b.jpg",
            "http://bücher.example/100%/ä%C3%A4.png#x y",
            "data:image/png;base64,AAAA",
            "/relative.jpg",
            "ftp://cdn.example.com/x.jpg",
            "https://user:secret@cdn.example.com/x.jpg",
            "https://cdn.example.com/" + "x" * 2000,
            "",
            "https://cdn.example.com/twice.jpg",
            "https://cdn.example.com/twice.jpg",
        ),
    },
    "no own image": {"image": "", "images": listed("javascript:alert(1)", "https://shop.example/second.jpg")},
    "no image": {"image": None, "images": None},
    "bad link": {"link": "javascript:alert(1)"},
    "no link": {"link": ""},
    "blank title": {"title": " \x00 \u200b "},
    "no description": {"description": "\n"},
    "free": {"price": "0"},
    "no price": {"price": None},
    "next to nothing": {"price": "0.004"},
    "negative": {"price": "-5"},
    "not a number": {"price": "NaN"},
    "words": {"price": "on request"},
    "four decimals": {"price": "690.8125", "sale_price": "690.8049"},
    "half up": {"price": "1.005", "sale_price": "1.004"},
    "huge": {"price": "99999999999999999999.995"},
    "exponent": {"price": "1.5E+3"},
    "yen": {"price": "1234.5", "currency": "JPY"},
    "dinar": {"price": "1.2345", "currency": "KWD"},
    "no currency": {"currency": ""},
    "small currency": {"currency": "eur"},
    "draft": {"product_published": 0},
    "switched off": {"variant_published": 0},
    "not for sale": {"purchasable": 0, "price": "", "kind": "grouped"},
    "variable": {
        "key": "27",
        "group_key": "11",
        "has_variants": 1,
        "variant_title": "Blue, 42",
        "options": named(Color="Blue", Größe="42"),
        "quantity": -3,
        "availability": "backorder",
    },
    "any": {"key": "28", "group_key": "11", "has_variants": 1, "options": "{}", "image": ""},
    "any colour": {
        "key": "29",
        "group_key": "11",
        "has_variants": 1,
        "options": named(Größe="43", Color=" "),
    },
    "czech": {
        "has_variants": True,
        "options": named(
            Barva="Modrá", Velikost="XL", Pohlaví="Dámské", Materiál="Kůže", **{"Věková skupina": "Děti"}
        ),
    },
    "slugs": {
        "has_variants": 1,
        "options": named(
            attribute_pa_color="#ff0000", pa_size="42 & 43", PŁEĆ="nieznana", pattern="Dots\x02"
        ),
    },
    "preorder": {"availability": "preorder", "quantity": 0},
    "unknown stock": {"availability": "sometimes", "quantity": None},
    "no identifiers": {"gtin": "", "brand": "N/A", "mpn": "", "sku": ""},
    "wrong check digit": {"gtin": "4006381333932", "mpn": ""},
    "coupon": {"gtin": "9812345678907"},
    "isbn": {"gtin": "3-16-148410-x"},
    "upc-e": {"gtin": "04252614"},
    "sale pending": {"sale_price": "79.90", "sale_from": at(1.5), "sale_to": at(240)},
    "sale pending, no end": {"sale_price": "79.90", "sale_from": at(1), "sale_to": None},
    "sale active over the change of clocks": {"sale_price": "79.9", "sale_from": at(-2), "sale_to": at(2)},
    "sale active, no beginning": {"sale_price": "79.90", "sale_from": None, "sale_to": at(0.01)},
    "sale active, no dates": {"sale_price": "79.90"},
    "sale ends now": {"sale_price": "79.90", "sale_from": at(-9), "sale_to": NOW},
    "sale begins now": {"sale_price": "79.90", "sale_from": NOW, "sale_to": at(1)},
    "sale inside out": {"sale_price": "79.90", "sale_from": at(2), "sale_to": at(1)},
    "sale to the second": {
        "sale_price": "79.90",
        "sale_from": datetime(2026, 10, 24, 22, 0, 1, tzinfo=UTC),
        "sale_to": datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC),
    },
    "sale elsewhere": {
        "sale_price": "79.90",
        "sale_from": at(-1).astimezone(tz=None),
        "sale_to": at(1).astimezone(tz=None),
    },
    "sale no cheaper": {"sale_price": "89.90"},
    "sale for nothing": {"sale_price": "0"},
    "sale in words": {"sale_price": "less"},
    "weightless": {"weight": "0", "weight_unit": "kg"},
    "heavy": {"weight": "1000.0001", "weight_unit": "kg"},
    "pounds": {"weight": "1.23456", "weight_unit": "lbs"},
    "stones": {"weight": "3", "weight_unit": "st"},
    "details": {
        "attributes": listing(
            Sohle=["Gummi", "EVA, geschäumt"],
            Schaft=['Mesh: "luftig"'],
            Farbe=["Rot", "Blau", "Grün", "Gelb"],
            Größe=["42", "43"],
            Geschlecht=["Damen", "Herren"],
            Alter=["Erwachsene"],
            Marke=["Acme"],
            Leer=["", " "],
            **{"": ["x"], "Steuerzeichen\x07": ["\x00"], "Lang" * 50: ["Wort " * 400]},
        ),
    },
    "many details": {"attributes": listing(**{f"Detail {n}": [str(n)] for n in range(101)})},
    "other options": {
        "key": "30",
        "group_key": "12",
        "has_variants": 1,
        "options": named(Farbe="Blau/#ff0000/Rot", **{"Geschmack, Sorte": "Zitrone: süß", "Duft": '"Wald"'}),
    },
    "boxed": {"length": "30.50", "width": "0.2", "height": "400.0001", "dimension_unit": "cm"},
    "metres": {"length": "1.5", "width": "0.4", "height": "0.25", "dimension_unit": "m"},
    "cubits": {"length": "1", "width": "1", "height": "1", "dimension_unit": "ell"},
    "flat": {"length": "-1", "width": "0", "height": "high", "dimension_unit": "in"},
    "preorder with a day": {
        "availability": "preorder",
        "available_at": datetime(2026, 12, 24, 9, 30, 15, tzinfo=UTC),
    },
    "backorder with a day": {"availability": "backorder", "available_at": at(0).astimezone(tz=None)},
    "backorder for ever": {"availability": "backorder", "available_at": at(24 * 400)},
    "in stock with a day": {"available_at": at(24)},
    "shouted": {"title": "SUPER TRAIL RUNNER FOR EVERYBODY", "description": "BUY THIS TRAIL RUNNER"},
    "said twice": {"title": "Acme Trail Runner", "description": " Acme\nTrail Runner "},
    "links inside": {"description": "See https://shop.example/ or www.shop.example."},
    "no https": {"link": "http://shop.example/p/παπούτσι"},
    "readable": {"link": "https://shop.example/p/παπούτσι%2Fa?b=%26%20c"},
    "another store's": {"key": "9f3c2a7e-000", "group_key": "9f3c2a7e-000"},
    "bare": {
        **dict.fromkeys(
            ["variant_title", "brand", "categories", "gtin", "mpn", "sku", "options", "weight", "weight_unit"]
        ),
        **dict.fromkeys(["quantity", "tags"]),
        "images": "[]",
    },
}  # fmt: skip

#: Name -> item. Each has a key of its own; the names say what is special.
NASTY: dict[str, Item] = {
    name: item(**dict.fromkeys(["key", "group_key"], f"{number:03d}") | changes)
    for number, (name, changes) in enumerate(_NASTY.items())
}


def sold(format, items):
    """The items with the channel's own currency in the place of the euro, where it takes no other."""
    own = "EUR" if format.currency in (EACH, LOCAL) else format.currency
    return [each._replace(currency=own) if each.currency == "EUR" else each for each in items]


#: Items of a shop that keeps its prices without tax, and knows the rate of one tax class.
MARKETED: dict[str, Item] = {
    name: item(key=str(number), prices_include_tax=0, tax_rates=named(reduced="7"), **changes)
    for number, (name, changes) in enumerate(
        {
            "dear": {"price": "84.03"},
            "cheap": {"price": "10"},
            "cheap in a sale": {"price": "84.03", "sale_price": "10"},
            "reduced": {"price": "10", "tax_class": "reduced"},
            "not taxed": {"price": "10", "taxable": 0},
            "unknown class": {"tax_class": "odd"},
            "yen": {"price": "1000", "currency": "JPY"},
        }.items()
    )
}


def in_market(format):
    """A renderer of the format for a market, in which all that there is to say of one is said."""
    context = CONTEXT._replace(currency="EUR")
    return Renderer(format, context, custom.parse(format, marketed(format)))


def marketed(format):
    """A definition for a market, with all that the format takes of shipping."""
    lines = [
        {"country": format.country or "DE", "price": "4.90", "free_from": "50"},
        {"country": format.country or "DE", "price": "9.90", "currency": "CHF"},
    ]
    parts = {
        "region": ("BY", "Zürich"),
        "service": ("Standard: by post, tracked", "Express"),
        "min_handling_days": (0, 0),
        "max_transit_days": (3, 1),
        "cod_fee": ("1.50", "2"),
    }
    tax = {"rates": {"": "19"}} | ({} if format.wish else {"prices": "with"})
    definition = {"market": {"country": format.country or "DE", "language": "de-AT"}, "tax": tax}
    if format.delivery is None:
        return definition
    for place, line in enumerate(lines):
        line.update({name: values[place] for name, values in parts.items() if name in format.delivery.takes})
        if format.delivery.carriers:
            line["carrier"] = list(format.delivery.carriers)[place * 6]
    return definition | {"shipping": lines[: format.delivery.most]}
