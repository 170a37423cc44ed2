"""Fields that hold what an owner says: it is checked as the channel checks it, and nonsense is only told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orjson import dumps

from sync2sys.formats import FORMATS
from tests.formats.asked import CHECKED, TEXTS, asked, mapped, said
from tests.formats.catalogue import PLAIN, item
from tests.formats.test_reading import found, meant
from tests.formats.test_wellformed import within_limits

GOOGLE = FORMATS["google"]
FIELDS = [
    (format, field)
    for format in FORMATS.values()
    for field in asked(format)
    # Has objects where others have texts; see `test_acp`.
    if format.name != "acp"
]
EACH = pytest.mark.parametrize(("format", "field"), FIELDS, ids=[f"{a.name}-{b.name}" for a, b in FIELDS])
ROW = item(dimension_unit="cm")


def value_of(format, field, *texts, of=ROW):
    made = mapped(format, {field.name: said(field, *texts)})
    values = [line.value for line in made.explain(of) if line.field.name == field.name]
    return values[0], [issue.code for issue in made.issues(of) if issue.field == field.name]


def test_every_such_field_is_known_here():
    names = {field.name for _, field in FIELDS}
    assert names == {*TEXTS, *CHECKED}


@EACH
def test_what_an_owner_says_is_published_as_the_channel_spells_it(format, field):
    if field.name in CHECKED:
        given, published, _ = CHECKED[field.name]
    else:
        given, published = "Some text", None
    texts = (given, f"{given} more") if field.name == "product_highlight" else (given,)
    value, issues = value_of(format, field, *texts)
    if published is None:
        assert value
    elif isinstance(value, tuple):
        assert value == (published,)
    else:
        assert value in published if isinstance(published, tuple) else value == published
    assert issues == []


@EACH
def test_nonsense_is_left_out_and_told(format, field):
    if field.name not in CHECKED:
        return
    value, issues = value_of(format, field, CHECKED[field.name][2])
    assert value is None
    assert issues


def of_google(name, *texts, **changes):
    field = next(each for each in GOOGLE.fields if each.name == name)
    return value_of(GOOGLE, field, *texts, of=item(**changes))


def test_of_several_values_those_that_can_be_used_are_published_each_once():
    assert of_google("excluded_destination", "Display ads", "nowhere", "display_ads", "YouTube_Shopping") == (
        ("Display_ads", "YouTube_Shopping"),
        ["partly_invalid"],
    )
    assert of_google("promotion_id", *(f"P{n}" for n in range(12))) == (
        tuple(f"P{n}" for n in range(10)),
        ["too_many"],
    )


def test_one_highlight_is_none_and_a_long_one_is_cut():
    assert of_google("product_highlight", "Light") == (None, ["too_few"])
    values, issues = of_google("product_highlight", "Light", "word " * 50)
    assert [len(value) for value in values] == [5, 149]
    assert issues == ["truncated"]


def test_groups_end_where_the_channel_wants_no_more():
    values, issues = of_google("question_and_answer", *(f"{n}?:" + "x" * 900 for n in range(20)))
    assert sum(len(text) for value in values for text in value.values()) <= 10_000
    assert issues == ["partly_invalid"]


def test_a_field_with_a_rule_of_its_own_for_what_is_said_replaces_no_column():
    made = mapped(
        GOOGLE, {"identifier_exists": {"constant": "no"}, "sale_price_effective_date": {"constant": "x"}}
    )
    found = {line.field.name: line.value for line in made.explain(item(sale_price="79.90"))}
    assert found["gtin"] == PLAIN.gtin
    assert (found["sale_price"], found["sale_price_effective_date"]) == ("79.90 EUR", None)


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_saying_one_thing_changes_nothing_else_that_the_channel_requires(format):
    before = {line.field.name: line.value for line in mapped(format, {}).explain(ROW)}
    for field in asked(format):
        made = mapped(format, {field.name: said(field, "nonsense, really")})
        after = {line.field.name: line.value for line in made.explain(ROW)}
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {field.name}


@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        ({"availability": "preorder"}, ["no_date"]),
        ({"availability": "backorder"}, ["no_date"]),
        ({"availability": "in_stock"}, []),
    ],
)
def test_what_is_ordered_ahead_wants_a_day_with_google(columns, codes):
    made = mapped(GOOGLE, {})
    found = [issue for issue in made.issues(item(**columns)) if issue.field == "availability_date"]
    assert [issue.code for issue in found] == codes
    assert all(issue.severity == "warning" and "map availability_date" in issue.message for issue in found)
    with_day = mapped(GOOGLE, {"availability_date": {"meta": "_day"}})
    assert not [
        issue
        for issue in with_day.issues(item(**columns, meta='{"_day": "1798102800"}'))
        if issue.field == "availability_date"
    ]


def test_clothes_want_to_be_described():
    made = mapped(GOOGLE, {"google_product_category": {"constant": "1604"}, "gender": {"constant": "unisex"}})
    assert {issue.field for issue in made.issues(item()) if issue.code == "apparel"} == {
        "color",
        "size",
        "age_group",
    }
    dressed = item(attributes='{"Farbe": ["Rot"], "Alter": ["Kinder"]}', options='{"Größe": "L"}')
    assert not [issue for issue in made.issues(dressed) if issue.code == "apparel"]
    jewels = mapped(GOOGLE, {"google_product_category": {"constant": "Apparel & Accessories > Jewelry"}})
    assert "size" not in {issue.field for issue in jewels.issues(item()) if issue.code == "apparel"}
    tools = mapped(GOOGLE, {"google_product_category": {"constant": "1167"}})
    assert not [issue for issue in tools.issues(item()) if issue.code == "apparel"]


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "a:b:c:d:e",
        "1e9",
        "2026-12-24",
        "9" * 400,
        "https://a.example/" + "x" * 3000,
        '{"a":"b"}',
        "0.004 kg",
        ":" * 20,
    ]
)
SAYING = {
    format.name: mapped(
        format,
        {
            field.name: {"list": [{"attribute": "a"}, {"meta": "m"}]} if field.times else {"meta": "m"}
            for field in asked(format)
        },
    )
    for format in FORMATS.values()
}


@pytest.mark.parametrize("name", [format.name for format in FORMATS.values() if format.variants is None])
@given(meta=ANYTHING, attributes=st.lists(ANYTHING, max_size=3))
@settings(max_examples=15)
def test_whatever_is_said_is_read_back_by_a_parser(name, meta, attributes):
    each = item(meta=dumps({"m": meta}).decode(), attributes=dumps({"a": attributes}).decode())
    assert found(SAYING[name], [each]) == meant(SAYING[name], [each])


@given(meta=ANYTHING, attributes=st.lists(ANYTHING, max_size=3))
@settings(max_examples=60)
def test_whatever_is_said_is_within_the_limits_and_what_is_left_out_is_told(meta, attributes):
    each = item(meta=dumps({"m": meta}).decode(), attributes=dumps({"a": attributes}).decode())
    for made in SAYING.values():
        within_limits(made, each)
        _, left_out, notes = made.chunk([each])
        told = sorted(f"{issue.code}:{issue.field}" for issue in made.issues(each))
        assert left_out or sorted(notes.get(each.key, [])) == told
