"""What is asked of Shopify, held against what it publishes about each version of its API."""

import pytest
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, parse, validate, visit

from sync2sys.connectors.shopify import documents
from tests.shops.shopify import schema
from tests.shops.shopify.bulk import problems
from tests.shops.shopify.costs import HIGHEST, requested

pytestmark = pytest.mark.shopify

VERSIONS = ["2026-01", "2026-04", "2026-07", "2026-10"]
QUESTIONS = {
    name: text
    for name, text in vars(documents).items()
    if isinstance(text, str) and name.isupper() and not name.startswith("_")
}
BULK = documents.everything("status:active,draft,unlisted")


@pytest.fixture(params=VERSIONS)
def version(request):
    return schema.load(request.param)


def test_all_questions_are_known_here():
    assert set(QUESTIONS) == {
        "SHOP",
        "PRODUCTS",
        "NAMED",
        "VARIANTS",
        "COUNT",
        "IDS",
        "RUN_BULK",
        "BULK",
        "HOOKS",
        "MAKE_HOOK",
        "CURRENT",
        "SET_PRICES",
        "SET_STOCK",
        "STOCK_HERE",
    }


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_one_in_every_version(version, name):
    assert validate(version.graphql, parse(QUESTIONS[name])) == []


def test_the_question_of_a_bulk_operation_is_one_in_every_version(version):
    assert problems(version.graphql, BULK) == []


@pytest.mark.parametrize("name", [*QUESTIONS, "a bulk operation"])
def test_nothing_that_is_to_be_taken_away_is_asked_for(version, name):
    document, info, found = parse(QUESTIONS.get(name, BULK)), TypeInfo(version.graphql), []

    class Deprecated(Visitor):
        def enter_field(self, node: FieldNode, *place):
            if info.get_field_def().deprecation_reason is not None:
                found.append(node.name.value)

    visit(document, TypeInfoVisitor(info, Deprecated()))
    assert found == []


def test_the_same_is_asked_of_a_product_one_by_one_and_all_at_once():
    assert fields_of(documents.PRODUCTS) - LISTING == fields_of(BULK) - LISTING


LISTING = {"nodes", "edges", "node", "pageInfo", "hasNextPage", "endCursor"}


def fields_of(text):
    found = set()

    class Fields(Visitor):
        def enter_field(self, node, *place):
            found.add(node.name.value)

    visit(parse(text), Fields())
    return found


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("PRODUCTS", {"first": 20, "variants": 20}),
        ("NAMED", {"variants": 20}),
        ("VARIANTS", {"first": 250}),
        ("IDS", {"first": 250}),
        ("CURRENT", {"chosen": True, "open": True}),
        ("SET_PRICES", {"variants": [{}] * 100}),
        ("SET_STOCK", {}),
        ("STOCK_HERE", {}),
    ],
)
def test_no_question_costs_more_than_one_may(name, variables):
    spoken, document = schema.load("2026-10"), parse(QUESTIONS[name])
    assert requested(spoken.graphql, document, document.definitions[0], variables) <= HIGHEST / 2
