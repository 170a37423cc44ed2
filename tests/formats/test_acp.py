"""The nested feed, checked by the constraints of its schema of 2026-04-17."""

import json

import jsonschema_rs
import pytest
from hypothesis import given, settings

from sync2sys.formats import FORMATS, custom
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, NASTY, at, item, named
from tests.formats.test_wellformed import FEEDS

ACP = FORMATS["acp"]
PLAIN = Renderer(ACP, CONTEXT)


def only(*required, **properties):
    """An object with these properties and no other."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def listed(items, **more):
    return {"type": "array", "items": items} | more


TEXT, ADDRESS, WHOLE = {"type": "string"}, {"type": "string", "format": "uri"}, {"type": "integer"}
DESCRIPTION = only(plain=TEXT, html=TEXT, markdown=TEXT) | {"minProperties": 1}
PRICE = only(
    "amount",
    "currency",
    amount={"type": "integer", "minimum": 0},
    currency={"type": "string", "pattern": "^[A-Z]{3}$"},
)
MEDIA = listed(only("type", "url", type=TEXT, url=ADDRESS, alt_text=TEXT, width=WHOLE, height=WHOLE))
SELLER = only(name=TEXT, links=listed(only("type", "url", type=TEXT, title=TEXT, url=ADDRESS)))
VARIANT = only(
    "id",
    "title",
    id=TEXT,
    title=TEXT,
    description=DESCRIPTION,
    url=ADDRESS,
    barcodes=listed(only("type", "value", type=TEXT, value=TEXT)),
    price=PRICE,
    list_price=PRICE,
    availability=only(available={"type": "boolean"}, status=TEXT),
    categories=listed(only("value", value=TEXT, taxonomy=TEXT)),
    condition=listed(TEXT),
    variant_options=listed(only("name", "value", name=TEXT, value=TEXT)),
    media=MEDIA,
    seller=SELLER,
    marketplace=SELLER,
)
PRODUCT = only(
    "id",
    "variants",
    id=TEXT,
    title=TEXT,
    description=DESCRIPTION,
    url=ADDRESS,
    media=MEDIA,
    variants=listed(VARIANT, minItems=1),
)
SCHEMA = jsonschema_rs.validator_for(PRODUCT, validate_formats=True)


def products(renderer, items):
    """The lines of a feed, each of which the schema takes."""
    lines = [json.loads(line) for line in renderer.chunk(items).text.splitlines()]
    for line in lines:
        SCHEMA.validate(line)
    return lines


def test_the_schema_takes_the_nasty_catalogue():
    assert len(products(PLAIN, NASTY.values())) > 50


@given(items=FEEDS)
@settings(max_examples=60)
def test_the_schema_takes_any_item(items):
    products(PLAIN, items)


def test_the_schema_would_refuse_a_word_too_many():
    (line,) = products(PLAIN, [item()])
    with pytest.raises(jsonschema_rs.ValidationError):
        SCHEMA.validate(line | {"brand": "Acme"})


def test_a_product_has_its_variants_with_what_is_theirs():
    (product,) = products(
        PLAIN,
        [
            item(
                key=key,
                group_key="9",
                has_variants=1,
                options=named(Size=size),
                link=f"https://shop.example/p?v={key}",
                sale_price=sale,
                sale_from=at(-1),
            )
            for key, size, sale in (("91", "S", "70"), ("92", "M", None))
        ],
    )
    small, middle = product["variants"]
    assert (product["id"], product["title"]) == ("9", "Acme Trail Runner")
    assert (small["price"]["amount"], small["list_price"]["amount"]) == (7000, 8990)
    assert (middle["price"], "list_price" in middle) == ({"amount": 8990, "currency": "EUR"}, False)
    assert middle["variant_options"] == [{"name": "Size", "value": "M"}]
    assert middle["url"] == "https://shop.example/p?v=92"
    assert middle["seller"] == {
        "name": "Rig & Söhne",
        "links": [{"type": "refund_policy", "url": "https://shop.example/returns"}],
    }


@pytest.mark.parametrize(
    ("field", "texts", "value"),
    [
        ("condition", ["used", "scratched"], ["used", "scratched"]),
        ("categories", ["A > B", "C"], [{"value": path, "taxonomy": "merchant"} for path in ("A > B", "C")]),
        ("variant_options", ["Scent:Pine"], [{"name": "Scent", "value": "Pine"}]),
        ("media", ["//a.example/1.jpg", "nowhere"], [{"type": "image", "url": "https://a.example/1.jpg"}]),
        ("seller", ["Rig"], {"name": "Rig"}),
        ("list_price", ["99 EUR"], {"amount": 9900, "currency": "EUR"}),
        ("list_price", ["99"], None),
    ],
)
def test_what_an_owner_says_becomes_objects_too(field, texts, value):
    mapping = {field: {"list": [{"constant": text} for text in texts]}}
    renderer = Renderer(ACP, CONTEXT, custom.parse(ACP, {"mapping": mapping}))
    (product,) = products(renderer, [item()])
    assert product["variants"][0].get(field) == value
