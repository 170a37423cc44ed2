"""A shop with faults in a third of its products, and what its owner has to be told of each, as data.

What a fault is called by a code, and which of the shop's fields is wrong, is the same in every channel; how
the channel spells its field is in `FIELDS`.
"""

from typing import Any, NamedTuple

FORMATS = ("google", "meta", "openai", "heureka-sk", "skroutz", "idealo")
NOT_IDEALO = FORMATS[:-1]
SHOUTED_IN = tuple(name for name in FORMATS if name != "heureka-sk")
#: What is told about -> the field's name in each of FORMATS; - where the channel has none.
FIELDS = {
    "gtin": "gtin gtin gtin EAN ean eans",
    "image": "image_link image_link image_url IMGURL image imageUrls",
    "more images": "additional_image_link additional_image_link - IMGURL_ALTERNATIVE additionalimage -",
    "link": "link link url URL link url",
    "sale": "sale_price sale_price sale_price PRICE_VAT price_with_vat price",
    "brand": "brand brand brand MANUFACTURER manufacturer brand",
    "title": "title title title PRODUCTNAME name title",
    "description": "description description description DESCRIPTION description description",
    "category": "product_type product_type product_category CATEGORYTEXT category categoryPath",
    "stock": "- - - DELIVERY_DATE availability deliveryTime",
    "number": "mpn mpn mpn - mpn hans",
    "weight": "shipping_weight shipping_weight weight - weight -",
    "arrival": "availability_date - availability_date - - -",
    "box": "shipping_length - dimensions - - -",
    "color": "color color color - color colour",
}


class Told(NamedTuple):
    """What the owner has to be told about an item."""

    code: str
    #: a key of FIELDS; empty: the whole item
    about: str
    #: the shop's fields to look at
    source: tuple[str, ...]
    #: what the shop has there, or its beginning; None for nothing
    value: str | None
    #: part of what to do
    words: str
    #: where it is told
    formats: tuple[str, ...] = FORMATS

    def field(self, format: str) -> str | None:
        """The field's name in a format; None for the whole item."""
        return FIELDS[self.about].split()[FORMATS.index(format)] if self.about else None


class Fault(NamedTuple):
    #: what of a sound product it changes
    changes: dict[str, Any]
    told: tuple[Told, ...]


def number(digits: int, prefix: str = "400") -> str:
    """A GTIN-13 with the right check digit."""
    body = f"{prefix}{digits:0{12 - len(prefix)}d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _fault(changes: dict[str, Any], *told: Any) -> Fault:
    return Fault(changes, (Told(*told),))


def _gtin(value: str, code: str, words: str, shown: str = "") -> Fault:
    return _fault({"global_unique_id": value}, code, "gtin", ("gtin",), shown or value, words)


def _image(address: str, code: str, words: str, formats: tuple[str, ...] = FORMATS) -> Fault:
    return _fault({"images": [address]}, code, "image", ("images",), address[:150], words, formats)


def _price(value: str) -> Fault:
    return _fault({"regular_price": value}, "no_price", "", ("price",), value or None, "Set a regular price")


def _sale(value: str, code: str, words: str, **dates: str) -> Fault:
    return Fault({"sale_price": value} | dates, (Told(code, "sale", ("sale_price",), value, words),))


def _hidden(value: str, words: str, **changes: Any) -> Fault:
    return Fault(changes, (Told("not_published", "", ("status",), value, words),))


SIZE = {"id": 4, "name": "Size", "slug": "pa_size"}
COLOUR = {"id": 3, "name": "Colour", "slug": "pa_colour"}


def _variable(*variations: dict[str, Any]) -> dict[str, Any]:
    axes = [each | {"variation": True, "options": ["S", "M", "Red"]} for each in (SIZE, COLOUR)]
    return {
        "type": "variable",
        "regular_price": "",
        "global_unique_id": "",
        "attributes": axes,
        "variations": variations,
    }


def _variation(size: str, **changes: Any) -> dict[str, Any]:
    return {"regular_price": "20.00", "attributes": [SIZE | {"option": size}]} | changes


SHOUTED = "BUY THIS LAMP NOW! " * 21
LONG_COLOUR = "dark emerald green with golden ornamental stripes and dots"
FAULTS: dict[str, Fault] = {
    "GTIN with a wrong digit": _gtin("4006381333932", "wrong_check_digit", "Compare it with the barcode"),
    "GTIN cut off": _gtin("40063813339", "wrong_length", "8, 12, 13 or 14 digits. Copy all of it"),
    "GTIN of the shop's own": _gtin(number(17, "200"), "restricted_number", "Fill in the maker's"),
    "GTIN of a coupon": _gtin(number(17, "990"), "restricted_number", "on coupons"),
    "GTIN from a spreadsheet": _gtin("4.00638E+12", "rounded_number", "Type all of its digits anew"),
    "GTIN with letters": _gtin(
        "EAN 4006381333931", "not_digits", "Leave only the digits", "EAN4006381333931"
    ),
    "GTIN of zeros": _gtin("0000000000000", "only_zeros", "Fill in the real one, or empty it"),
    "no GTIN": _fault(
        {"global_unique_id": ""},
        "missing",
        "gtin",
        ("gtin",),
        None,
        "Fill in the GTIN",
        ("google", "openai", "heureka-sk", "skroutz", "idealo"),
    ),
    "wrong GTIN in a plugin's field": _fault(
        {"global_unique_id": "", "meta_data": [{"id": 1, "key": "_alg_ean", "value": "4006381333932"}]},
        "wrong_check_digit",
        "gtin",
        ("gtin",),
        "4006381333932",
        "Compare it",
    ),
    "no image": _fault({"images": []}, "missing", "image", ("image", "images"), None, "Fill in the image"),
    "relative image": _image("uploads/2026/lamp.jpg", "not_absolute", "Let it begin with https://"),
    "image on FTP": _image("ftp://files.example.com/lamp.jpg", "not_web", "begins with https://"),
    "image without TLS": _image("http://cdn.example.com/lamp.jpg", "not_https", "Move the shop to https://"),
    "endless image": _image(
        "https://cdn.example.com/" + "a" * 2500, "too_long", "Give the images a shorter one"
    ),
    "long image": _image(
        "https://cdn.example.com/" + "a" * 300, "too_long", "255 characters", ("heureka-sk",)
    ),
    "price of zero": _price("0"),
    "no price": _price(""),
    "negative price": _price("-5"),
    "price in words": _price("19,90 EUR"),
    "price that rounds to zero": _price("0.001"),
    "sale above the price": _sale("30.00", "sale_not_lower", "Correct one of the two"),
    "sale at the price": _sale("20.00", "sale_not_lower", "Correct one of the two"),
    "sale for nothing": _sale("0", "no_sale_price", "Correct it in the shop, or empty it"),
    "sale in words": _sale("cheap", "no_sale_price", "no number above zero"),
    "sale inside out": _fault(
        {
            "sale_price": "15.00",
            "date_on_sale_from_gmt": "2098-02-01T00:00:00",
            "date_on_sale_to_gmt": "2098-01-01T00:00:00",
        },
        "sale_backwards",
        "sale",
        ("sale_to",),
        "2098-01-01",
        "Correct the sale's end",
    ),
    "brand N/A": _fault(
        {"brands": [{"id": 9, "name": "N/A", "slug": "na"}]},
        "not_a_brand",
        "brand",
        ("brand",),
        "N/A",
        "Name the maker",
    ),
    "no brand": _fault({"brands": []}, "missing", "brand", ("brand",), None, "Fill in the brand"),
    "long brand": _fault(
        {"brands": [{"id": 10, "name": "Long brand " * 12, "slug": "long"}]},
        "truncated",
        "brand",
        ("brand",),
        "Long brand Long",
        "Shorten the brand",
        ("google", "meta", "openai", "skroutz"),
    ),
    "shouted title": Fault(
        {"name": SHOUTED},
        (
            Told("truncated", "title", ("title",), "BUY THIS LAMP", "Shorten the title", SHOUTED_IN[:-1]),
            Told("capitals", "title", ("title",), "BUY THIS LAMP", "Write it as in a sentence", SHOUTED_IN),
            # Its address is made of it, and of what is left out only the reason is told.
            Told("too_long", "link", ("link",), "http://", "Give the link a shorter one", ("heureka-sk",)),
        ),
    ),
    "title with emoji": _fault(
        {"name": "Lamp 🔥🔥 best price"}, "symbols", "title", ("title",), "Lamp 🔥🔥", "Use words alone"
    ),
    "no title": _fault({"name": ""}, "missing", "title", ("title",), None, "Fill in the title"),
    "description of HTML alone": _fault(
        {"description": "<div><img src='x.png'></div><p>&nbsp;</p>"},
        "missing",
        "description",
        ("description",),
        None,
        "HTML alone do not count",
    ),
    "no description": _fault(
        {"description": ""}, "missing", "description", ("description",), None, "Describe the product in words"
    ),
    "endless description": _fault(
        {"description": "<p>" + "word " * 60_000 + "</p>"},
        "truncated",
        "description",
        ("description",),
        "word word",
        "if the beginning says enough",
        ("google", "meta", "openai", "skroutz", "idealo"),
    ),
    "draft": _hidden("draft", "Publish it in the shop", status="draft"),
    "private product": _hidden("private", "Make it public", status="private"),
    "product that waits for review": _hidden("pending", "waits for review", status="pending"),
    "product of tomorrow": _hidden(
        "future", "publish it now", status="future", date_created_gmt="2098-01-01T00:00:00"
    ),
    "product behind a password": _hidden("password", "Take that away", post_password="pass"),
    "product of another site": _fault(
        {"type": "external", "external_url": "https://partner.example/x"},
        "not_purchasable",
        "",
        ("kind",),
        "external",
        "It is sold on another site",
    ),
    "grouped product": _fault(
        {"type": "grouped", "regular_price": ""}, "no_variants", "", ("kind",), "grouped", "Nothing to do"
    ),
    "variable product without variations": _fault(
        _variable(), "no_variants", "", ("kind",), "variable", "Add one in the shop"
    ),
    "variation without a price": _fault(
        _variable(_variation("S"), _variation("M", regular_price="")),
        "no_price",
        "",
        ("price",),
        None,
        "Set a regular price",
    ),
    "variation switched off": _fault(
        _variable(_variation("S"), _variation("M", status="private")),
        "variant_not_published",
        "",
        ("variant_published",),
        None,
        "Enable it",
    ),
    "variation for any choice": _fault(
        _variable(_variation("S"), _variation("M", attributes=[])),
        "any_choice",
        "title",
        ("options",),
        None,
        "Choose a value for each",
    ),
    "variation in a colour code": _fault(
        _variable(_variation("S", attributes=[COLOUR | {"option": "#ff0000"}])),
        "not_a_word",
        "color",
        ("options",),
        "Colour: #ff0000",
        "Name it in a word",
        ("google",),
    ),
    "variation in a long colour": _fault(
        _variable(_variation("S", attributes=[COLOUR | {"option": LONG_COLOUR}])),
        "truncated",
        "color",
        ("options",),
        f"Colour: {LONG_COLOUR}",
        "Shorten the variant's options",
        ("google", "openai"),
    ),
    "variations alike": _fault(
        _variable(_variation("S"), _variation("S")),
        "same_options",
        "title",
        ("options",),
        "Size: S",
        "Correct or remove one",
        ("google",),
    ),
    "long SKU": _fault(
        {"sku": "S" * 200},
        "too_long",
        "number",
        ("sku",),
        "S" * 200,
        "Make the SKU shorter",
        ("google", "meta", "openai", "skroutz"),
    ),
    "no SKU": _fault(
        {"sku": ""},
        "missing",
        "number",
        ("mpn", "sku"),
        None,
        "the maker's part number or the SKU",
        ("skroutz", "idealo"),
    ),
    "weight in stones": _fault(
        {"weight": "11 st"},
        "not_a_number",
        "weight",
        ("weight",),
        "11 st",
        "no unit",
        ("google", "meta", "openai", "skroutz"),
    ),
    "weight of a ship": _fault(
        {"weight": "5000"},
        "out_of_range",
        "weight",
        ("weight",),
        "5000",
        "not in the range",
        ("google", "meta"),
    ),
    "no category": _fault(
        {"categories": []},
        "not_a_category",
        "category",
        ("categories",),
        "Uncategorized",
        "Put the product into a real one",
    ),
    "sold out": _fault(
        {"manage_stock": True, "stock_quantity": 0},
        "sold_out",
        "stock",
        ("availability",),
        "out_of_stock",
        "Restock it",
        ("heureka-sk", "skroutz", "idealo"),
    ),
    "negative stock": _fault(
        {"manage_stock": True, "stock_quantity": -3},
        "sold_out",
        "stock",
        ("availability",),
        "out_of_stock",
        "Restock it",
        ("heureka-sk", "skroutz", "idealo"),
    ),
    "backorder without a day": _fault(
        {"stock_status": "onbackorder"},
        "no_date",
        "arrival",
        ("availability",),
        "backorder",
        "Tell the day in the shop's plugin",
        ("google",),
    ),
    "box without a height": _fault(
        {"dimensions": {"length": "30", "width": "0", "height": ""}},
        "incomplete",
        "box",
        ("length", "width", "height"),
        "30",
        "Fill in all three",
        ("google", "openai"),
    ),
    "25 images": _fault(
        {"images": [f"https://cdn.example.com/{place}.jpg" for place in range(25)]},
        "too_many",
        "more images",
        ("images",),
        "https://cdn.example.com/0.jpg, ",
        "if the first ones will do",
        ("google", "meta", "heureka-sk", "skroutz"),
    ),
}

#: What looks wrong and is put right without a word: changes, the field of Google's, what becomes of it.
MENDED: dict[str, tuple[dict[str, Any], str, str]] = {
    "four decimals": ({"regular_price": "19.9951"}, "price", "20.00 EUR"),
    "blanks and umlauts in an address": (
        {"images": ["https://cdn.example.com/groß bild-ü.jpg"]},
        "image_link",
        "https://cdn.example.com/gro%C3%9F%20bild-%C3%BC.jpg",
    ),
    "control characters": (
        {"description": "<p>Nice\x0b\x1f lamp\ufffe here</p>"},
        "description",
        "Nice lamp here",
    ),
    "entities in the title": ({"name": "Lamp &amp; Shade"}, "title", "Lamp & Shade"),
    "hidden from the shop's catalogue": ({"catalog_visibility": "hidden"}, "availability", "in_stock"),
    "no weight": ({"weight": "0"}, "price", "20.00 EUR"),
    "sale without dates": ({"sale_price": "15"}, "sale_price", "15.00 EUR"),
    "tags with commas": (
        {"tags": [{"id": 5, "name": "red, blue", "slug": "rb"}]},
        "availability",
        "in_stock",
    ),
}

FIRST, CHILDREN = 1001, 50_001


def sound(id_: int) -> dict[str, Any]:
    """A product without faults."""
    return {
        "id": id_,
        "name": f"Lamp {id_}",
        "sku": f"SKU-{id_}",
        "regular_price": "20.00",
        "global_unique_id": number(id_),
        "description": f"<p>Lamp {id_}, made by hand and told about in a whole sentence.</p>",
        "weight": "1.5",
        "brands": [{"id": 8, "name": "Fern", "slug": "fern"}],
        "categories": ["Living"],
        "images": [f"https://cdn.example.com/{id_}.jpg"],
    }


def catalogue() -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The products, and what is the matter with which: two sound ones stand before each such one."""
    products, faults, children = [], {}, iter(range(CHILDREN, CHILDREN + 1000))
    changes = {name: fault.changes for name, fault in FAULTS.items()}
    changes |= {name: mended[0] for name, mended in MENDED.items()}
    for place, (name, changed) in enumerate(changes.items()):
        last = FIRST + 3 * place + 2
        faults[last] = name
        variations = [
            each | {"id": child, "sku": f"SKU-{child}", "global_unique_id": number(child)}
            for each, child in zip(changed.get("variations", ()), children, strict=False)
        ]
        faulty = sound(last) | changed | ({"variations": variations} if variations else {})
        products += [sound(last - 2), sound(last - 1), faulty]
    return products, faults
