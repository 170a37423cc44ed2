"""A merchant's rules for price and stock, checked before they are kept."""

import pytest
from hypothesis import given

from sync2sys.formats.definitions import BadDefinition
from sync2sys.offers import policies
from tests.formats.wild import documents


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ([], ""),
        ({"rule": []}, "rule"),
        ({"suppliers": ["a", "a"]}, "suppliers"),
        ({"suppliers": [1]}, "suppliers.0"),
        ({"choose": "best"}, "choose"),
        ({"stock": {"safety": -1}}, "stock.safety"),
        ({"stock": {"safety": "2"}}, "stock.safety"),
        ({"stock": {"of": "some"}}, "stock.of"),
        ({"rules": [{}]}, "rules.0"),
        ({"rules": [{"when": {"brand": "Acme"}}]}, "rules.0"),
        ({"rules": [{"markup": 2.5}]}, "rules.0.markup"),
        ({"rules": [{"markup": "-10"}]}, "rules.0.markup"),
        ({"rules": [{"markup": "-100", "base": "recommended"}]}, "rules.0.markup"),
        ({"rules": [{"markup": "1"}, {"margin": "100"}]}, "rules.1.margin"),
        ({"rules": [{"floor": "0"}]}, "rules.0.floor"),
        ({"rules": [{"floor": "2", "ceiling": "1"}]}, "rules.0.floor"),
        ({"rules": [{"add": "-1"}]}, "rules.0.add"),
        ({"rules": [{"base": "rrp"}]}, "rules.0.base"),
        ({"rules": [{"round": {}}]}, "rules.0.round"),
        ({"rules": [{"round": {"ending": "0.99", "step": "1"}}]}, "rules.0.round"),
        ({"rules": [{"round": {"step": "0"}}]}, "rules.0.round.step"),
        ({"rules": [{"round": {"step": "1", "way": "left"}}]}, "rules.0.round.way"),
        ({"rules": [{"markup": "1", "when": {"cost": {}}}]}, "rules.0.when.cost"),
        ({"rules": [{"markup": "1", "when": {"cost": {"from": "2", "to": "2"}}}]}, "rules.0.when.cost"),
        ({"rules": [{"markup": "1", "when": {"category": " > "}}]}, "rules.0.when.category"),
        ({"rules": [{"markup": "1", "when": {"brands": "x"}}]}, "rules.0.when.brands"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place(spec, path):
    with pytest.raises(BadDefinition) as refused:
        policies.parse(spec)
    assert refused.value.path == path


WORDS = [
    "suppliers",
    "choose",
    "stock",
    "rules",
    "when",
    "markup",
    "round",
    "ending",
    "cost",
    "from",
    "margin",
]


@given(documents(WORDS, ["a", "10", "cheapest", "0.99"]))
def test_any_definition_is_a_policy_or_refused(spec):
    told = []
    for each in (spec, {"rules": [spec]}, {"stock": spec}):
        try:
            policies.parse(each)
        except BadDefinition as bad:
            told.append(bad.message)
    assert all(told)
