"""Reading suppliers' lists: what a good one does, and what a bad one never does."""

import gzip
import logging
import time
import tracemalloc

import pytest
from sqlalchemy import select, update

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, ListBusy, ListError, LostLease
from sync2sys.extensions import db
from sync2sys.models import Job, OfferChange, RefusedRow, StagedOffer, Supplier
from sync2sys.services import import_runs, imports, jobs, supplier_files, suppliers
from tests.services.scripted import Killed, context  # noqa: F401 - a fixture among them
from tests.services.supplied import (
    MAPPING,
    claimed,
    count_of,
    counts,
    csv_of,
    do,
    files_of,
    held_for,
    imports_of,
    last,
    live_jobs,
    offer,
    offered,
    organization_of,
    refused,
    run,
    settle,
    some,
    supplier,
    supplier_of,
)
from tests.wholesaler import Wholesaler

pytestmark = pytest.mark.usefixtures("context")
#: As many as the guard wants to see before it judges.
THINGS = some(40)


@pytest.fixture(scope="module")
def opened():
    shop = Wholesaler()
    yield shop
    shop.close()


@pytest.fixture
def shop(opened):
    opened.begin(csv_of(THINGS), etag='"1"')
    return opened


@pytest.fixture
def organization(context):  # noqa: F811
    return organization_of()


@pytest.fixture
def mine(app, shop, kept):
    """A supplier whose list was taken over."""

    def make():
        made = supplier_of(organization_of(), shop.url)
        assert run(made) == "applied"
        return made

    found = kept.get("mine", app, make)
    shop.requests.clear()
    return found


def serve(shop, content, etag=None):
    shop.content, shop.etag = content, etag


def change(supplier_id, **changes):
    transaction(lambda: suppliers.change(db.session.get(Supplier, supplier_id), **changes).id)()


# Good days ----------------------------------------------------------------------------------------


def test_the_first_list_becomes_the_offers(mine):
    assert offered(mine) == THINGS
    first = last(mine)
    assert (first["state"], first["rows"], first["offers"], first["refused"]) == ("applied", 40, 40, 0)
    assert (counts(mine), first["line"], first["file_name"]) == ((40, 0, 0), 41, "prices.csv")
    state = supplier(mine)
    assert (state["version"], state["problem"], state["applied_import_id"]) == (1, "", first["id"])
    assert state["imported_at"] == first["finished_at"]
    assert count_of(StagedOffer) == 0
    assert live_jobs(mine) == []


def test_the_next_list_changes_what_differs_and_keeps_what_it_did(mine, shop):
    serve(shop, csv_of(THINGS | {"S1": "11.11", "new": "3.00"} | {}).replace(b"S2;Thing S2;10.20;5\n", b""))
    assert run(mine) == "applied"
    assert counts(mine) == (1, 1, 1)
    wanted = THINGS | {"S1": "11.11", "new": "3.00"}
    del wanted["S2"]
    assert offered(mine) == wanted
    assert count_of(OfferChange) == 3
    assert offer(mine, "S2")["cost"] == "10.2", "what is gone is kept"


def test_a_list_that_the_server_says_is_the_same_costs_nothing(mine, shop):
    assert run(mine) is None
    assert shop.requests[-1]["If-None-Match"] == '"1"'
    assert supplier(mine)["imported_at"] > last(mine)["finished_at"]
    assert supplier(mine)["version"] == 1


def test_a_server_that_knows_only_dates_is_asked_by_them(organization):
    shop = Wholesaler(csv_of(THINGS), modified="Wed, 25 Nov 2026 10:00:00 GMT")
    made = supplier_of(organization, shop.url)
    try:
        assert [run(made), run(made)] == ["applied", None]
        assert shop.requests[-1]["If-Modified-Since"] == shop.modified
    finally:
        shop.close()


def test_the_same_bytes_sent_again_are_not_read_again(mine, shop):
    shop.etag = None
    assert run(mine) is None
    assert len(files_of(mine)) == 1
    assert count_of(StagedOffer) == 0


def test_other_bytes_that_say_the_same_change_nothing(mine, shop):
    serve(shop, csv_of(dict(reversed(THINGS.items()))))
    assert run(mine) == "unchanged"
    assert counts(mine) == (0, 0, 0)
    state = supplier(mine)
    assert (state["version"], state["applied_import_id"]) == (1, imports_of(mine)[0]["id"])
    assert run(mine) is None


def test_a_list_that_is_sent_is_read_as_well(organization, tmp_path):
    made = supplier_of(organization)
    sent(made, csv_of(THINGS), tmp_path, name="list.csv")
    assert run(made) == "applied"
    assert (offered(made), last(made)["file_name"]) == (THINGS, "list.csv")


def sent(supplier_id, content, folder, name=""):
    path = folder / "sent"
    path.write_bytes(content)
    with path.open("rb") as stream:
        return supplier_files.receive(supplier_id, stream, name)


def test_a_supplier_that_nobody_has_confirmed_gets_its_file_and_no_offers(organization, shop):
    made = supplier_of(organization, shop.url, shape=None, mapping=None)
    assert run(made) is None
    assert len(files_of(made)) == 1
    assert offered(made) == {}
    change(made, shape={"format": "csv", "delimiter": ";"}, mapping=MAPPING)
    assert run(made) == "applied"
    assert offered(made) == THINGS


def test_a_gzip_is_read_as_what_is_in_it(organization, shop):
    serve(shop, gzip.compress(csv_of(THINGS)))
    made = supplier_of(
        organization, shop.url, shape={"format": "csv", "delimiter": ";", "compression": "gzip"}
    )
    assert run(made) == "applied"
    assert offered(made) == THINGS


def test_a_large_file_is_kept_in_parts_and_comes_back_as_it_was(organization, tmp_path):
    made = supplier_of(organization)
    content = bytes(range(256)) * 4096 * 3 + b"the end"
    kept = sent(made, content, tmp_path)
    with supplier_files.laid_out(kept) as path:
        assert path.read_bytes() == content
    again = sent(made, b"another", tmp_path)
    assert again != kept
    assert len(files_of(made)) == 1
    with pytest.raises(supplier_files.Replaced), supplier_files.laid_out(kept):
        pass


def test_a_worker_needs_no_more_memory_for_a_longer_list(organization, tmp_path, monkeypatch):
    monkeypatch.setattr(import_runs, "BATCHES", 1)
    made = supplier_of(organization)
    peaks = []
    # The first one fills what is kept anyway; each list is new to the supplier as a whole.
    for start, count in ((0, 500), (10_000, 500), (20_000, 3000)):
        sent(made, csv_of(some(count, start=start)), tmp_path)
        change(made, guard={"gone": 1.0, "fewest": 1_000_000})
        claim = claimed(made)
        tracemalloc.start()
        settle(claim)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(offered(made)) == count
    assert peaks[2] - peaks[1] < 700 * 1024


# The way to the file ------------------------------------------------------------------------------


def test_user_and_password_are_sent_and_nowhere_shown(organization, shop, caplog):
    caplog.set_level(logging.DEBUG)
    shop.user = ("me", "swordfish-77")
    made = supplier_of(organization, shop.url, credentials={"user": "me", "password": "swordfish-77"})
    assert run(made) == "applied"
    assert "swordfish" not in supplier(made)["sealed_credentials"]
    assert "swordfish" not in caplog.text


def test_wrong_ones_are_told_and_not_tried_again(organization, shop):
    shop.user = ("me", "swordfish-77")
    made = supplier_of(organization, shop.url, credentials={"user": "me", "password": "wrong-one-1"})
    with pytest.raises(ListError, match="user and password are missing or wrong"):
        run(made)
    state = supplier(made)
    assert state["problem_code"] == "LIST_AUTH_FAILED"
    assert "wrong-one-1" not in state["problem"]
    assert live_jobs(made) == []


def test_a_redirect_is_not_followed(mine, shop):
    shop.instead = (302, {"Location": "http://127.0.0.1:1/"}, b"")
    with pytest.raises(ListError, match="Use the address that it leads to"):
        run(mine)
    assert supplier(mine)["problem_code"] == "LIST_REDIRECTS"
    assert offered(mine) == THINGS


def test_a_server_that_is_ill_is_tried_again_and_then_right(mine, shop):
    shop.instead = (500, {}, b"oops")
    with pytest.raises(ListBusy):
        run(mine)
    assert supplier(mine)["problem"] == "The supplier's server answered 500."
    assert len(live_jobs(mine)) == 1
    assert offered(mine) == THINGS
    shop.instead = None
    serve(shop, csv_of(some(41)))
    assert run(mine) == "applied"
    assert supplier(mine)["problem"] == ""
    assert len(offered(mine)) == 41


def test_a_connection_that_breaks_leaves_the_list_before(mine, shop):
    serve(shop, csv_of(some(4000)))
    shop.breaks_after = 50_000
    before = files_of(mine)
    with pytest.raises(ListBusy):
        run(mine)
    assert (offered(mine), files_of(mine)) == (THINGS, before)
    assert len(imports_of(mine)) == 1
    shop.breaks_after = None
    assert run(mine) == "applied"


def test_a_list_that_is_too_large_is_refused(make_app, organization, shop):
    made = supplier_of(organization, shop.url)
    serve(shop, csv_of(THINGS) + b"#" * 1024 * 1024)
    with make_app(SUPPLIER_FILE_MB="1").app_context(), pytest.raises(ListError, match="is larger than"):
        run(made)
    assert (offered(made), files_of(made)) == ({}, [])


def test_an_address_that_points_inside_is_told_on_the_supplier(make_app, organization, shop):
    made = supplier_of(organization, shop.url)
    with make_app(OUTBOUND_ALLOW="").app_context():
        with pytest.raises(ListError):
            run(made)
        state = supplier(made)
    assert state["problem_code"] == "LIST_UNREACHABLE"
    assert state["problem"].startswith("The list could not be fetched: ")
    assert shop.requests == []
    assert live_jobs(made) == []


def test_another_address_gets_neither_keys_nor_marks_of_the_one_before(organization, shop):
    shop.user = ("me", "swordfish-77")
    made = supplier_of(organization, shop.url, credentials={"user": "me", "password": "swordfish-77"})
    run(made)
    other = Wholesaler(csv_of(some(41)))
    try:
        change(made, url=other.url)
        assert supplier(made)["sealed_credentials"] is None
        assert run(made) == "applied"
    finally:
        other.close()
    (asked,) = other.requests
    assert not {"Authorization", "If-None-Match", "If-Modified-Since"} & set(asked)
    assert len(offered(made)) == 41


# Files that are no list, or another one -----------------------------------------------------------


def test_a_page_in_the_place_of_the_list_changes_nothing(mine, shop):
    serve(shop, b"<!DOCTYPE html><html><body>Please log in</body></html>")
    assert run(mine) == "failed"
    assert offered(mine) == THINGS
    assert supplier(mine)["problem_code"] == "FILE_HTML"
    assert last(mine)["problem"] == supplier(mine)["problem"]
    serve(shop, csv_of(THINGS))
    assert run(mine) is None
    assert supplier(mine)["problem"] == ""


@pytest.mark.parametrize("content", [b"", b"sku;title;cost;stock\n", b"\n\n\n", b"\xff\xfe"])
def test_a_list_of_nothing_is_held(mine, shop, content):
    serve(shop, content)
    assert run(mine) == "held"
    assert held_for(mine) == ["EMPTY"]
    assert "There is no row that can be read" in supplier(mine)["problem"]
    assert offered(mine) == THINGS
    assert run(mine) is None, "the very same is not read again"


@pytest.mark.parametrize(
    ("shape", "full", "empty"),
    [
        ({"format": "json"}, '[{{"sku": "A", "cost": "{cost}"}}]', ["[]", "{{}}", ""]),
        (
            {"format": "xml", "item_path": "list/item"},
            "<list><item><sku>A</sku><cost>{cost}</cost></item></list>",
            ["<list/>", "<list><product/></list>", ""],
        ),
    ],
)
def test_an_answer_without_items_is_held_in_every_format(organization, shop, shape, full, empty):
    made = read(organization, shop, full.format(cost="1.00").encode(), shape=shape)
    assert offered(made) == {"A": "1.00"}
    for content in empty:
        serve(shop, content.format().encode())
        assert run(made) == "held"
        assert held_for(made) == ["EMPTY"]
    assert offered(made) == {"A": "1.00"}
    serve(shop, full.format(cost="2.00").encode())
    assert run(made) == "applied"
    assert (offered(made), supplier(made)["problem"]) == ({"A": "2.00"}, "")


def test_only_its_owner_can_say_that_all_is_sold_out(mine, shop):
    serve(shop, b"")
    run(mine)
    do(imports.release, mine, last(mine)["id"])
    assert run(mine) == "applied"
    assert (offered(mine), counts(mine)) == ({}, (0, 0, 40))
    do(imports.undo, mine)
    assert offered(mine) == THINGS


def test_a_list_without_one_offer_is_held(mine, shop):
    serve(shop, csv_of(dict.fromkeys(THINGS, "call us")))
    assert run(mine) == "held"
    assert held_for(mine) == ["EMPTY"]
    assert offered(mine) == THINGS


def test_a_short_list_without_one_offer_is_held_too(organization, shop):
    serve(shop, csv_of(some(3)))
    made = supplier_of(organization, shop.url)
    run(made)
    serve(shop, csv_of(some(3)) + csv_of(some(3, cost=20)).partition(b"\n")[2])
    assert run(made) == "held"
    assert held_for(made) == ["EMPTY"]
    assert len(offered(made)) == 3


def test_half_of_the_list_is_held(mine, shop):
    serve(shop, csv_of(some(19)))
    assert run(mine) == "held"
    assert held_for(mine) == ["OFFERS_GONE"]
    assert offered(mine) == THINGS
    state = supplier(mine)
    assert (state["held_import_id"], state["problem_code"]) == (last(mine)["id"], "LIST_HELD")
    assert "21 of 40 offers are gone" in state["problem"]


def test_a_hundred_times_the_costs_are_held(mine, shop):
    serve(shop, csv_of(some(40, cost=1000)))
    assert run(mine) == "held"
    assert "OFF_BY_A_FACTOR" in held_for(mine)
    assert offered(mine) == THINGS


def test_columns_that_changed_places_overnight_are_held(mine, shop):
    serve(shop, csv_of(THINGS, names="sku;title;stock;cost"))
    assert run(mine) == "held"
    assert offered(mine) == THINGS
    serve(shop, csv_of(THINGS, names="title;sku;cost;stock"))
    assert run(mine) == "held"
    assert offered(mine) == THINGS


def test_a_column_that_is_called_otherwise_now_is_held(mine, shop):
    serve(shop, csv_of(THINGS, names="sku;title;purchase;stock"))
    assert run(mine) == "held"
    assert set(held_for(mine)) == {"COLUMNS_GONE", "VALUES_GONE"}
    assert 'These columns are not in the list any more: "cost"' in supplier(mine)["problem"]
    assert offered(mine) == THINGS


def test_a_short_list_whose_column_is_called_otherwise_now_is_held_too(organization, shop):
    serve(shop, csv_of(some(3)))
    made = supplier_of(organization, shop.url)
    run(made)
    serve(shop, csv_of(some(3), names="sku;title;purchase;stock"))
    assert run(made) == "held"
    assert held_for(made) == ["COLUMNS_GONE"]
    assert offered(made) == some(3)


def test_the_owner_says_what_is_an_accident(mine, shop):
    change(mine, guard={"gone": 0.9})
    serve(shop, csv_of(some(20)))
    assert run(mine) == "applied"
    assert counts(mine) == (0, 0, 20)


def test_a_list_that_comes_again_is_not_believed_for_that(mine, shop):
    serve(shop, csv_of(some(20)))
    assert run(mine) == "held"
    assert run(mine) is None
    serve(shop, csv_of(some(20)) + b"\n")
    assert run(mine) == "held"
    assert offered(mine) == THINGS


def test_a_trouble_on_the_way_does_not_hide_that_a_list_is_held(mine, shop):
    serve(shop, csv_of(some(20)))
    run(mine)
    told = supplier(mine)["problem"]
    shop.instead = (500, {}, b"")
    with pytest.raises(ListBusy):
        run(mine)
    assert supplier(mine)["problem"] != told
    shop.instead = None
    assert run(mine) is None
    assert (supplier(mine)["problem"], supplier(mine)["problem_code"]) == (told, "LIST_HELD")


# Rows ---------------------------------------------------------------------------------------------


def read(organization, shop, content, mapping=MAPPING, shape=None):
    """A new supplier with this list, read."""
    serve(shop, content)
    made = supplier_of(
        organization, shop.url, mapping=mapping, shape=shape or {"format": "csv", "delimiter": ";"}
    )
    run(made)
    return made


def test_a_mark_at_the_beginning_is_not_part_of_the_first_column(organization, shop):
    made = read(organization, shop, b"\xef\xbb\xbf" + csv_of(THINGS))
    assert offered(made) == THINGS


def test_a_row_in_another_encoding_is_refused_and_the_others_are_not(organization, shop):
    content = csv_of({"A": "1.00", "B": "2.00", "C": "3.00"})
    content = content.replace(b"Thing A", "Größe".encode()).replace(b"Thing B", "Größe".encode("latin-1"))
    made = read(organization, shop, content)
    assert set(offered(made)) == {"A", "C"}
    assert refused(made) == [(3, "characters", "")]
    assert offer(made, "A")["title"] == "Größe"


@pytest.mark.parametrize(("yesterday", "today"), [("utf-8", "windows-1252"), ("windows-1252", "utf-8")])
def test_a_list_in_another_encoding_overnight_is_held(organization, shop, yesterday, today):
    named = csv_of(some(100)).decode()
    for number in range(25):
        named = named.replace(f";Thing S{number};", f";Größe {number};")
    shape = {"format": "csv", "delimiter": ";", "encoding": yesterday}
    made = read(organization, shop, named.encode(yesterday), shape=shape)
    serve(shop, named.encode(today))
    assert run(made) == "held"
    assert held_for(made) == ["ENCODING_CHANGED"]
    assert offered(made) == some(100)
    change(made, shape=shape | {"encoding": today})
    assert run(made) == "unchanged"
    assert offer(made, "S7")["title"] == "Größe 7"


@pytest.mark.parametrize(
    ("numbers", "written"), [("comma", "1.234,56"), ("point", "1,234.56"), ("comma", "1 234,56 €")]
)
def test_amounts_are_read_as_the_column_writes_them(organization, shop, numbers, written):
    fields = MAPPING["fields"] | {"cost": {"columns": "cost", "numbers": numbers}}
    made = read(organization, shop, csv_of({"A": written}), {"fields": fields})
    assert offered(made) == {"A": "1234.56"}


def test_an_amount_that_is_written_otherwise_than_its_column_is_refused(organization, shop):
    made = read(organization, shop, csv_of({"A": "1,234.56", "B": "1.234,56"}))
    assert offered(made) == {"A": "1234.56"}
    assert [(line, field) for line, _, field in refused(made)] == [(3, "cost")]


def test_days_may_be_the_numbers_of_a_sheet(organization, shop):
    fields = MAPPING["fields"] | {"available_at": {"columns": "title", "days": "excel"}}
    made = read(organization, shop, b"sku;title;cost;stock\nA;46350;1.00;5\n", {"fields": fields})
    assert offer(made, "A")["available_at"] == "2026-11-24"


def test_a_rounded_gtin_identifies_nothing(organization, shop):
    content = b"ean;sku;cost;stock\n4,00638E+12;A;1.00;5\n4006381333931;B;2.00;5\n"
    fields = {name: MAPPING["fields"][name] for name in ("sku", "cost", "currency", "quantity")}
    made = read(organization, shop, content, {"fields": fields | {"gtin": "ean"}})
    assert [offer(made, key)["gtin"] for key in "AB"] == ["", "4006381333931"]
    assert [each[:2] for each in offer(made, "A")["remarks"]] == [["gtin", "rounded_number"]]
    del fields["sku"]
    change(made, mapping={"fields": fields | {"gtin": "ean"}})
    run(made)
    assert refused(made) == [(2, "rounded_number", "gtin")]


def test_equal_rows_of_one_sku_are_one_offer(organization, shop):
    made = read(organization, shop, csv_of({"A": "1.00", "B": "2.00"}) + b"A;Called otherwise;1.00;5\n")
    assert offered(made) == {"A": "1.00", "B": "2.00"}
    found = last(made)
    assert (found["rows"], found["offers"], found["refused"]) == (3, 2, 0)


def test_rows_of_one_sku_that_differ_are_refused_with_their_lines(organization, shop):
    rows = csv_of({"A": "1.00", "B": "2.00"}) + b"A;Thing A;1.50;5\nA;Thing A;1.00;5\n"
    made = read(organization, shop, rows)
    assert offered(made) == {"B": "2.00"}
    assert refused(made) == [(line, "duplicate_key", "key") for line in (2, 4, 5)]
    found = last(made)
    assert (found["rows"], found["offers"], found["refused"]) == (4, 1, 3)


def test_rows_that_differ_are_found_however_far_they_are_apart(organization, shop):
    rows = csv_of(some(2500)) + b"S0;Thing S0;99.00;5\n"
    made = read(organization, shop, rows)
    assert len(offered(made)) == 2499
    assert refused(made) == [(2, "duplicate_key", "key"), (2502, "duplicate_key", "key")]
    assert (last(made)["rows"], last(made)["offers"]) == (2501, 2499)


def test_a_list_that_has_each_row_twice_is_no_accident_the_next_day(organization, shop):
    twice = csv_of(THINGS) + csv_of(THINGS).partition(b"\n")[2]
    made = read(organization, shop, twice)
    serve(shop, twice.replace(b"S1;Thing S1;10.10;5", b"S1;Thing S1;10.50;5"))
    assert run(made) == "applied"
    serve(shop, csv_of(THINGS))
    assert run(made) == "applied"
    assert offered(made) == THINGS


def test_every_refused_row_is_kept_with_line_and_reason(organization, shop):
    content = csv_of({"A": "1.00", "B": "-1", "C": "free", "": "4.00", "E": "5.00"}) + b"F;too;few\n"
    made = read(organization, shop, content)
    assert offered(made) == {"A": "1.00", "E": "5.00"}
    assert sorted(refused(made)) == [
        (3, "negative", "cost"),
        (4, refused(made)[1][1], "cost"),
        (5, "no_key", "sku"),
        (7, "wrong_number_of_cells", ""),
    ]


def test_a_refused_row_says_which_offer_it_is_about(organization, shop):
    made = read(organization, shop, csv_of(THINGS))
    broken = csv_of(THINGS).replace(b"S3;Thing S3;10.30", b"S3;Thing S3;free").replace(b"S5;", b"S5;;")
    serve(shop, broken + b"S7;Thing S7;99.00;5\n")
    assert run(made) == "applied"
    assert counts(made) == (0, 0, 3)
    assert refused_keys(made) == ["S3", "S5", "S7", "S7"]


def refused_keys(supplier_id):
    query = select(RefusedRow.key).filter_by(import_id=last(supplier_id)["id"])
    return sorted(look(lambda: list(db.session.scalars(query)))())


def test_a_list_in_which_only_a_refused_row_went_or_came_is_taken_over(organization, shop):
    made = read(organization, shop, csv_of(THINGS))
    less = {key: cost for key, cost in THINGS.items() if key != "S3"}
    for content, state in (
        (csv_of(THINGS | {"S3": "free"}), "applied"),
        (csv_of(THINGS | {"S3": "dear"}), "unchanged"),
        (csv_of(less), "applied"),
        (csv_of(less) + b"X1;Thing;free;5\n", "unchanged"),
        (csv_of(less | {"S3": "free"}), "applied"),
    ):
        serve(shop, content)
        assert run(made) == state, content[-40:]
    assert offered(made) == less


# A worker that dies, and others who come between -------------------------------------------------


def test_killed_in_the_middle_nothing_is_applied_and_the_next_one_begins_anew(mine, shop, monkeypatch):
    serve(shop, csv_of(some(2500)))
    kill_at(monkeypatch, 2)
    with pytest.raises(Killed):
        import_runs.run(claimed(mine))
    monkeypatch.undo()
    assert offered(mine) == THINGS
    assert last(mine)["state"] == "running"
    assert count_of(StagedOffer) > 0
    lease_runs_out()
    assert run(mine) == "applied"
    assert len(offered(mine)) == 2500
    assert [each["state"] for each in imports_of(mine)] == ["applied", "abandoned", "applied"]
    assert count_of(StagedOffer) == 0


def kill_at(monkeypatch, number):
    calls = []
    stage = import_runs.offer_lists.stage

    def dying(*arguments):
        calls.append(arguments)
        if len(calls) == number:
            raise Killed
        return stage(*arguments)

    monkeypatch.setattr(import_runs.offer_lists, "stage", dying)


def lease_runs_out():
    transaction(
        lambda: db.session.execute(update(Job).where(Job.state == "running").values(lease_until=jobs.clock()))
    )()
    time.sleep(0.01)


def test_what_a_killed_worker_left_is_cleared_though_the_list_is_the_old_one_again(mine, shop, monkeypatch):
    serve(shop, csv_of(some(2500)))
    kill_at(monkeypatch, 2)
    with pytest.raises(Killed):
        import_runs.run(claimed(mine))
    monkeypatch.undo()
    lease_runs_out()
    serve(shop, csv_of(THINGS))
    assert run(mine) is None
    assert last(mine)["state"] == "abandoned"
    assert count_of(StagedOffer) == 0


def between(monkeypatch, act):
    """Do something when the first rows of a list were staged."""
    stage = import_runs._stage

    def staged(*arguments):
        monkeypatch.undo()
        stage(*arguments)
        act()

    monkeypatch.setattr(import_runs, "_stage", staged)


def test_a_list_taken_back_while_a_newer_one_is_read_is_not_put_back_by_it(mine, shop, monkeypatch):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    serve(shop, csv_of(THINGS | {"S1": "11.11", "S2": "22.22"}))
    between(monkeypatch, lambda: do(imports.undo, mine))
    assert run(mine) == "abandoned"
    assert offered(mine) == THINGS
    assert live_jobs(mine) == [{"kept": True}]
    assert run(mine) == "held"
    assert held_for(mine) == ["ROLLED_BACK"]


def test_a_released_list_is_not_taken_over_where_the_offers_changed_meanwhile(mine, shop, monkeypatch):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    serve(shop, csv_of({**some(19), "S1": "11.11"}))
    assert run(mine) == "held"
    do(imports.release, mine, last(mine)["id"])
    between(monkeypatch, lambda: do(imports.undo, mine))
    run(mine)
    assert offered(mine) == THINGS
    assert last(mine)["state"] == "abandoned"


def test_another_mapping_while_the_list_is_read_makes_it_be_read_anew(mine, shop, monkeypatch):
    fields = MAPPING["fields"] | {"cost": {"columns": "cost", "numbers": "point", "times": "1.1"}}
    serve(shop, csv_of(THINGS | {"S1": "20.00"}))
    between(monkeypatch, lambda: change(mine, mapping={"fields": fields}))
    assert run(mine) == "abandoned"
    assert offered(mine) == THINGS
    assert run(mine) == "applied"
    assert offered(mine)["S1"] == "22.00"


def test_a_file_that_is_replaced_while_it_is_laid_out_is_begun_anew(organization, tmp_path, monkeypatch):
    made = supplier_of(organization)
    sent(made, csv_of(some(30)), tmp_path)
    laid_out = supplier_files.laid_out

    def replaced(file_id):
        monkeypatch.undo()
        sent(made, csv_of(THINGS), tmp_path)
        return laid_out(file_id)

    monkeypatch.setattr(supplier_files, "laid_out", replaced)
    assert run(made) == "abandoned"
    assert run(made) == "applied"
    assert offered(made) == THINGS


def test_a_supplier_that_is_removed_while_its_list_is_read_is_gone(mine, shop, monkeypatch):
    serve(shop, csv_of(some(2500)))
    between(monkeypatch, lambda: do(suppliers.delete, mine))
    with pytest.raises(LostLease):
        import_runs.run(claimed(mine))
    assert (imports_of(mine), offered(mine), count_of(StagedOffer)) == ([], {}, 0)


def test_a_worker_that_is_told_to_stop_gives_the_list_back(mine, shop):
    serve(shop, csv_of(some(2500)))
    claim = claimed(mine)
    claim.stop.set()
    with pytest.raises(jobs.Interrupted):
        import_runs.run(claim)
    assert offered(mine) == THINGS
    assert supplier(mine)["problem"] == ""
    transaction(jobs.release)(claim)
    assert run(mine) == "applied"


# What is held, and what becomes of it ------------------------------------------------------------


def test_a_held_list_that_is_released_is_taken_over(mine, shop):
    serve(shop, csv_of(some(20)))
    run(mine)
    do(imports.release, mine, last(mine)["id"])
    assert run(mine) == "applied"
    assert offered(mine) == some(20)
    state = supplier(mine)
    assert (state["problem"], state["held_import_id"]) == ("", None)
    assert [each["state"] for each in imports_of(mine)] == ["applied", "dropped", "applied"]


def test_a_release_is_of_the_list_that_was_seen(mine, shop, tmp_path):
    serve(shop, csv_of(some(20)))
    run(mine)
    held = last(mine)["id"]
    sent(mine, csv_of(some(2)), tmp_path)
    with pytest.raises(BadRequest, match="A newer list has come"):
        do(imports.release, mine, held)
    assert offered(mine) == THINGS


def test_a_list_that_comes_after_the_release_is_judged_for_itself(mine, shop, tmp_path):
    serve(shop, csv_of(some(20)))
    run(mine)
    do(imports.release, mine, last(mine)["id"])
    sent(mine, csv_of(some(2)), tmp_path)
    assert run(mine) == "held"
    assert offered(mine) == THINGS


def test_a_newer_good_list_takes_the_place_of_a_held_one(mine, shop):
    serve(shop, csv_of(some(20)))
    run(mine)
    held = last(mine)["id"]
    serve(shop, csv_of(some(42)))
    assert run(mine) == "applied"
    assert [each["state"] for each in imports_of(mine)] == ["applied", "dropped", "applied"]
    assert (supplier(mine)["held_import_id"], supplier(mine)["problem"]) == (None, "")
    with pytest.raises(BadRequest, match="not held"):
        do(imports.release, mine, held)


def test_the_list_before_once_more_takes_the_place_of_a_held_one(mine, shop):
    serve(shop, csv_of(some(20)))
    run(mine)
    serve(shop, csv_of(THINGS))
    assert run(mine) is None
    assert last(mine)["state"] == "dropped"
    assert (supplier(mine)["held_import_id"], supplier(mine)["problem"]) == (None, "")


def test_a_held_list_may_be_given_up(mine, shop):
    serve(shop, csv_of(some(20)))
    run(mine)
    held = last(mine)["id"]
    do(imports.drop, mine, held)
    assert (last(mine)["state"], supplier(mine)["problem"], offered(mine)) == ("dropped", "", THINGS)
    assert supplier(mine)["held_import_id"] is None
    with pytest.raises(BadRequest, match="not held"):
        do(imports.drop, mine, held)


# Going back ---------------------------------------------------------------------------------------


def test_the_last_list_may_be_taken_back(mine, shop):
    offers = dict(list(THINGS.items())[1:]) | {"S1": "11.11", "new": "3.00"}
    serve(shop, csv_of(offers))
    run(mine)
    assert offered(mine) == offers
    do(imports.undo, mine)
    assert offered(mine) == THINGS
    first, second = imports_of(mine)
    assert (first["state"], second["state"]) == ("applied", "undone")
    assert (supplier(mine)["applied_import_id"], supplier(mine)["version"]) == (first["id"], 3)


def test_the_first_list_may_be_taken_back_too(mine, shop):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    do(imports.undo, mine)
    do(imports.undo, mine)
    assert offered(mine) == {}
    assert supplier(mine)["applied_import_id"] is None
    with pytest.raises(BadRequest, match="no list to take back"):
        do(imports.undo, mine)
    do(imports.resume, mine)
    assert run(mine) == "applied"
    assert offered(mine) == THINGS | {"S1": "11.11"}


def test_a_list_that_changed_nothing_is_not_what_is_taken_back(mine, shop):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    serve(shop, csv_of(THINGS | {"S1": "11.11"}) + b"\n")
    assert run(mine) == "unchanged"
    do(imports.undo, mine)
    assert offered(mine) == THINGS


def test_after_going_back_a_new_list_is_held_until_it_is_released(mine, shop):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    do(imports.undo, mine)
    assert run(mine) == "held"
    assert held_for(mine) == ["ROLLED_BACK"]
    serve(shop, csv_of(THINGS | {"S1": "12.12"}))
    assert run(mine) == "held"
    assert offered(mine) == THINGS
    do(imports.release, mine, last(mine)["id"])
    assert run(mine) == "applied"
    assert offered(mine)["S1"] == "12.12"
    assert supplier(mine)["pinned_at"] is None
    serve(shop, csv_of(THINGS | {"S1": "13.13"}))
    assert run(mine) == "applied"


def test_resumed_it_follows_its_lists_again(mine, shop):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    do(imports.undo, mine)
    run(mine)
    do(imports.resume, mine)
    state = supplier(mine)
    assert (state["pinned_at"], state["problem"]) == (None, "")
    assert run(mine) == "applied"
    assert offered(mine)["S1"] == "11.11"
    assert [each["state"] for each in imports_of(mine)] == ["applied", "undone", "dropped", "applied"]


def test_resuming_does_not_release_what_is_held_for_other_reasons(mine, shop):
    serve(shop, csv_of(some(20)))
    run(mine)
    do(imports.resume, mine)
    assert run(mine) == "held"
    assert offered(mine) == THINGS


def test_an_offer_that_went_came_back_and_went_by_undo_is_as_it_was(mine, shop):
    serve(shop, csv_of(dict(list(THINGS.items())[1:])))
    run(mine)
    serve(shop, csv_of(THINGS | {"S0": "77.00"}))
    run(mine)
    assert (counts(mine), offered(mine)["S0"]) == ((1, 0, 0), "77.00")
    do(imports.undo, mine)
    assert "S0" not in offered(mine)
    do(imports.undo, mine)
    assert offered(mine) == THINGS


def test_what_is_not_kept_any_more_cannot_be_taken_back(mine, shop, monkeypatch):
    monkeypatch.setattr(import_runs, "KEPT", 2)
    for cost in ("11.11", "12.12", "13.13", "14.14"):
        serve(shop, csv_of(THINGS | {"S1": cost}))
        assert run(mine) == "applied"
    assert len(imports_of(mine)) == 4
    before = supplier(mine)["version"]
    for _ in range(3):
        do(imports.undo, mine)
    with pytest.raises(BadRequest, match="not kept any more"):
        do(imports.undo, mine)
    assert supplier(mine)["version"] == before + 3
    assert offered(mine)["S1"] == "11.11"


def test_looks_that_change_nothing_leave_what_going_back_needs(mine, shop):
    for cost in ("11.11", "12.12"):
        serve(shop, csv_of(THINGS | {"S1": cost}))
        assert run(mine) == "applied"
    standing = csv_of(THINGS | {"S1": "12.12"})
    for number in range(1, 26):
        is_broken = number % 2
        serve(shop, b"<html><body>Sign in</body></html>" * number if is_broken else standing + b"\n" * number)
        assert run(mine) == ("failed" if is_broken else "unchanged")
    states = [each["state"] for each in imports_of(mine)]
    assert states.count("applied") == 3
    assert len(states) == 3 + import_runs.KEPT + 1
    for cost in ("11.11", THINGS["S1"]):
        do(imports.undo, mine)
        assert offered(mine)["S1"] == cost
    do(imports.undo, mine)
    assert offered(mine) == {}


def test_going_back_goes_over_as_many_lists_as_are_kept(mine, shop, monkeypatch):
    monkeypatch.setattr(import_runs, "KEPT", 3)
    costs = [f"1{number}.00" for number in range(1, 8)]
    for cost in costs:
        serve(shop, csv_of(THINGS | {"S1": cost}))
        assert run(mine) == "applied"
    for number in range(1, 6):
        serve(shop, csv_of(THINGS | {"S1": costs[-1]}) + b"\n" * number)
        assert run(mine) == "unchanged"
    for cost in reversed(costs[-4:-1]):
        do(imports.undo, mine)
        assert offered(mine)["S1"] == cost
    with pytest.raises(BadRequest, match="not kept any more"):
        do(imports.undo, mine)


# What changes with the supplier ------------------------------------------------------------------


def test_with_another_mapping_the_file_that_is_kept_is_read_anew(mine, shop):
    fields = MAPPING["fields"] | {"cost": {"columns": "cost", "numbers": "point", "times": "1.05"}}
    change(mine, mapping={"fields": fields})
    assert offered(mine) == THINGS
    assert run(mine) == "applied"
    assert shop.requests[-1]["If-None-Match"] == '"1"'
    assert offered(mine)["S0"] == "10.50"


def test_a_name_changes_nothing_of_the_list(mine):
    change(mine, name="Another", every_minutes=30)
    assert live_jobs(mine) == []


def test_removed_a_supplier_leaves_nothing(mine, shop):
    serve(shop, csv_of(THINGS | {"S1": "11.11"}))
    run(mine)
    do(suppliers.delete, mine)
    assert (offered(mine), imports_of(mine), files_of(mine), count_of(OfferChange)) == ({}, [], [], 0)
