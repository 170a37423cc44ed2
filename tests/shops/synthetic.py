"""A shop of any size that holds nothing: each record is made when it is asked for.

    with BigShop(1_000_000, variable=10, variations=5) as shop: ...

Every tenth product is variable with five variations. Ids are spaced evenly, so any page is as quick as
the first. Products can be edited (those that were are kept), but not added or removed, and lists know
only the parameters that a mirror needs; others are an error rather than a wrong answer.
"""

from collections.abc import Sequence

from sync2sys.demo.records import PRODUCT, VARIATION
from sync2sys.demo.shapes import local
from tests.shops.woocommerce import WooShop

FIRST = 1000
MADE = "2025-06-01T06:00:00"
KNOWN = {
    "page",
    "per_page",
    "offset",
    "order",
    "orderby",
    "include",
    "status",
    "modified_after",
    "dates_are_gmt",
}
SIZES = [str(size) for size in range(36, 60)]


class BigShop(WooShop):
    """`products` of them, every `variable`th with so many `variations` (0: none are)."""

    def __init__(self, products, *, variable=10, variations=5, **options):
        super().__init__([], **options)
        self.products = products
        self.variable, self.variations = variable, variations if variable else 0
        self.records = Records(self)

    def product_id(self, place):
        return FIRST + place * (self.variations + 1)

    def variation_id(self, place):
        """The id of the `place`th of all variations."""
        parent, child = divmod(place, self.variations)
        return self.product_id(parent * self.variable) + 1 + child

    def count(self, kind):
        if kind == "product":
            return self.products
        return -(-self.products // self.variable) * self.variations if self.variations else 0

    def children(self, product_id):
        place, child = divmod(product_id - FIRST, self.variations + 1)
        if child or not self.variations or place % self.variable:
            return []
        return [self.records[product_id + 1 + number] for number in range(self.variations)]

    def select(self, kind, given, parent=None):
        unknown = set(given) - KNOWN
        if unknown or given.get("status", "any") not in ("any", "publish"):
            raise NotImplementedError(f"the big shop does not know {unknown or given['status']}")
        if parent is not None:
            return self.children(parent)
        if "include" in given or "modified_after" in given:
            return self._few(kind, given)
        number = self.product_id if kind == "product" else self.variation_id
        places = range(self.count(kind))
        newest_first = given.get("order", "desc") == "desc"
        return Lazy(self.records, number, places[::-1] if newest_first else places)

    def _few(self, kind, given):
        """Named records, or those that were edited: the only ones with a new modification time."""
        if "include" in given:
            found = [self.records.get(int(number)) for number in str(given["include"]).split(",")]
        else:
            gmt = str(given.get("dates_are_gmt")).lower() in ("true", "1")
            found = [each for each in self.records.kept.values() if self._is_after(each, given, gmt)]
        is_variation = kind == "variation"
        wanted = (each for each in found if each and (each["type"] == "variation") is is_variation)
        return sorted(wanted, key=lambda each: each["id"], reverse=given.get("order", "desc") == "desc")

    def _is_after(self, record, given, gmt):
        time = record["date_modified_gmt"]
        return (time if gmt else local(time, self.zone)) > given["modified_after"]

    def edit(self, number, **fields):
        record = self.records.keep(number)
        if record["parent_id"]:
            self.records.keep(record["parent_id"])
        super().edit(number, **fields)

    def related(self, product_id):
        return []


class Lazy(Sequence):
    """The records at some places, made one by one."""

    def __init__(self, records, number, places):
        self._records, self._number, self._places = records, number, places

    def __len__(self):
        return len(self._places)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return Lazy(self._records, self._number, self._places[place])
        return self._records[self._number(self._places[place])]


class Records:
    """All records by id, like the dict of a `Shop`; the edited ones are `kept`."""

    def __init__(self, shop):
        self._shop = shop
        self.kept = {}

    def __contains__(self, number):
        shop = self._shop
        place, child = divmod(number - FIRST, shop.variations + 1)
        return 0 <= place < shop.products and (not child or not place % shop.variable)

    def __getitem__(self, number):
        return self.kept.get(number) or self._made(number)

    def get(self, number):
        try:
            return self[number]
        except KeyError:
            return None

    def values(self):
        return self.kept.values()

    def keep(self, number):
        return self.kept.setdefault(number, self[number])

    def _made(self, number):
        if number not in self:
            raise KeyError(number)
        place, child = divmod(number - FIRST, self._shop.variations + 1)
        return self._variation(number, place, child) if child else self._product(number, place)

    def _product(self, number, place):
        made = PRODUCT | {
            "id": number,
            "name": f"Product {place} of a big shop",
            "slug": f"product-{place}",
            "description": f"<p>Number {place}. It is as good as any other, and told at some length.</p>\n",
            "short_description": "<p>As good as any other.</p>\n",
            "sku": f"BIG-{place}",
            "date_created_gmt": MADE,
            "date_modified_gmt": MADE,
            "categories": [{"id": 15}],
            "images": [picture(number)],
        }
        if self._shop.variations and not place % self._shop.variable:
            sizes = {"id": 2, "name": "Size", "variation": True, "options": SIZES}
            return made | {"type": "variable", "attributes": [sizes]}
        return made | price(place) | {"manage_stock": True, "stock_quantity": 1 + place % 90}

    def _variation(self, number, place, child):
        size = {"id": 2, "name": "Size", "option": SIZES[child % len(SIZES)]}
        return (
            VARIATION
            | price(place + child)
            | {
                "id": number,
                "parent_id": number - child,
                "sku": f"BIG-{place}-{child}",
                "date_created_gmt": MADE,
                "date_modified_gmt": MADE,
                "attributes": [size],
            }
        )


def price(place):
    amount = f"{1 + place % 500}.{place % 100:02d}"
    return {"price": amount, "regular_price": amount}


def picture(number):
    src = f"/wp-content/uploads/2025/06/big-{number}.png"
    return {"id": 10_000_000 + number, "src": src, "name": "", "alt": ""}
