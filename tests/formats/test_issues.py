"""What an owner is told about an item."""

import pytest
from hypothesis import given, settings

from sync2sys.formats import FORMATS
from sync2sys.formats.issues import ERROR, WARNING
from tests.formats.catalogue import NASTY, at, in_market, item, listed, named, sold
from tests.formats.test_wellformed import ITEMS

RENDERERS = {name: in_market(format) for name, format in FORMATS.items()}


PICTURES = listed(*(f"https://a.example/{number}.jpg" for number in range(13)))


def told(name="google", **changes):
    return [(issue.code, issue.field) for issue in RENDERERS[name].issues(item(**changes))]


def agree(renderer, each):
    """What a render notes in passing is what a slow look finds."""
    _, left_out, notes = renderer.chunk([each])
    found = renderer.issues(each)
    errors = [issue for issue in found if issue.severity == ERROR]
    if left_out:
        assert errors
        assert {issue.field or issue.code for issue in errors} == {
            reason.removeprefix("missing:") for reason in renderer.reasons(each)
        }
    else:
        assert not errors
        assert sorted(notes.get(each.key, [])) == sorted(f"{issue.code}:{issue.field}" for issue in found)


@given(ITEMS)
@settings(max_examples=150)
def test_what_a_render_notes_is_what_a_slow_look_finds(each):
    for renderer in RENDERERS.values():
        agree(renderer, each)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("label", NASTY)
def test_nasty_items_are_noted_alike(name, label):
    agree(RENDERERS[name], *sold(FORMATS[name], [NASTY[label]]))


def test_an_item_without_faults_is_not_talked_about():
    assert told() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gtin": "4006381333932"}, [("invalid", "gtin")]),
        ({"gtin": ""}, [("missing", "gtin")]),
        ({"brand": "N/A"}, [("not_a_brand", "brand")]),
        ({"brand": ""}, [("missing", "brand")]),
        ({"title": "Word " * 40}, [("truncated", "title")]),
        ({"title": "Word", "has_variants": 1, "options": named(Size="x" * 200)}, [("truncated", "title")]),
        ({"description": "Word " * 1001}, [("truncated", "description")]),
        ({"images": PICTURES}, [("too_many", "additional_image_link")]),
        ({"sale_price": "89.90"}, [("sale_not_lower", "sale_price")]),
        ({"sale_price": "99.90", "sale_to": at(-1)}, []),
        ({"sale_price": "79.90"}, []),
        ({"weight": "-1"}, [("invalid", "shipping_weight")]),
        ({"weight": "0"}, []),
        ({"mpn": "x" * 71}, [("too_long", "mpn")]),
        ({"categories": "[]"}, [("missing", "product_type")]),
        ({"link": "javascript:1"}, [("invalid", "link")]),
        ({"link": ""}, [("missing", "link")]),
        ({"link": "https://a.example/" + "x" * 2000}, [("too_long", "link")]),
        ({"price": "0"}, [("no_price", None)]),
        ({"product_published": 0, "price": ""}, [("not_published", None), ("no_price", None)]),
        ({"availability": "sometimes"}, [("invalid", "availability")]),
    ],
)  # fmt: skip
def test_each_fault_is_named_once(changes, expected):
    assert told(**changes) == expected


def test_an_issue_says_all_about_itself():
    (issue,) = RENDERERS["google"].issues(item(title="Word " * 40))
    assert (issue.severity, issue.limit, issue.source) == (WARNING, 150, ("title", "options", "has_variants"))
    assert issue.value.startswith("Word Word")
    assert issue.rule == "The product's title and the variant's options; the title is cut first."
    assert issue.message.startswith("title takes 150 characters; the rest was cut off. Shorten title")
    assert issue.reference == "https://support.google.com/merchants/answer/6324415"


def test_errors_come_before_warnings_and_say_that_the_item_is_left_out():
    found = RENDERERS["google"].issues(item(link="", brand=""))
    assert [(issue.field, issue.severity) for issue in found] == [("link", ERROR), ("brand", WARNING)]
