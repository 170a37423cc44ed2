"""Making, reading, correcting and removing suppliers; who may see which; and what never gets in."""

import gc
import json
import threading
import tracemalloc
import warnings
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import update

from sync2sys.api.access import encode
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Job
from sync2sys.models.base import now
from sync2sys.readers.child import Confines
from sync2sys.services import accounts, schedule, supplier_previews, tokens
from tests.api.test_feeds import TIME, Owner
from tests.plugin import Plugin, assert_error
from tests.services import supplied
from tests.services.supplied import MAPPING, SHAPE, csv_of, some
from tests.wholesaler import Wholesaler

GUARD = {
    "gone": 0.5, "soldOut": 0.6, "fewest": 5, "refused": 0.5, "factor": 3.0, "together": 0.6, "same": 0.12,
    "moved": 0.5,
}  # fmt: skip
NOBODY = "00000000-0000-0000-0000-000000000000"
THINGS = some(30)
MAPPED = {"shape": SHAPE, "mapping": MAPPING}
PASSWORD = "swordfish-77"
KEYS = {"user": "me", "password": PASSWORD}


class Buyer(Owner):
    """An owner who has suppliers."""

    def __init__(self, app, email):
        super().__init__(app, email)
        self.app = app

    def make(self, **fields):
        answer = self.call("POST", "/suppliers", json={"name": "Wholesale Ltd"} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json

    def show(self, supplier):
        answer = self.call("GET", f"/suppliers/{supplier['id']}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def send(self, supplier, content, **options):
        return self.call("PUT", f"/suppliers/{supplier['id']}/file", data=content, **options)

    def post(self, supplier, path, body=None):
        return self.call("POST", f"/suppliers/{supplier['id']}{path}", **({"json": body} if body else {}))

    def get(self, supplier, path):
        answer = self.call("GET", f"/suppliers/{supplier['id']}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def read(self, supplier):
        """Let the worker look at the list."""
        with self.app.app_context():
            return supplied.run(supplier["id"])


@pytest.fixture
def alice(app, kept):
    return Buyer.again(app, kept.get("alice", app, lambda: Buyer(app, "alice@shop.example").facts))


@pytest.fixture
def bob(app):
    return Buyer(app, "bob@shop.example")


@pytest.fixture
def shop():
    shop = Wholesaler(csv_of(THINGS), etag='"1"')
    yield shop
    shop.close()


@pytest.fixture
def delivered(alice, app, kept):
    """A supplier whose first list stands."""

    def make():
        made = alice.make(**MAPPED)
        assert alice.send(made, csv_of(THINGS)).status_code == 200
        assert alice.read(made) == "applied"
        return alice.show(made)

    return kept.get("delivered", app, make)


# Making -------------------------------------------------------------------------------------------


def test_a_new_supplier_is_shown_as_it_was_made(alice):
    made = alice.make(url="https://lists.example/prices.csv", credentials=KEYS, everyMinutes=60, **MAPPED)
    assert made == {
        "id": made["id"],
        "name": "Wholesale Ltd",
        "url": "https://lists.example/prices.csv",
        "hasCredentials": True,
        "shape": made["shape"],
        "mapping": MAPPING,
        "guard": GUARD,
        "everyMinutes": 60,
        "offers": 0,
        "file": None,
        "applied": None,
        "held": None,
        "pinnedSince": None,
        "isImporting": True,
        "problem": "",
        "problemCode": "",
        "fetchedAt": None,
        "importedAt": None,
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    assert made["shape"].items() >= SHAPE.items()
    assert TIME.match(made["createdAt"])
    assert alice.show(made) == made


def test_a_supplier_whose_list_is_sent_has_nothing_to_do_yet(alice):
    assert alice.make()["isImporting"] is False


def wrong(**fields):
    return {"name": "Wholesale Ltd", "url": "https://lists.example/a"} | fields


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "name"),
        (wrong(name=""), "name"),
        (wrong(name="x" * 201), "name"),
        (wrong(name=None), "name"),
        (wrong(name=["x"]), "name"),
        (wrong(url="lists.example/a"), "url"),
        (wrong(url="ftp://lists.example/a"), "url"),
        (wrong(url="https://me:secret@lists.example/a"), "url"),
        (wrong(url="https://"), "url"),
        (wrong(url="https://lists.example/" + "a" * 2048), "url"),
        (wrong(url=None), "url"),
        (wrong(url=5), "url"),
        (wrong(credentials={}), "credentials"),
        (wrong(credentials={"user": "me"}), "credentials"),
        (wrong(credentials=KEYS | {"user": ""}), "credentials"),
        (wrong(credentials=KEYS | {"password": 5}), "credentials"),
        (wrong(credentials=KEYS | {"token": "x"}), "credentials"),
        (wrong(credentials="me:secret"), "credentials"),
        ({"name": "x", "credentials": KEYS}, "credentials"),
        (wrong(everyMinutes=4), "everyMinutes"),
        (wrong(everyMinutes=-1), "everyMinutes"),
        (wrong(everyMinutes=10081), "everyMinutes"),
        (wrong(everyMinutes="60"), "everyMinutes"),
        (wrong(everyMinutes=60.5), "everyMinutes"),
        (wrong(everyMinutes=True), "everyMinutes"),
        (wrong(everyMinutes=None), "everyMinutes"),
        ({"name": "x", "everyMinutes": 60}, "everyMinutes"),
        (wrong(guard={"gone": 1.1}), "guard"),
        (wrong(guard={"gone": -0.1}), "guard"),
        (wrong(guard={"gone": "0.5"}), "guard"),
        (wrong(guard={"gone": True}), "guard"),
        (wrong(guard={"fewest": 0}), "guard"),
        (wrong(guard={"factor": 0.5}), "guard"),
        (wrong(guard={"factor": True}), "guard"),
        (wrong(guard={"same": -1}), "guard"),
        (wrong(guard={"same": "x"}), "guard"),
        (wrong(guard={"empty": True}), "guard"),
        (wrong(guard=None), "guard"),
        (wrong(guard=[]), "guard"),
        (wrong(shape={"format": "pdf"}), "shape.format"),
        (wrong(shape={"delimiter": ""}), "shape.delimiter"),
        (wrong(shape={"header": -1}), "shape.header"),
        (wrong(shape={"encoding": "rot13"}), "shape.encoding"),
        (wrong(shape={"colour": "red"}), "shape.colour"),
        (wrong(shape=[]), "shape"),
        (wrong(shape="csv"), "shape"),
        (wrong(mapping={}), "mapping.fields"),
        (wrong(mapping={"fields": {}}), "mapping.fields"),
        (
            wrong(mapping={"fields": {"sku": "a", "cost": "b", "currency": "c"}}),
            "mapping.fields.cost.numbers",
        ),
        (wrong(mapping={"fields": {"sku": "a", "colour": "b"}}), "mapping.fields.colour"),
        (wrong(mapping={"fields": {"sku": 5, "quantity": "b"}}), "mapping.fields.sku"),
        (wrong(mapping=MAPPING | {"more": 1}), "mapping.more"),
        (wrong(mapping=[]), "mapping"),
        (wrong(id="mine"), "id"),
        (wrong(unknown=1), "unknown"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_a_400_that_names_the_place_and_makes_nothing(alice, body, place):
    answer = assert_error(alice.call("POST", "/suppliers", json=body), 400)
    assert list(answer["details"]) == [place]
    assert alice.call("GET", "/suppliers").json["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"name": "\\ud800"}'])
def test_garbage_is_a_400_everywhere(alice, body):
    made = alice.make()
    headers = alice.headers | {"Content-Type": "application/json"}
    for method, path in (("POST", ""), ("PATCH", f"/{made['id']}"), ("POST", f"/{made['id']}/preview")):
        answer = alice.client.open(f"/api/suppliers{path}", method=method, data=body, headers=headers)
        assert_error(answer, 400)
    assert alice.show(made) == made


def test_the_plan_limits_the_number_of_suppliers(make_app):
    alice = Buyer(make_app(PLANS='{"starter": {"suppliers": 2}}'), "alice@shop.example")
    first, _ = alice.make(), alice.make()
    answer = alice.call("POST", "/suppliers", json={"name": "x"})
    assert_error(answer, 403, "SUPPLIER_LIMIT")
    assert "allows 2 suppliers" in answer.json["message"]
    alice.call("DELETE", f"/suppliers/{first['id']}")
    alice.make()


def test_two_requests_at_the_limit_do_not_both_pass(make_app):
    app = make_app(PLANS='{"starter": {"suppliers": 1}}')
    alice = Buyer(app, "alice@shop.example")
    barrier, statuses = threading.Barrier(4), []

    def make():
        client = app.test_client()
        barrier.wait()
        answer = client.post("/api/suppliers", json={"name": "x"}, headers=alice.headers)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=make) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(statuses) == [201, 403, 403, 403]


# Who may see what ---------------------------------------------------------------------------------


def everything(supplier_id, import_id=NOBODY):
    """Every way to reach a supplier."""
    path = f"/suppliers/{supplier_id}"
    one = f"{path}/imports/{import_id}"
    return [
        ("GET", path, {}),
        ("PATCH", path, {"json": {"name": "x"}}),
        ("DELETE", path, {}),
        ("PUT", f"{path}/file", {"data": b"a;b\n1;2\n"}),
        ("GET", f"{path}/guess", {}),
        ("POST", f"{path}/preview", {"json": {}}),
        ("POST", f"{path}/import", {}),
        ("GET", f"{path}/imports", {}),
        ("GET", f"{one}/refused", {}),
        ("GET", f"{one}/changes", {}),
        ("POST", f"{one}/release", {}),
        ("POST", f"{one}/drop", {}),
        ("POST", f"{path}/undo", {}),
        ("POST", f"{path}/resume", {}),
        ("GET", f"{path}/offers", {}),
    ]


def test_what_is_another_organizations_is_not_there(alice, delivered, bob):
    for method, path, options in everything(delivered["id"], delivered["applied"]["id"]):
        assert_error(bob.call(method, path, **options), 404)
    assert alice.show(delivered) == delivered
    assert bob.call("GET", "/suppliers").json["total"] == 0


def test_what_is_nobodys_is_a_404(alice):
    for method, path, options in everything("nonsense"):
        assert_error(alice.call(method, path, **options), 404)


def test_an_import_of_another_supplier_is_a_404(alice, delivered):
    other = alice.make()
    for path in ("refused", "changes"):
        answer = alice.call("GET", f"/suppliers/{other['id']}/imports/{delivered['applied']['id']}/{path}")
        assert_error(answer, 404)


def test_a_plugin_may_have_suppliers_too_and_takes_them_along(app, client):
    plugin = Plugin(client)
    plugin.register()
    made = client.post("/api/suppliers", json={"name": "x"}, headers=plugin.auth())
    assert made.status_code == 201
    assert client.get("/api/suppliers", headers=plugin.auth()).json["total"] == 1
    assert plugin.sync_status().json["suppliers"] == 1


def test_an_account_without_an_organization_is_told_so(app, client):
    sign_in = transaction(lambda: encode(tokens.issue_panel(accounts.user_of("new@shop.example")).access))
    with app.app_context():
        headers = {"Authorization": f"Bearer {sign_in()}"}
    assert_error(client.post("/api/suppliers", json={"name": "x"}, headers=headers), 403)
    assert client.get("/api/suppliers", headers=headers).json["total"] == 0


def test_suppliers_are_listed_page_by_page_oldest_first(alice, bob):
    bob.make()
    ids = [alice.make(name=f"No {number}")["id"] for number in range(3)]
    page = alice.call("GET", "/suppliers?perPage=2").json
    assert [each["id"] for each in page["items"]] == ids[:2]
    assert (page["page"], page["perPage"], page["total"]) == (1, 2, 3)
    rest = alice.call("GET", "/suppliers?perPage=2&page=2").json
    assert [each["id"] for each in rest["items"]] == ids[2:]
    assert alice.call("GET", "/suppliers?page=9").json["items"] == []


@pytest.mark.parametrize("query", ["page=0", "page=x", "perPage=0", "perPage=1001", "page=-1"])
def test_a_wrong_page_is_a_400(alice, delivered, query):
    one = f"/suppliers/{delivered['id']}"
    imported = f"{one}/imports/{delivered['applied']['id']}"
    for path in (
        "/suppliers", f"{one}/imports", f"{one}/offers", f"{imported}/refused", f"{imported}/changes"
    ):  # fmt: skip
        assert_error(alice.call("GET", f"{path}?{query}"), 400)


def test_the_status_counts_suppliers(alice, bob):
    bob.make()
    assert alice.call("GET", "/sync/status").json["suppliers"] == 0
    alice.make(), alice.make()
    assert alice.call("GET", "/sync/status").json["suppliers"] == 2


# Changing -----------------------------------------------------------------------------------------


def test_a_change_changes_what_it_names_and_nothing_else(alice, delivered):
    changed = alice.call("PATCH", f"/suppliers/{delivered['id']}", json={"name": "New"})
    assert changed.status_code == 200
    assert changed.json | {"updatedAt": ""} == delivered | {"name": "New", "updatedAt": ""}


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"id": "x"},
        {"url": "ftp://x"},
        {"shape": {"format": "x"}},
        {"mapping": {}},
        {"everyMinutes": 60},
        {"credentials": KEYS},
        {"name": "New", "guard": {"gone": 7}},
        [],
    ],
)
def test_a_wrong_change_changes_nothing(alice, delivered, body):
    assert_error(alice.call("PATCH", f"/suppliers/{delivered['id']}", json=body), 400)
    assert alice.show(delivered) == delivered


def test_another_mapping_is_read_anew_and_the_offers_stay_until_then(alice, delivered):
    fields = MAPPING["fields"] | {"cost": {"columns": "cost", "numbers": "point", "times": "2"}}
    changed = alice.call("PATCH", f"/suppliers/{delivered['id']}", json={"mapping": {"fields": fields}}).json
    assert (changed["isImporting"], changed["offers"]) == (True, 30)
    assert alice.read(delivered) == "held"
    assert "CHANGED_TOGETHER" in [reason["code"] for reason in alice.show(delivered)["held"]["hold"]]


@pytest.mark.parametrize(
    ("given", "minutes"),
    [
        ({}, 0),
        ({"everyMinutes": 0}, 0),
        ({"url": ""}, 0),
        ({"url": "https://lists.example/a"}, 60),
        ({"url": "https://lists.example/a", "everyMinutes": 0}, 0),
        ({"url": "https://lists.example/a", "everyMinutes": 15}, 15),
    ],
)
def test_an_address_is_looked_at_every_hour_where_nothing_else_is_said(alice, given, minutes):
    assert alice.make(**given)["everyMinutes"] == minutes


def test_an_address_that_comes_later_is_looked_at_every_hour_too_and_one_that_goes_no_more(alice):
    path = f"/suppliers/{alice.make()['id']}"

    def change(**body):
        answer = alice.call("PATCH", path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json["everyMinutes"]

    assert change(name="x") == 0
    assert change(url="https://lists.example/a") == 60
    assert change(everyMinutes=0) == 0
    assert change(url="https://lists.example/b") == 0  # who looks by hand goes on to
    assert change(everyMinutes=15) == 15
    assert change(url="https://lists.example/c") == 15
    assert change(url="") == 0
    assert change(url="https://lists.example/d", everyMinutes=0) == 0
    assert change(url="") == 0
    assert change(url="https://lists.example/e", everyMinutes=30) == 30


def test_a_list_at_an_address_that_was_only_named_follows_it(app, alice, shop):
    made = alice.make(url=shop.url, **MAPPED)
    assert alice.read(made) == "applied"
    shop.content, shop.etag = csv_of(THINGS, stock=6), '"2"'
    for passed, queued in ((59, False), (61, True)):
        with app.app_context():
            moment = now() - timedelta(minutes=passed)
            ended = update(Job).where(Job.live_key.is_(None)).values(finished_at=moment)
            transaction(lambda statement=ended: db.session.execute(statement))()
            schedule.tick()
        assert alice.show(made)["isImporting"] is queued
    assert alice.read(made) == "applied"


def test_thresholds_are_set_wholly_and_shown_with_the_usual_ones(alice):
    made = alice.make(guard={"gone": 0.2})
    assert made["guard"] == GUARD | {"gone": 0.2}
    path = f"/suppliers/{made['id']}"
    given = {"fewest": 7, "soldOut": 0.9}
    assert alice.call("PATCH", path, json={"guard": given}).json["guard"] == GUARD | given
    assert alice.call("PATCH", path, json={"guard": {}}).json["guard"] == GUARD


def test_another_address_takes_the_keys_away(alice):
    made = alice.make(url="https://lists.example/a", credentials=KEYS)
    path = f"/suppliers/{made['id']}"
    assert alice.call("PATCH", path, json={"name": "x"}).json["hasCredentials"] is True
    assert alice.call("PATCH", path, json={"url": "https://lists.example/a"}).json["hasCredentials"] is True
    assert alice.call("PATCH", path, json={"url": "https://evil.example/a"}).json["hasCredentials"] is False
    changed = alice.call("PATCH", path, json={"url": "https://other.example/a", "credentials": KEYS})
    assert changed.json["hasCredentials"] is True
    assert alice.call("PATCH", path, json={"credentials": None}).json["hasCredentials"] is False


def test_a_secret_is_in_no_answer(alice, shop, caplog):
    shop.user = ("me", "another")
    made = alice.make(url=shop.url, credentials=KEYS, **MAPPED)
    with pytest.raises(Exception, match="user and password"):
        alice.read(made)
    shown = [alice.call(method, path, **options).text for method, path, options in everything(made["id"])]
    assert PASSWORD not in "".join(shown)
    assert PASSWORD not in alice.call("GET", "/suppliers").text
    assert PASSWORD not in caplog.text


def test_a_removed_supplier_is_gone(alice, delivered):
    answer = alice.call("DELETE", f"/suppliers/{delivered['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert_error(alice.call("GET", f"/suppliers/{delivered['id']}"), 404)
    assert alice.call("GET", "/suppliers").json["total"] == 0


# The file -----------------------------------------------------------------------------------------


def test_a_file_that_is_sent_is_kept_under_its_name_and_read(alice):
    made = alice.make(**MAPPED)
    answer = alice.send(made, csv_of(THINGS), query_string={"name": "prices.csv"})
    assert (answer.status_code, answer.json["file"], answer.json["isImporting"]) == (200, "prices.csv", True)
    assert alice.read(made) == "applied"
    shown = alice.show(made)
    assert (shown["offers"], shown["isImporting"], shown["problem"]) == (30, False, "")
    assert (shown["applied"]["fileName"], shown["applied"]["rows"]) == ("prices.csv", 30)
    assert TIME.match(shown["importedAt"])


def test_a_file_without_a_length_is_taken_as_well(alice):
    made = alice.make(**MAPPED)
    assert alice.send(made, None, **in_pieces(csv_of(THINGS))).status_code == 200
    assert alice.read(made) == "applied"
    assert alice.show(made)["offers"] == 30


# The file along with the supplier


LIST = csv_of(THINGS)


def form(content=LIST, **fields):
    """What a browser or curl sends: texts, JSON for what is none, and the file."""
    told = {"name": "Wholesale Ltd"} | fields
    parts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in told.items()}
    return parts if content is None else parts | {"file": (BytesIO(content), "prices.csv", "text/csv")}


def test_a_supplier_comes_with_its_file_in_one_call(alice):
    answer = alice.call("POST", "/suppliers", data=form(guard={"gone": 0.2}, **MAPPED))
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert (made["name"], made["file"], made["isImporting"]) == ("Wholesale Ltd", "prices.csv", True)
    assert (made["mapping"], made["guard"]) == (MAPPING, GUARD | {"gone": 0.2})
    assert alice.read(made) == "applied"
    assert alice.show(made)["offers"] == 30


def test_a_file_that_comes_along_can_be_looked_at_first(alice):
    made = alice.call("POST", "/suppliers", data=form()).json
    assert alice.read(made) is None
    assert alice.get(made, "/guess")["columns"] == ["sku", "title", "cost", "stock"]


def two_files():
    return form() | {"file": [(BytesIO(b"a;b\n1;2\n"), "a.csv"), (BytesIO(b"a;b\n1;2\n"), "b.csv")]}


def twice():
    return form() | {"name": ["One", "Two"]}


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (form(content=None), "file"),
        (form(content=b""), "file"),
        (form(content=None, file="a;b"), "file"),
        (two_files(), "file"),
        (form() | {"list": (BytesIO(b"a;b"), "a.csv")}, "file"),
        (twice(), "name"),
        (form(name=""), "name"),
        (form(name="a\0b"), "name"),
        (form(url="https://lists.example/a"), "url"),
        (form(shape="csv"), "shape"),
        (form(shape="[1"), "shape"),
        (form(shape={"format": "pdf"}), "shape.format"),
        (form(mapping='{"fields": 1, "fields": 2}'), "mapping"),
        (form(mapping={}), "mapping.fields"),
        (form(everyMinutes=60), "everyMinutes"),
        (form(credentials=KEYS), "credentials"),
        (form(colour="red"), "colour"),
    ],
)
def test_a_wrong_form_names_the_place_and_makes_nothing(alice, parts, place):
    parts = {name: copied(part) for name, part in parts.items()}
    answer = alice.call("POST", "/suppliers", data=parts, content_type="multipart/form-data")
    assert list(assert_error(answer, 400)["details"]) == [place]
    assert alice.call("GET", "/suppliers").json["total"] == 0


def copied(part):
    """The part with a file of its own: the client closes what it has sent."""
    if isinstance(part, list):
        return [copied(each) for each in part]
    return (BytesIO(part[0].getvalue()), *part[1:]) if isinstance(part, tuple) else part


@pytest.mark.parametrize("body", [b"", b"--x\r\n", b"no form at all"])
def test_a_form_that_is_none_is_a_400(alice, body):
    answer = alice.call("POST", "/suppliers", data=body, content_type=BY_X)
    assert_error(answer, 400)
    assert alice.call("GET", "/suppliers").json["total"] == 0


BY_X = "multipart/form-data; boundary=x"


def by_x(content, end=b"\r\n--x--\r\n"):
    """The bytes of a form."""
    head = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nWholesale\r\n--x\r\n'
    named = b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    return head + named + content + end


def test_a_form_that_breaks_off_makes_nothing(alice):
    with warnings.catch_warnings():
        # The library leaves it to the garbage collector to close what it has begun.
        warnings.simplefilter("ignore", ResourceWarning)
        answer = alice.call("POST", "/suppliers", data=by_x(LIST, end=b""), content_type=BY_X)
        gc.collect()
    assert_error(answer, 400)
    assert alice.call("GET", "/suppliers").json["total"] == 0
    assert alice.call("POST", "/suppliers", data=by_x(LIST), content_type=BY_X).status_code == 201


def test_a_file_that_is_too_large_makes_no_supplier_either(make_app):
    alice = Buyer(make_app(SUPPLIER_FILE_MB="1"), "alice@shop.example")

    def send(length):
        return alice.call("POST", "/suppliers", data=by_x(b"x" * length), content_type=BY_X)

    for length in (2**20 + 1, 3 * 2**20):
        assert_error(send(length), 413)
    assert alice.call("GET", "/suppliers").json["total"] == 0
    assert send(2**20).status_code == 201


def test_a_form_is_no_way_around_the_plan_or_the_length_of_json(make_app):
    alice = Buyer(make_app(PLANS='{"starter": {"suppliers": 0}}'), "alice@shop.example")
    assert_error(alice.call("POST", "/suppliers", data=form()), 403, "SUPPLIER_LIMIT")
    long = alice.call("POST", "/suppliers", json={"name": "x", "colour": "x" * 2**21})
    assert_error(long, 413)


def test_elsewhere_a_form_is_no_json(alice, delivered):
    answer = alice.call("PATCH", f"/suppliers/{delivered['id']}", data=form())
    assert_error(answer, 415)


def in_pieces(content):
    """A body whose length nobody said."""
    return {"environ_overrides": {"wsgi.input": BytesIO(content), "wsgi.input_terminated": True}}


def test_a_file_that_is_too_large_is_a_413_and_not_kept(make_app):
    alice = Buyer(make_app(SUPPLIER_FILE_MB="1"), "alice@shop.example")
    made = alice.make(**MAPPED)
    content = b"x" * (1024 * 1024 + 1)
    assert_error(alice.send(made, content), 413)
    assert_error(alice.send(made, None, **in_pieces(content)), 413)
    assert alice.show(made)["file"] is None
    assert alice.send(made, content[:-1]).status_code == 200


def test_an_empty_file_is_a_400_and_not_kept(alice, delivered):
    assert_error(alice.send(delivered, b""), 400)
    assert alice.show(delivered) == delivered


def test_a_list_that_is_fetched_is_not_sent(alice):
    made = alice.make(url="https://lists.example/a")
    answer = assert_error(alice.send(made, b"a;b\n"), 400)
    assert "fetched from its address" in answer["message"]


@pytest.mark.parametrize("content", [b"\0" * 100, b"<html><body>x", b"%PDF-1.4"])
def test_a_file_that_is_no_list_is_kept_told_and_offers_nothing(alice, delivered, content):
    assert alice.send(delivered, content).status_code == 200
    assert alice.read(delivered) == "failed"
    shown = alice.show(delivered)
    assert shown["problemCode"].startswith("FILE_")
    assert shown["problem"]
    assert shown["offers"] == 30
    assert_error(alice.call("GET", f"/suppliers/{delivered['id']}/guess"), 400)


@pytest.mark.parametrize("content", [b"\n\n", b"PK\3\4broken"])
def test_a_file_without_a_row_is_held(alice, delivered, content):
    assert alice.send(delivered, content).status_code == 200
    assert alice.read(delivered) == "held"
    shown = alice.show(delivered)
    assert [reason["code"] for reason in shown["held"]["hold"]] == ["EMPTY"]
    assert (shown["problemCode"], shown["offers"]) == ("LIST_HELD", 30)
    assert_error(alice.call("GET", f"/suppliers/{delivered['id']}/guess"), 400)


# Guess and preview --------------------------------------------------------------------------------


def test_a_guess_shows_shape_rows_and_a_mapping_that_can_be_kept_as_it_is(alice):
    made = alice.make()
    rows = "".join(f"A-{number};4006381333931;{number},50;{number}\n" for number in range(1, 30))
    alice.send(made, ("Artikelnummer;EAN;EK netto;Bestand\n" + rows).encode("latin-1"))
    assert alice.read(made) is None
    guess = alice.get(made, "/guess")
    assert guess["shape"].items() >= {"format": "csv", "delimiter": ";", "header": 1}.items()
    assert guess["columns"] == ["Artikelnummer", "EAN", "EK netto", "Bestand"]
    assert guess["rows"][0] == {
        "line": 2,
        "values": {"Artikelnummer": "A-1", "EAN": "4006381333931", "EK netto": "1,50", "Bestand": "1"},
    }
    assert guess["mapping"]["fields"]["cost"]["numbers"] == "comma"
    assert {"cost", "gtin", "quantity"} <= {reason["field"] for reason in guess["reasons"]}
    kept = {"shape": guess["shape"], "mapping": guess["mapping"]}
    if guess["lacks"]:
        kept["mapping"]["fields"]["currency"] = {"constant": "EUR"}
    assert alice.call("PATCH", f"/suppliers/{made['id']}", json=kept).status_code == 200
    assert alice.read(made) == "applied"
    assert alice.show(made)["offers"] == 29


NESTED_XML = """<catalogue currency="EUR"><product id="S-1"><brand>Acme</brand><variants>
<variant sku="A" qty="3"><cost>9.90</cost></variant><variant sku="B" qty="0"><cost>10.90</cost></variant>
</variants><title>Shoe</title></product><product id="S-2"><title>Sock</title><variants>
<variant sku="C" qty="5"><cost>1.50</cost></variant></variants></product></catalogue>"""
NESTED_JSON = """{"currency": "EUR", "products": [
{"id": "S-1", "brand": "Acme", "title": "Shoe", "variants": [
 {"sku": "A", "qty": 3, "cost": "9.90"}, {"sku": "B", "qty": 0, "cost": "10.90"}]},
{"id": "S-2", "variants": [{"sku": "C", "qty": 5, "cost": "1.50"}], "title": "Sock"}]}"""


@pytest.mark.parametrize(
    ("content", "path", "columns"),
    [
        (
            NESTED_XML,
            "catalogue/product/variants/variant",
            {"../../brand", "../../title", "../../../@currency"},
        ),
        (NESTED_JSON, "products/variants", {"../brand", "../title", "../../currency"}),
    ],
)
def test_variants_have_what_stands_above_them_from_the_guess_to_the_offers(alice, content, path, columns):
    made = alice.make()
    alice.send(made, content.encode())
    alice.read(made)
    guess = alice.get(made, "/guess")
    assert guess["shape"]["item_path"] == path
    assert set(guess["columns"]) >= columns
    assert guess["lacks"] == ""
    kept = {"shape": guess["shape"], "mapping": guess["mapping"]}
    preview = alice.post(made, "/preview", kept).json
    assert [row["values"] for row in preview["rows"]] == [row["values"] for row in guess["rows"]]
    assert preview["offers"] == 3
    assert alice.call("PATCH", f"/suppliers/{made['id']}", json=kept).status_code == 200
    assert alice.read(made) == "applied"
    offers = alice.get(made, "/offers")["items"]
    shown = [[each[name] for name in ("sku", "brand", "title", "currency", "itemGroup")] for each in offers]
    assert shown == [
        ["A", "Acme", "Shoe", "EUR", "S-1"],
        ["B", "Acme", "Shoe", "EUR", "S-1"],
        ["C", "", "Sock", "EUR", "S-2"],
    ]
    assert offers == [row["offer"] for row in preview["rows"]]


def test_without_a_file_there_is_nothing_to_guess(alice):
    made = alice.make()
    for answer in (
        alice.call("GET", f"/suppliers/{made['id']}/guess"),
        alice.post(made, "/preview", MAPPED),
    ):
        assert "no file yet" in assert_error(answer, 400)["message"]


def test_a_preview_shows_offers_and_refusals_and_keeps_nothing(alice):
    made = alice.make()
    alice.send(made, csv_of({"A": "1.50", "B": "free"}))
    assert "Say how the file is read" in assert_error(alice.post(made, "/preview"), 400)["message"]
    shown = alice.post(made, "/preview", MAPPED).json
    assert (shown["offers"], shown["refused"]) == (1, 1)
    first, second = shown["rows"]
    assert first["line"] == 2
    assert first["values"]["sku"] == "A"
    assert (first["offer"]["cost"], first["offer"]["currency"], first["refusal"]) == ("1.5", "EUR", None)
    assert second["offer"] is None
    assert (second["refusal"]["field"], second["refusal"]["value"]) == ("cost", "free")
    after = alice.show(made)
    assert (after["shape"], after["mapping"], after["offers"]) == (None, None, 0)


def test_a_preview_is_of_as_many_rows_as_asked(alice, delivered):
    assert len(alice.post(delivered, "/preview", {"count": 3}).json["rows"]) == 3
    assert len(alice.post(delivered, "/preview").json["rows"]) == 20


def skus(shown):
    return [row["values"].get("sku") for row in shown["rows"]]


def test_a_preview_goes_on_page_by_page_to_the_last_row(alice, delivered):
    seen, more = [], True
    while more:
        page = alice.post(delivered, "/preview", {"count": 7, "skip": len(seen)}).json
        seen, more = seen + skus(page), page["more"]
    assert seen == list(THINGS)
    assert (page["offers"], page["refused"]) == (2, 0)
    after = alice.post(delivered, "/preview", {"skip": 30}).json
    assert after == {"rows": [], "offers": 0, "refused": 0, "more": False}


def test_a_page_of_a_preview_that_ends_with_the_file_is_the_last(alice, delivered):
    for skip, more in ((22, True), (23, False)):
        page = alice.post(delivered, "/preview", {"count": 7, "skip": skip}).json
        assert (len(page["rows"]), page["more"]) == (7, more)


def test_a_preview_begins_at_the_line_of_a_row_that_an_import_refused(alice):
    made = alice.make(**MAPPED)
    alice.send(made, csv_of(THINGS | {"S17": "free"}))
    alice.read(made)
    (refused,) = alice.get(made, f"/imports/{alice.show(made)['applied']['id']}/refused")["items"]
    shown = alice.post(made, "/preview", {"count": 2, "line": refused["line"]}).json
    assert skus(shown) == ["S17", "S18"]
    assert shown["rows"][0]["refusal"] == refused
    assert skus(alice.post(made, "/preview", {"count": 1, "line": 19, "skip": 2}).json) == ["S19"]


def test_rows_that_all_stand_in_one_line_are_paged_as_well(alice):
    made = alice.make()
    rows = [{"sku": sku, "title": "", "cost": cost, "stock": "5"} for sku, cost in THINGS.items()]
    alice.send(made, json.dumps(rows).encode())
    body = {"shape": {"format": "json"}, "mapping": MAPPING, "count": 2, "skip": 28}
    shown = alice.post(made, "/preview", body).json
    assert [(row["line"], row["offer"]["key"]) for row in shown["rows"]] == [(1, "S28"), (1, "S29")]


def test_a_row_far_down_is_shown_without_holding_those_before_it(alice):
    made = alice.make(**MAPPED)
    alice.send(made, csv_of(some(150_000)))
    tracemalloc.start()
    try:
        shown = alice.post(made, "/preview", {"count": 1, "skip": 149_999}).json
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (skus(shown), shown["more"]) == (["S149999"], False)
    assert held < 12 * 2**20


def test_nobody_waits_for_ever_for_a_row(alice, delivered, monkeypatch):
    monkeypatch.setattr(supplier_previews, "WAITED_FOR", Confines(wait=0.0))
    assert_error(alice.post(delivered, "/preview"), 400, "FILE_TOO_SLOW")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"line": 0}, "line"),
        ({"line": "2"}, "line"),
        ({"skip": -1}, "skip"),
        ({"skip": 1_000_001}, "skip"),
        ({"count": 0}, "count"),
        ({"count": 201}, "count"),
        ({"count": "5"}, "count"),
        ({"shape": {"format": "x"}}, "shape.format"),
        ({"mapping": {"fields": {}}}, "mapping.fields"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_preview_is_told(alice, delivered, body, place):
    assert list(assert_error(alice.post(delivered, "/preview", body), 400)["details"]) == [place]


def test_a_file_that_cannot_be_read_so_is_told_in_the_preview(alice, delivered):
    shape = {"format": "xml", "item_path": "a/b"}
    answer = assert_error(alice.post(delivered, "/preview", {"shape": shape}), 400)
    assert answer["error"].startswith("FILE_")


# Imports ------------------------------------------------------------------------------------------


def test_an_import_may_be_asked_for(alice, shop):
    made = alice.make(url=shop.url, **MAPPED)
    assert alice.read(made) == "applied"
    shop.content, shop.etag = csv_of(THINGS | {"S1": "11.11"}), None
    assert alice.post(made, "/import").json["isImporting"] is True
    assert alice.post(made, "/import").status_code == 200
    assert alice.read(made) == "applied"
    first, second = alice.get(made, "/imports")["items"]
    assert (first["changed"], second["added"]) == (1, 30)
    (change,) = alice.get(made, f"/imports/{first['id']}/changes")["items"]
    assert (change["key"], change["before"]["cost"], change["after"]["cost"]) == ("S1", "10.1", "11.11")
    assert alice.get(made, f"/imports/{second['id']}/changes")["items"] == []


def test_refused_rows_are_listed_page_by_page(alice):
    made = alice.make(**MAPPED)
    alice.send(made, csv_of(some(5) | {"X": "free", "Y": "-1"}))
    alice.read(made)
    path = f"/imports/{alice.show(made)['applied']['id']}/refused"
    found = alice.get(made, f"{path}?perPage=1&page=2")
    assert (found["total"], found["page"]) == (2, 2)
    (row,) = found["items"]
    assert (row["line"], row["code"], row["field"], row["value"]) == (8, "negative", "cost", "-1")
    assert row["message"]


def test_a_held_list_is_shown_and_released(alice, delivered):
    alice.send(delivered, csv_of(some(5)))
    assert alice.read(delivered) == "held"
    held = alice.show(delivered)
    assert (held["offers"], held["problemCode"]) == (30, "LIST_HELD")
    assert [reason["code"] for reason in held["held"]["hold"]] == ["OFFERS_GONE"]
    path = f"/imports/{held['held']['id']}"
    assert alice.post(delivered, f"{path}/release").json["state"] == "dropped"
    assert alice.show(delivered)["isImporting"] is True
    assert_error(alice.post(delivered, f"{path}/release"), 400)
    assert alice.read(delivered) == "applied"
    shown = alice.show(delivered)
    assert (shown["offers"], shown["held"], shown["problem"]) == (5, None, "")


def test_a_held_list_is_given_up(alice, delivered):
    alice.send(delivered, csv_of(some(5)))
    alice.read(delivered)
    path = f"/imports/{alice.show(delivered)['held']['id']}/drop"
    assert alice.post(delivered, path).json["state"] == "dropped"
    shown = alice.show(delivered)
    assert (shown["offers"], shown["held"], shown["problem"]) == (30, None, "")
    assert_error(alice.post(delivered, path), 400)


def test_a_list_is_taken_back_and_followed_again(alice, delivered):
    alice.send(delivered, csv_of(THINGS | {"S1": "11.11"}))
    alice.read(delivered)
    assert alice.post(delivered, "/undo").json["state"] == "undone"
    shown = alice.show(delivered)
    assert TIME.match(shown["pinnedSince"])
    assert shown["applied"]["id"] == delivered["applied"]["id"]
    assert costs(alice, delivered)["S1"] == "10.1"
    assert alice.post(delivered, "/resume").json["pinnedSince"] is None
    assert alice.read(delivered) == "applied"
    assert costs(alice, delivered)["S1"] == "11.11"


def test_where_nothing_was_taken_over_nothing_is_taken_back(alice):
    assert "no list to take back" in assert_error(alice.post(alice.make(), "/undo"), 400)["message"]


def costs(alice, supplier):
    return {each["key"]: each["cost"] for each in alice.get(supplier, "/offers?perPage=100")["items"]}


# Offers -------------------------------------------------------------------------------------------


def test_offers_are_listed_page_by_page(alice, delivered):
    page = alice.get(delivered, "/offers?perPage=7&page=2")
    assert (page["total"], len(page["items"])) == (30, 7)
    keys = [each["key"] for each in alice.get(delivered, "/offers?perPage=100")["items"]]
    assert [each["key"] for each in page["items"]] == keys[7:14]


def test_an_offer_is_found_by_key_sku_or_gtin(alice):
    made = alice.make(
        shape=SHAPE, mapping={"fields": {"key": "id", "sku": "sku", "gtin": "ean", "quantity": "stock"}}
    )
    alice.send(made, b"id;sku;ean;stock\nK1;ab-1;4006381333931;5\nK2;ab-2;;6\n")
    assert alice.read(made) == "applied"
    for key in ("K1", "AB-1", "04006381333931", "4006381333931"):
        assert [each["key"] for each in alice.get(made, f"/offers?key={key}")["items"]] == ["K1"]
    for key in ("K3", "%25", "%00", "x" * 200):
        assert alice.get(made, f"/offers?key={key}")["items"] == []
    assert_error(alice.call("GET", f"/suppliers/{made['id']}/offers?key={'x' * 201}"), 400)


def test_an_offer_shows_all_that_was_read(alice):
    made = alice.make(shape=SHAPE, mapping=MAPPING)
    alice.send(made, csv_of({"A": "1.50"}))
    alice.read(made)
    (shown,) = alice.get(made, "/offers")["items"]
    assert shown == {
        **dict.fromkeys(("gtin", "mpn", "brand", "availability", "description", "link", "category"), ""),
        **dict.fromkeys(("price", "availableAt", "weight")),
        "line": 2,
        "key": "A",
        "sku": "A",
        "title": "Thing A",
        "cost": "1.5",
        "costTax": "unknown",
        "priceTax": "unknown",
        "currency": "EUR",
        "quantity": 5,
        "images": [],
        "itemGroup": "",
        "options": {},
        "remarks": [],
    }
