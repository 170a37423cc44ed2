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
RULES = {"Shoes": 1, "shoes > Women > Socks": "shoes>socks", "Toys": "3"}


@pytest.mark.parametrize(
    ("categories", "category"),
    [
        (["Shoes"], "1"),
        (["SHOES >  women"], "1"),
        (["Shoes > Women > Socks > Long"], "shoes > socks"),
        (["Shoes > Men > Socks"], "1"),
        (["Toys", "Shoes > Women > Socks"], "shoes > socks"),
        (["Toys", "Shoes"], "3"),
        (["Sale", "Toys > Cars"], "3"),
        (["Shoeshine"], None),
        (["Women > Socks"], None),
        ([], None),
    ],
)
def test_the_longest_rule_of_all_paths_counts(categories, category):
    assert parse_rules(RULES).read(json.dumps(categories)) == category


def test_the_rule_itself_can_be_shown():
    rules = parse_rules(RULES)
    assert rules.rule('["Shoes > Women > Socks > Long"]') == ("shoes > Women > Socks", "shoes > socks")
    assert rules.rule_of("Shoes > Men") == ("Shoes", 1)
    assert rules.rule_of("Hats") is None


def test_without_a_taxonomy_any_number_and_any_path_is_taken():
    rules = parse_rules({"Shoes": "0187", "Hats": "Apparel>Hats "})
    assert rules.settled(None) == {"Shoes": 187, "Hats": "Apparel > Hats"}
    assert parse_rules({}).settled(None) == {}


def test_what_is_kept_is_spelled_as_the_taxonomy_does():
    assert parse_rules(RULES).settled(TAXONOMY) == {
        "Shoes": 1,
        "shoes > Women > Socks": "Shoes > Socks",
        "Toys": 3,
    }


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        (
            {"Wool socks": 9},
            "Wool socks",
            'The taxonomy of 7 has no category "9". Did you mean 2 "Shoes > Socks"?',
        ),
        (
            {"Play": "Games > Toys"},
            "Play",
            'The taxonomy of 7 has no category "Games > Toys". Did you mean 3 "Toys"?',
        ),
        (
            {"Hats": "Socks"},
            "Hats",
            'The taxonomy of 7 has no category "Socks". Did you mean 2 "Shoes > Socks"?',
        ),
        ({"Shoe": "Hats"}, "Shoe", 'has no category "Hats". Did you mean 1 "Shoes" or 2 "Shoes > Socks"?'),
        ({"Hats": 9}, "Hats", 'has no category "9". Look it up again.'),
    ],
)
def test_a_category_that_the_taxonomy_does_not_have_is_refused_with_what_is_like_it(spec, path, message):
    with pytest.raises(BadDefinition) as caught:
        parse_rules(spec).settled(TAXONOMY)
    assert caught.value.path == path
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        ([], "", "an object"),
        ({"Shoes": 0}, "Shoes", "whole number"),
        ({"Shoes": "1234567890"}, "Shoes", "whole number"),
        ({"Shoes": "9" * 5000}, "Shoes", "whole number"),
        ({"Shoes": 1.5}, "Shoes", "whole number"),
        ({"Shoes": "-5"}, "Shoes", "a full path as"),
        ({"Shoes": "Shoes > > Socks"}, "Shoes", "a full path as"),
        ({"Shoes": ""}, "Shoes", "empty"),
        ({"Shoes": "x" * 751}, "Shoes", "750"),
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
        parse_rules(spec)
    assert caught.value.path == path
    assert words in caught.value.message


@given(COLUMN)
def test_any_text_is_read_without_an_error(categories):
    assert parse_rules(RULES).read(categories) in (None, "1", "shoes > socks", "3")


def attempt(spec, loaded):
    """The rules as they are kept, or why there are none."""
    try:
        return parse_rules(spec).settled(loaded), None
    except BadDefinition as bad:
        return None, bad


@given(documents(["Shoes", "Shoes > Socks"], ["1", "toys", "Shoes>Socks"]), st.sampled_from([None, TAXONOMY]))
def test_any_json_is_rules_or_refused_and_what_is_kept_is_taken_again(spec, loaded):
    kept, refused = attempt(spec, loaded)
    if refused is not None:
        assert refused.message.endswith((".", "?"))
    else:
        assert attempt(kept, loaded) == (kept, None)
        assert attempt(kept, None) == (kept, None)
        assert loaded is None or all(loaded.find(category) for category in kept.values())


@given(st.lists(st.text(max_size=20), max_size=3), st.lists(st.text(max_size=20), max_size=3))
def test_a_rule_holds_for_all_below_its_path(names, more):
    path = " > ".join(["Shoes", *names])
    rules = parse_rules({path: 5})
    assert rules.read(json.dumps([path])) == "5"
    assert rules.read(json.dumps([" > ".join([path, *more])])) == "5"
