"""Which column is which field, as a merchant defines it."""

import pytest
from hypothesis import given

from sync2sys.offers import mapping
from sync2sys.offers.mapping import BadMapping
from tests.formats.wild import documents
from tests.offers.lists import MAPPING, mapped

MONEY = {"columns": "EK", "numbers": "comma"}


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ([], ""),
        ({}, "fields"),
        ({"fields": {}}, "fields"),
        ({"fields": {"sku": "A"}}, "fields"),
        ({"fields": {"cost": MONEY, "currency": {"constant": "EUR"}}}, "fields"),
        ({"fields": {"sku": "A", "cost": MONEY}}, "fields.currency"),
        ({"fields": {"sku": "A", "cost": "EK"}}, "fields.cost.numbers"),
        (mapped(color="Farbe"), "fields.color"),
        (mapped(sku=7), "fields.sku"),
        (mapped(sku=[]), "fields.sku"),
        (mapped(sku={}), "fields.sku"),
        (mapped(sku={"constant": "x"}), "fields.sku.constant"),
        (mapped(sku={"columns": "A", "numbers": "comma"}), "fields.sku.numbers"),
        (mapped(cost=MONEY | {"numbers": "german"}), "fields.cost.numbers"),
        (mapped(cost=MONEY | {"times": "0"}), "fields.cost.times"),
        (mapped(cost=MONEY | {"tax": "19"}), "fields.cost.tax"),
        (mapped(currency={"constant": "euro"}), "fields.currency.constant"),
        (mapped(availability={"constant": "yes"}), "fields.availability.constant"),
        (mapped(quantity={"columns": "B", "words": {"viele": -1}}), "fields.quantity.words.viele"),
        (mapped(quantity={"columns": "B", "words": {"viele": "many"}}), "fields.quantity.words.viele"),
        (mapped(quantity={"columns": "B", "words": {"Ja": 1, " ja": 2}}), "fields.quantity.words.ja"),
        (mapped(available_at={"columns": "ab", "days": "us"}), "fields.available_at.days"),
        (mapped(weight={"columns": "G", "unit": "stone"}), "fields.weight.unit"),
        (mapped(per={"constant": "-1"}), "fields.per.constant"),
        (MAPPING | {"options": {" ": "x"}}, 'options."'),
        (MAPPING | {"extra": 1}, "extra"),
    ],
)
def test_what_is_no_mapping_is_refused_with_its_place(definition, path):
    with pytest.raises(BadMapping) as refused:
        mapping.parse(definition)
    assert refused.value.path.startswith(path.rstrip('"'))
    assert refused.value.message.endswith((".", "?"))


WILD = documents(
    [
        "fields",
        "options",
        "sku",
        "cost",
        "columns",
        "constant",
        "numbers",
        "words",
        "times",
        "tax",
        "currency",
    ],
    ["EK", "comma", "EUR", "without", "0.01", "in_stock"],
)


@given(WILD)
def test_any_definition_is_a_mapping_or_refused(definition):
    told = []
    for spec in (definition, {"fields": definition}, MAPPING | {"options": definition}):
        try:
            mapping.parse(spec)
        except BadMapping as bad:
            told.append(bad.message)
    assert all(told)


def test_a_list_whose_columns_are_not_there_any_more_is_told_which():
    checked = mapping.parse(mapped(gtin=["EAN", "EAN 2"]))
    assert checked.absent(checked.columns() - {"EAN"}) == ""
    told = checked.absent(["EAN", "Netto-EK", *(checked.columns() - {"EK", "EAN"})])
    assert told.startswith(
        'These columns are not in the list any more: "EK" for the cost. There are "EAN", "Netto-EK"'
    )


def test_signs_of_a_word_count_and_case_and_accents_do_not():
    assert mapping.stock_key("Verfügbar!") == mapping.stock_key("verfuegbar")
    assert mapping.stock_key("<5") != mapping.stock_key(">5")
    assert mapping.stock_key("В наличии") == mapping.stock_key("в  наличии")
