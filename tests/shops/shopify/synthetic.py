"""A catalogue of any size that holds nothing: each record is made when it is asked for.

Products that were changed are kept. Every product has `variants` of them; ids are evenly spaced, so any page
is as quick as the first.
"""

from collections.abc import Mapping

from tests.shops.shopify.catalogue import (
    FIRST_PRODUCT,
    FIRST_VARIANT,
    MADE,
    MAIN_LOCATION,
    ONLINE_STORE,
    PRODUCT,
    VARIANT,
    Catalogue,
    picture,
)


class LazyTable(Mapping):
    """`count` records from `first` on, made by `make(number)`; changed ones are kept."""

    def __init__(self, first, count, make):
        self.numbers = range(first, first + count)
        self.kept = {}
        self._make = make

    def __getitem__(self, number):
        if number not in self.numbers:
            raise KeyError(number)
        return self.kept.get(number) or self._make(number)

    def __setitem__(self, number, record):
        self.kept[number] = record

    def __contains__(self, number):
        return number in self.numbers

    def __iter__(self):
        return iter(self.numbers)

    def __len__(self):
        return len(self.numbers)


class BigCatalogue(Catalogue):
    """So many `products`, each with so many `variants`. Nothing can be added or removed."""

    def __init__(self, products, variants=1, *, first=FIRST_PRODUCT, **options):
        super().__init__(**options)
        self._each, self._first = variants, first
        self.products = LazyTable(first, products, self._product)
        self.variants = LazyTable(FIRST_VARIANT, products * variants, self._variant_at)

    def add(self, described, now=MADE):
        raise NotImplementedError("a big catalogue is as it is")

    remove = collection = add

    def _product(self, number):
        place = number - self._first
        start = FIRST_VARIANT + place * self._each
        return PRODUCT | {
            "number": number,
            "title": f"Product {place} of a big shop",
            "handle": f"product-{place}",
            "descriptionHtml": f"<p>Number {place}. It is as good as any other, and told at some length.</p>",
            "vendor": "Big & Co",
            "createdAt": MADE,
            "updatedAt": MADE,
            "publications": {ONLINE_STORE: MADE},
            "options": self._options(),
            "images": [picture(number, 0, f"/files/big-{place}.png")],
            "collections": [],
            "variants": range(start, start + self._each),
        }

    def _options(self):
        if self._each == 1:
            return {"Title": ["Default Title"]}
        return {"Number": [str(number) for number in range(self._each)]}

    def _variant_at(self, number):
        place, child = divmod(number - FIRST_VARIANT, self._each)
        return VARIANT | {
            "number": number,
            "product": self._first + place,
            "position": child + 1,
            "options": ["Default Title"] if self._each == 1 else [str(child)],
            "price": self.money(f"{1 + place % 500}.{child % 100:02d}"),
            "sku": f"BIG-{place}-{child}",
            "createdAt": MADE,
            "updatedAt": MADE,
            "levels": {MAIN_LOCATION: place % 90},
        }
