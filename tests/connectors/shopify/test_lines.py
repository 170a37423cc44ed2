"""A bulk operation's file, whatever the order of its lines."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.connectors.shopify.lines import Lines
from sync2sys.errors import StoreGarbled


def gid(kind, no):
    return f"gid://shopify/{kind}/{no}"


def line(kind, no, parent=None, **more):
    row = {"id": gid(kind, no)} | more | ({"__parentId": parent} if parent else {})
    return orjson.dumps(row) + b"\n"


def lines_of(shop):
    """A line for each object of {product: {variant: images}}."""
    for product, variants in shop.items():
        yield line("Product", product, title=f"Product {product}")
        yield line("MediaImage", product * 1000, gid("Product", product))
        yield line("Metafield", product * 1000, gid("Product", product), key="k")
        for variant, images in variants.items():
            yield line("ProductVariant", variant, gid("Product", product))
            for image in range(images):
                yield line("MediaImage", variant * 1000 + image, gid("ProductVariant", variant))


def put_together(lines, skipped=0):
    with Lines() as kept:
        kept.add(lines)
        return list(kept.products(skipped))


shops = st.dictionaries(
    st.integers(1, 10**6), st.dictionaries(st.integers(1, 10**6), st.integers(0, 2), max_size=4), max_size=12
).map(
    # A variant belongs to one product only.
    lambda shop: {
        product: {product * 10**7 + variant: images for variant, images in variants.items()}
        for product, variants in shop.items()
    }
)


@given(shops, st.randoms(use_true_random=False))
def test_products_get_what_is_theirs_whatever_the_order_of_the_lines(shop, random):
    lines = list(lines_of(shop))
    random.shuffle(lines)
    found = put_together(lines)
    assert [node.row["id"] for node in found] == [gid("Product", product) for product in sorted(shop)]
    for node, product in zip(found, sorted(shop), strict=True):
        assert [row["id"] for row in node.media] == [gid("MediaImage", product * 1000)]
        assert [row["key"] for row in node.metafields] == ["k"]
        variants = shop[product]
        assert [each.row["id"] for each in node.variants] == [
            gid("ProductVariant", no) for no in sorted(variants)
        ]
        assert [len(each.media) for each in node.variants] == [variants[no] for no in sorted(variants)]


def test_a_resumed_file_goes_on_behind_the_products_that_were_read():
    shop = {no: {no * 100: 1} for no in range(1, 451)}
    found = put_together(lines_of(shop), skipped=200)
    assert [node.row["id"] for node in found] == [gid("Product", no) for no in range(201, 451)]


def test_slashes_may_be_escaped():
    found = put_together([b'{"id":"gid:\\/\\/shopify\\/Product\\/1","title":"Mug"}\n'])
    assert found[0].row == {"id": "gid://shopify/Product/1", "title": "Mug"}


@pytest.mark.parametrize("text", [b'{"id":"gid://shopify/Prod', b"<html>", b"[]", b"{}", b'{"id":7}', b"\n"])
def test_a_line_that_is_none_spoils_the_file(text):
    with pytest.raises(StoreGarbled):
        put_together([line("Product", 1), text])
