"""Channels that want a product with its variants inside."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from sync2sys.formats import FORMATS, custom
from sync2sys.formats.filters import Filter
from sync2sys.formats.mapping import Expression
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, item, named
from tests.formats.test_wellformed import ITEMS

NESTED = [name for name, format in FORMATS.items() if format.variants]
SHOES = [
    item(
        key=f"{number}", group_key="9", has_variants=1, options=named(Color=color, Size=size), quantity=number
    )
    for number, (color, size) in enumerate([("Blue", "42"), ("Blue", "43"), ("Red", "42")], 1)
]


def skroutz(items, **custom_parts):
    format = FORMATS["skroutz"]
    renderer = Renderer(format, CONTEXT, custom.parse(format, custom_parts))
    chunk = renderer.chunk(items)
    root = etree.fromstring(renderer.prologue() + chunk.text + renderer.epilogue())
    return root.findall("products/product"), chunk


def acp(items):
    chunk = Renderer(FORMATS["acp"], CONTEXT).chunk(items)
    return [json.loads(line) for line in chunk.text.splitlines()], chunk


def test_skroutz_gets_a_product_for_each_colour_with_its_sizes():
    products, _ = skroutz(SHOES)
    assert [product.findtext("name") for product in products] == [
        "Acme Trail Runner, Blue",
        "Acme Trail Runner, Red",
    ]
    blue, red = products
    assert (blue.findtext("quantity"), blue.findtext("size")) == ("3", "42,43")
    assert [each.findtext("variationid") for each in blue.findall("variations/variation")] == ["1", "2"]
    assert [each.findtext("size") for each in red.findall("variations/variation")] == ["42"]
    assert blue.findtext("id") != red.findtext("id")


def test_the_id_of_a_product_does_not_depend_on_which_of_its_sizes_are_there():
    (alone,), _ = skroutz(SHOES[1:2])
    (blue, _), _ = skroutz(SHOES)
    assert alone.findtext("id") == blue.findtext("id")


def test_a_product_without_sizes_has_no_variations():
    (product,), _ = skroutz([item()])
    assert product.find("variations") is None
    assert product.findtext("quantity") == "3"


def test_a_sold_out_size_is_left_out_and_the_others_stay():
    products, chunk = skroutz([SHOES[0], SHOES[1]._replace(availability="out_of_stock"), SHOES[2]])
    assert [each.key for each in chunk.left_out] == ["2"]
    assert products[0].findtext("size") == "42"


def test_what_product_and_variant_both_lack_is_said_once():
    renderer = Renderer(FORMATS["skroutz"], CONTEXT)
    sold_out = SHOES[0]._replace(availability="out_of_stock")
    said = renderer.issues(sold_out)
    assert renderer.reasons(sold_out) == ["sold_out:availability"]
    assert [issue.field for issue in said if issue.severity == "error"] == ["availability"]


def test_the_document_says_how_old_it_is_by_the_last_change():
    renderer = Renderer(FORMATS["skroutz"], CONTEXT)
    assert b"<created_at>2026-10-24 08:05</created_at>" in renderer.prologue()
    later = Renderer(FORMATS["skroutz"], CONTEXT._replace(now=CONTEXT.now.replace(year=2027)))
    assert renderer.prologue() == later.prologue()


def test_acp_has_a_line_for_each_product_with_all_its_variants():
    (shoe, other), _ = acp([*SHOES, item(key="x", group_key="x")])
    assert (shoe["id"], other["id"]) == ("9", "x")
    assert [variant["id"] for variant in shoe["variants"]] == ["1", "2", "3"]
    assert shoe["variants"][0]["price"] == {"amount": 8990, "currency": "EUR"}
    assert shoe["variants"][0]["variant_options"] == [
        {"name": "Color", "value": "Blue"},
        {"name": "Size", "value": "42"},
    ]


def test_amounts_are_in_the_currencys_smallest_unit():
    ((yen,), _), ((dinar,), _) = (acp([item(price="1234.5", currency=code)]) for code in ("JPY", "KWD"))
    assert yen["variants"][0]["price"]["amount"] == 1235
    assert dinar["variants"][0]["price"]["amount"] == 1234500


def test_a_mapping_reaches_the_variants_and_the_sums():
    mapping = {"size": {"constant": "One size"}}
    products, _ = skroutz(SHOES, mapping=mapping)
    assert {each.findtext("size") for each in products[0].findall("variations/variation")} == {"One size"}


@pytest.mark.parametrize("name", NESTED)
def test_filter_and_mapping_are_asked_once_for_an_item(name, monkeypatch):
    asked = Counter()

    def count(method):
        def counted(self, *columns):
            asked[method.__name__] += 1
            return method(self, *columns)

        return counted

    monkeypatch.setattr(Filter, "takes", count(Filter.takes))
    monkeypatch.setattr(Expression, "read", count(Expression.read))
    format = FORMATS[name]
    title = next(field.name for field in format.fields if field.source[:1] == ("title",))
    definition = {"filter": {"field": "price", "above": "1"}, "mapping": {title: {"template": "{brand}"}}}
    chunk = Renderer(format, CONTEXT, custom.parse(format, definition)).chunk(SHOES)
    assert (b"Acme Trail Runner" in chunk.text, b"Acme" in chunk.text, chunk.left_out) == (False, True, [])
    assert asked == {"takes": len(SHOES), "read": len(SHOES)}


@pytest.mark.parametrize("name", NESTED)
@given(items=st.lists(ITEMS, max_size=4))
@settings(max_examples=60)
def test_every_item_is_published_once_or_left_out_with_a_reason(name, items):
    renderer = Renderer(FORMATS[name], CONTEXT)
    chunk = renderer.chunk(items)
    assert chunk.left_out == [each for each in items if renderer.reasons(each)]
    text = renderer.prologue() + chunk.text + renderer.epilogue()
    if name == "acp":
        found = sum(len(json.loads(line)["variants"]) for line in text.decode().split("\n")[:-1])
        assert found == len(items) - len(chunk.left_out)
    else:
        etree.fromstring(text, etree.XMLParser(recover=False))
