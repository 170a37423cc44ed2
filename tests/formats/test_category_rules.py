import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats import taxonomy
from sync2sys.formats.category_rules import parse_rules
from sync2sys.formats.definitions import BadDefinition
from tests.formats.wild import COLUMN, documents

TAXONOMY = taxonomy.load(
    ["# Google_Product_Taxonomy_Version: 7", "1 - Shoes", "2 - Shoes > Socks", "3 - Toys"]
)
RULES = {"Shoes": 1, "shoes > Women > Socks": "2", "Toys": 3}


@pytest.mark.parametrize(
    ("categories", "id"),
    [
        (["Shoes"], 1),
        (["SHOES >  women"], 1),
        (["Shoes > Women > Socks > Long"], 2),
        (["Shoes > Men > Socks"], 1),
        (["Toys", "Shoes > Women > Socks"], 2),
        (["Toys", "Shoes"], 3),
        (["Sale", "Toys > Cars"], 3),
        (["Shoeshine"], None),
        (["Women > Socks"], None),
        ([], None),
    ],
)
def test_the_longest_rule_of_all_paths_counts(categories, id):
    rules = parse_rules(RULES, TAXONOMY)
    assert rules.read(json.dumps(categories)) == id


def test_the_rule_itself_can_be_shown():
    rules = parse_rules(RULES, None)
    assert rules.rule('["Shoes > Women > Socks > Long"]') == ("shoes > Women > Socks", 2)


def test_without_a_taxonomy_any_number_is_taken():
    assert parse_rules({"Shoes": "0187"}, None).read('["Shoes"]') == 187
    assert parse_rules({}, None).read('["Shoes"]') is None


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        ([], "", "an object"),
        ({"Shoes": 9}, "Shoes", "no category 9"),
        ({"Shoes": "one"}, "Shoes", "whole number"),
        ({"Shoes": None}, "Shoes", "whole number"),
        ({"Shoes": True}, "Shoes", "whole number"),
        ({" > ": 1}, ">", "no names"),
        ({"": 1}, '""', "empty"),
        ({"Shoes > Socks": 1, "shoes>socks": 2}, "shoes>socks", "twice"),
        ({"x" * 2001: 1}, "x" * 60 + "…", "2000"),
        ({str(number): 1 for number in range(10_001)}, "", "10000"),
    ],
)
def test_faulty_rules_are_refused_with_their_place_and_what_to_do(spec, path, words):
    with pytest.raises(BadDefinition) as caught:
        parse_rules(spec, TAXONOMY)
    assert caught.value.path == path
    assert words in caught.value.message


@given(COLUMN)
def test_any_text_is_read_without_an_error(categories):
    assert parse_rules(RULES, None).read(categories) in (None, 1, 2, 3)


def attempt(spec, loaded):
    """The rules, or why there are none."""
    try:
        return parse_rules(spec, loaded), None
    except BadDefinition as bad:
        return None, bad


@given(documents(["Shoes", "Shoes > Socks"], ["1", "2"]), st.one_of(st.none(), st.just(TAXONOMY)))
def test_any_json_is_rules_or_refused(spec, loaded):
    rules, refused = attempt(spec, loaded)
    if refused is not None:
        assert refused.message.endswith((".", "?"))
    else:
        assert rules.read('["Shoes > Socks"]') is None or spec


@given(st.lists(st.text(max_size=20), max_size=3), st.lists(st.text(max_size=20), max_size=3))
def test_a_rule_holds_for_all_below_its_path(names, more):
    path = " > ".join(["Shoes", *names])
    rules = parse_rules({path: 5}, None)
    assert rules.read(json.dumps([path])) == 5
    assert rules.read(json.dumps([" > ".join([path, *more])])) == 5
