"""Ceneo (Poland): XML with the numbers of an offer as attributes. Experimental.

Source: second-hand, from exporters of 2017 and later. Ceneo's own document could not be read, so a merchant
compares with the Ceneo panel before relying on it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sync2sys.formats import google, rules
from sync2sys.formats.base import Context, Field, Format, Value, Writer, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.writers import parsed_xml, parted_xml

#: Available now, and "see the shop", which promises nothing.
AVAILABILITY = {"in_stock": "1", "out_of_stock": "99", "backorder": "99", "preorder": "99"}
#: What else an owner may say: days, and what others remember of Ceneo.
DAYS = ("1", "3", "7", "14", "90", "99", "110")
#: What `<o>` carries itself, in this order.
ATTRIBUTES = ("id", "url", "price", "avail", "stock", "set", "basket", "weight")
#: What the group "other" knows about a product, in this order.
DETAILS = ("Producent", "Kod_producenta", "EAN")

_PAGE = "https://github.com/dreamcommerce/app-ceneo-xml-exporter"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")


class Offers:
    """`<o id="…" …>` with children, in the group for all kinds of products; every text is CDATA.

    Attributes come first among the fields and details last: the writer of the last attribute ends the
    tag, the first and last of the details open and close what is around them.
    """

    separator = b""
    opening, glue, closing = "<o", "", "</o>\n"

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        return b'<?xml version="1.0" encoding="UTF-8"?>\n<offers version="1">\n<group name="other">\n'

    def epilogue(self) -> bytes:
        return b"</group>\n</offers>\n"

    def writer(self, field: Field) -> Writer:
        before = after = ""
        if field.name in ATTRIBUTES:
            tell: Callable[[Value], str] = _attribute(field.name)
            after = ">\n" if field.name == ATTRIBUTES[-1] else ""
        elif field.name in DETAILS:
            tell = _element(f'a name="{field.name}"', "a")
            before = "<attrs>\n" if field.name == DETAILS[0] else ""
            after = "</attrs>\n" if field.name == DETAILS[-1] else ""
        else:
            tell = _images if field.name == "imgs" else _element(field.name, field.name)
        left_out = field.left_out

        def write(value: Value) -> str:
            return f"{before}{left_out('') if value is None else tell(value)}{after}"

        return write

    def split(self, chunk: bytes) -> list[bytes]:
        """The items of a chunk, mostly a part each."""
        return parted_xml(chunk, self.closing)

    def read(self, format: Format, chunk: bytes) -> Iterator[dict[str, Any]]:
        """The items of a chunk, as `Syntax` promises."""
        for offer in parsed_xml(b"<all>" + chunk + b"</all>"):
            found: dict[str, Any] = dict(offer.attrib)
            for element in offer:
                if element.tag == "imgs":
                    addresses = [image.get("url", "") for image in element]
                    found["imgs"] = addresses if len(addresses) > 1 else addresses[0]
                elif element.tag == "attrs":
                    found |= {each.get("name", ""): each.text or "" for each in element}
                else:
                    found[element.tag] = element.text or ""
            yield found


def _attribute(name: str) -> Callable[[Value], str]:
    return lambda value: f' {name}="{_quoted(value)}"'


def _element(opening: str, name: str) -> Callable[[Value], str]:
    def tell(value: Value) -> str:
        text = str(value).replace("]]>", "]]]]><![CDATA[>")
        return f"<{opening}><![CDATA[{text}]]></{name}>\n"

    return tell


def _images(value: Value) -> str:
    """The first is the main one."""
    found = value if isinstance(value, tuple) else ()
    names = ("main", *["i"] * len(found))
    told = "".join(f'<{name} url="{_quoted(url)}"/>' for name, url in zip(names, found, strict=False))
    return f"<imgs>{told}</imgs>\n"


def _quoted(value: Value) -> str:
    """Text inside an attribute; no value holds a line break there."""
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;")


FORMATS = (
    Format(
        name="ceneo",
        version="ceneo-2026-11",
        label="Ceneo (experimental)",
        content_type="application/xml; charset=utf-8",
        extension="xml",
        syntax=Offers(),
        fields=(
            _field("id", rules.identifier, "key", required=True),
            _field("url", rules.address, "link", required=True),
            _field("price", rules.current_price, *_SOLD, required=True),
            _field("avail", rules.word(AVAILABILITY), "availability", mapped=rules.one_of(*DAYS)),
            _field("stock", rules.in_stock_number, "quantity", "availability"),
            _asked("set", rules.one_of("0", "1")),
            _asked("basket", rules.one_of("0", "1")),
            _field("weight", rules.kilograms, "weight", "weight_unit"),
            _field("name", rules.full_title, "title", "options", "has_variants", required=True),
            _field("cat", rules.category_path("/"), "categories", required=True),
            _field(
                "imgs",
                rules.all_images,
                "images",
                "image",
                recommended=True,
                times=50,
                mapped=rules.several(rules.address),
            ),
            _field("desc", rules.description, "description"),
            _field("Producent", rules.branded(google.NO_BRAND), "brand", recommended=True),
            _field("Kod_producenta", rules.part_number, "mpn", "sku"),
            _field("EAN", rules.ean, "gtin", limit=13, recommended=True),
        ),
        source="dreamcommerce/app-ceneo-xml-exporter and other exporters",
        standing="second-hand",
        wish=BY_LAW,
        currency="PLN",
        country="PL",
        remark=(
            "Experimental: Ceneo's own document could not be read. Before you rely on the feed, see what the "
            "Ceneo panel says about it. The price is what the buyer pays now."
        ),
    ),
)
