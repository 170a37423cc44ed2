"""Mirroring: what a complete pull does to the live rows, and what an incomplete one never does."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, LostLease, StoreBusy, StoreGarbled, StoreRefusedKeys
from sync2sys.extensions import db, vault
from sync2sys.models import Channel, Feed, Installation, Job, Organization, Product, Pull, User, Variant
from sync2sys.models.base import digest, now
from sync2sys.services import holds, jobs, pulls, sync
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    Killed,
    ScriptedShop,
    channel_of,
    claimed,
    connect,
    context,
    jobs_of,
    mirrored,
    pass_time,
    pulls_of,
    run,
    shops,
    staged,
)


@pytest.fixture
def shop():
    return ScriptedShop().fill(5)


@pytest.fixture
def channel(connect, shop):  # noqa: F811
    return connect(shop)


@pytest.fixture
def synced(channel):
    run(channel)
    return channel


def row(table, channel_id, external_id):
    query = select(table).filter_by(channel_id=channel_id, external_id=external_id)
    return look(lambda: {c.key: getattr(db.session.scalar(query), c.key) for c in table.__table__.columns})()


def set_row(table, where, **values):
    transaction(lambda: db.session.execute(update(table).where(*where).values(**values)))()


def last_pull(channel_id):
    return pulls_of(channel_id)[-1]


def counts(pull):
    return pull["added"], pull["changed"], pull["removed"]


# The first sync


def test_the_first_sync_mirrors_everything(channel, shop):
    run(channel)
    assert mirrored(channel) == shop.shown()
    pull = last_pull(channel)
    assert (pull["state"], counts(pull), pull["since"]) == ("applied", (5, 0, 0), None)
    state = channel_of(channel)
    assert state["catalog_version"] == 1
    assert state["full_synced_at"] == state["synced_at"] == pull["finished_at"]
    assert state["known_until"] == pull["started_at"]


def test_every_value_arrives_as_the_connector_gave_it(channel, shop):
    until = datetime(2027, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    shop.put(
        7,
        title="Zwölf Boxkämpfer 😀",
        description="<p>Fast &amp; <b>light</b></p><script>x()</script>",
        tags=("a", "b"),
        meta={"_ean": "400"},
        images=("https://shop.test/i.jpg",),
        price=Decimal("12.3400"),
        sale_price=Decimal("10"),
        sale_to=until,
        quantity=-3,
        weight=Decimal("0.5"),
        options={"Größe": "M"},
        gtin="4006381333931",
    )
    run(channel)
    product, variant = row(Product, channel, "7"), row(Variant, channel, "7-a")
    assert product["title"] == "Zwölf Boxkämpfer 😀"
    assert product["description"] == "<p>Fast &amp; <b>light</b></p><script>x()</script>"
    assert product["text"] == "Fast & light"
    assert (product["tags"], product["meta"], product["images"]) == (
        ["a", "b"],
        {"_ean": "400"},
        ["https://shop.test/i.jpg"],
    )
    assert str(variant["price"]) == "12.3400"
    assert (variant["sale_price"], variant["sale_to"]) == (Decimal(10), until)
    assert (variant["quantity"], variant["weight"]) == (-3, Decimal("0.5"))
    assert variant["options"] == {"Größe": "M"}


def test_what_no_column_can_hold_does_not_stop_the_sync(channel, shop):
    shop.put(
        7,
        title="half \ud83d a pair\x00",
        quantity=10**15,
        gtin="9" * 500,
        price=Decimal("1e99999"),
        sale_price=Decimal("NaN"),
        tax_class="x" * 300,
    )
    run(channel)
    variant = row(Variant, channel, "7-a")
    assert row(Product, channel, "7")["title"] == "half ? a pair\x00"
    assert (variant["quantity"], variant["price"], variant["sale_price"]) == (2**31 - 1, None, None)
    assert len(variant["gtin"]) == 64


def test_an_id_that_is_none_is_the_shops_fault(channel, shop):
    shop.put("9" * 80)
    with pytest.raises(StoreGarbled):
        run(channel)
    assert mirrored(channel) == {}


def test_huge_texts_are_written_in_small_batches(connect):  # noqa: F811
    shop = ScriptedShop(page_size=20)
    for number in range(60):
        shop.put(number, description=f"<p>{number} {'long text ' * 15_000}</p>")
    channel = connect(shop)
    run(channel)
    assert mirrored(channel) == shop.shown()


# Later syncs


def test_an_unchanged_shop_changes_nothing(synced):
    set_row(Product, [Product.external_id == "1"], title="not written over")
    run(synced, full=True)
    assert mirrored(synced)["1"][0] == "not written over"
    assert counts(last_pull(synced)) == (0, 0, 0)
    assert channel_of(synced)["catalog_version"] == 1
    assert channel_of(synced)["full_synced_at"] == last_pull(synced)["finished_at"]


def test_a_full_sync_stages_no_record_of_what_is_known(synced, shop):
    def look_at_staged(number):
        records = db.session.scalars(select(pulls.item.c.record)).all()
        db.session.rollback()
        assert not any(records)

    shop.during = look_at_staged
    run(synced, full=True)


def test_adding_changing_and_removing_are_counted_and_are_one_step(synced, shop):
    shop.put(6)
    shop.reprice(2, "5.00")
    shop.remove(4)
    run(synced, full=True)
    assert mirrored(synced) == shop.shown()
    assert counts(last_pull(synced)) == (1, 1, 1)
    assert channel_of(synced)["catalog_version"] == 2


def test_a_product_counts_as_changed_when_only_a_variant_did(synced, shop):
    shop.variants["3"] = [dataclasses.replace(shop.variants["3"][0], price=Decimal(1))]
    run(synced, full=True)
    assert counts(last_pull(synced)) == (0, 1, 0)


def test_a_product_that_changes_alone_changes_its_items(synced, shop):
    before = row(Variant, synced, "3-a")
    shop.products["3"] = dataclasses.replace(shop.products["3"], title="Another", modified_at=now())
    run(synced)
    assert mirrored(synced)["3"][0] == "Another"
    after = row(Variant, synced, "3-a")
    assert after["content_hash"] == before["content_hash"]
    assert after["product_hash"] != before["product_hash"]


def test_rows_keep_their_ids_through_changes(synced, shop):
    before = row(Variant, synced, "2-a")["id"]
    shop.reprice(2, "5.00")
    run(synced)
    assert row(Variant, synced, "2-a")["id"] == before


def test_an_incremental_sync_asks_only_for_what_changed_since_shortly_before_the_last_one(synced, shop):
    pass_time(3600)
    known = channel_of(synced)["known_until"]
    shop.reprice(2, "5.00")
    run(synced)
    since, _ = shop.pulls[-1]
    assert known - timedelta(minutes=6) < since < known
    assert mirrored(synced) == shop.shown()
    assert channel_of(synced)["full_synced_at"] < channel_of(synced)["synced_at"]


def test_an_incremental_sync_never_removes_a_product(synced, shop):
    shop.remove(1, 2, 3)
    shop.reprice(5, "1.00")
    run(synced)
    assert set(mirrored(synced)) == {"1", "2", "3", "4", "5"}


def test_an_incremental_sync_removes_variants_that_their_product_no_longer_names(connect):  # noqa: F811
    shop = ScriptedShop().fill(3, variants=3)
    channel = connect(shop)
    run(channel)
    shop.drop_variant(2)
    run(channel)
    assert mirrored(channel) == shop.shown()
    assert set(mirrored(channel)["2"][1]) == {"2-a", "2-b"}
    assert channel_of(channel)["catalog_version"] == 2


def test_a_product_that_became_simple_has_its_own_variant_only(synced, shop):
    shop.put(2, variants=0)
    run(synced)
    assert set(mirrored(synced)["2"][1]) == {"2"}


def test_a_simple_product_that_changes_keeps_its_row(synced, shop):
    shop.put(2, variants=0)
    run(synced)
    before = row(Variant, synced, "2")["id"]
    shop.put(7)  # so that its row is not the newest, whose id would be given out again
    run(synced)
    shop.put(2, variants=0, title="Another")
    run(synced)
    assert mirrored(synced)["2"][0] == "Another"
    assert row(Variant, synced, "2")["id"] == before


def test_variants_are_kept_where_the_platform_does_not_list_them(synced, shop):
    shop.products["2"] = dataclasses.replace(shop.products["2"], variant_ids=None, modified_at=now())
    shop.variants["2"] = []
    run(synced)
    assert set(mirrored(synced)["2"][1]) == {"2-a"}


def test_what_was_deleted_while_it_was_read_is_not_mirrored(synced, shop):
    shop.gone = {2: ["1", "4"]}
    shop.reprice(1, "5.00")
    run(synced, full=True)
    assert set(mirrored(synced)) == {"2", "3", "5"}
    assert counts(last_pull(synced)) == (0, 0, 2)


def test_a_variant_whose_product_is_gone_goes_with_it(synced, shop):
    shop.strays = shop.variants["2"]
    shop.remove(2)
    run(synced, full=True)
    assert look(
        lambda: db.session.scalars(select(Variant.external_id).order_by(Variant.external_id)).all()
    )() == [
        "1-a",
        "3-a",
        "4-a",
        "5-a",
    ]


def test_two_channels_with_the_same_ids_are_apart(connect, synced, shop):  # noqa: F811
    other_shop = ScriptedShop().fill(3)
    other_shop.put(2, title="Another")
    other = connect(other_shop, channel_of(synced)["organization_id"])
    run(other)
    shop.remove(2)
    run(synced, full=True)
    assert mirrored(other) == other_shop.shown()
    assert mirrored(synced) == shop.shown()


def test_what_the_shop_says_about_itself_is_taken_over_with_a_full_sync(synced, shop):
    shop.facts = dataclasses.replace(shop.facts, currency="USD", capabilities={"way": 2})
    run(synced, full=True)
    state = channel_of(synced)
    assert (state["currency"], state["capabilities"], state["catalog_version"]) == ("USD", {"way": 2}, 2)


RATES = {"DE": {"": "19", "reduced-rate": "7"}}


def test_the_shops_tax_rates_come_with_a_full_sync_and_have_its_feeds_made_anew(synced, shop):
    shop.facts = dataclasses.replace(shop.facts, country="DE", charges_tax=True, tax_rates=RATES)
    run(synced, full=True)
    state = channel_of(synced)
    assert (state["country"], state["charges_tax"], state["tax_rates"]) == ("DE", True, RATES)
    assert state["catalog_version"] == 2
    run(synced, full=True)
    assert channel_of(synced)["catalog_version"] == 2


def test_rates_stay_as_they_were_while_the_shop_cannot_tell_them(synced, shop):
    shop.facts = dataclasses.replace(shop.facts, tax_rates=RATES)
    run(synced, full=True)
    shop.facts = dataclasses.replace(shop.facts, tax_rates=None)
    run(synced, full=True)
    assert channel_of(synced)["tax_rates"] == RATES
    shop.facts = dataclasses.replace(shop.facts, tax_rates={})
    run(synced, full=True)
    assert channel_of(synced)["tax_rates"] == {}


def test_nothing_stays_staged_and_only_the_latest_pulls_are_remembered(synced, monkeypatch):
    assert staged() == 0
    assert pulls.KEPT == 50
    monkeypatch.setattr(pulls, "KEPT", 3)
    for _ in range(4):
        run(synced)
    assert [pull["since"] is None for pull in pulls_of(synced)] == [False] * 3


# Feeds


def make_feed(organization_id, slug, sources=None, published=True):
    def make():
        columns = {"name": slug, "slug": slug, "format": "csv", "published": published, "sources": sources}
        feed = Feed(organization_id=organization_id, **columns)
        db.session.add(feed)
        db.session.flush()
        return feed.id

    return transaction(make)()


def test_a_change_has_just_the_published_feeds_made_anew_that_use_the_channel(connect, channel, shop):  # noqa: F811
    own = channel_of(channel)["organization_id"]
    other = channel_of(connect(ScriptedShop()))["organization_id"]
    everything, this = make_feed(own, "everything"), make_feed(own, "this", [channel])
    make_feed(own, "another-channel", ["elsewhere"])
    make_feed(own, "draft", published=False)
    make_feed(other, "another-organization")
    run(channel)
    assert {job["subject"] for job in jobs_of("render")} == {everything, this}


def test_renders_are_due_at_once_when_a_pull_is_applied_and_not_before(channel, shop, monkeypatch):
    feed = make_feed(channel_of(channel)["organization_id"], "everything")
    before = now()
    with monkeypatch.context() as dying:
        dying.setattr(jobs, "check", raising(Killed()))
        with pytest.raises(Killed):
            run(channel)
    assert (mirrored(channel), jobs_of("render")) == ({}, [])
    pass_time(61)
    sync.run(jobs.claim(["sync"]))
    (job,) = jobs_of("render")
    assert (job["subject"], job["state"]) == (feed, "queued")
    assert before <= job["due_at"] <= now()
    assert mirrored(channel) == shop.shown()


def test_a_render_that_waits_for_another_attempt_comes_at_once_when_there_is_something_new(channel, shop):
    feed = make_feed(channel_of(channel)["organization_id"], "everything")
    transaction(lambda: jobs.enqueue("render", feed, due=now() + timedelta(minutes=15)).id)()
    assert jobs.claim(["render"]) is None
    run(channel)
    assert jobs.claim(["render"]).subject == feed


def raising(error):
    def fail(*args):
        raise error

    return fail


def test_no_change_no_render(synced):
    make_feed(channel_of(synced)["organization_id"], "everything")
    run(synced, full=True)
    run(synced)
    assert jobs_of("render") == []


# Pulls that break off


def broken(shop, page, error=None):
    shop.fail_at, shop.error = page, error or StoreBusy("The shop is busy.")
    return shop


def mended(shop):
    shop.fail_at = shop.error = None


def test_a_pull_that_breaks_off_changes_nothing(synced, shop):
    shop.remove(1, 2, 3)
    shop.put(9)
    with pytest.raises(StoreBusy):
        run(broken(shop, 1) and synced, full=True)
    assert set(mirrored(synced)) == {"1", "2", "3", "4", "5"}
    assert channel_of(synced)["catalog_version"] == 1
    assert channel_of(synced)["problem"] == "The shop is busy."
    assert channel_of(synced)["problem_code"] == "STORE_UNREACHABLE"


def test_it_goes_on_after_the_last_page_that_was_kept(channel, shop):
    broken(shop, 2)
    with pytest.raises(StoreBusy):
        run(channel)
    mended(shop)
    pass_time(60)
    run(channel)
    assert shop.pages_given == 3
    assert shop.pulls == [(None, None), (None, {"done": 2, "snapshot": 0})]
    assert mirrored(channel) == shop.shown()
    assert channel_of(channel)["problem"] == ""
    assert [pull["state"] for pull in pulls_of(channel)] == ["applied"]


def test_progress_is_seen_while_it_runs(channel, shop):
    seen = []
    shop.during = lambda number: seen.append(
        (pulls_of(channel)[0]["pages_done"], pulls_of(channel)[0]["pages_total"])
    )
    run(channel)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_killed_worker_loses_at_most_the_page_it_was_at(channel, shop):
    def kill(number):
        if number == 1:
            raise Killed

    shop.during = kill
    claim = claimed(channel)
    with pytest.raises(Killed):
        sync.run(claim)
    db.session.rollback()
    shop.during = None
    pass_time(61)
    successor = jobs.claim(["sync"], channel)
    sync.run(successor)
    transaction(jobs.finish)(successor)
    assert shop.pages_given == 3
    assert mirrored(channel) == shop.shown()


@pytest.mark.parametrize("way", ["too old", "other keys", "a full one is wanted"])
def test_a_broken_off_pull_is_not_gone_on_with(synced, shop, way):
    shop.fill(5)
    with pytest.raises(StoreBusy):
        run(broken(shop, 1) and synced, full=way != "a full one is wanted")
    mended(shop)
    if way == "too old":
        pass_time(3700)
    if way == "other keys":
        set_row(Channel, [Channel.id == synced], key_fingerprint=vault.fingerprint("ck_new"))
    pass_time(60)
    run(synced, full=True)
    assert shop.pulls[-1] == (None, None)
    assert [pull["state"] for pull in pulls_of(synced)] == ["applied", "abandoned", "applied"]
    assert staged() == 0


def test_an_error_that_waiting_cannot_help_ends_the_pull(channel, shop):
    with pytest.raises(StoreRefusedKeys):
        run(broken(shop, 1, StoreRefusedKeys("The shop refuses the keys.")) and channel)
    assert last_pull(channel)["state"] == "failed"
    assert staged() == 0
    assert jobs_of("sync")[0]["state"] == "failed"


def test_an_unexpected_error_shows_the_owner_no_details(channel, shop):
    with pytest.raises(ZeroDivisionError):
        run(broken(shop, 1, ZeroDivisionError("secret")) and channel)
    assert "secret" not in channel_of(channel)["problem"]
    assert channel_of(channel)["problem"]


def test_whoever_lost_the_job_neither_keeps_a_page_nor_applies(channel, shop):
    def steal(number):
        if number == 2:  # the last page is kept, and now the lease runs out
            pass_time(61)
            assert jobs.claim(["sync"], channel) is not None

    shop.during = steal
    claim = claimed(channel)
    with pytest.raises(LostLease):
        sync.run(claim)
    assert mirrored(channel) == {}
    assert channel_of(channel)["problem"] == ""
    assert last_pull(channel)["state"] == "running"


def test_whoever_lost_the_job_keeps_no_further_page(channel, shop):
    def steal(number):
        if number == 0:
            pass_time(61)
            assert jobs.claim(["sync"], channel) is not None

    shop.during = steal
    with pytest.raises(LostLease):
        sync.run(claimed(channel))
    assert last_pull(channel)["pages_done"] == 1


def test_a_worker_told_to_stop_finishes_the_page_and_no_more(channel, shop):
    claim = claimed(channel)
    shop.during = lambda number: claim.stop.set()
    with pytest.raises(jobs.Interrupted):
        sync.run(claim)
    assert (last_pull(channel)["state"], last_pull(channel)["pages_done"]) == ("running", 2)
    assert channel_of(channel)["problem"] == ""


def test_disconnecting_in_the_middle_gives_the_pull_up(channel, shop):
    def disconnect(number):
        set_row(Channel, [Channel.id == channel], state="disconnected", sealed_credentials=None)

    shop.during = disconnect
    run(channel)
    assert shop.pages_given == 2
    assert mirrored(channel) == {}
    assert last_pull(channel)["state"] == "abandoned"
    assert staged() == 0
    run(channel)
    assert len(pulls_of(channel)) == 1


def test_a_mirror_that_changed_under_a_pull_is_pulled_anew(synced, shop):
    set_once = []

    def change(number):
        if not set_once:
            set_once.append(number)
            set_row(Variant, [Variant.external_id == "1-a"], content_hash="0" * 32)

    shop.during = change
    with pytest.raises(StoreGarbled):
        run(synced, full=True)
    pass_time(3700)
    run(synced, full=True)
    assert last_pull(synced)["state"] == "applied"


# Shops that count wrong


def test_a_list_that_is_shorter_than_the_shops_count_is_not_believed(synced, shop):
    shop.remove(1)
    shop.product_total = 5
    with pytest.raises(StoreGarbled, match="counts 5 products but listed 4"):
        run(synced, full=True)
    assert len(mirrored(synced)) == 5
    assert (last_pull(synced)["state"], staged()) == ("failed", 0)
    assert jobs_of("sync")[-1]["state"] == "queued"


def test_missing_variants_are_noticed_too(synced, shop):
    shop.variant_total = 6
    with pytest.raises(StoreGarbled, match="counts 6 variants but listed 5"):
        run(synced, full=True)


def test_a_shop_that_counts_wrong_for_good_is_mirrored_but_nothing_removed(synced, shop):
    shop.remove(1)
    shop.put(6)
    shop.product_total = 7
    with pytest.raises(StoreGarbled):
        run(synced, full=True)
    pass_time(60)
    run(synced, full=True)
    assert set(mirrored(synced)) == {"1", "2", "3", "4", "5", "6"}
    assert channel_of(synced)["problem_code"] == "SYNC_MISCOUNTED"
    run(synced)
    assert channel_of(synced)["problem_code"] == "SYNC_MISCOUNTED"
    shop.product_total = None
    run(synced, full=True)
    assert mirrored(synced) == shop.shown()
    assert channel_of(synced)["problem"] == ""


# Too much gone at once


@pytest.fixture
def large(connect):  # noqa: F811
    shop = ScriptedShop(page_size=50).fill(100)
    channel = connect(shop)
    run(channel)
    return channel, shop


def remove_many(shop, count):
    shop.remove(*list(shop.products)[:count])


def test_a_shop_that_lists_nothing_is_held(large):
    channel, shop = large
    remove_many(shop, 100)
    run(channel, full=True)
    assert len(mirrored(channel)) == 100
    assert last_pull(channel)["state"] == "held"
    assert channel_of(channel)["problem_code"] == "SYNC_HELD"
    assert "none of the 100 products" in channel_of(channel)["problem"]
    assert staged() == 0


@pytest.mark.parametrize(
    ("had", "gone", "state"),
    [
        (100, 50, "applied"),
        (100, 51, "held"),
        (38, 19, "applied"),
        (38, 20, "held"),
        (30, 19, "applied"),
        (1, 1, "held"),
    ],
)
def test_more_than_half_and_at_least_twenty_is_too_much(connect, had, gone, state):  # noqa: F811
    shop = ScriptedShop(page_size=100).fill(had)
    channel = connect(shop)
    run(channel)
    remove_many(shop, gone)
    run(channel, full=True)
    assert last_pull(channel)["state"] == state
    assert len(mirrored(channel)) == (had if state == "held" else had - gone)


def test_a_shop_without_any_variant_is_held(large):
    channel, shop = large
    shop.variants = {product_id: [] for product_id in shop.variants}
    run(channel, full=True)
    assert last_pull(channel)["state"] == "held"


def test_the_same_an_hour_later_is_believed(large):
    channel, shop = large
    remove_many(shop, 60)
    run(channel, full=True)
    pass_time(1800)
    run(channel, full=True)
    assert len(mirrored(channel)) == 100
    pass_time(1900)
    run(channel, full=True)
    assert mirrored(channel) == shop.shown()
    assert [pull["state"] for pull in pulls_of(channel)] == ["applied", "abandoned", "abandoned", "applied"]
    assert channel_of(channel)["problem"] == ""


def test_something_else_an_hour_later_is_held_anew(large):
    channel, shop = large
    remove_many(shop, 60)
    run(channel, full=True)
    pass_time(3700)
    remove_many(shop, 1)
    run(channel, full=True)
    assert len(mirrored(channel)) == 100
    assert [pull["state"] for pull in pulls_of(channel)] == ["applied", "abandoned", "held"]


def test_a_shop_that_recovers_is_forgiven(large):
    channel, shop = large
    products, variants = dict(shop.products), dict(shop.variants)
    remove_many(shop, 100)
    run(channel, full=True)
    shop.products, shop.variants = products, variants
    run(channel, full=True)
    assert channel_of(channel)["problem"] == ""
    assert [pull["state"] for pull in pulls_of(channel)] == ["applied", "abandoned", "applied"]


def test_incremental_syncs_go_on_while_a_full_one_is_held(large):
    channel, shop = large
    remove_many(shop, 60)
    run(channel, full=True)
    shop.reprice(100, "1.00")
    run(channel)
    assert mirrored(channel)["100"][1] == {"100-a": Decimal("1.00")}
    assert channel_of(channel)["problem_code"] == "SYNC_HELD"


def release(channel):
    def work():
        pull = db.session.scalar(select(Pull).filter_by(channel_id=channel, state="held"))
        holds.release(pull)

    transaction(work)()


def test_the_owner_may_release_a_held_pull(large):
    channel, shop = large
    remove_many(shop, 60)
    run(channel, full=True)
    release(channel)
    claim = jobs.claim(["sync"], channel)
    assert claim.payload == {"full": True}
    sync.run(claim)
    assert mirrored(channel) == shop.shown()


def test_a_release_covers_no_greater_loss(large):
    channel, shop = large
    remove_many(shop, 60)
    run(channel, full=True)
    release(channel)
    remove_many(shop, 5)
    run(channel, full=True)
    assert len(mirrored(channel)) == 100
    assert last_pull(channel)["state"] == "held"


def test_only_a_held_pull_can_be_released(large):
    channel, _ = large
    with pytest.raises(BadRequest):
        transaction(lambda: holds.release(db.session.scalar(select(Pull).filter_by(channel_id=channel))))()


# The plan's limit


@pytest.fixture
def app(make_app):
    return make_app(PLANS='{"starter": {}, "unlimited": {}, "tiny": {"products": 4}}')


def test_a_full_plan_keeps_what_it_has_and_says_what_is_left_out(connect):  # noqa: F811
    shop = ScriptedShop().fill(3)
    channel = connect(shop, plan="tiny")
    run(channel)
    shop.put(10)
    shop.put(9)
    shop.put(11, variants=2)
    shop.reprice(2, "1.00")
    run(channel, full=True)
    assert set(mirrored(channel)) == {"1", "2", "3", "9"}
    assert mirrored(channel)["2"][1] == {"2-a": Decimal("1.00")}
    assert last_pull(channel)["over_limit"] == 2
    state = channel_of(channel)
    assert state["problem_code"] == "PIM_PRODUCT_LIMIT"
    assert "allows 4 products: 2 new ones are not mirrored" in state["problem"]


def test_an_incremental_sync_minds_the_limit_too(connect):  # noqa: F811
    shop = ScriptedShop().fill(4)
    channel = connect(shop, plan="tiny")
    run(channel)
    shop.put(5)
    run(channel)
    assert set(mirrored(channel)) == {"1", "2", "3", "4"}
    assert channel_of(channel)["problem_code"] == "PIM_PRODUCT_LIMIT"


def test_what_is_left_out_does_not_make_the_feeds_anew(connect):  # noqa: F811
    shop = ScriptedShop().fill(6)
    channel = connect(shop, plan="tiny")
    run(channel)
    version = channel_of(channel)["catalog_version"]
    run(channel, full=True)
    assert channel_of(channel)["catalog_version"] == version
    assert channel_of(channel)["problem_code"] == "PIM_PRODUCT_LIMIT"


def test_the_limit_counts_all_channels_of_the_organization(connect):  # noqa: F811
    first = connect(ScriptedShop().fill(3), plan="tiny")
    run(first)
    second = connect(ScriptedShop().fill(3), channel_of(first)["organization_id"])
    run(second)
    assert (len(mirrored(first)), set(mirrored(second))) == (3, {"1"})


def test_removed_products_make_room(connect):  # noqa: F811
    shop = ScriptedShop().fill(6)
    channel = connect(shop, plan="tiny")
    run(channel)
    shop.remove(1)
    run(channel, full=True)
    assert set(mirrored(channel)) == {"2", "3", "4", "5"}
    shop.remove(2)
    run(channel, full=True)
    assert mirrored(channel) == shop.shown()
    assert channel_of(channel)["problem"] == ""


# Keys that are refused


def test_keys_refused_for_an_hour_are_refused_for_good(channel, shop):
    def install():
        user = User(email="a@b.example")
        db.session.add(user)
        db.session.flush()
        db.session.add(
            Installation(
                user_id=user.id,
                origin="o",
                origin_key=digest("o"),
                state="connected",
                channel_id=channel,
            )
        )

    transaction(install)()
    shop.error = StoreRefusedKeys("The shop refuses the keys.")
    for _ in range(4):
        with pytest.raises(StoreRefusedKeys):
            run(channel)
        assert channel_of(channel)["state"] == "connected"
        pass_time(1000)
    pass_time(1000)
    with pytest.raises(StoreRefusedKeys):
        run(channel)
    assert channel_of(channel)["state"] == "auth_failed"
    assert channel_of(channel)["problem_code"] == "STORE_AUTH_FAILED"
    assert look(lambda: db.session.scalar(select(Installation.state)))() == "auth_failed"
    run(channel)  # there is nothing to do any more
    assert len(shop.pulls) == 0


def test_a_success_in_between_forgives_refusals(channel, shop):
    shop.error = StoreRefusedKeys("The shop refuses the keys.")
    for _ in range(2):
        with pytest.raises(StoreRefusedKeys):
            run(channel)
        pass_time(3700)
    shop.error = None
    run(channel)
    state = channel_of(channel)
    assert (state["refusals"], state["refused_since"], state["problem"]) == (0, None, "")


# Bookkeeping


def test_the_organization_is_active_when_a_page_arrives(channel, shop):
    organization = channel_of(channel)["organization_id"]
    before = now()
    run(channel)
    active = look(lambda: db.session.get(Organization, organization).active_at)()
    assert active >= before


def test_what_a_killed_worker_left_staged_is_swept(channel, shop):
    with pytest.raises(StoreBusy):
        run(broken(shop, 2) and channel)
    assert staged() == 8
    assert transaction(pulls.sweep)() == 0
    pass_time(2 * 86400)
    assert transaction(pulls.sweep)() == 1
    assert (staged(), last_pull(channel)["state"]) == (0, "abandoned")


def test_what_was_left_staged_by_an_applied_pull_goes_with_the_next(channel, monkeypatch):
    def die(pull_id):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(pulls, "clear", die)
        with pytest.raises(Killed):
            sync.run(claimed(channel))
    db.session.rollback()
    assert (last_pull(channel)["state"], staged()) == ("applied", 10)
    pass_time(61)
    sync.run(jobs.claim(["sync"]))
    assert staged() == 0


def test_a_job_for_a_channel_that_is_gone_is_done(context):  # noqa: F811
    run("no-such-channel")
    assert look(lambda: db.session.scalar(select(Job.state)))() == "done"
