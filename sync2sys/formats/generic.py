"""Formats of our own for readers that are told what to expect: flat CSV and JSON.

Prices are plain numbers beside a currency, times are UTC, text is plain. The order of the columns is
part of the version: readers count them.
"""

from sync2sys.formats import values
from sync2sys.formats.base import Field, Format
from sync2sys.formats.writers import Csv, Json, JsonLines, Tsv, Xml

AVAILABILITY = {word: word for word in ("in_stock", "out_of_stock", "backorder", "preorder")}

#: A comma inside an address is encoded where commas part addresses.
_ADDRESSES = (",", "%2C")
_PATHS = ("|", "/")

_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")

FIELDS = (
    Field("id", values.identifier, ("key",), required=True),
    Field("group_id", values.identifier, ("group_key",)),
    Field("title", values.text, ("title",), required=True),
    Field("variant_title", values.text, ("variant_title",), given="variant_title"),
    Field("description", values.long_text, ("description",)),
    Field("link", values.address, ("link",)),
    Field("image_link", values.main_image, ("image", "images")),
    Field("additional_image_links", values.more_images, ("image", "images"), join=_ADDRESSES),
    Field("availability", values.word(AVAILABILITY), ("availability",), required=True),
    Field("quantity", values.number, ("quantity",)),
    Field("price", values.plain_price, ("price", "currency"), required=True),
    Field("sale_price", values.plain_sale_price, _SALE, given="sale_price"),
    Field("sale_price_from", values.sale_begin, _SALE, given="sale_price"),
    Field("sale_price_to", values.sale_end, _SALE, given="sale_price"),
    Field("currency", values.text, ("currency",)),
    Field("brand", values.text, ("brand",)),
    Field("gtin", values.gtin, ("gtin",), given="gtin"),
    Field("mpn", values.text, ("mpn",), given="mpn"),
    Field("sku", values.text, ("sku",), given="sku"),
    Field("product_type", values.deepest_category, ("categories",)),
    Field("categories", values.texts, ("categories",), join=_PATHS),
    Field("tags", values.texts, ("tags",)),
    Field("options", values.all_options, ("options",)),
    Field("color", values.option("color"), ("options",)),
    Field("size", values.option("size"), ("options",)),
    Field("weight", values.plain_weight, ("weight",)),
    Field("weight_unit", values.text, ("weight_unit",)),
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
