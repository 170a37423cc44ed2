"""What becomes of single columns, mostly for Google; the golden files show the rest."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats import FORMATS
from sync2sys.formats.base import Item
from sync2sys.formats.renderer import Renderer
from sync2sys.formats.text import plain
from tests.formats.catalogue import CONTEXT, at, item, listed, named

GOOGLE, CSV, JSON = (Renderer(FORMATS[name], CONTEXT) for name in ("google", "csv", "json"))


def values(renderer, **changes):
    return {line.field.name: line.value for line in renderer.explain(item(**changes))}


def google(name, **changes):
    return values(GOOGLE, **changes)[name]


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_a_rule_reads_the_columns_it_names_and_no_other(format):
    renderer = Renderer(format, CONTEXT)
    whole = renderer.explain(item())
    for line in whole:
        assert set(line.field.source) <= set(Item._fields)
        assert set(filter(None, [line.field.given])) <= set(line.field.source)
    columns = {column: getattr(item(), column) for line in whole for column in line.field.source}
    assert renderer.explain(SimpleNamespace(**columns)) == whole


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_every_format_needs_a_price_and_says_its_rules_in_words(format):
    lines = Renderer(format, CONTEXT).explain(item())
    assert any(line.field.required and "price" in line.field.source for line in lines)
    assert all(line.rule.endswith(".") for line in lines)
    assert len({field.name for field in format.fields}) == len(format.fields)
    assert format.version.startswith(format.name)


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_an_empty_given_column_means_no_value(format):
    renderer = Renderer(format, CONTEXT)
    for place, field in enumerate(format.fields):
        if field.given:
            assert not field.required
            assert renderer.explain(item(**{field.given: None}))[place].value is None


def test_google_rules_name_their_page():
    assert all(
        line.field.reference.startswith("https://support.google.com/merchants/answer/")
        for line in GOOGLE.explain(item())
    )


def test_a_long_title_loses_its_end_and_keeps_the_options():
    title = google("title", title="Word " * 60, has_variants=1, options=named(Color="Blue", Size="42"))
    assert title.endswith("Word, Blue, 42")
    assert 140 < len(title) <= 150


def test_a_title_of_nothing_that_could_stay_is_none():
    assert google("title", title="," * 400) is None


def test_options_that_fill_half_a_title_are_cut_with_it():
    title = google("title", title="Word " * 10, has_variants=1, options=named(Color="Blue " * 40))
    assert title.startswith("Word Word")
    assert len(title) <= 150


def test_a_simple_products_options_are_not_in_its_title():
    assert google("title", has_variants=0, options=named(Color="Blue")) == "Acme Trail Runner"


def test_a_long_id_is_the_same_every_time_and_differs_from_others_with_the_same_beginning():
    ids = {google("id", key="x" * 60 + end) for end in "ab"} | {google("id", key="x" * 60 + "a")}
    assert len(ids) == 2
    assert all(len(each) == 50 for each in ids)


def test_only_products_with_variants_are_a_group():
    assert google("item_group_id", group_key="11", has_variants=1) == "11"
    assert google("item_group_id", group_key="11", has_variants=0) is None


def test_there_are_ten_more_images_at_most_and_the_main_one_is_not_among_them():
    images = listed(*(f"https://shop.example/{n}.jpg" for n in range(40)))
    main = "https://shop.example/3.jpg"
    assert google("image_link", image=main, images=images) == main
    more = google("additional_image_link", image=main, images=images)
    assert len(more) == 10
    assert main not in more


def test_a_variants_own_image_comes_before_all_of_the_products():
    found = values(
        GOOGLE, image="https://shop.example/own ä.jpg", images=listed("https://shop.example/1.jpg")
    )
    assert found["image_link"] == "https://shop.example/own%20%C3%A4.jpg"
    assert found["additional_image_link"] == ("https://shop.example/1.jpg",)


def test_without_an_own_image_the_products_first_usable_one_is_taken():
    images = listed("nothing", "https://shop.example/1.jpg", "https://shop.example/2.jpg")
    found = values(GOOGLE, image="", images=images)
    assert found["image_link"] == "https://shop.example/1.jpg"
    assert found["additional_image_link"] == ("https://shop.example/2.jpg",)


@pytest.mark.parametrize(
    ("columns", "number", "exists"),
    [
        ({}, "AC-TR", None),
        ({"mpn": ""}, "SKU-1", None),
        ({"mpn": "", "sku": ""}, None, None),
        ({"gtin": "", "mpn": "", "sku": ""}, None, "no"),
        ({"gtin": "", "brand": ""}, "AC-TR", "no"),
        ({"gtin": ""}, "AC-TR", None),
        ({"gtin": "123", "brand": None}, "AC-TR", "no"),
        ({"gtin": "", "mpn": "x" * 71}, None, "no"),
    ],
)
def test_identifiers_exist_with_a_gtin_or_with_brand_and_number(columns, number, exists):
    found = values(GOOGLE, **columns)
    assert (found["mpn"], found["identifier_exists"]) == (number, exists)


@pytest.mark.parametrize("brand", ["N/A", "n/a ", "No Brand", "generic", "", " ", None, "\x00"])
def test_a_brand_that_is_none_is_left_out(brand):
    assert google("brand", brand=brand) is None


@pytest.mark.parametrize(
    ("weight", "unit", "result"),
    [
        ("0.80", "kg", "0.8 kg"),
        ("1000", "kg", "1000 kg"),
        ("1000.1", "kg", None),
        ("2", "LBS", "2 lb"),
        ("1E+2", "g", "100 g"),
        ("0.00004", "kg", None),
        ("0", "kg", None),
        ("-1", "kg", None),
        ("NaN", "kg", None),
        ("heavy", "kg", None),
        ("3", "stone", None),
        ("3", None, None),
        (None, "kg", None),
    ],
)
def test_a_weight_is_given_in_a_unit_and_a_range_that_google_knows(weight, unit, result):
    assert google("shipping_weight", weight=weight, weight_unit=unit) == result


def test_the_first_of_the_deepest_categories_is_the_product_type():
    paths = listed("Sale", "Shoes > Running", "Men > Shoes", "Shoes")
    assert google("product_type", categories=paths) == "Shoes > Running"


def test_a_product_type_that_is_too_long_loses_levels():
    assert (
        google("product_type", categories=listed(" > ".join(["x" * 300] * 3)))
        == "x" * 300 + " > " + "x" * 300
    )


def test_colours_without_a_name_are_left_out():
    assert google("color", options=named(Color="#FF0000")) is None
    assert google("color", options=named(Color="12 34")) is None
    assert google("color", options=named(Color="Petrol 2")) == "Petrol 2"


@pytest.mark.parametrize(
    ("begin", "end", "price", "window"),
    [
        (None, None, "79.90 EUR", None),
        (at(-1), None, "79.90 EUR", None),
        (at(1), None, None, None),
        (at(1), at(2), "79.90 EUR", "2026-10-25T01:30+0000/2026-10-25T02:30+0000"),
        (at(-1), at(2), "79.90 EUR", "2026-10-24T23:30+0000/2026-10-25T02:30+0000"),
        (at(1), at(1.001), None, None),
        (at(-0.001), at(0.001), "79.90 EUR", None),
        (at(-2), at(-1), None, None),
    ],
)
def test_a_sale_is_told_to_google_with_its_dates_until_it_ends(begin, end, price, window):
    found = values(GOOGLE, sale_price="79.90", sale_from=begin, sale_to=end)
    assert (found["sale_price"], found["sale_price_effective_date"]) == (price, window)


def test_a_sale_that_is_no_cheaper_has_no_dates_either():
    for renderer in (GOOGLE, CSV):
        found = values(renderer, sale_price="89.90", sale_from=at(-1), sale_to=at(1))
        assert not [name for name, value in found.items() if name.startswith("sale") and value]


def test_flat_formats_tell_a_coming_sale_without_an_end():
    found = values(CSV, sale_price="79.90", sale_from=at(1), sale_to=None)
    assert found["sale_price"] == "79.90"
    assert found["sale_price_from"] == "2026-10-25T01:30:00Z"
    assert found["sale_price_to"] is None


def test_a_negative_stock_is_none():
    assert values(JSON, quantity=-3)["quantity"] == 0
    assert values(JSON, quantity=0)["quantity"] == 0
    assert values(JSON, quantity=None)["quantity"] is None


def test_reasons_are_told_all_at_once():
    nothing = item(
        purchasable=0, price=None, currency=None, title="", link="ftp://shop.example/p", image="", images=""
    )
    assert GOOGLE.reasons(nothing) == [
        "no_currency",
        "no_price",
        "missing:title",
        "not_web:link",
        "missing:image_link",
    ]


def test_of_what_its_owner_hides_nothing_else_is_told():
    hidden = {"purchasable": 0, "price": None, "title": "", "link": ""}
    assert GOOGLE.reasons(item(product_published=0, variant_published=0, **hidden)) == ["not_published"]
    assert GOOGLE.reasons(item(variant_published=0, **hidden)) == ["variant_not_published"]


def test_a_product_row_that_is_gone_is_not_published():
    orphan = item(
        title="", brand=None, images=None, categories=None, tags=None, product_published=None, kind=""
    )
    assert GOOGLE.render(orphan) is None
    assert GOOGLE.reasons(orphan)[0] == "not_published"


def test_a_renderer_tells_the_phase_and_its_next_change():
    coming = item(sale_price="1", sale_from=at(1), sale_to=at(2))
    assert GOOGLE.phase(coming) == 1
    assert GOOGLE.next_change(coming) == at(1)


def test_more_columns_than_a_format_reads_do_no_harm():
    assert GOOGLE.render((*item(), "content hash", 7)) == GOOGLE.render(item())


@given(st.text(), st.sampled_from(["google", "meta", "acp", "heureka-cz", "jsonl"]))
def test_a_description_made_plain_before_is_written_as_one_that_is_looked_at(markup, name):
    described = item(description=plain(markup))
    trusting = Renderer(FORMATS[name], CONTEXT._replace(is_plain=True))
    assert trusting.chunk([described]) == Renderer(FORMATS[name], CONTEXT).chunk([described])
