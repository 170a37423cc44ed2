"""Formats of our own for readers that are told what to expect: flat CSV and JSON.

Prices are plain numbers beside a currency, times are UTC, text is plain. The order of the columns is
part of the version: readers count them.
"""

from sync2sys.formats import rules
from sync2sys.formats.base import ADDRESSES, Field, Format, Join
from sync2sys.formats.writers import Csv, Json, JsonLines, Tsv, Xml

AVAILABILITY = {word: word for word in ("in_stock", "out_of_stock", "backorder", "preorder")}

_SECONDS = rules.moment(rules.SECONDS)
_PATHS = Join("|", "/")

_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")

FIELDS = (
    Field("id", rules.identifier, ("key",), required=True),
    Field("group_id", rules.identifier, ("group_key",)),
    Field("title", rules.text, ("title",), required=True),
    Field("variant_title", rules.text, ("variant_title",), given="variant_title"),
    Field("description", rules.description, ("description",)),
    Field("link", rules.address, ("link",)),
    Field("image_link", rules.main_image, ("image", "images")),
    Field("additional_image_links", rules.more_images, ("images", "image"), join=ADDRESSES),
    Field("availability", rules.word(AVAILABILITY), ("availability",), required=True),
    Field("quantity", rules.number, ("quantity",)),
    Field("price", rules.plain_price, ("price", "currency"), required=True),
    Field("sale_price", rules.plain_sale_price, _SALE, given="sale_price"),
    Field("sale_price_from", rules.sale_begin, _SALE, given="sale_price", mapped=_SECONDS),
    Field("sale_price_to", rules.sale_end, _SALE, given="sale_price", mapped=_SECONDS),
    Field("currency", rules.text, ("currency",)),
    Field("brand", rules.text, ("brand",)),
    Field("gtin", rules.gtin, ("gtin",), given="gtin"),
    Field("mpn", rules.text, ("mpn",), given="mpn"),
    Field("sku", rules.text, ("sku",), given="sku"),
    Field("product_type", rules.deepest_category, ("categories",)),
    Field("categories", rules.text_list, ("categories",), join=_PATHS),
    Field("tags", rules.text_list, ("tags",)),
    Field("options", rules.all_options, ("options",)),
    Field("color", rules.option("color"), rules.KNOWN),
    Field("size", rules.option("size"), rules.KNOWN),
    Field("weight", rules.plain_number, ("weight",)),
    Field("weight_unit", rules.text, ("weight_unit",)),
)

CSV = Format(
    name="csv",
    version="csv-1",
    label="CSV",
    content_type="text/csv; charset=utf-8",
    extension="csv",
    syntax=Csv(),
    fields=FIELDS,
)

JSON = Format(
    name="json",
    version="json-1",
    label="JSON",
    content_type="application/json",
    extension="json",
    syntax=Json(),
    fields=FIELDS,
)

TSV = Format(
    name="tsv",
    version="tsv-1",
    label="TSV",
    content_type="text/tab-separated-values; charset=utf-8",
    extension="tsv",
    syntax=Tsv(),
    fields=FIELDS,
)

JSONL = Format(
    name="jsonl",
    version="jsonl-1",
    label="JSON lines",
    content_type="application/x-ndjson",
    extension="jsonl",
    syntax=JsonLines("id"),
    fields=FIELDS,
)

XML = Format(
    name="xml",
    version="xml-1",
    label="XML",
    content_type="application/xml; charset=utf-8",
    extension="xml",
    syntax=Xml(
        "products",
        "product",
        pairs={"options": "<option><name>{}</name><value>{}</value></option>\n"},
        around={"options": "<options>\n{}</options>\n"},
    ),
    fields=FIELDS,
)

FORMATS = (CSV, TSV, JSON, JSONL, XML)
