"""Which variant an offer is for; where that is not sure, none and the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.definitions import BadDefinition
from sync2sys.offers import matching
from sync2sys.offers.matching import Index, Match, NoMatch, Target
from sync2sys.offers.rows import Offer
from tests.formats.wild import ANY_TEXT, documents
from tests.offers.lists import GTIN

OTHER_GTIN = "4006381333948"
USUAL = matching.parse(list(matching.USUAL))
SHOES = Target("v1", GTIN, "AC-1", "TR-42", "Acme", "Trail Runner", {"_supplier_sku": "9001"})
SOCKS = Target("v2", "", "AC-2", "SO 7", "Acme")


def found(offer, *variants, rules=USUAL):
    return Index(variants or (SHOES, SOCKS), rules).match(offer)


def offer(**changes):
    return Offer(2, "k", **changes)


@pytest.mark.parametrize(
    ("changes", "variant", "rule"),
    [
        ({"gtin": GTIN}, "v1", "gtin"),
        ({"gtin": "0" + GTIN}, "v1", "gtin"),
        ({"sku": " ac-2 "}, "v2", "sku"),
        ({"brand": "ACME", "mpn": "tr 42"}, "v1", "brand_mpn"),
        ({"brand": "Ácme", "mpn": "SO-7"}, "v2", "brand_mpn"),
        ({"gtin": GTIN, "sku": "AC-2"}, "v1", "gtin"),
    ],
)
def test_an_offer_is_for_the_variant_that_the_first_rule_finds(changes, variant, rule):
    match = found(offer(**changes))
    assert isinstance(match, Match)
    assert (match.external_id, match.rule) == (variant, rule)


def test_what_a_later_rule_finds_elsewhere_is_told():
    assert found(offer(gtin=GTIN, sku="AC-2")).why == (
        f'It has the same GTIN: "0{GTIN}". Its SKU "ac-2" is that of another variant: "v2".'
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "nothing_to_compare"),
        ({"mpn": "TR-42"}, "nothing_to_compare"),
        ({"gtin": "4006381333932"}, "nothing_to_compare"),
        ({"sku": "AC1"}, "not_found"),
        ({"brand": "Other", "mpn": "TR-42"}, "not_found"),
        ({"gtin": OTHER_GTIN}, "not_found"),
        ({"gtin": OTHER_GTIN, "sku": "AC-1"}, "other_gtin"),
    ],
)
def test_what_is_not_sure_is_no_match_and_says_why(changes, code):
    match = found(offer(**changes))
    assert isinstance(match, NoMatch)
    assert match.code == code
    assert match.why.endswith(".")


def test_two_things_with_one_number_and_two_gtins_are_two_things():
    assert found(offer(gtin=OTHER_GTIN, sku="AC-1")).why == (
        f'SKU "ac-1" is that of variant "v1", but the offer\'s GTIN is {OTHER_GTIN}'
        f" and the variant's is {GTIN}."
    )


TWINS = (Target("v1", GTIN, "A"), Target("v2", GTIN, "B"))


def test_a_key_of_two_variants_is_no_match_unless_another_key_says_which():
    assert found(offer(gtin=GTIN), *TWINS) == NoMatch(
        "ambiguous",
        ("v1", "v2"),
        f'GTIN "0{GTIN}" belongs to 2 variants ("v1", "v2"), and nothing says which. Give each its own.',
    )
    assert found(offer(gtin=GTIN, sku="b"), *TWINS).external_id == "v2"
    third = Target("v3", "", "C")
    assert found(offer(gtin=GTIN, sku="c"), *TWINS, third).code == "contradiction"


def test_a_maker_s_number_keeps_apart_what_its_digits_keep_apart():
    assert matching.part_key("AC-TR 42") == matching.part_key("actr42")
    assert matching.part_key("10-1") != matching.part_key("101")
    assert matching.part_key("10-1") == matching.part_key("10.1")


def test_the_number_of_a_case_is_not_that_of_a_piece():
    case = "14006381333938"
    assert matching.gtin_key(case) == case
    assert found(offer(gtin=case)).code == "not_found"


def test_own_rules_compare_other_fields_without_a_prefix_and_in_their_order():
    rules = matching.parse(
        [
            {"offer": "key", "variant": "meta", "name": "_supplier_sku"},
            {"offer": "sku", "variant": "sku", "without": {"offer": "SUP-"}},
            "gtin",
        ]
    )
    assert found(Offer(2, "9001"), rules=rules).external_id == "v1"
    match = found(Offer(2, "7", sku="sup-AC-2", gtin=GTIN), rules=rules)
    assert (match.external_id, match.key) == ("v2", "ac-2")
    assert match.why.startswith('It has the same sku of the offer and sku of the variant: "ac-2".')


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ([], ""),
        ("gtin", ""),
        (["ean"], "0"),
        (["gtin", "gtin"], "1"),
        ([{"offer": "cost", "variant": "sku"}], "0.offer"),
        ([{"offer": "sku"}], "0.variant"),
        ([{"offer": "sku", "variant": "meta"}], "0.name"),
        ([{"offer": "sku", "variant": "sku", "name": "x"}], "0.name"),
        ([{"offer": "sku", "variant": "sku", "without": {"shop": "x"}}], "0.without.shop"),
        ([{"offer": "sku", "variant": "sku", "like": 1}], "0.like"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(spec, path):
    with pytest.raises(BadDefinition) as refused:
        matching.parse(spec)
    assert refused.value.path == path


@given(documents(["offer", "variant", "name", "without"], ["gtin", "sku", "meta", "brand_mpn"]))
def test_any_definition_is_rules_or_refused(spec):
    for each in (spec, [spec]):
        try:
            matching.parse(each)
        except BadDefinition as bad:
            told = bad.message
        else:
            told = "rules"
        assert told


def test_several_offers_of_one_supplier_for_one_variant_are_told_and_none_is_taken():
    clashes = matching.contested([("a", "v1"), ("b", "v2"), ("c", "v1")])
    assert clashes == {"v1": ["a", "c"]}
    assert matching.told("v1", clashes["v1"]).why == (
        'The supplier has 2 offers for variant "v1": "a", "c". None is taken.'
    )


IDENTIFIED = {
    "gtin": st.sampled_from(["", GTIN, OTHER_GTIN, "0" + GTIN, "12"]),
    "sku": st.sampled_from(["", "A", "a ", "B"]),
    "mpn": st.sampled_from(["", "1-1", "11", "1.1"]),
    "brand": st.sampled_from(["", "Acme", "ACME!"]),
}
VARIANTS = st.lists(
    st.builds(Target, external_id=st.sampled_from(["v1", "v2", "v3"]), **IDENTIFIED),
    max_size=3,
    unique_by=lambda variant: variant.external_id,
)


@given(VARIANTS, st.builds(Offer, line=st.just(2), key=st.just("k"), **IDENTIFIED), st.permutations(USUAL))
def test_a_match_shares_its_key_with_the_offer_and_no_two_variants_of_all_keys_are_left(
    variants, wanted, rules
):
    match = Index(variants, rules).match(wanted)
    by_id = {variant.external_id: variant for variant in variants}
    if isinstance(match, NoMatch):
        assert set(match.candidates) <= set(by_id)
        return
    chosen = by_id[match.external_id]
    rule = next(each for each in rules if each.name == match.rule)
    assert match.key == rule.of_offer(wanted) == rule.of_variant(chosen)
    keys = matching.keys_of_offer(wanted, rules)
    alike = [each for each in variants if all(key in matching.keys_of_variant(each, rules) for key in keys)]
    assert len(alike) <= 1
    assert match == Index(variants[::-1], rules).match(wanted)


@given(ANY_TEXT)
def test_keys_are_the_same_made_of_themselves_again(text):
    for key in (matching.gtin_key, matching.code_key, matching.name_key, matching.part_key):
        once = key(text)
        assert key(once) == once
