"""What a shop has: products, variants, collections, locations and publications, as records by number.

A catalogue is described by dicts with the field names of the API; what is left out has Shopify's defaults:

    {"title": "Shirt", "options": {"Size": ["S", "M"]}, "variants": [{"price": "9.90", "stock": 3}, {}]}

`images` are addresses or dicts of `src`, `alt`, `width`, `height`; `collections` are titles; `metafields` are
`{"custom.gtin": "4006381333931"}` or `{"custom.n": (type, value)}`; `online` says whether the product is in
the Online Store. Variants without `options` take the combinations in order.
"""

import itertools
import re
from datetime import UTC, datetime

MADE = datetime(2025, 6, 1, 6, 0, tzinfo=UTC)
#: numbers of different kinds never meet, so that one taken for another is found out
FIRST_PRODUCT, FIRST_VARIANT = 8_000_000_000_001, 45_000_000_000_001
ITEM = 2_000_000_000_000
ONLINE_STORE, POINT_OF_SALE = 82_090_459_001, 82_090_459_002
MAIN_LOCATION = 68_509_171_001

PRODUCT = {
    "__typename": "Product",
    "title": "",
    "descriptionHtml": "",
    "vendor": "",
    "productType": "",
    "status": "ACTIVE",
    "tags": [],
    "isGiftCard": False,
    "requiresSellingPlan": False,
    "templateSuffix": None,
    "category": None,
    "seo": {"title": None, "description": None},
    "metafields": [],
}
VARIANT = {
    "__typename": "ProductVariant",
    "price": "0.00",
    "compareAtPrice": None,
    "sku": None,
    "barcode": None,
    "taxable": True,
    "inventoryPolicy": "DENY",
    "tracked": True,
    "requiresShipping": True,
    "countryCodeOfOrigin": None,
    "provinceCodeOfOrigin": None,
    "harmonizedSystemCode": None,
    "unitCost": None,
    "weight": 0.0,
    "unitPriceMeasurement": None,
    "image": None,
    "metafields": [],
}
NOT_FIELDS = {"id", "images", "collections", "metafields", "options", "variants", "online", "stock", "image"}


class Table(dict):
    """Records by number; `numbers` in rising order."""

    @property
    def numbers(self):
        return sorted(self)


class Catalogue:
    """`products`, `variants`, `collections`, `locations` and `publications`, each a table."""

    def __init__(self, described=(), *, currency_digits=2):
        self.products, self.variants, self.collections = Table(), Table(), Table()
        self.locations = Table({MAIN_LOCATION: location(MAIN_LOCATION, "Shop location")})
        self.publications = Table(
            {number: publication(number, name) for number, name in PUBLICATIONS.items()}
        )
        self._product_numbers = itertools.count(FIRST_PRODUCT)
        self._variant_numbers = itertools.count(FIRST_VARIANT)
        self._digits = currency_digits
        for each in described:
            self.add(each)

    def add(self, described, now=MADE):
        """Take a described product in. Returns its number."""
        number = described.get("id") or next(self._product_numbers)
        options = described.get("options") or {"Title": ["Default Title"]}
        record = PRODUCT | {name: value for name, value in described.items() if name not in NOT_FIELDS}
        online = described.get("online", record["status"] in ("ACTIVE", "UNLISTED"))
        record |= {
            "number": number,
            "handle": described.get("handle") or slug(record["title"]) or f"product-{number}",
            "createdAt": described.get("createdAt", now),
            "updatedAt": described.get("updatedAt", now),
            "publications": {ONLINE_STORE: now, POINT_OF_SALE: now} if online else {},
            "options": {name: list(values) for name, values in options.items()},
            "images": [
                picture(number, place, each) for place, each in enumerate(described.get("images", ()))
            ],
            "collections": [self.collection(title, now) for title in described.get("collections", ())],
            "metafields": metafields(number, described),
        }
        self.products[number] = record
        record["variants"] = self._variants(record, described.get("variants") or [{}], now)
        return number

    def _variants(self, product, described, now):
        combinations = itertools.product(*product["options"].values())
        return [
            self._variant(product, each, place, list(each.get("options") or next(combinations)), now)
            for place, each in enumerate(described, start=1)
        ]

    def _variant(self, product, described, place, options, now):
        number = described.get("id") or next(self._variant_numbers)
        stock = described.get("stock", 0)
        record = VARIANT | {name: value for name, value in described.items() if name not in NOT_FIELDS}
        images = [each["src"] for each in product["images"]]
        shown = described.get("image")
        self.variants[number] = record | {
            "number": number,
            "product": product["number"],
            "position": place,
            "options": options,
            "price": self.money(record["price"]),
            "compareAtPrice": self.money(record["compareAtPrice"]),
            "createdAt": now,
            "updatedAt": now,
            "image": images.index(shown) if shown in images else None,
            "levels": dict(stock) if isinstance(stock, dict) else {MAIN_LOCATION: stock},
            "metafields": metafields(number, described),
        }
        return number

    def money(self, amount):
        """As the shop's currency writes it: `9.90`, or `990` where there are no decimals."""
        return None if amount is None else f"{float(amount):.{self._digits}f}"

    def collection(self, title, now=MADE):
        """The number of the collection called so, which is made where there is none."""
        for number, record in self.collections.items():
            if record["title"] == title:
                return number
        number = 300_000_000_001 + len(self.collections)
        self.collections[number] = {
            "__typename": "Collection",
            "number": number,
            "title": title,
            "handle": slug(title) or f"collection-{number}",
            "descriptionHtml": "",
            "sortOrder": "BEST_SELLING",
            "templateSuffix": None,
            "updatedAt": now,
            "seo": {"title": None, "description": None},
            "image": None,
            "metafields": [],
        }
        return number

    def in_collection(self, number):
        return (product for product in self.products.values() if number in product["collections"])

    def add_location(self, name):
        number = MAIN_LOCATION + len(self.locations)
        self.locations[number] = location(number, name)
        return number

    def variants_of(self, product):
        return [self.variants[number] for number in product["variants"]]

    def remove(self, number):
        for variant in self.products.pop(number)["variants"]:
            del self.variants[variant]

    def change(self, table, number, fields):
        """Put fields into a record, as a new one: who holds the old one is not disturbed."""
        table[number] = table[number] | fields
        return table[number]


PUBLICATIONS = {ONLINE_STORE: "Online Store", POINT_OF_SALE: "Point of Sale"}


def publication(number, name):
    return {
        "__typename": "Publication",
        "number": number,
        "name": name,
        "autoPublish": True,
        "supportsFuturePublishing": number == ONLINE_STORE,
    }


def location(number, name):
    return {
        "__typename": "Location",
        "number": number,
        "name": name,
        "isActive": True,
        "fulfillsOnlineOrders": True,
        "shipsInventory": True,
        "isFulfillmentService": False,
        "hasActiveInventory": True,
        "createdAt": MADE,
        "updatedAt": MADE,
    }


def picture(number, place, described):
    given = {"src": described} if isinstance(described, str) else described
    return {
        "__typename": "MediaImage",
        "number": number * 1000 + place,
        "alt": None,
        "width": 1200,
        "height": 1200,
        "mediaContentType": "IMAGE",
        "status": "READY",
    } | given


def metafields(owner, described):
    """Records of `{"namespace.key": value}`; a value with its type is a pair."""
    made = []
    for place, (name, value) in enumerate((described.get("metafields") or {}).items()):
        namespace, _, key = name.rpartition(".")
        kind, value = value if isinstance(value, tuple) else ("single_line_text_field", value)
        made.append(
            {
                "__typename": "Metafield",
                "number": owner * 100 + place,
                "namespace": namespace,
                "key": key,
                "type": kind,
                "value": value,
                "createdAt": MADE,
                "updatedAt": MADE,
            }
        )
    return made


def slug(title):
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
