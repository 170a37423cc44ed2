import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync2sys.formats import filters
from sync2sys.formats.definitions import BadDefinition
from tests.formats.wild import COLUMN, documents

COLUMNS = (
    *("key", "title", "brand", "price", "quantity", "weight", "categories", "tags"),
    *("options", "attributes", "meta"),
)
SHOE = {
    "key": "1001",
    "title": "Trail shoe",
    "brand": "Acme",
    "price": "19.90",
    "quantity": 3,
    "weight": None,
    "categories": '["Shoes > Running > Trail", "Sale"]',
    "tags": "[]",
    "options": '{"Size": "42"}',
    "attributes": '{"Colour": ["Blau", "Rot"]}',
    "meta": '{"_rating": "4.5", "_empty": " "}',
}


def ask(spec, **changes):
    """Whether the shoe is taken, and why not."""
    found = filters.parse(spec, COLUMNS)
    item = SHOE | changes
    columns = [item[column] for column in found.columns]
    return found.takes(*columns), found.reason(*columns)


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ({"field": "brand", "is": "ACME"}, True),
        ({"field": "brand", "is": ["Nike", " acme "]}, True),
        ({"field": "brand", "is": "Acm"}, False),
        ({"field": "brand", "is_not": "acme"}, False),
        ({"field": "weight", "is_not": "1"}, True),
        ({"field": "title", "contains": "SHOE"}, True),
        ({"field": "title", "contains": ["boot", "il s"]}, True),
        ({"field": "title", "starts_with": ["shoe", "trail"]}, True),
        ({"field": "title", "starts_with": "shoe"}, False),
        ({"field": "categories", "is": "sale"}, True),
        ({"field": "categories", "is": "Shoes"}, False),
        ({"field": "categories", "under": "Shoes"}, True),
        ({"field": "categories", "under": "shoes>RUNNING"}, True),
        ({"field": "categories", "under": "Shoes > Run"}, False),
        ({"field": "categories", "under": ["Boots", "Shoes > Running > Trail"]}, True),
        ({"field": "categories", "under": "Shoes > Running > Trail > Wet"}, False),
        ({"field": "tags", "empty": True}, True),
        ({"field": "weight", "empty": True}, True),
        ({"meta": "_empty", "empty": True}, True),
        ({"field": "brand", "empty": False}, True),
        ({"field": "price", "above": "19.89"}, True),
        ({"field": "price", "above": "19.90"}, False),
        ({"field": "price", "below": 20}, True),
        ({"field": "price", "between": ["19.90", "19.90"]}, True),
        ({"field": "quantity", "above": 2}, True),
        ({"field": "weight", "below": 5}, False),
        ({"meta": "_rating", "above": 4}, True),
        ({"attribute": "colour", "is": "rot"}, True),
        ({"attribute": "Colour", "above": 0}, False),
        ({"option": "size", "between": [40, 44]}, True),
        ({"field": "key", "in": ["1000", 1001]}, True),
        ({"field": "key", "in": ["100"]}, False),
        ({"all": []}, True),
        ({"all": [{"field": "brand", "is": "acme"}, {"field": "price", "below": 10}]}, False),
        ({"any": [{"field": "brand", "is": "nike"}, {"field": "price", "above": 10}]}, True),
        ({"not": {"any": [{"field": "brand", "is": "nike"}, {"field": "price", "below": 10}]}}, True),
    ],
)
def test_a_condition_takes_an_item_or_leaves_it_out_with_a_reason(condition, taken):
    assert ask(condition)[0] is taken
    assert ask({"not": condition})[0] is not taken
    for spec in (condition, {"not": condition}):
        takes, reason = ask(spec)
        assert bool(reason) is not takes


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (
            {"all": [{"field": "price", "above": 5}, {"field": "brand", "is": ["Nike", "Puma"]}]},
            'Wanted: brand is "Nike" or "Puma". This item has "Acme".',
        ),
        (
            {"not": {"field": "categories", "under": "Shoes"}},
            'Left out: categories is under "Shoes". This item has "Shoes > Running > Trail", "Sale".',
        ),
        (
            {"any": [{"option": "Fit", "empty": False}, {"field": "price", "between": [1, 5]}]},
            'Wanted: (option "Fit" is not empty or price is from 1 to 5).',
        ),
        (
            {"not": {"any": [{"field": "key", "in": ["5"]}, {"meta": "_rating", "above": "4"}]}},
            'Left out: meta "_rating" is above 4. This item has "4.5".',
        ),
        (
            {"not": {"all": [{"field": "key", "in": ["1001", "5"]}, {"not": {"field": "tags", "is": "x"}}]}},
            'Left out: (key is in a list of 2 and not (tags is "x")).',
        ),
        (
            {"field": "weight", "is": ["1", "2", "3", "4", "5"]},
            'Wanted: weight is "1", "2", "3" or 2 more. This item has nothing.',
        ),
        ({"not": {"all": []}}, "Left out: everything."),
    ],
)
def test_a_reason_names_the_condition_and_what_the_item_has(spec, reason):
    assert ask(spec) == (False, reason)


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        (None, "", "an object"),
        ({}, "", "missing"),
        ({"al": []}, "", "no condition"),
        ({"all": {}}, "all", "a list"),
        ({"any": []}, "any", "1 to 200"),
        ({"all": [], "any": []}, "", "Only one"),
        ({"all": [], "note": ""}, "note", "Remove"),
        ({"not": []}, "not", "an object"),
        ({"any": [{"all": [{"field": "brnd", "is": "x"}]}]}, "any.0.all.0.field", 'Did you mean "brand"?'),
        ({"field": "brand"}, "", "missing"),
        ({"field": "brand", "equals": "x"}, "", "no comparison"),
        ({"field": "brand", "is": "x", "contains": "y"}, "", "Only one"),
        ({"field": "brand", "is": "x", "or": "y"}, "or", "Remove"),
        ({"field": "brand", "is": 5}, "is", "a text"),
        ({"field": "brand", "is": ["a", " "]}, "is.1", "blank"),
        ({"field": "brand", "is": []}, "is", "1 to 1000"),
        ({"field": "brand", "contains": ["x"] * 51}, "contains", "1 to 50"),
        ({"field": "brand", "under": "Shoes"}, "under", '"categories", "tags"'),
        ({"field": "categories", "under": " > "}, "under", "no names"),
        ({"field": "title", "above": 5}, "above", '"price"'),
        ({"field": "price", "above": "5 EUR"}, "above", "a number"),
        ({"field": "price", "between": [1]}, "between", "2"),
        ({"field": "price", "between": [2, 1]}, "between", "Swap"),
        ({"field": "brand", "empty": "yes"}, "empty", "true or false"),
        ({"field": "key", "in": "1001"}, "in", "a list"),
        ({"field": "key", "in": [True]}, "in.0", "a text"),
        ({"field": "key", "in": ["x"] * 10_001}, "in", "10000"),
        ({"field": "meta", "is": "x"}, "field", '{"meta":'),
    ],
)
def test_a_faulty_filter_is_refused_with_its_place_and_what_to_do(spec, path, words):
    with pytest.raises(BadDefinition) as caught:
        filters.parse(spec, COLUMNS)
    assert caught.value.path == path
    assert words in caught.value.message


def test_nesting_and_number_of_conditions_are_bounded():
    leaf = deep = {"field": "brand", "empty": False}
    for _ in range(10):
        deep = {"not": deep}
    with pytest.raises(BadDefinition, match="too deeply"):
        filters.parse(deep, COLUMNS)
    with pytest.raises(BadDefinition, match="too many"):
        filters.parse({"all": [{"any": [leaf] * 20}] * 20}, COLUMNS)


def test_ten_thousand_ids_are_looked_up_fast():
    found = filters.parse({"field": "key", "in": list(range(10_000))}, COLUMNS)
    start = time.process_time()
    assert sum(found.takes(str(number)) for number in range(0, 40_000, 2)) == 5_000
    assert time.process_time() - start < 1


TEXT = st.sampled_from(["Blue", "42", "Shoes", "shoes > running", "ß", "a"])
NUMBER = st.sampled_from(["0", "19.90", "-3", "42", 7])
SOURCE = st.sampled_from(
    [
        *({"field": column} for column in ("key", "brand", "price", "categories", "tags")),
        *({"attribute": "Colour"}, {"option": "size"}, {"meta": "_brand"}),
    ]
)
TEST = st.one_of(
    st.builds(
        lambda how, text: {how: text},
        st.sampled_from(["is", "is_not", "contains", "starts_with"]),
        st.one_of(TEXT, st.lists(TEXT, min_size=1, max_size=2)),
    ),
    st.builds(lambda each: {"empty": each}, st.booleans()),
    st.builds(lambda ids: {"in": ids}, st.lists(TEXT, min_size=1, max_size=3)),
)
LEAF = st.one_of(
    st.builds(lambda source, test: source | test, SOURCE, TEST),
    st.builds(
        lambda how, number: {"field": "price", how: number}, st.sampled_from(["above", "below"]), NUMBER
    ),
    st.builds(lambda path: {"field": "categories", "under": path}, TEXT),
)
CONDITION = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(
            lambda kind, parts: {kind: parts},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=4,
)
ITEM = st.fixed_dictionaries(dict.fromkeys(COLUMNS, COLUMN))


def takes(spec, item):
    found = filters.parse(spec, COLUMNS)
    columns = [item[column] for column in found.columns]
    assert bool(found.reason(*columns)) is not found.takes(*columns)
    return found.takes(*columns)


@given(CONDITION, CONDITION, ITEM)
@settings(max_examples=300)
def test_the_laws_of_logic_hold(one, other, item):
    def negated(spec):
        return {"not": spec}

    assert takes(negated(negated(one)), item) is takes(one, item)
    assert takes(negated(one), item) is not takes(one, item)
    both, either = {"all": [one, other]}, {"any": [one, other]}
    assert takes(negated(both), item) is takes({"any": [negated(one), negated(other)]}, item)
    assert takes(negated(either), item) is takes({"all": [negated(one), negated(other)]}, item)
    assert takes({"all": [one, negated(one)]}, item) is False
    assert takes({"any": [one, negated(one)]}, item) is True


def attempt(spec):
    """The filter, or why there is none."""
    try:
        return filters.parse(spec, COLUMNS), None
    except BadDefinition as bad:
        return None, bad


@given(
    documents(
        [
            *("all", "any", "not", "field", "option", "is", "in"),
            *("contains", "under", "above", "between", "empty"),
        ],
        ["brand", "price", "categories", "5"],
    ),
    ITEM,
)
@settings(max_examples=500)
def test_any_json_is_a_filter_or_refused(spec, item):
    found, refused = attempt(spec)
    if refused is not None:
        assert refused.message.endswith((".", "?"))
        assert json.dumps(refused.path)
    else:
        assert takes(spec, item) in (True, False)
        assert len(found.words.splitlines()) == 1
