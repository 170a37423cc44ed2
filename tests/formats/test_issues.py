"""What an owner is told about an item."""

import pytest
from hypothesis import given, settings

from sync2sys.formats import FORMATS, custom
from sync2sys.formats.issues import ERROR, INFO, WARNING
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, NASTY, at, in_market, item, listed, named, sold
from tests.formats.test_wellformed import ITEMS

RENDERERS = {name: in_market(format) for name, format in FORMATS.items()}


PICTURES = listed(*(f"https://a.example/{number}.jpg" for number in range(13)))


def told(name="google", **changes):
    (each,) = sold(FORMATS[name], [item(**changes)])
    return [(issue.code, issue.field) for issue in RENDERERS[name].issues(each)]


def agree(renderer, each):
    """What a render notes in passing is what a slow look finds."""
    _, left_out, notes = renderer.chunk([each])
    found = renderer.issues(each)
    errors = [issue for issue in found if issue.severity == ERROR]
    if left_out:
        assert errors
        assert sorted(renderer.reasons(each)) == sorted(noted(issue) for issue in errors)
    else:
        assert not errors
        assert sorted(notes.get(each.key, [])) == sorted(map(noted, found))


def noted(issue):
    return f"{issue.code}:{issue.field}" if issue.field else issue.code


@given(ITEMS)
@settings(max_examples=150)
def test_what_a_render_notes_is_what_a_slow_look_finds(each):
    for renderer in RENDERERS.values():
        agree(renderer, each)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("label", NASTY)
def test_nasty_items_are_noted_alike(name, label):
    agree(RENDERERS[name], *sold(FORMATS[name], [NASTY[label]]))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("side", ["length", "width", "height"])
def test_a_package_with_one_side_is_noted_alike(name, side):
    agree(RENDERERS[name], *sold(FORMATS[name], [item(**{side: "30", "dimension_unit": "cm"})]))


def test_an_item_without_faults_is_not_talked_about():
    assert told() == []


SIDES = ("length", "width", "height")
BOX = {"length": "30", "width": "20", "height": "10", "dimension_unit": "cm"}
BOXED = [f"shipping_{side}" for side in SIDES]
VARIANT = {"has_variants": 1, "options": named(Size="42")}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gtin": "4006381333932"}, [("wrong_check_digit", "gtin")]),
        ({"gtin": "400638133393"}, [("wrong_check_digit", "gtin")]),
        ({"gtin": "40063813339"}, [("wrong_length", "gtin")]),
        ({"gtin": "316148410X"}, []),
        ({"gtin": "3161484109"}, [("wrong_length", "gtin")]),
        ({"gtin": "3161484110X"}, [("not_digits", "gtin")]),
        ({"gtin": "316148411X"}, [("wrong_check_digit", "gtin")]),
        ({"gtin": "2012345678903"}, [("restricted_number", "gtin")]),
        ({"gtin": "9812345678902"}, [("restricted_number", "gtin")]),
        ({"gtin": "0000000000000"}, [("only_zeros", "gtin")]),
        ({"gtin": "4.00638E+12"}, [("rounded_number", "gtin")]),
        ({"gtin": "4,00638E+12"}, [("rounded_number", "gtin")]),
        ({"gtin": "EAN 4006381333931"}, [("not_digits", "gtin")]),
        ({"gtin": "٤٠٠٦٣٨١٣٣٣٩٣١"}, [("not_digits", "gtin")]),
        ({"gtin": ""}, [("missing", "gtin")]),
        ({"brand": "N/A"}, [("not_a_brand", "brand")]),
        ({"brand": ""}, [("missing", "brand")]),
        ({"title": "Word " * 40}, [("truncated", "title")]),
        ({"title": "WORD " * 40}, [("truncated", "title"), ("capitals", "title")]),
        ({"title": "BUY THIS LAMP RIGHT NOW"}, [("capitals", "title")]),
        ({"title": "NIKON COOLPIX P1000"}, []),
        ({"title": "Lamp 🔥"}, [("symbols", "title")]),
        ({"title": "Lampe für Kinder, 5 × 3 cm, ½ Preis™"}, []),
        (VARIANT, []),
        (VARIANT | {"options": "{}"}, [("any_choice", "title")]),
        (
            VARIANT | {"title": "Word", "options": named(Size="x" * 200)},
            [("truncated", "title"), ("truncated", "size")],
        ),
        (VARIANT | {"options": named(Colour="#ff0000")}, [("not_a_word", "color")]),
        (VARIANT | {"options": named(Colour="Blue " * 9)}, [("truncated", "color")]),
        (VARIANT | {"options": named(Gender="Aliens")}, [("unknown_word", "gender")]),
        (VARIANT | {"options": named(Gender="Aliens", Geschlecht="Herren")}, []),
        ({"description": "Word " * 1001}, [("truncated", "description")]),
        ({"images": PICTURES}, [("too_many", "additional_image_link")]),
        ({"image": "", "images": listed("uploads/lamp.jpg")}, [("not_absolute", "image_link")]),
        ({"image": "", "images": listed("ftp://a.example/lamp.jpg")}, [("not_web", "image_link")]),
        ({"image": "", "images": listed("https://a.example/" + "x" * 2000)}, [("too_long", "image_link")]),
        ({"image": "", "images": listed("http://a.example/lamp.jpg")}, [("not_https", "image_link")]),
        ({"image": "", "images": "[]"}, [("missing", "image_link")]),
        ({"sale_price": "89.90"}, [("sale_not_lower", "sale_price")]),
        ({"sale_price": "99.90", "sale_to": at(-1)}, []),
        ({"sale_price": "79.90"}, []),
        ({"sale_price": "0"}, [("no_sale_price", "sale_price")]),
        ({"sale_price": "less"}, [("no_sale_price", "sale_price")]),
        ({"sale_price": "79.90", "sale_from": at(2), "sale_to": at(1)}, [("sale_backwards", "sale_price")]),
        ({"sale_price": "less", "price": ""}, [("no_price", None)]),
        ({"weight": "-1"}, [("out_of_range", "shipping_weight")]),
        ({"weight": "1001"}, [("out_of_range", "shipping_weight")]),
        ({"weight": "11 st"}, [("not_a_number", "shipping_weight")]),
        ({"weight": "3", "weight_unit": "st"}, [("unknown_unit", "shipping_weight")]),
        ({"weight": "0"}, []),
        (BOX, []),
        (BOX | {"width": "0"}, [("incomplete", "shipping_length"), ("incomplete", "shipping_height")]),
        (BOX | {"width": None, "height": ""}, [("incomplete", "shipping_length")]),
        (BOX | {"width": "wide"}, [("not_a_number", "shipping_width")]),
        (BOX | {"width": "401"}, [("out_of_range", "shipping_width")]),
        (BOX | {"dimension_unit": "ell"}, [("unknown_unit", f"shipping_{side}") for side in SIDES]),
        ({"mpn": "x" * 71}, [("too_long", "mpn")]),
        ({"categories": "[]"}, [("missing", "product_type")]),
        ({"categories": listed("Uncategorized")}, [("not_a_category", "product_type")]),
        ({"categories": listed("Unkategorisiert", "Shoes > Running")}, []),
        ({"link": "javascript:1"}, [("not_web", "link")]),
        ({"link": "shop.example/p"}, [("not_absolute", "link")]),
        ({"link": "https://user:secret@shop.example/"}, [("bad_address", "link")]),
        ({"link": "http://shop.example/"}, [("not_https", "link")]),
        ({"link": ""}, [("missing", "link")]),
        ({"link": "https://a.example/" + "x" * 2000}, [("too_long", "link")]),
        ({"price": "0"}, [("no_price", None)]),
        ({"price": "0", "purchasable": 0}, [("no_price", None)]),
        ({"purchasable": 0}, [("not_purchasable", None)]),
        ({"product_published": 0, "price": ""}, [("not_published", None)]),
        ({"availability": "sometimes"}, [("invalid", "availability")]),
    ],
)  # fmt: skip
def test_each_fault_is_named_once(changes, expected):
    assert told(**changes) == expected


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("heureka-cz", {"gtin": "4006381333932"}, [("wrong_check_digit", "EAN")]),
        ("heureka-cz", {"gtin": "14006381333938"}, [("case_number", "EAN")]),
        ("heureka-cz", {"availability": "out_of_stock"}, [("sold_out", "DELIVERY_DATE")]),
        ("heureka-cz", {"sale_price": "99.90"}, [("sale_not_lower", "PRICE_VAT")]),
        ("skroutz", {"sale_price": "99.90"}, [("sale_not_lower", "price_with_vat")]),
        ("skroutz", {"link": "/p"}, [("not_absolute", "link")]),
        ("skroutz", {"weight": "3", "weight_unit": "st"}, [("unknown_unit", "weight")]),
        ("openai", BOX | {"height": ""}, [("incomplete", "dimensions")]),
        ("openai", BOX | {"height": "high"}, [("not_a_number", "dimensions")]),
        ("openai", BOX | {"height": "-1"}, [("out_of_range", "dimensions")]),
        ("openai", BOX | {"dimension_unit": "ell"}, [("unknown_unit", "dimensions")]),
        ("skroutz", {"mpn": "", "sku": ""}, [("missing", "mpn")]),
        ("idealo", {"brand": "n/a"}, [("not_a_brand", "brand")]),
        ("acp", {"images": listed("data:image/png"), "image": ""}, [("not_web", "media")]),
    ],
)
def test_a_fault_is_the_same_one_in_every_channel(name, changes, expected):
    assert told(name, **changes) == expected


def test_an_issue_says_all_about_itself():
    (issue,) = RENDERERS["google"].issues(item(title="Word " * 40))
    assert (issue.severity, issue.limit, issue.source) == (WARNING, 150, ("title",))
    assert issue.value.startswith("Word Word")
    assert issue.rule == "The product's title and the variant's options; the title is cut first."
    assert issue.message == (
        "title takes 150 characters; the rest was cut off. Shorten the title in the shop."
    )
    assert issue.reference == "https://support.google.com/merchants/answer/6324415"


def test_a_unit_of_length_that_is_not_known_is_named_as_such():
    found = RENDERERS["google"].issues(item(**BOX | {"dimension_unit": "ell"}))
    assert [(issue.source, issue.value) for issue in found] == [(("dimension_unit",), "ell")] * 3
    assert "the channel does not know the dimension unit" in found[0].message


def test_a_box_is_told_with_all_its_sides_in_one_unit_or_not_at_all():
    """Google disapproves an item of which it knows one side alone."""

    def sides(**changes):
        lines = RENDERERS["google"].explain(item(**BOX | changes))
        return [line.value for line in lines if line.field.name in BOXED]

    assert sides() == ["30 cm", "20 cm", "10 cm"]
    for changes in ({"height": None}, {"width": "0.1"}, {"length": "many"}, {"height": "4 in"}):
        assert sides(**changes) == [None, None, None]
    assert sides(length="12 in", width="12 in", height="1 ft") == ["12 in", "12 in", "12 in"]


@pytest.mark.parametrize(
    ("changes", "source", "value"),
    [
        ({"mpn": "", "sku": "S" * 71}, ("sku",), "S" * 71),
        ({"image": "", "images": listed("a.jpg", "b.jpg")}, ("images",), "a.jpg, b.jpg"),
        ({"image": None, "images": "[]"}, ("image", "images"), None),
        ({"sale_price": "99.90"}, ("sale_price",), "99.90"),
        ({"weight": "3", "weight_unit": "st"}, ("weight_unit",), "st"),
        (VARIANT | {"options": named(Colour="12")}, ("options",), "Colour: 12"),
        ({"price": "19,90 EUR"}, ("price",), "19,90 EUR"),
        ({"product_published": 0, "status": "draft"}, ("status",), "draft"),
        ({"description": "Word " * 2000}, ("description",), ("Word " * 40).strip()),
    ],
)
def test_an_issue_names_what_is_wrong_and_shows_it(changes, source, value):
    (issue,) = RENDERERS["google"].issues(item(**changes))
    assert (issue.source, issue.value) == (source, value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"product_published": 0, "status": "draft"}, "It is a draft."),
        ({"product_published": 0, "status": "password"}, "behind a password"),
        ({"product_published": 0, "status": "archived"}, "The product is not public."),
        ({"purchasable": 0, "kind": "external"}, "It is sold on another site."),
        ({"description": ""}, "pictures and HTML alone do not count"),
        ({"categories": "[]"}, "Fill in the categories in the shop."),
    ],
)
def test_what_to_do_depends_on_what_is_there(changes, words):
    (issue,) = RENDERERS["google"].issues(item(**changes))
    assert words in issue.message


def test_what_leaves_an_item_out_comes_first_and_what_is_only_possible_last():
    found = RENDERERS["google"].issues(item(link="", brand="", gtin="123"))
    assert [(issue.field, issue.severity) for issue in found] == [
        ("link", ERROR),
        ("gtin", WARNING),
        ("brand", INFO),
    ]


def test_of_a_mapped_field_the_mapping_is_named_and_what_it_gave():
    definition = {"mapping": {"link": {"meta": "_landing"}, "custom_label_0": {"meta": "_season"}}}
    renderer = Renderer(FORMATS["google"], CONTEXT, custom.parse(FORMATS["google"], definition))
    (issue,) = renderer.issues(item(meta=named(_landing="ftp://a.example/")))
    assert (issue.code, issue.source, issue.value) == ("not_web", ("meta",), "ftp://a.example/")
    assert 'meta "_landing" is not on the web' in issue.message


def test_a_setting_is_named_as_the_definition_names_it():
    renderer = Renderer(FORMATS["skroutz"], CONTEXT._replace(settings={}))
    (issue,) = renderer.issues(item())
    assert (issue.code, issue.field, issue.severity) == ("setting", "vat", ERROR)
    assert issue.message.startswith("The feed's setting vat is missing, or not valid. Set it once,")
    assert renderer.reasons(item()) == ["setting:vat"]


def test_every_message_is_a_sentence_or_two():
    for renderer in RENDERERS.values():
        for each in NASTY.values():
            for issue in renderer.issues(each):
                assert issue.message.endswith(".")
                assert "{" not in issue.message
                assert "  " not in issue.message
