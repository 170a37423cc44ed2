"""What a shop asks and shows: always explained, never below what it must not be below."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.money import MINOR_UNITS
from sync2sys.offers import policies
from sync2sys.offers.decision import decide
from sync2sys.offers.supplies import Product, Supply

D = Decimal
GERMAN = Product("EUR", True, D(19), "Acme", ("Shoes > Running",))
NET = GERMAN._replace(includes_tax=False)
STOCK = {"safety": 0}


def offer(supplier="a", cost="10", quantity=5, **changes):
    cost = None if cost is None else D(cost)
    return Supply(supplier, f"{supplier}-1", cost, "without", currency="EUR", quantity=quantity)._replace(
        **changes
    )


def decided(offers, product=NET, **policy):
    offers = [offers] if isinstance(offers, Supply) else offers
    return decide(product, offers, policies.parse({"stock": STOCK} | policy))


def priced(*rules, product=NET, **changes):
    return decided(offer(**changes), product, rules=list(rules))


def codes(decision, step="price"):
    return [reason.code for reason in decision.reasons if reason.step == step]


def test_a_price_is_the_cost_with_tax_and_markup_rounded_as_the_owner_says_step_by_step():
    found = priced({"markup": "30", "add": "1.50", "round": {"ending": "0.99"}}, product=GERMAN)
    assert found.price == D("16.99")
    assert [reason.sentence for reason in found.reasons] == [
        "The offer a-1 of a is taken. It is the only offer.",
        "The cost is 10.00 EUR without tax, as the supplier's list has it.",
        "Tax is put on at 19 %, as the shop keeps its prices: 11.90 EUR.",
        "Rule 1 puts 30 % on it: 15.47 EUR.",
        "Rule 1 adds 1.50 EUR: 16.97 EUR.",
        "Rule 1 rounds to a price that ends in 0.99: 16.99 EUR.",
        "a has 5.",
    ]


@pytest.mark.parametrize(
    ("rounding", "cost", "price"),
    [
        ({"ending": "0.99"}, "10.40", "9.99"),
        ({"ending": "0.99"}, "10.49", "10.99"),
        ({"ending": "0.99", "way": "up"}, "10.40", "10.99"),
        ({"ending": "0.99", "way": "up"}, "10.99", "10.99"),
        ({"ending": "0.99", "way": "down"}, "10.98", "9.99"),
        ({"ending": "0.99", "way": "down"}, "0.40", "0.99"),
        ({"ending": "9.99"}, "16", "19.99"),
        ({"step": "0.05"}, "10.03", "10.05"),
        ({"step": "0.05"}, "10.02", "10.00"),
        ({"step": "0.05", "way": "down"}, "10.04", "10.00"),
        ({"step": "0.03", "way": "up"}, "9.99", "9.99"),
        ({"step": "0.03", "way": "down"}, "9.99", "9.99"),
        ({"step": "10"}, "2", "10.00"),
    ],
)
def test_a_price_is_rounded_to_what_it_shall_end_in(rounding, cost, price):
    rules = [{"markup": "0", "round": rounding, "margin": "-90"}]
    assert decided(offer(cost=cost), rules=rules).price == D(price)


def test_of_each_thing_the_first_rule_that_says_it_counts_and_no_markups_add_up():
    rules = [
        {"when": {"brand": "Other"}, "markup": "99"},
        {"when": {"brand": " acme "}, "markup": "20"},
        {"when": {"category": "shoes"}, "markup": "50", "add": "1"},
        {"markup": "80", "add": "5", "floor": "2"},
    ]
    assert priced(*rules).price == D("13.00")


@pytest.mark.parametrize(
    ("cost", "price"), [("9.99", "19.98"), ("10", "15.00"), ("49.99", "74.99"), ("50", "55.00")]
)
def test_a_range_of_costs_includes_its_beginning_and_not_its_end(cost, price):
    rules = [
        {"when": {"cost": {"to": "10"}}, "markup": "100"},
        {"when": {"cost": {"from": "10", "to": "50"}}, "markup": "50"},
        {"when": {"cost": {"from": "50"}}, "markup": "10"},
    ]
    assert priced(*rules, cost=cost).price == D(price)


@pytest.mark.parametrize(
    ("tax", "includes", "rate", "price", "code"),
    [
        ("without", True, "19", "11.90", "tax"),
        ("with", False, "19", "8.41", "tax"),
        ("with", True, None, "10.00", "base"),
        ("without", False, None, "10.00", "base"),
        ("without", True, "0", "10.00", "tax"),
        ("without", True, None, None, "rate_unknown"),
        ("unknown", True, "19", None, "tax_unknown"),
        ("without", None, "19", None, "shop_tax_unknown"),
    ],
)
def test_tax_is_put_on_or_taken_off_at_a_known_rate_and_else_there_is_no_price(
    tax, includes, rate, price, code
):
    product = GERMAN._replace(includes_tax=includes, rate=rate and D(rate))
    found = priced({"markup": "0"}, product=product, cost_tax=tax)
    assert found.price == (price and D(price))
    assert code in codes(found)
    assert found.quantity == 5


def test_a_recommended_price_with_tax_goes_into_a_shop_with_tax_unchanged():
    found = priced(
        {"base": "recommended", "round": {"ending": "0.99", "way": "up"}},
        product=GERMAN,
        recommended=D("19.99"),
        recommended_tax="with",
    )
    assert found.price == D("19.99")


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize(("rate", "cost"), [(5, 13), (6, 2), (6, 11), (6, 64), (9, 10), (19, 10)])
def test_what_a_division_leaves_behind_does_not_push_a_price_to_the_next_step(rate, cost, way):
    rules = {"markup": str(rate), "round": {"step": "1", "way": way}}
    found = priced(rules, product=NET._replace(rate=D(rate)), cost=str(cost), cost_tax="with")
    assert found.price == cost


def test_a_discount_on_the_recommended_price_stops_at_the_cost():
    rules = {"base": "recommended", "markup": "-50"}
    found = priced(rules, recommended=D("15"), recommended_tax="without")
    assert found.price == D("10.00")
    assert found.reasons[-2].sentence == "It is not below the cost of 10.00 EUR at a: 10.00 EUR."
    at_a_loss = priced(rules | {"margin": "-40"}, recommended=D("15"), recommended_tax="without")
    assert at_a_loss.price == D("7.50")


def test_a_margin_that_cannot_be_checked_gives_no_price():
    rules = {"base": "recommended", "margin": "10"}
    found = priced(rules, cost=None, recommended=D("15"), recommended_tax="without")
    assert (found.price, codes(found)) == (None, ["no_cost", "no_price"])
    assert (
        priced({"base": "recommended"}, cost=None, recommended=D(15), recommended_tax="without").price == 15
    )


@pytest.mark.parametrize(
    ("rule", "price", "code"),
    [
        ({"markup": "1", "margin": "20"}, "12.50", "margin"),
        ({"markup": "1", "margin": "20", "round": {"ending": "0.99"}}, "12.99", "margin"),
        ({"markup": "1", "margin": "20", "ceiling": "12.60", "round": {"ending": "0.99"}}, "12.50", "margin"),
        ({"markup": "1", "floor": "30"}, "30.00", "floor"),
        ({"markup": "900", "ceiling": "20"}, "20.00", "ceiling"),
        ({"markup": "900", "ceiling": "20.009"}, "20.00", "ceiling"),
        ({"markup": "900", "ceiling": "20", "round": {"ending": "0.99"}}, "19.99", "ceiling"),
        (
            {"markup": "900", "ceiling": "20", "floor": "19.995", "round": {"ending": "0.99"}},
            "20.00",
            "ceiling",
        ),
        ({"markup": "1", "margin": "50", "ceiling": "19.99"}, None, "limits_conflict"),
        ({"markup": "1", "ceiling": "9.99"}, None, "limits_conflict"),
    ],
)
def test_limits_come_last_and_where_they_contradict_each_other_there_is_no_price(rule, price, code):
    found = priced(rule)
    assert found.price == (price and D(price))
    assert codes(found)[-1] == code


def test_a_conflict_of_limits_is_told_with_both_of_them():
    found = priced({"markup": "1", "ceiling": "9"}).reasons
    (reason,) = (each for each in found if each.code == "limits_conflict")
    assert reason.sentence == (
        "It is not below the cost of 10.00 EUR at a, but rule 1 says it is at most 9.00 EUR."
        " Both cannot be: the price stays as it is."
    )


def test_an_offer_in_another_currency_is_left_out_and_told():
    cheap = offer("b", "1", currency="CZK")
    found = decided([cheap, offer("a", "10")], choose="cheapest", rules=[{"markup": "10"}])
    assert (found.offer.supplier, found.price) == ("a", D("11.00"))
    assert found.reasons[0].sentence == (
        "Nothing is priced by the offer b-1 of b: its amounts are in CZK, the shop's in EUR."
    )
    assert decided(cheap, rules=[{"markup": "10"}]).price is None


def test_without_a_rule_that_says_what_to_put_on_it_nothing_is_sold_at_cost():
    assert codes(priced({"round": {"ending": "0.99"}})) == ["no_rule", "no_price"]
    assert codes(priced({"when": {"supplier": "z"}, "markup": "10"})) == ["no_rule", "no_price"]


def test_what_is_not_asked_for_is_not_decided():
    found = decide(NET, [offer()], policies.parse({}))
    assert (found.price, found.quantity) == (None, None)
    assert [reason.code for reason in found.reasons] == ["only_offer", "no_rules", "no_rules"]
    assert decided(offer(cost=None, currency="")).quantity == 5


def test_without_offers_nothing_changes():
    found = decided([], rules=[{"markup": "10"}])
    assert (found.price, found.quantity, found.availability, found.offer) == (None, None, "", None)
    assert found.reasons[0].sentence == "No supplier offers this product; nothing is changed."


THREE = [offer("a", "12", 5), offer("b", "11", 5), offer("c", "10", 0)]


@pytest.mark.parametrize(
    ("policy", "supplier", "code"),
    [
        ({"choose": "cheapest"}, "b", "cheapest"),
        ({"choose": "priority", "suppliers": ["a"]}, "a", "first"),
        ({"choose": "priority", "suppliers": ["c", "b"]}, "b", "first"),
        ({"choose": "cheapest", "stock": {"safety": 5}}, "c", "cheapest"),
        ({"choose": "priority", "suppliers": ["b"], "stock": {"safety": 5}}, "b", "first"),
    ],
)
def test_the_offer_is_the_preferred_or_cheapest_of_those_in_stock(policy, supplier, code):
    for offers in permutations(THREE):
        found = decided(offers, rules=[{"markup": "0"}], **policy)
        assert found.offer.supplier == supplier
        assert code in codes(found, "selection")


def test_costs_are_compared_in_one_tax_mode():
    offers = [offer("a", "11.50", cost_tax="with"), offer("b", "10")]
    assert decided(offers, choose="cheapest", rules=[{"markup": "0"}]).offer.supplier == "a"


@pytest.mark.parametrize(
    ("changes", "stock", "quantity", "availability", "code"),
    [
        ({"quantity": 7}, {"safety": 2}, 5, "in_stock", "safety_stock"),
        ({"quantity": 2}, {"safety": 2}, 0, "out_of_stock", "safety_stock"),
        ({"quantity": -3}, {}, 0, "out_of_stock", "as_counted"),
        ({"quantity": 7, "availability": "out_of_stock"}, {}, 0, "out_of_stock", "out_of_stock"),
        ({"quantity": 0, "availability": "backorder"}, {}, 0, "backorder", "as_counted"),
        ({"quantity": 9, "availability": "preorder"}, {}, 9, "preorder", "as_counted"),
        ({"quantity": None, "availability": "in_stock"}, {"uncounted": 3}, 3, "in_stock", "uncounted"),
        ({"quantity": None, "availability": "in_stock"}, {}, None, "in_stock", "unknown"),
        ({"quantity": None, "availability": "out_of_stock"}, {}, 0, "out_of_stock", "out_of_stock"),
        ({"quantity": None}, {"uncounted": 3}, None, "", "unknown"),
    ],
)
def test_a_stock_is_what_is_left_to_sell(changes, stock, quantity, availability, code):
    found = decided(offer(**changes), stock=stock)
    assert (found.quantity, found.availability, codes(found, "stock")) == (quantity, availability, [code])


def test_pieces_of_all_suppliers_are_sold_at_a_price_that_no_cost_of_them_is_above():
    policy = {"choose": "cheapest", "stock": {"of": "all", "safety": 1}, "rules": [{"markup": "5"}]}
    found = decided([offer("a", "10", 4), offer("b", "15", 3), offer("c", "99", 1)], **policy)
    assert (found.offer.supplier, found.quantity, found.price) == ("a", 5, D("15.00"))
    assert found.reasons[-1].sentence == "The pieces of 2 suppliers are counted together: 5."


def test_what_has_no_price_is_not_sold_at_the_price_of_another_offer():
    policy = {"stock": {"of": "all"}, "rules": [{"markup": "5"}]}
    assert decided([offer("a"), offer("b", currency="CZK")], **policy).quantity == 5


def test_a_price_has_the_units_of_its_currency():
    yen = NET._replace(currency="JPY")
    found = priced({"markup": "33", "round": {"ending": "0.99"}}, product=yen, currency="JPY", cost="100")
    assert found.price == 133


NO_AMOUNTS = st.sampled_from([D("NaN"), D("1e30"), D("1e-30"), D(-1), D("Infinity")])
# Most of what is drawn can be priced: where nothing is, nothing is proved.
LIKELY = st.decimals("0.01", 200, places=3)
AMOUNTS = st.one_of(LIKELY, LIKELY, LIKELY, st.decimals(0, 100_000, places=2), st.none(), NO_AMOUNTS)
CURRENCIES = st.sampled_from([*["EUR"] * 8, "CZK", ""])
TAXES = st.sampled_from([*["with", "without"] * 4, "unknown"])
OFFERS = st.builds(
    Supply,
    supplier=st.sampled_from("abc"),
    key=st.sampled_from("12"),
    cost=AMOUNTS,
    cost_tax=TAXES,
    recommended=AMOUNTS,
    recommended_tax=TAXES,
    currency=CURRENCIES,
    quantity=st.one_of(st.none(), st.integers(-5, 50), st.integers(0, 50)),
    availability=st.sampled_from(["", "", "in_stock", "in_stock", "out_of_stock", "backorder", "preorder"]),
    refusal=st.sampled_from([*[""] * 5, "line 3: This is no number."]),
)
SEVERAL = st.lists(OFFERS, min_size=1, max_size=4)
PRODUCTS = st.builds(
    Product,
    currency=CURRENCIES,
    includes_tax=st.sampled_from([*[True, False] * 4, None]),
    rate=st.sampled_from([D(0), D(7), D(19), D("25.5"), None]),
    brand=st.sampled_from(["Acme", "Other", ""]),
    categories=st.sampled_from([(), ("Shoes > Running",), ("Hats",)]),
)


def texts(*values):
    return st.sampled_from(values)


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "supplier": texts("a", "b"),
        "brand": texts("acme", "none"),
        "category": texts("Shoes", "Hats"),
        "cost": st.fixed_dictionaries({"from": texts("0", "10", "100")}),
    },
)
ROUNDINGS = st.one_of(
    st.fixed_dictionaries(
        {"ending": texts("0.99", "9.99", "0.5", "49.95")}, optional={"way": texts("up", "down", "nearest")}
    ),
    st.fixed_dictionaries(
        {"step": texts("0.05", "0.03", "10", "0.001")}, optional={"way": texts("up", "down", "nearest")}
    ),
)
SAID = {
    "when": CONDITIONS,
    "add": texts("0", "1.5", "0.001"),
    "round": ROUNDINGS,
    "margin": texts("0", "10", "33.3", "99", "-50"),
}
MARKUPS = texts("0", "5", "33.333", "400")
RULES = st.one_of(
    st.fixed_dictionaries({"markup": MARKUPS}, optional=SAID),
    st.fixed_dictionaries({"floor": texts("0.005", "5", "100")}, optional=SAID | {"markup": MARKUPS}),
    st.fixed_dictionaries({"ceiling": texts("1", "50", "99.999")}, optional=SAID | {"markup": MARKUPS}),
    st.fixed_dictionaries({"base": st.just("recommended")}, optional=SAID | {"markup": texts("-30", "10")}),
)
GENERAL = st.fixed_dictionaries({"markup": MARKUPS}, optional={name: SAID[name] for name in ("add", "round")})
POLICIES = st.fixed_dictionaries(
    {
        "rules": st.builds(lambda some, last: [*some, last], st.lists(RULES, max_size=4), GENERAL),
        "choose": texts("priority", "cheapest"),
    },
    optional={
        "suppliers": st.lists(texts("a", "b", "c"), unique=True),
        "stock": st.fixed_dictionaries(
            {"of": texts("chosen", "all")},
            optional={"safety": st.integers(0, 5), "uncounted": st.integers(0, 9)},
        ),
    },
).map(policies.parse)


def applying(policy, product, supply, part):
    """The first rule that says this for an offer, found again in the plainest way."""
    cost = supply.cost if supply.currency == product.currency and usable(supply.cost) else None
    for rule in policy.rules:
        said = getattr(rule, part)
        if said is not None and rule.when.holds(supply.supplier, product.brand, product.categories, cost):
            return said
    return None


def usable(amount):
    return amount is not None and amount.is_finite() and D("1e-8") <= amount < 10**12


def net(product, amount, tax):
    """Without tax, exactly enough; None where it cannot be known."""
    if tax == "without":
        return amount
    return None if product.rate is None else amount / (1 + product.rate / 100)


def in_yen(product, offers):
    """The same in a currency without cents."""
    whole = {"EUR": "JPY", "CZK": "EUR"}
    return product._replace(currency=whole.get(product.currency, "")), [
        each._replace(currency=whole.get(each.currency, "")) for each in offers
    ]


@given(PRODUCTS, SEVERAL, POLICIES, st.booleans())
def test_a_price_keeps_to_the_floor_the_ceiling_and_the_margin_whatever_the_offers(
    product, offers, policy, yen
):
    if yen:
        product, offers = in_yen(product, offers)
    found = decide(product, offers, policy)
    assert all(reason.sentence.endswith(".") for reason in found.reasons)
    if found.price is None:
        return
    chosen = found.offer
    assert found.price > 0
    assert chosen.currency == product.currency
    assert product.includes_tax is not None
    assert -found.price.as_tuple().exponent <= MINOR_UNITS.get(product.currency, 2)
    floor, ceiling = (applying(policy, product, chosen, part) for part in ("floor", "ceiling"))
    assert floor is None or found.price >= floor
    assert ceiling is None or found.price <= ceiling
    if usable(chosen.cost):
        margin = applying(policy, product, chosen, "margin") or D(0)
        if product.includes_tax == (chosen.cost_tax == "with"):
            left, cost = found.price, chosen.cost
        else:
            left = net(product, found.price, "with" if product.includes_tax else "without")
            cost = net(product, chosen.cost, chosen.cost_tax)
        assert left - cost >= left * margin / 100 - D("1e-9")


@given(PRODUCTS, SEVERAL, POLICIES, st.randoms())
def test_equal_input_gives_equal_output_in_whatever_order_offers_come(product, offers, policy, random):
    shuffled = random.sample(offers, len(offers))
    first, again, other = (decide(product, each, policy) for each in (offers, offers, shuffled))
    assert str(first) == str(again) == str(other)


@given(PRODUCTS, SEVERAL, POLICIES)
def test_a_quantity_is_never_negative_and_never_more_than_there_is(product, offers, policy):
    found = decide(product, offers, policy)
    if found.quantity is None:
        return
    assert found.quantity >= 0
    assert found.availability != "out_of_stock" or found.quantity == 0
    shown = policy.stock.uncounted or 0
    read = [each for each in offers if not each.refusal]
    there = sum(max(0, each.quantity) if each.quantity is not None else shown for each in read)
    assert found.quantity <= there


@given(PRODUCTS, OFFERS, POLICIES, st.integers(0, 50))
def test_more_pieces_of_one_offer_never_show_fewer(product, supply, policy, more):
    supply = supply._replace(quantity=supply.quantity or 0)
    fewer = decide(product, [supply], policy)
    greater = decide(product, [supply._replace(quantity=supply.quantity + more)], policy)
    assert (fewer.price, fewer.quantity is None) == (greater.price, greater.quantity is None)
    assert fewer.quantity is None or greater.quantity >= fewer.quantity


@given(PRODUCTS, SEVERAL, POLICIES)
def test_a_row_that_cannot_be_read_sells_nothing_out_and_others_as_if_it_was_not_there(
    product, offers, policy
):
    unread = Supply("z", "1", refusal="line 3: This is no number.")
    found = decide(product, [*offers, unread], policy)
    without = decide(product, [each for each in offers if not each.refusal], policy)
    stocked = replace(policy, stock=policy.stock or policies.Stock())
    if decide(product, [each for each in offers if not each.refusal], stocked).availability == "in_stock":
        assert found[:4] == without[:4]
        assert set(without.reasons) < set(found.reasons)
    else:
        assert found[:4] == (None, None, "", None)
    assert any("in the list of z cannot be read: line 3" in each.sentence for each in found.reasons)


@given(PRODUCTS, SEVERAL, POLICIES, st.integers(0, 3), st.integers(0, 50))
def test_more_pieces_of_the_chosen_offer_choose_it_again_and_never_show_fewer(
    product, offers, policy, place, more
):
    before = decide(product, offers, policy)
    place = place % len(offers)
    if offers[place] != before.offer or before.offer.quantity is None or before.quantity is None:
        return
    raised = [*offers]
    raised[place] = before.offer._replace(quantity=before.offer.quantity + more)
    after = decide(product, raised, policy)
    # In stock now, where before nothing was, the other offers do not count with it any more or less.
    assert after.offer[:2] == before.offer[:2]
    assert after.quantity >= before.quantity


@given(PRODUCTS, SEVERAL, POLICIES, st.integers(0, 3), st.integers(0, 50))
def test_with_the_cheapest_more_stock_never_makes_the_cost_higher(product, offers, policy, place, more):
    offers = [each._replace(quantity=each.quantity or 0, availability="") for each in offers]
    cheapest = policies.Policy(choose="cheapest", stock=policy.stock, rules=policy.rules)
    before = decide(product, offers, cheapest)
    place = place % len(offers)
    offers[place] = offers[place]._replace(quantity=offers[place].quantity + more)
    after = decide(product, offers, cheapest)
    was_in_stock = before.availability == "in_stock"
    if was_in_stock and before.price and after.price and before.offer.cost_tax == after.offer.cost_tax:
        assert not usable(before.offer.cost) or after.offer.cost <= before.offer.cost
