"""The demo shop's catalogue, made from the table in `families.py`. Always the same, but for sale dates.

What shops get wrong is in it on purpose. A model's tags say what:

    #sale #sale-now #sale-soon #sale-over   reduced: always, this month, next month, last month
    #out #low #backorder #negative          stock of 0, 2, 0 on order, -3
    #parentstock                            variations share the product's stock
    #draft #private #pending #future        not published
    #hidden #search #password               published, but not for everybody to see
    #noprice #free #fourdecimals            no price, "0", as typed by a calculator
    #noimage #nosku #nogtin #nodescription  without
    #entity #umlaut                         "&amp;" in the name; a blank and umlauts in the image's address
    #novariations #anysize                  variable without variations; one that fits any size
"""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sync2sys.demo.families import EXTERNAL, FAMILIES, GROUPED, Family
from sync2sys.demo.records import Catalogue, Record, slugify, stamp

#: GS1 keeps this prefix for examples, so no real product has these numbers
GTIN_PREFIX = "952"

#: The rates of two countries, in per cent; in both the standard one and a reduced one.
TAXES = (
    {"country": "DE", "rate": "19.0000", "name": "MwSt."},
    {"country": "DE", "rate": "7.0000", "name": "MwSt.", "class": "reduced-rate"},
    {"country": "AT", "rate": "20.0000", "name": "USt."},
    {"country": "AT", "rate": "10.0000", "name": "USt.", "class": "reduced-rate"},
)

FIRST_PRODUCT, FIRST_CATEGORY = 101, 21
COLOUR, SIZE = {"id": 1, "name": "Colour"}, {"id": 2, "name": "Size"}
UPLOADS = "/wp-content/uploads/2025/10"


def gtin(number: int) -> str:
    """The GTIN-13 of a number, with its check digit."""
    digits = f"{GTIN_PREFIX}{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def build(now: datetime | None = None) -> Catalogue:
    """The whole catalogue, as `Shop` takes it. Sale dates are those of the month of `now`."""
    return _Builder((now or datetime.now(UTC)).replace(day=1, hour=0, minute=0, second=0)).catalogue()


class _Builder:
    def __init__(self, month: datetime) -> None:
        self.month = month
        self.categories: dict[tuple[str, ...], Record] = {}
        self.ids = itertools.count(FIRST_PRODUCT)
        self.numbers = itertools.count(1001)
        self.by_name: dict[str, int] = {}
        self.brands: dict[str, Record] = {}

    def catalogue(self) -> Catalogue:
        products = [*self._simple_and_variable(), *self._external(), *self._grouped()]
        return Catalogue(products, list(self.categories.values()))

    def _simple_and_variable(self) -> Iterator[Record]:
        for family in FAMILIES:
            for place, model in enumerate(family.models):
                yield self._product(family, place, model)

    def _product(self, family: Family, place: int, model: str) -> Record:
        label, _, rest = model.partition(": ")
        special, *tags = (part.strip() for part in rest.split("#"))
        name = family.name.format(label)
        price = family.price + place * family.step
        record = self._shelf(name, family.category, f"FH-{next(self.numbers)}")
        record |= {
            "description": _description(family, special),
            "short_description": f"<p>{special}</p>\n",
            "regular_price": f"{price:.2f}",
            "brands": [self._brand(family.brand)],
            "attributes": _specs(family.specs),
            "weight": family.weight,
            "manage_stock": True,
            "stock_quantity": 5 + record["id"] * 7 % 60,
            "global_unique_id": gtin(record["id"] * 100),
        }
        if family.axes:
            self._vary(record, family, price)
        for tag in tags:
            self._mess(record, tag)
        return record

    def _shelf(self, name: str, category: str, sku: str) -> Record:
        """What every product has."""
        number, slug = next(self.ids), slugify(name)
        self.by_name[name] = number
        pictures = [f"{UPLOADS}/{slug}-{shot}.png" for shot in range(1, 2 + number % 3)]
        return {
            "id": number,
            "name": name,
            "sku": sku,
            "categories": [{"id": self._category(tuple(category.split(" > ")))}],
            "images": [{"src": src, "name": name, "alt": name} for src in pictures],
        }

    def _category(self, path: tuple[str, ...]) -> int:
        """The category at the end of the path, made with all above it."""
        known = self.categories.get(path)
        if known is None:
            parent = self._category(path[:-1]) if len(path) > 1 else 0
            name, slug = path[-1].replace("&", "&amp;"), slugify(" ".join(path).replace("&", ""))
            known = {
                "id": FIRST_CATEGORY + len(self.categories),
                "name": name,
                "slug": slug,
                "parent": parent,
            }
            self.categories[path] = known
        return int(known["id"])

    def _brand(self, name: str) -> Record:
        new = {"id": 301 + len(self.brands), "name": name.replace("&", "&amp;"), "slug": slugify(name)}
        return self.brands.setdefault(name, new)

    def _vary(self, record: Record, family: Family, price: float) -> None:
        axes = [_axis(name, values) for name, values in family.axes.items()]
        record["type"] = "variable"
        record["attributes"] = [*axes, *record["attributes"]]
        record |= {"manage_stock": False, "global_unique_id": "", "regular_price": ""}
        record["variations"] = [
            self._variation(record, family, choice, price) for choice in _choices(family.axes)
        ]

    def _variation(self, record: Record, family: Family, choice: dict[str, str], price: float) -> Record:
        number = next(self.ids)
        last, values = list(family.axes.items())[-1]
        short = "-".join(slugify(value).upper() for value in choice.values())
        return {
            "id": number,
            "sku": f"{record['sku']}-{short}",
            "global_unique_id": gtin(number * 100),
            "regular_price": f"{price + values.index(choice[last]) * family.rise:.2f}",
            "manage_stock": True,
            # About one in nine is sold out, as in any shop.
            "stock_quantity": 0 if number % 9 == 0 else 2 + number * 5 % 30,
            "attributes": [_reference(name) | {"option": value} for name, value in choice.items()],
        }

    def _mess(self, record: Record, tag: str) -> None:
        variations = record.get("variations", [])
        if tag in FIELDS:
            record |= FIELDS[tag]
        elif tag in OFFERS:
            for offered in variations or [record]:
                offered |= OFFERS[tag]
        elif tag.startswith("sale"):
            for offered in variations or [record]:
                offered |= self._sale(tag, offered["regular_price"])
        else:
            getattr(self, f"_{tag}")(record)

    def _sale(self, tag: str, regular: str) -> Record:
        sale: Record = {"sale_price": f"{float(regular) * 0.8:.2f}"}
        if tag != "sale":
            after, days = {"sale-now": (-5, 45), "sale-soon": (40, 20), "sale-over": (-40, 20)}[tag]
            start = self.month + timedelta(days=after)
            sale["date_on_sale_from_gmt"] = stamp(start)
            sale["date_on_sale_to_gmt"] = stamp(start + timedelta(days=days, seconds=-1))
        return sale

    def _future(self, record: Record) -> None:
        record |= {"status": "future", "date_created_gmt": stamp(self.month + timedelta(days=75))}

    def _entity(self, record: Record) -> None:
        record["name"] = record["name"].replace("&", "&amp;")

    def _umlaut(self, record: Record) -> None:
        record["images"][0] = {**record["images"][0], "src": f"{UPLOADS}/große vase.png"}

    def _parentstock(self, record: Record) -> None:
        record |= {"manage_stock": True, "stock_quantity": 40}
        for variation in record["variations"]:
            variation |= {"manage_stock": False, "stock_quantity": None}

    def _novariations(self, record: Record) -> None:
        record["variations"] = []

    def _anysize(self, record: Record) -> None:
        """One variation for each value of the first axis; the other is the buyer's choice."""
        kept = {each["attributes"][0]["option"]: each for each in reversed(record["variations"])}
        record["variations"] = list(reversed(kept.values()))
        for variation in record["variations"]:
            variation["attributes"] = variation["attributes"][:1]
            variation["sku"] = ""

    def _external(self) -> Iterator[Record]:
        for name, category, price, text, url in EXTERNAL:
            yield self._shelf(name, category, f"FH-{next(self.numbers)}") | {
                "type": "external",
                "regular_price": price,
                "description": f"<p>{text}</p>\n",
                "external_url": url,
                "button_text": "Book with the maker",
            }

    def _grouped(self) -> Iterator[Record]:
        for name, category, parts in GROUPED:
            yield self._shelf(name, category, f"FH-{next(self.numbers)}") | {
                "type": "grouped",
                "description": "<p>Pieces that belong together, sold one by one.</p>\n",
                "grouped_products": [self.by_name[part] for part in parts],
            }


#: what a tag does to the product
FIELDS: dict[str, Record] = {
    "draft": {"status": "draft"},
    "private": {"status": "private"},
    "pending": {"status": "pending"},
    "hidden": {"catalog_visibility": "hidden"},
    "search": {"catalog_visibility": "search"},
    "password": {"post_password": "winter"},
    "noimage": {"images": []},
    "nosku": {"sku": ""},
    "nogtin": {"global_unique_id": ""},
    "nodescription": {"description": "", "short_description": ""},
}

#: what a tag does to everything of the product that can be bought
OFFERS: dict[str, Record] = {
    "out": {"stock_quantity": 0},
    "low": {"stock_quantity": 2},
    "backorder": {"stock_quantity": 0, "backorders": "notify"},
    "negative": {"stock_quantity": -3, "backorders": "notify"},
    "noprice": {"regular_price": ""},
    "free": {"regular_price": "0"},
    "fourdecimals": {"regular_price": "41.9992"},
}


def _description(family: Family, special: str) -> str:
    specs = "".join(f"<li>{spec.strip().replace('&', '&amp;')}</li>\n" for spec in family.specs.split(";"))
    special = re.sub(r" & ", " &amp; ", special)
    return f"<p>{family.text}</p>\n<p>{special}</p>\n<ul>\n{specs}</ul>\n"


def _specs(specs: str) -> list[dict[str, Any]]:
    pairs = (spec.strip().partition(": ") for spec in specs.split(";"))
    return [{"id": 0, "name": name, "options": value.split(", ")} for name, _, value in pairs]


def _reference(name: str) -> Record:
    known = next((axis for axis in (COLOUR, SIZE) if axis["name"] == name), None)
    return dict(known) if known else {"id": 0, "name": name}


def _axis(name: str, values: tuple[str, ...]) -> Record:
    return {**_reference(name), "variation": True, "options": list(values)}


def _choices(axes: dict[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))
