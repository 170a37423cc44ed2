"""Counting a shop's categories, starting rules for them, and which taxonomy that is by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from sync2sys.database import transaction
from sync2sys.errors import BadRequest
from sync2sys.extensions import db
from sync2sys.formats import taxonomy
from sync2sys.formats.category_rules import CategoryRules, parse_rules
from sync2sys.models import Feed, TaxonomyFile
from sync2sys.services import categories, items
from sync2sys.services import taxonomies as service
from sync2sys.services.categories import Place, ShopCategory
from tests.services import catalogues, taxonomies
from tests.services.catalogues import plain


@pytest.fixture
def organization(app):
    with app.app_context():
        yield catalogues.organization()


@pytest.fixture
def make_feed(organization):
    @transaction
    def make(slug="a-feed", definition=None, sources=None):
        feed = Feed(
            organization_id=organization,
            name="Feed",
            slug=slug,
            format="google",
            definition=definition or {},
            sources=sources,
        )
        db.session.add(feed)
        db.session.flush()
        return feed.id

    return make


def counts(feed_id):
    found = categories.report(feed_id, 0, 100).found
    return [(each.category.path, each.category.products, each.category.items) for each in found]


# Counting -----------------------------------------------------------------------------------------


def test_the_categories_of_several_shops_are_counted_together(organization, make_feed):
    one, other = catalogues.channel(organization), catalogues.channel(organization)
    catalogues.fill(one, plain(2, categories=["shoes > Running"]))
    catalogues.fill(other, plain(3, categories=["Shoes", "Shoes>running"]))
    assert counts(make_feed()) == [("Shoes", 5, 5), ("Shoes > running", 5, 5)]
    assert counts(make_feed("another", sources=[one])) == [("shoes", 2, 2), ("shoes > Running", 2, 2)]


def test_a_product_without_variants_is_counted_too(organization, make_feed):
    catalogues.fill(catalogues.channel(organization), plain(2) | plain(1, has_variant=False))
    assert counts(make_feed()) == [("Things", 2, 1)]


def test_counting_takes_one_query_however_many_categories_there_are(organization, make_feed):
    channel, feed = catalogues.channel(organization), make_feed()
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    asked = []
    for number in (1, 60):
        catalogues.fill(channel, {str(each): {"categories": [f"Shelf {each}"]} for each in range(number)})
        statements.clear()
        assert len(counts(feed)) == number
        asked.append(len(statements))
    assert asked[0] == asked[1]


NAMES = st.sampled_from(["a", "A", "b ", "ß", "SS", ""])
PATHS = st.lists(NAMES, max_size=4).map(" > ".join)


def above(path):
    """The category and all above it, by names that are compared."""
    names = [name.strip().casefold() for name in path.split(">") if name.strip()]
    return {tuple(names[: depth + 1]) for depth in range(len(names))}


@given(st.lists(st.tuples(st.lists(PATHS, max_size=4), st.integers(1, 3), st.integers(0, 9)), max_size=6))
def test_each_product_counts_once_in_all_its_categories_and_in_those_above(counted):
    tree = categories.tree_of(counted, CategoryRules({}))
    found = {max(above(each.path), key=len): (each.products, each.items) for each in tree}
    expected = {}
    for paths, products, variants in counted:
        for key in set().union(*map(above, paths)):
            before = expected.get(key, (0, 0))
            expected[key] = (before[0] + products, before[1] + variants)
    assert found == expected
    assert list(found) == sorted(found)
    assert categories.tree_of(counted[::-1], CategoryRules({})) == tree


# Starting rules -----------------------------------------------------------------------------------

LOADED = taxonomy.load(taxonomies.FILE.splitlines())


def places(paths, rules):
    """These categories as a report has them."""
    made = parse_rules(rules)
    return [
        Place(ShopCategory(path), made.rule_of(path), None, None, False, LOADED.suggest(path))
        for path in paths
    ]


def test_suggestions_become_rules_where_there_are_none_and_they_are_likely():
    paths = [
        "Hats",
        "Lamps",
        "Lamps > Desk",
        "Shoes",
        "Shoes > Running",
        "Shoes > Wide",
        "Things",
        "A long shoe",
    ]
    assert categories.suggested(places(paths, {"Lamps": 20})) == {
        "Hats": "Apparel > Hats",
        "Shoes": "Apparel > Shoes",
        "Shoes > Running": "Apparel > Shoes > Running Shoes",
    }


LEVELS = st.sampled_from(["Shoes", "Running", "Hats", "Lamps", "Kitchen", "Things"])


@given(st.sets(st.lists(LEVELS, min_size=1, max_size=3).map(" > ".join), max_size=8), st.sets(LEVELS))
def test_suggested_rules_give_every_likely_category_its_best_suggestion(paths, ruled):
    kept = dict.fromkeys(ruled, 20)
    listed = [category.path for category in categories.tree_of([(sorted(paths), 1, 1)], CategoryRules({}))]
    made = categories.suggested(places(listed, kept))
    together = parse_rules(kept | made)
    for place in places(listed, kept):
        best = place.suggestions[0] if place.suggestions else None
        if place.rule is not None:
            assert together.rule_of(place.category.path) == place.rule
        elif best and best.likeness >= categories.LIKELY:
            assert together.rule_of(place.category.path).category == best.path


# The taxonomy itself ------------------------------------------------------------------------------


def current():
    with items.snapshot() as connection:
        return service.current(connection)


def test_a_taxonomy_is_parsed_once_and_anew_after_the_next_load(app, organization):
    assert current() is None
    taxonomies.load(app)
    first = current()
    assert (first.version, len(first)) == ("2026-01-01", 7)
    assert current() is first
    taxonomies.load(app, taxonomies.LATER)
    assert current().version == "2026-06-01"
    assert db.session.query(TaxonomyFile).count() == 1


def test_another_process_sees_what_this_one_loaded(app, make_app):
    with app.app_context():
        assert current() is None
    taxonomies.load(make_app())
    with app.app_context():
        assert current().find(22).path == "Home > Lamps"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_may_end_its_lines_in_any_way(end):
    assert len(service.parse(taxonomies.FILE.replace("\n", end))) == 7


def test_a_line_is_what_an_editor_takes_for_one():
    with pytest.raises(BadRequest, match="line 4"):
        service.parse("# Google_Product_Taxonomy_Version: 1\n1 - One\x0b\u2028\n\nno entry\n")


def test_the_rules_of_all_feeds_are_looked_through_for_what_is_gone(organization, make_feed):
    make_feed("one", {"categories": {"Hats": 13, "Runners": 12, "Knives": "Home > Kitchen Knives"}})
    make_feed("two", {"mapping": {}})
    make_feed("three", {"categories": {"Nonsense": 99}})
    found = categories.gone(taxonomy.load(taxonomies.LATER.splitlines()))
    assert [(gone.slug, *gone.rule, [each.id for each in gone.offers][:1]) for gone in found] == [
        ("one", "Knives", "Home > Kitchen Knives", [21]),
        ("one", "Runners", 12, []),
        ("three", "Nonsense", 99, []),
    ]
