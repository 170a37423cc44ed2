"""WooCommerce's JSON turned into products and variants: what is kept, what is made of it, what is dropped."""

from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync2sys.connectors import fields
from sync2sys.connectors.woocommerce.categories import Categories, tree
from sync2sys.connectors.woocommerce.products import NoId, Reader

HOME = "https://shop.example/shop"


def entry(**changes):
    """A simple product as a shop lists it, with changes."""
    return {
        "id": 494,
        "name": "Oak table",
        "permalink": "https://shop.example/product/oak-table/",
        "date_modified": "2026-11-19T01:00:00",
        "date_modified_gmt": "2026-11-19T00:00:00",
        "type": "simple",
        "status": "publish",
        "catalog_visibility": "visible",
        "description": "<p>Made of oak &ndash; 5&nbsp;&lt;&nbsp;10</p>\n",
        "short_description": "<p>Oak</p>\n",
        "sku": "OAK-1",
        "price": "80",
        "regular_price": "100.00",
        "sale_price": "",
        "date_on_sale_from_gmt": None,
        "date_on_sale_to_gmt": None,
        "purchasable": True,
        "tax_status": "taxable",
        "tax_class": "",
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "parent_id": 0,
        "categories": [],
        "brands": [],
        "tags": [],
        "images": [],
        "attributes": [],
        "variations": [],
        "grouped_products": [],
        "meta_data": [],
        "post_password": "",
        "global_unique_id": "",
    } | changes


def variation(**changes):
    given = {"id": 889, "type": "variation", "parent_id": 887, "image": None, "name": "Blue, XS"}
    return entry() | given | changes


def product(**changes):
    return Reader(HOME).product(entry(**changes))[0]


def variant(**changes):
    return Reader(HOME).product(entry(**changes))[1]


def attribute(name, *options, varies=False):
    return {"id": 3, "name": name, "slug": f"pa_{name}", "variation": varies, "options": list(options)}


# Types of product


def test_a_simple_product_is_a_product_and_a_variant_with_the_same_id():
    found, own = Reader(HOME).product(entry())
    assert (found.external_id, found.kind, found.variant_ids) == ("494", "simple", ("494",))
    assert (own.external_id, own.product_external_id) == ("494", "494")
    assert own.title == own.description == own.link == own.image == ""


def test_a_variable_product_has_the_variants_it_names_and_none_of_its_own():
    found, own = Reader(HOME).product(
        entry(type="variable", variations=[25, "26", None, -1], regular_price="")
    )
    assert (found.kind, found.variant_ids, own) == ("variable", ("25", "26"), None)


def test_a_variable_product_may_have_no_variations():
    found, own = Reader(HOME).product(entry(type="variable"))
    assert (found.variant_ids, own) == ((), None)


def test_a_grouped_product_has_no_variants():
    found, own = Reader(HOME).product(entry(type="grouped", grouped_products=[1, 2]))
    assert (found.variant_ids, own) == ((), None)


def test_an_external_product_is_a_variant_that_cannot_be_bought_here():
    own = variant(type="external", external_url="https://partner.example", purchasable=True)
    assert own is not None
    assert not own.purchasable


@pytest.mark.parametrize(
    ("kind", "variations", "has_own"),
    [("bundle", [], True), ("variable-subscription", [7], False), ("", [], True), (7, [], True)],
)
def test_types_of_plugins_are_kept_and_treated_by_what_they_have(kind, variations, has_own):
    found, own = Reader(HOME).product(entry(type=kind, variations=variations))
    assert (own is not None) is has_own
    assert found.kind == (str(kind) or "simple")


def test_an_entry_without_an_id_is_no_product():
    for key in (None, 0, -3, "x", True, 1.5, [], 2**63):
        with pytest.raises(NoId):
            Reader(HOME).product(entry(id=key))
    with pytest.raises(NoId):
        Reader(HOME).product("product")


# Published


@pytest.mark.parametrize(
    ("status", "password", "expected"),
    [
        ("publish", "", ("publish", True)),
        ("publish", "secret", ("password", False)),
        ("draft", "", ("draft", False)),
        ("private", "", ("private", False)),
        ("pending", "", ("pending", False)),
        ("future", "", ("future", False)),
        ("trash", "", ("trash", False)),
        (None, "", ("", False)),
    ],
)
def test_only_what_an_anonymous_buyer_can_see_is_published(status, password, expected):
    found, own = Reader(HOME).product(entry(status=status, post_password=password))
    assert (found.status, found.published) == expected
    assert own.published is found.published


def test_a_product_hidden_from_the_catalogue_is_still_sold_at_its_link():
    assert product(catalog_visibility="hidden").published


def test_the_password_of_a_product_is_kept_nowhere():
    assert "hunter2" not in repr(Reader(HOME).product(entry(post_password="hunter2")))


# Prices


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("690.8125", Decimal("690.8125")),
        ("0", Decimal("0")),
        ("", None),
        (None, None),
        (" 12.50 ", Decimal("12.50")),
        (12, Decimal("12")),
        (12.5, Decimal("12.5")),
        ("zwölf", "zwölf"),
        ("12,50", "12,50"),
        ("19,90&nbsp;&euro; and much more about the price", "19,90 € and much more about the price"[:40]),
        ("-5", "-5"),
        ("NaN", None),
        ("Infinity", None),
        ("1e400", None),
        ("9" * 400, None),
        ("١٢", None),
        (True, None),
        ({"amount": 5}, None),
        ([5], None),
    ],
)
def test_a_price_is_a_decimal_or_what_its_owner_wrote_there(given, expected):
    assert variant(regular_price=given).price == expected


def test_the_price_is_the_regular_one_whatever_price_says():
    own = variant(price="80", regular_price="100", sale_price="80")
    assert (own.price, own.sale_price) == (Decimal(100), Decimal(80))


@pytest.mark.parametrize(
    ("sale", "expected"),
    [
        ("100", Decimal(100)),
        ("120", Decimal(120)),
        ("", None),
        (None, None),
        ("cheap", "cheap"),
        (-1, "-1"),
    ],
)
def test_a_sale_price_that_is_no_reduction_is_kept_for_its_owner_to_be_told(sale, expected):
    assert variant(regular_price="100", sale_price=sale).sale_price == expected


def test_a_sale_without_a_regular_price_is_dropped():
    assert variant(regular_price="", sale_price="5").sale_price is None


def test_the_times_of_a_sale_are_utc():
    own = variant(
        sale_price="80",
        date_on_sale_from="2026-01-01T01:00:00",
        date_on_sale_from_gmt="2026-01-01T00:00:00",
        date_on_sale_to_gmt="2027-06-30T23:59:59",
    )
    assert own.sale_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert own.sale_to == datetime(2027, 6, 30, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("end", ["soon", "0000-00-00T00:00:00", 5, {"a": 1}])
def test_a_sale_whose_end_cannot_be_read_does_not_last_for_ever(end):
    assert variant(sale_price="80", date_on_sale_to_gmt=end).sale_price is None


def test_a_sale_without_dates_has_none():
    own = variant(sale_price="80")
    assert (own.sale_price, own.sale_from, own.sale_to) == (Decimal(80), None, None)


# Stock


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("instock", "in_stock"),
        ("outofstock", "out_of_stock"),
        ("onbackorder", "backorder"),
        ("discontinued", "out_of_stock"),
        (None, "out_of_stock"),
        ([], "out_of_stock"),
    ],
)
def test_availability_comes_from_the_stock_status(status, expected):
    assert variant(stock_status=status).availability == expected


@pytest.mark.parametrize(
    ("managed", "stock", "expected"),
    [
        (True, 49, 49),
        (True, -3, -3),
        (True, 0, 0),
        (True, "7", 7),
        (True, 3.7, 3),
        (True, None, None),
        (True, "many", None),
        (True, 2**40, None),
        ("parent", 50, 50),
        (False, 49, None),
        (None, 49, None),
    ],
)
def test_a_quantity_is_known_only_where_stock_is_counted(managed, stock, expected):
    assert variant(manage_stock=managed, stock_quantity=stock).quantity == expected


@pytest.mark.parametrize(
    ("given", "price", "expected"), [("x", "5", True), (None, "", False), (False, "5", False)]
)
def test_what_can_be_bought_is_the_shops_word_else_what_has_a_price(given, price, expected):
    assert variant(purchasable=given, regular_price=price).purchasable is expected


# Texts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Küche &amp; Haushalt", "Küche & Haushalt"),
        ("Smarter Schirm & Co. <Sonderedition>", "Smarter Schirm & Co."),
        ("A &amp;amp; B", "A &amp; B"),
        ("<b>Bold</b> &lt;b&gt;", "Bold <b>"),
        ("5 < 10 &#8211; 1&nbsp;2", "5 < 10 – 1 2"),
        ("AT&T &copy2 R&D;", "AT&T &copy2 R&D;"),
        (" two\n lines\t", "two lines"),
        ("&#0;&#xD800;x\x00y", "��xy"),
        ("½ Preis „Best“ 🎉", "½ Preis „Best“ 🎉"),
        ("half \ud83d", "half"),
        (42, "42"),
        (None, ""),
        ({"rendered": "x"}, ""),
        (True, ""),
    ],
)
def test_names_are_plain_text_decoded_once(given, expected):
    assert product(name=given).title == expected


def test_descriptions_stay_as_they_are_but_for_what_no_database_takes():
    html = "<p>5&nbsp;&lt; 10 😀</p>[vc_row]<script>x</script>"
    assert product(description=html).description == html
    assert product(description="a\x00b\udc00c").description == "abc"


def test_texts_have_bounds():
    found = product(
        name="n" * 10_000,
        description="d" * 600_000,
        images=[{"src": f"https://cdn.example/{number}.jpg"} for number in range(500)],
        tags=[{"name": f"tag {number}"} for number in range(500)],
        meta_data=[{"key": f"k{number}", "value": "v" * 5000} for number in range(500)],
        attributes=[attribute("Size", *map(str, range(1000)))],
    )
    assert len(found.title) == 2000
    assert len(found.description) == 500_000
    assert len(found.images) == 200
    assert len(found.tags) == 100
    assert len(found.meta) == 200
    assert {len(value) for value in found.meta.values()} == {1000}
    assert len(found.attributes["Size"]) == 200


# Links and pictures


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "https://cdn.example.com/p/gross bild-ü.jpg?v=94&w=1200",
            "https://cdn.example.com/p/gross bild-ü.jpg?v=94&w=1200",
        ),
        ("//cdn.example.com/a.jpg", "https://cdn.example.com/a.jpg"),
        ("/wp-content/a.jpg", "https://shop.example/wp-content/a.jpg"),
        ("data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("uploads/a.jpg", "uploads/a.jpg"),
        ("https://cdn.example/\r\nX: y", "https://cdn.example/X: y"),
        ("https://[half", "https://[half"),
        ("https://", "https://"),
        ("https://cdn.example/" + "a" * 3000, "https://cdn.example/" + "a" * 1981),
        ("", None),
        (False, None),
        (["https://cdn.example/a.jpg"], None),
    ],
)
def test_pictures_have_absolute_addresses_or_what_their_owner_wrote_there(given, expected):
    assert product(images=[{"src": given}]).images == ((expected,) if expected else ())


def test_a_picture_is_listed_once_and_the_main_one_first():
    sources = ["https://c.example/2.jpg", "https://c.example/1.jpg", "https://c.example/2.jpg"]
    assert product(images=[{"src": source} for source in sources]).images == tuple(sources[:2])


# Categories, tags, attributes, meta


def test_categories_are_full_paths_where_the_tree_is_known():
    known = Categories()
    for key, name, parent in ((1, "Shoes &amp; more", 0), (2, "Running", 1), (3, "Trail", 2)):
        known.add({"id": key, "name": name, "parent": parent})
    named = [
        {"id": 3, "name": "Trail"},
        {"id": 9, "name": "New &gt; Old"},
        {"id": 1, "name": "Shoes &amp; more"},
    ]
    found, _ = Reader(HOME, known).product(entry(categories=named))
    assert found.categories == ("Shoes & more > Running > Trail", "New > Old", "Shoes & more")


def test_a_circle_of_categories_ends():
    known = Categories()
    known.add({"id": 1, "name": "A", "parent": 2})
    known.add({"id": 2, "name": "B", "parent": 1})
    assert known.path(1, "A") == "B > A"


def test_a_tree_is_read_page_by_page_and_past_what_is_no_category():
    rows = [
        {"id": 1, "name": "A", "parent": 0},
        "junk",
        {"id": 2, "name": "B", "parent": 1},
        {"id": None, "name": "C"},
    ]
    found = tree(lambda number: (rows[2 * number - 2 : 2 * number], 4), size=2)
    assert found.path(2, "B") == "A > B"


def test_attributes_that_tell_variants_apart_are_the_variants():
    attributes = [
        attribute("Farbe", "Rot", "Gelb &amp; Gold", varies=True),
        attribute("Material", "Holz", ""),
    ]
    assert product(attributes=attributes).attributes == {
        "Farbe": ["Rot", "Gelb & Gold"],
        "Material": ["Holz"],
    }
    varying = product(type="variable", variations=[1], attributes=attributes)
    assert varying.attributes == {"Material": ["Holz"]}


def test_only_meta_with_a_single_and_meaningful_value_is_kept():
    rows = [
        ("_ean_legacy", "4000000000099"),
        ("count", 7),
        ("_custom_json", {"a": 1}),
        ("list", [1]),
        ("nothing", None),
        ("empty", ""),
        ("flag", True),
        ("_edit_lock", "1700000000:1"),
        ("post_views_count", "812"),
        ("count", 8),
    ]
    found = product(meta_data=[{"id": 1, "key": key, "value": value} for key, value in rows])
    assert found.meta == {"_ean_legacy": "4000000000099", "count": "7"}


# GTIN, MPN, brand


def meta(**values):
    return [{"id": 1, "key": key, "value": value} for key, value in values.items()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"global_unique_id": "4000000000099"}, "4000000000099"),
        ({"global_unique_id": "4-000000 000099"}, "4000000000099"),
        ({"global_unique_id": "4000000000098"}, "4000000000098"),  # kept, for its owner to be told
        ({"meta_data": meta(_alg_ean="4000000000099")}, "4000000000099"),
        ({"meta_data": meta(_alg_ean=4000000000099)}, "4000000000099"),
        ({"meta_data": meta(_alg_ean="4000000000098")}, "4000000000098"),  # likewise
        ({"meta_data": meta(_alg_ean="4000000000098", _ts_gtin="4000000000099")}, "4000000000099"),
        ({"meta_data": meta(_alg_ean="4.00000E+12")}, "4.00000E+12"),
        ({"meta_data": meta(_alg_ean="0000000000000")}, ""),
        ({"meta_data": meta(_alg_ean="", _ts_gtin="4000000000099")}, "4000000000099"),
        ({"meta_data": meta(_isbn="3-16-148410-X")}, "9783161484100"),
        ({"meta_data": meta(_upc="036000291452")}, "036000291452"),
        ({"meta_data": meta(ean="12345670")}, "12345670"),
        (
            {"meta_data": meta(wpseo_global_identifier_values={"gtin8": "", "gtin13": "4000000000099"})},
            "4000000000099",
        ),
        ({"meta_data": meta(unheard_of="4000000000099")}, ""),
        ({"meta_data": meta(_ean=["4000000000099"])}, ""),
        ({"attributes": [attribute("EAN", "4000000000099")]}, "4000000000099"),
        ({"attributes": [attribute("EAN", "4000000000099", "12345670")]}, ""),
        ({"global_unique_id": None, "meta_data": "x"}, ""),
    ],
)
def test_a_gtin_is_found_where_the_shop_or_a_plugin_keeps_it(changes, expected):
    assert variant(**changes).gtin == expected


AHEAD = datetime(2026, 12, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "availability", "day"),
    [
        ({}, "in_stock", None),
        (
            {"_wc_pre_orders_enabled": "yes", "_wc_pre_orders_availability_datetime": "1798102800"},
            "preorder",
            AHEAD,
        ),
        ({"_wc_pre_orders_enabled": "no", "_wc_pre_orders_availability_datetime": ""}, "in_stock", None),
        ({"_ywpo_preorder": "yes", "_ywpo_for_sale_date": 1798102800}, "preorder", AHEAD),
        ({"_wc_gla_availabilityDate": "2026-12-24T10:00:00+01:00"}, "in_stock", AHEAD),
        ({"woo_feed_availability_date": "2026/12/24 09:00"}, "in_stock", AHEAD),
        ({"woo_feed_availability_date": "24.12.2026", "_ywpo_for_sale_date": "7"}, "in_stock", None),
        ({"_ywpo_preorder": ["yes"], "_ywpo_for_sale_date": {"a": 1}}, "in_stock", None),
    ],
)
def test_pre_orders_are_known_from_the_fields_of_plugins(fields, availability, day):
    found = variant(meta_data=meta(**fields))
    assert (found.availability, found.available_at) == (availability, day)
    assert product(meta_data=meta(**fields)).available_at == day


def test_what_is_sold_out_is_on_no_pre_order():
    assert (
        variant(stock_status="outofstock", meta_data=meta(_ywpo_preorder="yes")).availability
        == "out_of_stock"
    )


def test_a_variation_is_on_pre_order_by_its_own_fields():
    found = Reader(HOME).variation(
        variation(meta_data=meta(_ywpo_preorder="yes", _ywpo_for_sale_date="1798102800"))
    )
    assert (found.availability, found.available_at) == ("preorder", AHEAD)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"brands": [{"id": 98, "name": "&Uuml;n&amp;co"}]}, "Ün&co"),
        ({"brands": [{"name": ""}, {"name": "Second"}]}, "Second"),
        ({"attributes": [attribute("Marke", "Acme")]}, "Acme"),
        ({"attributes": [attribute("pa_brand", "Acme")]}, "Acme"),
        ({"attributes": [attribute("Brand", "Acme", "Other")]}, ""),
        ({"meta_data": meta(_woosea_brand="Acme")}, "Acme"),
        ({"brands": "Acme"}, ""),
        ({}, ""),
    ],
)
def test_a_brand_is_found_where_the_shop_or_a_plugin_keeps_it(changes, expected):
    assert product(**changes).brand == expected


def test_an_mpn_is_found_where_a_plugin_keeps_it():
    assert variant(meta_data=meta(_ts_mpn="X-1 &amp; 2")).mpn == "X-1 & 2"
    assert variant(meta_data=meta(wpseo_global_identifier_values={"mpn": "Y"})).mpn == "Y"
    assert variant(attributes=[attribute("MPN", "Z")]).mpn == "Z"


# Variations


def test_a_variation_leaves_empty_what_it_inherits():
    found = Reader(HOME).variation(variation(description="", permalink="", weight=""))
    assert (found.external_id, found.product_external_id) == ("889", "887")
    assert (found.title, found.description, found.image, found.link, found.weight) == ("", "", "", "", None)


def test_a_variations_options_leave_out_what_fits_any_value():
    rows = [
        {"id": 3, "name": "Farbe", "option": "Gelb &amp; Gold"},
        {"id": 0, "name": "Gravur (frei)", "option": ""},
        {"name": None, "option": "x"},
    ]
    assert Reader(HOME).variation(variation(attributes=rows)).options == {"Farbe": "Gelb & Gold"}


def test_a_variation_shares_its_parents_stock_and_may_share_its_sku():
    found = Reader(HOME).variation(variation(manage_stock="parent", stock_quantity=50, sku="RIG-01565"))
    assert (found.quantity, found.sku) == (50, "RIG-01565")


def test_a_private_variation_is_switched_off():
    assert not Reader(HOME).variation(variation(status="private")).published


def test_an_old_variation_belongs_to_whom_it_was_asked_of():
    old = variation()
    for name in ("parent_id", "type", "name", "global_unique_id"):
        del old[name]
    assert Reader(HOME).variation(old, 887).product_external_id == "887"


@pytest.mark.parametrize("parent", [0, None, "x"])
def test_a_variation_of_nobody_is_none(parent):
    with pytest.raises(NoId):
        Reader(HOME).variation(variation(parent_id=parent))


def test_a_variations_picture_is_one_object():
    found = Reader(HOME).variation(variation(image={"id": 1, "src": "//cdn.example/1.jpg"}))
    assert found.image == "https://cdn.example/1.jpg"


def test_measures_and_tax():
    sizes = {"length": "10", "width": "", "height": 2.5}
    own = variant(weight="1.25", dimensions=sizes, tax_status="none", tax_class="reduced-rate")
    assert (own.weight, own.length, own.width, own.height) == (
        Decimal("1.25"),
        Decimal(10),
        None,
        Decimal("2.5"),
    )
    assert (own.taxable, own.tax_class) == (False, "reduced-rate")
    assert not variant(dimensions=None, tax_status="shipping").taxable
    assert variant(tax_status=None).taxable


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-19T00:00:00", datetime(2026, 11, 19, tzinfo=UTC)),
        ("2026-11-19T00:00:00+02:00", datetime(2026, 11, 18, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("-0001-11-30T00:00:00", None),
        (None, None),
        (1700000000, None),
    ],
)
def test_times_are_utc_or_none(given, expected):
    assert product(date_modified_gmt=given).modified_at == expected


# Hostile and old shops


def test_fields_that_old_versions_lack_are_empty():
    old = entry()
    for name in ("global_unique_id", "brands", "post_password", "date_modified_gmt"):
        del old[name]
    found, own = Reader(HOME).product(old)
    assert (found.brand, own.gtin, found.published) == ("", "", True)


def test_an_entry_of_nothing_but_an_id_is_a_product():
    found, own = Reader(HOME).product({"id": 1})
    assert (found.external_id, own.price, found.published) == ("1", None, False)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted(set(entry()) - {"id"}))


@settings(max_examples=300)
@given(st.dictionaries(NAMES, JSON, max_size=12))
def test_a_wrong_field_loses_itself_and_nothing_else(changes):
    found, own = Reader(HOME).product(entry(**changes))
    assert found.external_id == "494"
    child = Reader(HOME).variation(variation(**(changes | {"parent_id": 887})))
    assert child.external_id == "889"
    for record in (found, own, child):
        orjson.dumps(record, default=str)  # refuses halves of surrogate pairs


@settings(max_examples=100)
@given(st.lists(JSON, max_size=5), NAMES)
def test_lists_may_hold_anything(rows, name):
    Reader(HOME).product(entry(**{name: rows}))


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_a_label_is_one_clean_line(given_text):
    line = fields.label(given_text)
    assert line == " ".join(line.split())
    assert "\x00" not in line
    line.encode()
