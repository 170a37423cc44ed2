"""Which offers are one article, and what it is like."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.definitions import BadDefinition
from sync2sys.offers import links
from sync2sys.offers.articles import Listed, articles, described, identity
from sync2sys.offers.rows import Offer
from tests.offers.lists import GTIN

GONE = datetime(2026, 11, 1, tzinfo=UTC)
SUPPLIERS = ("north", "south", "west")
OFFERS = st.builds(
    Offer,
    line=st.just(2),
    key=st.sampled_from(("k1", "k2", "k3", "k4")),
    gtin=st.sampled_from(("", "", GTIN, "4006381333948", "0" + GTIN)),
    sku=st.sampled_from(("", "A-1", "a-1")),
    brand=st.sampled_from(("", "Acme", "ACME")),
    mpn=st.sampled_from(("", "TR 42", "tr-42", "TR-43")),
    title=st.sampled_from(("", "Shoe", "Other shoe")),
    item_group=st.sampled_from(("", "TR", "tr")),
    options=st.sampled_from(({}, {"Size": "42"}, {"Size": "43"})),
)
LISTED = st.builds(
    lambda supplier, offer, is_gone: Listed(
        supplier, SUPPLIERS.index(supplier), offer, f"import of {supplier}", GONE if is_gone else None
    ),
    st.sampled_from(SUPPLIERS),
    OFFERS,
    st.booleans(),
)
LISTS = st.lists(LISTED, max_size=12, unique_by=lambda each: (each.supplier, each.offer.key))


def listed(supplier="north", *, rank=0, **fields):
    return Listed(supplier, rank, Offer(2, **{"key": "k"} | fields))


def one(*offers):
    (article,) = articles(offers)
    return article


@given(LISTS, st.randoms(use_true_random=False))
def test_the_order_of_offers_and_suppliers_never_matters(offers, random):
    found = articles(offers)
    random.shuffle(offers)
    assert articles(offers) == found
    assert [described(each) for each in articles(offers)] == [described(each) for each in found]


@given(LISTS)
def test_each_offer_is_in_one_article_and_no_two_have_one_id(offers):
    found = articles(offers)
    assert Counter(map(repr, offers)) == Counter(repr(each) for article in found for each in article.offers)
    ids = [article.identity.id for article in found]
    assert ids == sorted(set(ids))
    assert all(0 < len(each) <= 34 for each in ids)


@given(LISTS, st.sampled_from(SUPPLIERS))
def test_a_supplier_that_leaves_or_joins_changes_the_id_of_no_other_article(offers, leaving):
    kept = {
        article.identity.id
        for article in articles(offers)
        if any(each.supplier != leaving for each in article.offers)
    }
    stays = [each for each in offers if each.supplier != leaving]
    assert {article.identity.id for article in articles(stays)} == kept


def test_a_gtin_is_one_article_however_it_is_written():
    article = one(listed(gtin=GTIN), listed("south", rank=1, gtin="0" + GTIN, sku="other"))
    assert article.identity.id == "0" + GTIN
    assert article.identity.rule == "gtin"


def test_without_a_gtin_brand_and_makers_number_tell():
    article = one(listed(brand="Acme", mpn="TR 42"), listed("south", rank=1, brand="ACME", mpn="tr-42"))
    assert article.identity.rule == "brand_mpn"


def test_a_bare_sku_is_no_article_across_suppliers():
    found = articles([listed(sku="A-1", key="A-1"), listed("south", rank=1, sku="A-1", key="A-1")])
    assert [article.identity.rule for article in found] == ["supplier_key"] * 2


def test_of_each_field_the_first_supplier_counts_that_has_it():
    second = {"title": "Dear", "description": "Long.", "weight": Decimal("0.4")}
    found = described(
        one(
            listed("south", rank=1, gtin=GTIN, images=("https://s.example/2.jpg",), **second),
            listed("north", rank=0, gtin=GTIN, title="Shoe"),
        )
    )
    assert (found.title, found.description, found.weight) == ("Shoe", "Long.", Decimal("0.4"))
    assert found.images == ("https://s.example/2.jpg",)


def test_a_variant_has_group_and_options_of_one_supplier_and_its_title_without_them():
    options = {"Size": "42", "Colour": "red"}
    own = listed(gtin=GTIN, title="Runner 42 (red)", item_group="R", options=options)
    other = listed("south", rank=1, gtin=GTIN, item_group="77", options={"Größe": "42"})
    found = described(one(own, other))
    assert (found.title, found.options) == ("Runner", options)
    sibling = described(one(listed(key="k2", item_group="r", options={"Size": "43"})))
    assert sibling.group == found.group
    assert described(one(other)).group != found.group


@pytest.mark.parametrize("title", ["42", "Runner 421"])
def test_a_title_is_not_cut_where_nothing_or_half_a_word_would_be_left(title):
    found = described(one(listed(title=title, item_group="R", options={"Size": "42"})))
    assert found.title == title


def test_what_an_offer_is_grouped_by_is_told():
    assert GTIN in identity("north", Offer(2, "k", gtin=GTIN)).why
    assert '"k"' in identity("north", Offer(2, "k")).why


def test_a_link_is_made_of_names():
    link = links.parse("https://shop.example/p/{sku}?g={gtin}")
    values = {"id": "1", "sku": "A/1 ö", "gtin": GTIN, "mpn": ""}
    assert link.of(values) == f"https://shop.example/p/A%2F1%20%C3%B6?g={GTIN}"
    assert link.of(values | {"sku": ""}) == ""
    assert link.home == "https://shop.example"
    assert links.parse("").of(values) == ""


@pytest.mark.parametrize(
    "spec",
    [
        "shop.example/{sku}",
        "ftp://shop.example/{sku}",
        "https://{sku}.example/",
        "https://shop.example/p",
        "https://shop.example/{price}",
        "https://shop.example/{sku",
        "https://shop.example/{{sku}}",
        "https://[shop/{sku}",
        "https://shop.example:99999/{sku}",
        "https://me:secret@shop.example/{sku}",
        "https://shop.example/a b/{sku}",
        "javascript:alert({sku})",
    ],
)
def test_an_address_that_leads_nowhere_is_refused(spec):
    with pytest.raises(BadDefinition):
        links.parse(spec)
