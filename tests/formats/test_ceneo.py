"""What Ceneo's XML says, read by an independent parser."""

from hypothesis import given, settings
from lxml import etree

from sync2sys.formats import FORMATS
from sync2sys.formats.ceneo import ATTRIBUTES, DETAILS
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, item, listed
from tests.formats.test_wellformed import FEEDS, document, expected

CENEO = Renderer(FORMATS["ceneo"], CONTEXT)


def offers(items):
    root = etree.fromstring(document(CENEO, items), etree.XMLParser(recover=False, strip_cdata=False))
    assert (root.tag, root.get("version")) == ("offers", "1")
    (group,) = root
    assert (group.tag, group.get("name")) == ("group", "other")
    return list(group)


def values_in(offer):
    """What an offer says, by field."""
    found = dict.fromkeys(field.name for field in CENEO.fields) | dict(offer.attrib)
    for child in offer:
        if child.tag == "imgs":
            assert [image.tag for image in child] == ["main"] + ["i"] * (len(child) - 1)
            found["imgs"] = tuple(image.get("url") for image in child)
        elif child.tag == "attrs":
            found |= {each.get("name"): each.text for each in child}
        else:
            found[child.tag] = child.text
    return found


def offer(**changes):
    (found,) = offers([item(currency="PLN", **changes)])
    return values_in(found)


@given(FEEDS)
@settings(max_examples=100)
def test_an_xml_parser_finds_the_values(items):
    texts = [
        {name: str(value) if isinstance(value, int) else value for name, value in each.items()}
        for each in expected(CENEO, items)
    ]
    assert [values_in(offer) for offer in offers(items)] == texts


def test_attributes_come_first_and_details_last():
    names = tuple(field.name for field in CENEO.format.fields)
    assert names[: len(ATTRIBUTES)] == ATTRIBUTES
    assert names[-len(DETAILS) :] == DETAILS


def test_texts_stand_in_cdata_and_its_end_is_parted():
    text = document(CENEO, [item(title="a ]]> b & <c>", currency="PLN")]).decode()
    assert "<name><![CDATA[a ]]]]><![CDATA[> b & <c>]]></name>" in text
    assert offer(title="a ]]> b & <c>")["name"] == "a ]]> b & <c>"


def test_an_item_without_anything_optional_is_still_an_offer():
    bare = dict.fromkeys(["brand", "gtin", "mpn", "sku", "weight", "image", "images", "description"])
    found = offer(**bare, availability="sometimes", quantity=None)
    assert {name for name, value in found.items() if value is not None} == {
        "id",
        "url",
        "price",
        "stock",
        "name",
        "cat",
    }


def test_only_what_is_in_stock_is_called_available():
    words = {word: offer(availability=word) for word in ("in_stock", "out_of_stock", "backorder", "preorder")}
    assert {word: found["avail"] for word, found in words.items()} == {
        "in_stock": "1",
        "out_of_stock": "99",
        "backorder": "99",
        "preorder": "99",
    }
    assert {word: found["stock"] for word, found in words.items()} == {
        "in_stock": "3",
        "out_of_stock": "0",
        "backorder": "0",
        "preorder": "0",
    }


def test_the_price_is_what_the_buyer_pays_now_and_the_weight_is_in_kilograms():
    found = offer(sale_price="79.90", weight="800", weight_unit="g", categories=listed("Sport > Buty"))
    assert (found["price"], found["weight"], found["cat"]) == ("79.90", "0.8", "Sport/Buty")


def test_the_main_image_comes_first():
    found = offer(image="https://shop.example/i/1b.jpg")
    assert found["imgs"] == ("https://shop.example/i/1b.jpg", "https://shop.example/i/1.jpg")
