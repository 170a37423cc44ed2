"""Names of shops and of access scopes."""

import pytest

from sync2sys.connectors.shopify import domains, scopes

GOOD = {
    "mystore": "mystore.myshopify.com",
    "MyStore.myshopify.com": "mystore.myshopify.com",
    " mystore ": "mystore.myshopify.com",
    "https://mystore.myshopify.com/": "mystore.myshopify.com",
    "my-store-2.myshopify.com": "my-store-2.myshopify.com",
}
BAD = [
    "",
    ".",
    ".myshopify.com",
    "-mystore",
    "my_store",
    "my store",
    "mystore.myshopify.com.evil.com",
    "evil.com/.myshopify.com",
    "a.b.myshopify.com",
    "mystore.myshopify.com:443",
    "user@mystore.myshopify.com",
    "@evil.com",
    "mystore.myshopify.com#@evil.com",
    "mystore.myshopify.com?x",
    "mystore.myshopify.com/admin",
    "mystore.myshopify.com//",
    "mystore.myshopify.com\n",
    "mystore\n",
    "mystore\t",
    "http://mystore.myshopify.com",
    "mystore.myshopify.com\x00",
    "mystore.myshopify.com%0a",
    "xn--münchen",
    "ｍystore",
    "169.254.169.254",
    "a" * 64,
]


@pytest.mark.parametrize("typed", GOOD)
def test_a_shop_is_known_by_one_name(typed):
    assert domains.normal(typed) == GOOD[typed]


@pytest.mark.parametrize("typed", BAD)
def test_what_is_no_shop_is_refused(typed):
    with pytest.raises(ValueError, match="own name"):
        domains.normal(typed)
    assert not domains.is_domain(typed)


def test_only_the_normal_form_is_a_domain():
    assert domains.is_domain("mystore.myshopify.com")
    assert not domains.is_domain("MyStore.myshopify.com")
    assert not domains.is_domain("mystore")


def test_who_may_write_may_read():
    granted = scopes.parse("write_products, read_inventory")
    assert not scopes.missing(granted, ["read_products", "write_products", "read_inventory"])
    assert scopes.missing(granted, ["write_inventory"]) == {"write_inventory"}
    assert scopes.missing(scopes.parse("read_products"), ["write_products"]) == {"write_products"}
    assert scopes.missing(scopes.parse(""), scopes.NEEDED) == scopes.NEEDED


def test_what_is_implied_is_not_asked_for():
    assert (
        scopes.told(["read_products", "write_products", "read_locations"]) == "read_locations,write_products"
    )


@pytest.mark.parametrize("text", ["bad scope!", "Read_products", "read_products;write", "1"])
def test_what_is_no_scope_is_refused(text):
    with pytest.raises(ValueError, match="no access scope"):
        scopes.parse(text)
