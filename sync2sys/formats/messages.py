"""What owners are told about an item, by the code of an issue: what is the matter, and what to do."""

from typing import NamedTuple

NO_VARIANTS, FILTERED, DUPLICATE = "no_variants", "filtered", "duplicate_id"
WRONG_CURRENCY, NOT_PUBLISHED, SWITCHED_OFF = "wrong_currency", "not_published", "variant_not_published"
NOT_PURCHASABLE, NO_PRICE, NO_CURRENCY = "not_purchasable", "no_price", "no_currency"
TAX_UNKNOWN, MISSING, SETTING, MARKET = "tax_unknown", "missing", "setting", "market"
SAME_OPTIONS = "same_options"


class Whole(NamedTuple):
    """What is wrong with a whole item, so that it is left out."""

    message: str
    #: the column of `Item` that decides it
    column: str = ""
    #: what is said in more words of an item that is at hand
    detail: str = ""


ITEM = {
    NOT_PUBLISHED: Whole("The product is not public. Publish it in the shop, or leave it so.", "status"),
    SWITCHED_OFF: Whole(
        "This variant is switched off. Enable it in the shop, or leave it so.", "variant_published"
    ),
    NOT_PURCHASABLE: Whole(
        "The shop does not sell it, because of its type or of a plugin. Change that, or leave it so.", "kind"
    ),
    NO_PRICE: Whole(
        "It has no price above zero. Set a regular price in the shop, in digits with a point.", "price"
    ),
    NO_CURRENCY: Whole(
        "The shop's currency is not known. Set it in the shop, synchronize the store, and render again.",
        "currency",
    ),
    FILTERED: Whole("The feed's filter leaves it out. Nothing to do, or change the filter."),
    DUPLICATE: Whole(
        "It has the same id in this feed as {detail}. Map the id to something unique, or correct one of the "
        "two in the shop.",
        "",
        "another item, which is published",
    ),
    TAX_UNKNOWN: Whole(
        "Its price with or without tax is not known: {detail}.",
        "tax_class",
        "its tax class has no rate. Give it one in the shop, or in the definition",
    ),
    WRONG_CURRENCY: Whole(
        "Its price is in {detail}. Make the feed of stores that sell in its currency.",
        "currency",
        "another currency than the feed takes",
    ),
    NO_VARIANTS: Whole(
        "A product of this kind needs variants, and has none. Add one in the shop, or change its type.",
        "kind",
    ),
}
#: The same, where the value says more.
BY_VALUE = {
    (NOT_PUBLISHED, "draft"): "It is a draft. Publish it in the shop, or leave it so.",
    (NOT_PUBLISHED, "pending"): "It waits for review. Publish it in the shop, or leave it so.",
    (NOT_PUBLISHED, "private"): "It is private. Make it public in the shop, or leave it so.",
    (NOT_PUBLISHED, "future"): "It is to be published later. Nothing to do, or publish it now.",
    (NOT_PUBLISHED, "password"): "It is behind a password. Take that away in the shop, or leave it so.",
    (NOT_PURCHASABLE, "external"): "It is sold on another site. Nothing to do, or change its type.",
    (NO_VARIANTS, "grouped"): "It only shows other products, which are items of their own. Nothing to do.",
}

#: What is wrong with one field. A required field without a value leaves the item out.
FIELD = {
    MISSING: "{field} is empty. Fill in {source} in the shop.",
    MARKET: "The feed does not say {field}. Set market.country in its definition, once for all items.",
    SETTING: "The feed's setting {source} is missing, or not valid. "
    "Set it once, under settings in the feed's definition.",
    "invalid": "{field} was left out: the channel takes nothing that {source} says. Correct it in the shop.",
    "partly_invalid": "Some of {field} was left out: the channel takes nothing that {source} says there. "
    "Correct that.",
    "too_few": "{field} was left out: the channel takes more values than {source} gives. Give more, or none.",
    "no_date": "{field} is empty, and the channel refuses what is ordered ahead and does not say when it "
    "will be there. Tell the day in the shop's plugin for that, or map {field}.",
    "too_far": "{field} is more than a year ahead, which the channel refuses. Correct {source}.",
    "apparel": "{field} is empty, and the channel wants it for clothes and shoes. Give the product such an "
    "attribute in the shop, or map {field}.",
    "https_only": "{field} was left out: the channel only takes addresses that begin with https://. "
    "Move the shop to https://.",
    "sold_out": "It is sold out, and the channel lists what can be ordered. Restock it, or wait.",
    # texts
    "truncated": "{field} takes {limit} characters; the rest was cut off. Shorten {source} in the shop.",
    "too_long": "{field} takes {limit} characters and cannot be cut, so it was left out. "
    "Make {source} shorter.",
    "too_many": "{field} takes {limit} values; the others were left out. "
    "Nothing to do, if the first ones will do.",
    "capitals": "{source} is in capitals throughout, which channels refuse. Write it as in a sentence.",
    "as_title": "{source} is nothing but the title. Describe the product in the shop.",
    "links": "{source} has web addresses in it, which the channel asks not to use. Take them out.",
    "symbols": "{source} has emoji or other symbols, which channels may refuse. Use words alone.",
    "any_choice": "{source} are left open, so nothing tells this variant apart. "
    "Choose a value for each in the shop.",
    "same_options": "Another variant of the product has {source}, too, and the channel refuses variants that "
    "nothing tells apart. Correct or remove one of them in the shop.",
    "not_a_brand": "{field} was left out: {source} only says that there is none. Name the maker in the shop.",
    "not_a_category": "This category only says that there is none. "
    "Put the product into a real one in the shop.",
    "not_a_word": "{field} was left out: {source} is a number or a code. Name it in a word in the shop.",
    "unknown_word": "{field} was left out: it takes a few words only, and {source} has another. "
    "Use one of them.",
    # numbers
    "sale_not_lower": "{source} is not lower than the regular price, and was left out. "
    "Correct one of the two.",
    "no_sale_price": "{source} is no number above zero, and was left out. "
    "Correct it in the shop, or empty it.",
    "sale_backwards": "The sale ends before it begins, and was left out. Correct {source} in the shop.",
    "not_a_number": "{field} was left out: {source} is no plain number. "
    "Type digits with a point, and no unit.",
    "out_of_range": "{field} was left out: {source} is not in the range that the channel takes. Correct it.",
    "unknown_unit": "{field} was left out: the channel does not know {source}. "
    "Choose a usual one in the shop, such as kg or cm.",
    "incomplete": "{field} was left out: the channel takes a package's length, width and height together. "
    "Fill in all three in the shop, or leave it so.",
    # GTINs
    "wrong_check_digit": "{field} was left out: at least one digit of {source} is wrong, because its check "
    "digit does not fit. Compare it with the barcode on the package.",
    "wrong_length": "{field} was left out: {source} does not have 8, 12, 13 or 14 digits. "
    "Copy all of it from the package.",
    "not_digits": "{field} was left out: {source} holds more than digits. Leave only the digits.",
    "rounded_number": "{field} was left out: {source} is a rounded number, as spreadsheets make them. "
    "Type all of its digits anew.",
    "only_zeros": "{field} was left out: {source} is only zeros. Fill in the real one, or empty it.",
    "restricted_number": "{field} was left out: {source} begins as numbers do that only count inside one "
    "shop or on coupons. Fill in the maker's, or empty it.",
    "case_number": "{field} was left out: {source} with 14 digits is that of a case. "
    "Fill in that of the single product.",
    # addresses
    "not_absolute": "{field} was left out: what stands in {source} is no full address. "
    "Let it begin with https:// and the name of a host.",
    "not_web": "{field} was left out: what stands in {source} is not on the web. "
    "Use an address that begins with https://.",
    "bad_address": "{field} was left out: what stands in {source} cannot be opened. Correct the address.",
    "not_https": "{field} begins with http://, and browsers warn of that. Move the shop to https://.",
}  # fmt: skip
_LONG_ADDRESS = (
    "{field} takes addresses of {limit} characters, so it was left out. Give {source} a shorter one."
)
#: The same, where the first column says more.
BY_COLUMN = {
    ("too_long", "link"): _LONG_ADDRESS,
    ("too_long", "image"): _LONG_ADDRESS,
    ("too_long", "images"): _LONG_ADDRESS,
    (MISSING, "description"): "{field} is empty. Describe the product in words in the shop; "
    "pictures and HTML alone do not count.",
    ("truncated", "description"): "{field} takes {limit} characters; the rest was left out. "
    "Nothing to do, if the beginning says enough.",
}  # fmt: skip

#: What owners call our columns, where it is not just their name.
NAMES = {
    "key": "the id",
    "group_key": "the product's id",
    "has_variants": "the variants",
    "options": "the variant's options",
    "image": "the image",
    "images": "the images",
    "categories": "the categories",
    "price": "the regular price",
    "sale_price": "the sale price",
    "sale_from": "the sale's beginning",
    "sale_to": "the sale's end",
    "gtin": "the GTIN (EAN, UPC, ISBN)",
    "mpn": "the maker's part number",
    "sku": "the SKU",
    "availability": "the stock status",
    "available_at": "the day on which it will be there",
    "attributes": "the product's attributes",
    "taxable": "the tax status",
    "tax_class": "the tax class",
    "tax_rates": "the shop's tax rates",
}


def of_field(code: str, column: str, field: str, source: str, limit: int | None) -> str:
    """What to do about a field, whose value comes from this column, or from what owners call the source."""
    # An older render may have noted what is not told any more.
    sentence = BY_COLUMN.get((code, column)) or FIELD.get(code, FIELD["invalid"])
    told = sentence.format(field=field, source=source, limit=limit)
    return told[0].upper() + told[1:] if sentence.startswith("{source}") else told


def name(column: str) -> str:
    """What owners call a column."""
    return NAMES.get(column, f"the {column.replace('_', ' ')}")
