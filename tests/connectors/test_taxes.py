"""What a shop says of tax: where it is, whether it charges any, and its table of rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.connectors import woocommerce
from sync2sys.connectors.woocommerce import taxes
from sync2sys.demo.web import Answer

GERMAN = [
    {"country": "DE", "rate": "19.0000"},
    {"country": "DE", "rate": "7.0000", "class": "reduced-rate"},
    {"country": "AT", "rate": "20.0000"},
]


@pytest.fixture
def told(outbound, open_shop, patience):
    """What a shop with these rates says of itself, asked as a full sync does."""

    def ask(rates, *, hook=None, permissions="read", **options):
        shop = open_shop([], secure=True, taxes=rates, **options)
        found = woocommerce.connect(outbound, shop.url, shop.key, shop.secret, patience=patience)
        if hook:
            shop.hooks.append(hook)
        key = shop.add_key(permissions)
        connected = woocommerce.WooCommerce(
            outbound, key.key, key.secret, found.capabilities, patience=patience
        )
        return connected.shop()

    return ask


def rates(told, rows, **options):
    return told(rows, **options).tax_rates


def answering(status, body=""):
    return lambda request: Answer.json(body, status) if "/taxes" in request.target else None


def test_a_key_that_may_only_read_sees_the_rates_by_country_and_class(told):
    assert rates(told, GERMAN) == {"DE": {"": "19", "reduced-rate": "7"}, "AT": {"": "20"}}


def test_the_shop_says_where_it_is_and_that_it_charges_tax(told):
    found = told(GERMAN)
    assert (found.country, found.charges_tax) == ("DE", True)


def test_connecting_learns_the_same(outbound, open_shop):
    shop = open_shop([], secure=True, taxes=GERMAN)
    shop.charges_tax, shop.country = False, "AT"
    found = woocommerce.connect(outbound, shop.url, shop.key, shop.secret)
    assert (found.country, found.charges_tax, found.tax_rates["AT"]) == ("AT", False, {"": "20"})


@pytest.mark.parametrize("version", ["11.0.1", "5.9.0", "3.9.0"])
@pytest.mark.parametrize("place", [{"state": "BY"}, {"postcodes": ["78266"]}, {"cities": ["BERLIN", "BONN"]}])
def test_a_rate_of_some_place_is_none_of_the_country(told, place, version):
    assert rates(told, [{"country": "DE", "rate": "0"} | place], version=version) == {}
    both = [{"country": "DE", "rate": "0"} | place, {"country": "DE", "rate": "19"}]
    assert rates(told, both, version=version) == {"DE": {"": "19"}}


def test_of_several_rates_the_first_counts_and_a_countrys_own_before_that_of_all(told):
    rows = [{"rate": "21"}, {"country": "DE", "rate": "19"}, {"country": "DE", "rate": "16"}]
    assert rates(told, rows) == {"": {"": "21"}, "DE": {"": "19"}}


def test_taxes_that_add_up_are_not_one_rate(told):
    rows = [{"country": "CA", "rate": "5"}, {"country": "CA", "state": "QC", "rate": "9.975", "priority": 2}]
    assert rates(told, [*rows, {"country": "DE", "rate": "19"}]) == {"CA": {"": None}, "DE": {"": "19"}}


def test_more_rates_than_fit_on_a_page_are_all_read(told):
    classes = [{"country": "DE", "rate": str(number), "class": f"class-{number}"} for number in range(250)]
    found = rates(told, classes)
    assert found["DE"] == {f"class-{number}": str(number) for number in range(250)}


def test_a_table_without_end_is_not_read_to_its_end(told):
    pages = []

    def endless(request):
        if "/taxes" not in request.target:
            return None
        pages.append(request)
        row = {
            "id": len(pages),
            "country": "US",
            "state": "NY",
            "rate": "4",
            "priority": 1,
            "class": "standard",
        }
        return Answer.json([row] * 100, 200)

    assert rates(told, [], hook=endless) == {}
    assert len(pages) == taxes.MOST_PAGES


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_shop_that_does_not_show_its_rates_has_none(told, status):
    refused = {"code": "woocommerce_rest_cannot_view", "message": "Nein", "data": {"status": status}}
    assert rates(told, GERMAN, hook=answering(status, refused)) == {}


@pytest.mark.parametrize("status", [500, 503])
def test_a_shop_that_cannot_say_now_is_not_taken_at_its_word(told, status):
    found = told(GERMAN, hook=answering(status))
    assert found.tax_rates is None
    assert found.currency == "EUR"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["DE", "19", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)
ROW = st.dictionaries(st.sampled_from(taxes.FIELDS.split(",")), ANY)


class Nonsense:
    """A client that is answered with these rows."""

    def __init__(self, listed):
        self.ok, self.data = True, listed

    def ask(self, route, pairs):
        return self


@given(st.lists(ROW | ANY, max_size=6) | ANY)
def test_whatever_is_answered_rates_are_percentages(listed):
    found = taxes.rates(Nonsense(listed))
    for country, by_class in found.items():
        assert len(country) in (0, 2)
        assert all(rate is None or 0 <= float(rate) <= 1000 for rate in by_class.values())
