"""The list of sales channels and the page of each: how they stand, in words, and what can be done."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from sync2sys.connectors import platforms
from sync2sys.extensions import db
from sync2sys.models import Channel, Feed, Job, Organization, Product, Pull, User, Writing
from sync2sys.models.base import now
from sync2sys.services import accounts, feeds, jobs, shopify_reasons
from tests.panel.conftest import insert
from tests.services.catalogues import PRODUCT

LIST = "/sales-channels"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
MORNING = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
NOBODYS = "00000000-0000-0000-0000-000000000000"
PROBLEM = "The shop lists none of the 40 products that it had."


@pytest.fixture
def make_feed(within, organization_id):
    def make(name="Google", **known):
        organization = db.session.get(Organization, organization_id)
        return feeds.create(organization, name=name, format="google", **known).id

    return lambda *args, **known: within(lambda: make(*args, **known))


@pytest.fixture
def look(alice):
    """Alice at the page of a channel."""

    def look(channel_id, **query):
        alice.open(f"{LIST}/{channel_id}?{urlencode(query)}")
        assert alice.answer.status_code == 200
        return alice

    return look


def state(within, channel_id):
    return within(lambda: db.session.get(Channel, channel_id).state)


def pull(channel_id, **known):
    return insert(Pull(channel_id=channel_id, **known))


def badges(visitor):
    return [badge.text for badge in visitor.page.find_class("badge")]


def refreshes(visitor):
    return visitor.page.xpath("//meta[@http-equiv='refresh']/@content")


# The list


def test_an_empty_list_says_what_to_do(alice):
    alice.open(LIST)
    assert "No shop is connected yet. Connect one below" in alice.text
    assert "Connect a Shopify shop" in alice.text
    assert "Connect a WooCommerce store" in alice.text


def test_the_list_tells_of_each_channel_what_matters(alice, add, within):
    mugs = add("Mugs", synced_at=MORNING)
    add("Bikes", platform="woocommerce", origin="https://bikes.example", problem="It is slow.")
    product = PRODUCT | {"external_id": "1", "title": "Mug", "content_hash": "0" * 32}
    within(lambda: insert(Product(channel_id=mugs, **product)))
    alice.open(LIST)
    assert "Mugs Connected Shopify · mugs.myshopify.com 1 product · last sync 25 November 2026" in alice.text
    assert (
        "Bikes Connected, with a problem WooCommerce · bikes.example 0 products · not synced yet It is slow."
        in alice.text
    )


def test_a_shop_that_shopify_names_is_filled_in(alice):
    """Its owner came by the app's install link."""

    def typed(shop):
        alice.open(f"{LIST}?" + urlencode({"shop": shop, "hmac": "0", "timestamp": "1"}))
        return alice.page.xpath("//input[@name='shopDomain']/@value")

    assert typed("mugs.myshopify.com") == ["mugs.myshopify.com"]
    assert typed("evil.example") == [""]
    assert typed('"><script>') == [""]


def test_times_are_utc_and_can_be_read_by_machines(alice, add, look):
    channel_id = add(synced_at=MORNING)
    for visitor in (alice.open(LIST) and alice, look(channel_id)):
        [moment] = visitor.page.iter("time")
        assert moment.get("datetime") == "2026-11-25T08:30:00Z"
        assert f"{moment.text}{moment.tail}".startswith("25 November 2026, 08:30 UTC")


# Ranges


def test_a_range_is_shown_without_a_shop_s_address_keys_and_ways_to_connect(alice, add, look, within):
    channel_id = add("Wholesale", platform="suppliers", origin="suppliers")
    alice.open(LIST)
    assert "Wholesale Connected Suppliers' offers 0 products" in alice.text
    look(channel_id)
    assert "Range Made of Suppliers' offers Currency" in alice.text
    assert "Consumer key" not in alice.text
    alice.open(f"{LIST}/{channel_id}/disconnect")
    assert "Your suppliers' offers are followed no more" in alice.text
    within(lambda: setattr(db.session.get(Channel, channel_id), "state", "disconnected"))
    assert "flask suppliers range set range.json" in look(channel_id).text
    token = alice.page.xpath("//input[@name='formToken']/@value")[0]
    answer = alice.client.post(f"{LIST}/{channel_id}/reconnect", data={"formToken": token})
    assert (answer.status_code, "There is no shop behind this channel." in answer.text) == (400, True)


# Others


def test_channels_of_others_are_not_there_exactly_as_none(alice, bob, add, within):
    channel_id = add()
    pull_id = within(lambda: pull(channel_id, state="held", finished_at=now()))
    assert "Mugs" not in bob.open(LIST).text
    token = bob.page.xpath("//input[@name='formToken']/@value")[0]
    for name in (channel_id, NOBODYS):
        answers = [bob.client.get(f"{LIST}/{name}{rest}") for rest in ("", "/disconnect")]
        for rest in ("/sync", "/disconnect", "/reconnect", f"/pulls/{pull_id}/release"):
            answers.append(bob.client.post(f"{LIST}/{name}{rest}", data={"formToken": token}))
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert all("No such channel." in answer.text for answer in answers)
    assert state(within, channel_id) == "connected"
    assert within(lambda: (db.session.get(Pull, pull_id).state, db.session.query(Job).count())) == ("held", 0)


def test_whoever_joins_an_organization_sees_its_channels(alice, bob, add, within):
    his = within(
        lambda: db.session.query(User).filter_by(email="bob@example.com").one().memberships[0].organization_id
    )
    add("Bikes", organization_id=his)
    assert "Bikes" not in alice.open(LIST).text
    within(lambda: accounts.join("alice@example.com", db.session.get(Organization, his)).state)
    assert "Bikes" in alice.open(LIST).text


# A31 and A27: what shops and strangers write


def test_what_a_shop_calls_itself_is_text_and_nothing_else(alice, add, make_feed):
    channel_id = add(EVIL, origin="https://evil.myshopify.com", problem=EVIL, home=f"https://x/{EVIL}")
    make_feed(EVIL)
    for path in (LIST, f"{LIST}/{channel_id}", f"{LIST}/{channel_id}/disconnect"):
        alice.open(path)
        assert EVIL in alice.text
        assert not list(alice.page.iter("img", "script"))


def test_every_code_is_told_in_words(alice, add):
    for path in (LIST, f"{LIST}/{add()}"):
        for code, reason in shopify_reasons.REASONS.items():
            alice.open(f"{path}?oauth=error&message={code}")
            [told] = alice.page.xpath("//*[@role='alert']")
            assert reason in " ".join(told.text_content().split())


def test_a_code_that_is_none_gets_a_general_sentence_and_is_not_repeated(alice, add):
    for path in (LIST, f"{LIST}/{add()}"):
        for code in (EVIL, "DENIED", "__class__", "https://evil.example", "a" * 5000):
            alice.open(f"{path}?" + urlencode({"oauth": "error", "message": code}))
            assert "connected. Why is not known here." in alice.text
            assert code not in alice.answer.text
        assert "Why is not known here." in alice.open(f"{path}?oauth=error").text


def test_a_way_back_that_is_loaded_anew_does_not_say_that_the_shop_is_not_connected(alice, add):
    for path in (LIST, f"{LIST}/{add()}"):
        alice.open(f"{path}?oauth=error&message=flow_over")
        assert "Nothing was changed. This way to Shopify was used already" in alice.text
        assert "The shop was not" not in alice.text


def test_an_outcome_that_is_none_says_nothing(add, look):
    assert "not connected" not in look(add(), oauth="maybe", message="denied").text


def test_a_channel_that_stayed_connected_says_so_after_an_error(add, look):
    still = "This channel is still connected as it was before."
    page = look(add(), oauth="error", message="denied")
    assert "The shop was not reconnected." in page.text
    assert still in page.text
    assert still not in look(add("Cups", state="auth_failed"), oauth="error", message="denied").text


# How a channel stands


def test_a_success_is_told_with_what_comes_next(add, look):
    assert "Mugs is connected. Its products are being read now" in look(add(), oauth="success").text


def test_a_success_of_another_day_is_not_told_of_a_channel_that_is_lost(add, look):
    assert "is connected" not in look(add(state="auth_failed"), oauth="success").text


def test_a_connected_channel_shows_what_the_shop_says_of_itself(add, look):
    channel_id = add(
        home="https://mugs.example",
        currency="EUR",
        synced_at=MORNING,
        hooks=[
            {"topic": "products/update", "state": "active", "since": MORNING.isoformat()},
            {"topic": "products/delete", "state": "refused", "since": MORNING.isoformat()},
        ],
    )
    page = look(channel_id)
    assert badges(page)[0] == "Connected"
    for words in ("Address mugs.myshopify.com", "Storefront mugs.example", "Currency EUR", "Products 0"):
        assert words in page.text
    assert "Webhooks 1 of 2 in place, nothing heard yet" in page.text
    assert "products/update in place since 25 November 2026, 08:30 UTC" in page.text
    assert "products/delete refused by the shop" in page.text
    assert "The shop does not let us have its webhooks for products/delete." in page.text


def test_a_lost_token_is_the_first_that_one_sees_and_tells_what_to_do(add, look, make_feed, within):
    channel_id = add(state="auth_failed", problem="mugs.myshopify.com has withdrawn its consent.")
    page = look(channel_id)
    assert badges(page)[0] == "Reconnect needed"
    first = page.page.xpath("//main//section")[0].text_content()
    assert "mugs.myshopify.com has withdrawn its consent." in first
    assert "Reconnect in Shopify" in first
    assert "still served" not in page.text
    feed_id = make_feed(published=True)
    within(lambda: setattr(db.session.get(Feed, feed_id), "live_render_id", "1"))
    assert "Nothing is lost: its feeds are still served as they were last published" in look(channel_id).text


def test_a_channel_of_another_platform_is_told_by_its_name(add, look, alice, monkeypatch):
    monkeypatch.setitem(platforms.PLATFORMS, "shelf", platforms.Platform("Shelf shops", open=None))
    channel_id = add(platform="shelf", origin="https://shelf.example")
    assert "Platform Shelf shops" in look(channel_id).text
    assert "Shelf shops · shelf.example" in alice.open(LIST).text


@pytest.mark.parametrize(
    ("known", "badge", "words"),
    [
        ({"state": "disconnected"}, "Disconnected", "The keys were wiped"),
        ({"state": "moved"}, "Moved", "Another shop answers at this address now"),
        ({"problem": "It is slow."}, "Connected, with a problem", "A problem with the last sync It is slow."),
        (
            {"state": "auth_failed", "platform": "woocommerce"},
            "Reconnect needed",
            "Let the store's plugin connect again, or give a new key here.",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_every_state_is_told_in_words(add, look, known, badge, words):
    page = look(add(**known))
    assert badges(page)[0] == badge
    assert words in page.text


def test_what_was_not_granted_is_told_with_what_it_costs(add, look):
    page = look(add(capabilities={"scopes": ["read_products"]}))
    assert "read_products granted" in page.text
    assert "read_inventory not granted Shopify does not tell when stock changes." in page.text
    page = look(add("Cups", capabilities={"scopes": ["write_inventory", "write_products"]}))
    assert "not granted" not in page.text


def test_what_writing_needs_and_was_not_granted_is_told_where_prices_are_to_be_written(add, look, within):
    channel_id = add(capabilities={"scopes": ["read_products", "write_inventory"]})
    assert "write_products" not in look(channel_id).text
    within(lambda: db.session.add(Writing(channel_id=channel_id, state="dry")))
    page = look(channel_id)
    assert "write_inventory granted" in page.text
    assert "write_products not granted Prices are not written to the shop. It is not asked for:" in page.text
    assert "SYNC2SYS_SHOPIFY_SCOPES" in page.text


def test_a_shop_that_took_our_token_away_grants_nothing(add, look):
    page = look(add(state="auth_failed", capabilities={"scopes": ["read_products"]}))
    assert "granted" not in page.text


def test_the_feeds_that_use_a_channel_are_there_with_their_addresses(add, look, make_feed):
    mugs, cups = add("Mugs"), add("Cups")
    make_feed("All", slug="all-of-it", published=True)
    make_feed("Only cups", sources=[cups])
    page = look(mugs)
    [address] = page.page.xpath("//a[contains(@href, '/feeds/')]/@href")
    assert address == "http://127.0.0.1:8000/api/public/feeds/all-of-it"
    assert "Only cups" not in page.text
    assert "Only cups Google Merchant Center not published" in look(cups).text


# Syncs


def test_a_sync_under_way_is_shown_with_its_progress_and_looked_at_again(alice, add, look, within):
    channel_id = add()
    assert refreshes(look(channel_id)) == []
    within(lambda: jobs.enqueue("sync", channel_id).id)
    page = look(channel_id)
    assert (badges(page)[0], refreshes(page)) == ("Syncing", ["4"])
    assert "Waiting for its turn" in page.text
    within(lambda: setattr(db.session.query(Job).one(), "state", "running"))
    within(lambda: pull(channel_id, pages_done=3, pages_total=12))
    page = look(channel_id)
    assert "Page 3 of 12" in page.text
    [bar] = page.page.iter("progress")
    assert (bar.get("value"), bar.get("max")) == ("3", "12")
    assert "Sync now" not in page.text
    alice.open(LIST)
    assert (badges(alice)[0], refreshes(alice)) == ("Syncing", ["4"])


def test_a_sync_that_waits_for_long_is_not_waited_for(add, look, within):
    channel_id = add()
    within(lambda: jobs.enqueue("sync", channel_id, {}, now() + timedelta(minutes=10)).id)
    page = look(channel_id)
    assert (badges(page)[0], refreshes(page)) == ("Connected", [])
    assert "Next sync" in page.text


def test_a_sync_can_be_asked_for(add, look, within):
    channel_id = add()
    visitor = look(channel_id)
    visitor.submit(f"{LIST}/{channel_id}/sync")
    assert (visitor.answer.status_code, visitor.answer.location) == (303, f"{LIST}/{channel_id}")
    assert within(lambda: [(job.kind, job.subject) for job in db.session.query(Job)]) == [
        ("sync", channel_id)
    ]


def test_a_channel_that_was_lost_meanwhile_is_not_synced(add, look, within):
    channel_id = add()
    visitor = look(channel_id)
    within(lambda: setattr(db.session.get(Channel, channel_id), "state", "auth_failed"))
    visitor.submit(f"{LIST}/{channel_id}/sync")
    assert (visitor.answer.status_code, visitor.answer.mimetype) == (400, "text/html")
    assert "This store is not connected. Connect it anew first." in visitor.text
    assert within(lambda: db.session.query(Job).count()) == 0


def test_a_held_pull_asks_and_is_released_by_a_button(add, look, within):
    channel_id = add(problem=PROBLEM, problem_code="SYNC_HELD")
    pull_id = within(lambda: pull(channel_id, state="held", problem=PROBLEM, finished_at=now()))
    visitor = look(channel_id)
    assert badges(visitor)[0] == "Waiting for you"
    assert PROBLEM in visitor.text
    visitor.submit(f"{LIST}/{channel_id}/pulls/{pull_id}/release")
    assert visitor.answer.status_code == 303
    assert within(lambda: db.session.get(Pull, pull_id).state) == "released"
    assert within(lambda: db.session.query(Job).one().payload) == {"full": True}


# Disconnecting


def test_disconnecting_asks_once_more_and_changes_nothing_until_then(add, look, within):
    channel_id = add()
    within(lambda: setattr(db.session.get(Channel, channel_id), "credentials", {"access_token": "x"}))
    visitor = look(channel_id)
    visitor.open(f"{LIST}/{channel_id}/disconnect")
    assert "Disconnect Mugs?" in visitor.text
    assert state(within, channel_id) == "connected"
    visitor.submit(f"{LIST}/{channel_id}/disconnect")
    assert badges(visitor.follow() and visitor)[0] == "Disconnected"
    assert within(lambda: db.session.get(Channel, channel_id).sealed_credentials) is None
