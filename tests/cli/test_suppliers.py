"""flask suppliers, as an operator types it."""

import json
import threading

import pytest

from sync2sys.crypto import new_key
from sync2sys.database import transaction
from sync2sys.services import import_runs, jobs
from sync2sys.worker import Worker
from tests.services import supplied
from tests.services.supplied import MAPPING, SHAPE, csv_of, offered, some
from tests.wholesaler import Wholesaler

THINGS = some(30)


@pytest.fixture
def flask(app):
    """Run a command; its exit code and what it printed."""

    def flask(*words, **options):
        done = app.test_cli_runner().invoke(args=words, **options)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return flask


@pytest.fixture
def suppliers(flask):
    return lambda *words, **options: flask("suppliers", *words, **options)


@pytest.fixture
def organization(app):
    with app.app_context():
        yield supplied.organization_of()


@pytest.fixture
def shop():
    shop = Wholesaler(csv_of(THINGS))
    yield shop
    shop.close()


@pytest.fixture
def path(tmp_path):
    """A list to send, and where it is."""
    path = tmp_path / "prices.csv"
    path.write_bytes(csv_of(THINGS, names="SKU;Title;Purchase price;Stock"))
    return path


@pytest.fixture
def told(tmp_path):
    """A file that says how the list is read."""
    path = tmp_path / "told.json"
    path.write_text(json.dumps({"shape": SHAPE, "mapping": MAPPING}), "utf-8")
    return path


@pytest.fixture
def mine(organization, shop):
    """A supplier whose list was taken over."""
    made = supplied.supplier_of(organization, shop.url)
    assert supplied.run(made) == "applied"
    return made


def added(output):
    """The id that `add` printed."""
    return output.splitlines()[-2]


def test_from_a_file_to_offers(suppliers, organization, path, tmp_path):
    code, output = suppliers("add", "Wholesale", str(path))
    assert code == 0
    supplier = added(output)
    code, output = suppliers("guess", supplier)
    assert code == 0
    assert "line 2: SKU=S0; Title=Thing S0; Purchase price=10.00; Stock=5" in output
    assert "Something has to be said first. fields.currency" in output
    assert "fields.currency" in suppliers("confirm", supplier)[1]
    said = json.loads(suppliers("guess", supplier, "--json")[1])
    said["mapping"]["fields"]["currency"] = {"constant": "EUR"}
    corrected = tmp_path / "corrected.json"
    corrected.write_text(json.dumps(said), "utf-8")
    code, output = suppliers("preview", supplier, str(corrected), "--rows", "2")
    assert (code, output.splitlines()[0]) == (0, "line 2\tS0\t10 EUR\t5\tThing S0")
    assert output.splitlines()[-1] == "2 offers, 0 refused."
    assert suppliers("confirm", supplier, str(corrected))[0] == 0
    code, output = suppliers("import", supplier)
    assert code == 0
    assert "applied: 30 offers of 30 rows, 0 refused; 30 added, 0 changed, 0 gone." in output
    assert offered(supplier) == THINGS
    code, output = suppliers("import", supplier)
    assert (code, output.splitlines()[-1]) == (0, "Nothing is new.")


def test_an_address_is_asked_at_once(suppliers, organization, shop):
    shop.user = ("me", "swordfish-77")
    code, output = suppliers(
        "add", "Wholesale", shop.url, "--user", "me", "--every", "30", input="swordfish-77\n"
    )
    assert code == 0
    assert "swordfish" not in output
    supplier = added(output)
    code, output = suppliers("show", supplier)
    assert f"Wholesale: 0 offers, {shop.url}" in output
    assert "Asked every 30 minutes." in output
    assert "Not confirmed yet" in output
    assert suppliers("guess", supplier)[0] == 0


@pytest.mark.parametrize(("words", "told"), [((), True), (("--every", "0"), False)])
def test_an_address_is_asked_every_hour_where_nothing_else_is_said(
    suppliers, organization, shop, words, told
):
    supplier = added(suppliers("add", "Wholesale", shop.url, *words)[1])
    assert ("Asked every 60 minutes." in suppliers("show", supplier)[1]) is told


def test_an_address_that_gives_no_list_is_told_and_the_supplier_is_there(suppliers, organization, shop):
    shop.instead = (404, {}, b"")
    code, output = suppliers("add", "Wholesale", shop.url)
    assert code == 0
    assert "answered 404" in output
    assert "answered 404" in suppliers("list")[1]
    code, output = suppliers("guess", "Wholesale")
    assert (code, "no file yet" in output) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Wholesale", "nowhere.csv"), "There is no file nowhere.csv"),
        (("Wholesale", "ftp://lists.example/a"), "This address cannot be used"),
        (("Wholesale", "https://lists.example/a", "--every", "1"), "5 to"),
        (("Wholesale", "https://lists.example/a", "--organization", "nonsense"), "No such organization"),
    ],
)
def test_what_cannot_be_added_is_told(suppliers, organization, words, said):
    code, output = suppliers("add", *words)
    assert code == 1
    assert said in output
    assert suppliers("list") == (0, "")


def test_a_file_that_is_too_large_is_told(make_app, path):
    path.write_bytes(b"x" * (1024 * 1024 + 1))
    done = make_app(SUPPLIER_FILE_MB="1").test_cli_runner().invoke(args=["suppliers", "add", "x", str(path)])
    assert (done.exit_code, "more than 1 MB" in done.output) == (1, True)


def test_a_newer_file_is_sent_and_imported(suppliers, organization, path, tmp_path):
    supplier = added(suppliers("add", "Wholesale", str(path))[1])
    told = tmp_path / "told.json"
    told.write_text(json.dumps({"shape": SHAPE, "mapping": MAPPING}), "utf-8")
    path.write_bytes(csv_of(THINGS))
    assert suppliers("confirm", supplier, str(told))[0] == 0
    assert "30 added" in suppliers("send", supplier, str(path))[1]
    path.write_bytes(csv_of(THINGS | {"S1": "11.11"}))
    assert "0 added, 1 changed, 0 gone." in suppliers("send", supplier, str(path))[1]


def test_another_mapping_is_confirmed_from_a_file(suppliers, mine, told):
    assert suppliers("preview", mine)[1].splitlines()[-1] == "20 offers, 0 refused."
    one = suppliers("preview", mine, "--rows", "1", "--line", "12", "--skip", "3")[1]
    assert one.startswith("line 15\tS13\t")
    assert suppliers("confirm", mine, str(told)) == (
        0,
        "Kept. The worker reads the list now; `flask suppliers import` does so here.\n",
    )
    told.write_text('{"mapping": {"fields": {"sku": "sku"}}}', "utf-8")
    code, output = suppliers("confirm", mine, str(told))
    assert code == 1
    assert "This mapping cannot be used. Map one of" in output
    for text in ("{", "[]", "{}", '{"fields": {}}'):
        told.write_text(text, "utf-8")
        assert suppliers("confirm", mine, str(told))[0] == 1
        assert suppliers("preview", mine, str(told))[0] == 1


def test_refused_rows_are_shown_with_line_and_reason(suppliers, mine, shop):
    assert suppliers("refused", mine) == (0, "")
    shop.content = csv_of(THINGS | {"X": "free"})
    assert "1 refused" in suppliers("import", mine)[1]
    (row,) = suppliers("refused", mine)[1].splitlines()
    assert row.startswith("line 32\t")
    assert row.endswith("(free)")
    first = suppliers("imports", mine)[1].splitlines()[-1].split("\t")[0]
    assert suppliers("refused", mine, first) == (0, "")
    assert suppliers("refused", mine, "nonsense")[0] == 1


def test_what_is_held_is_told_and_released(flask, suppliers, mine, shop):
    shop.content = csv_of(some(5))
    code, output = suppliers("import", mine)
    assert code == 1
    assert "25 of 30 offers are gone" in output
    assert f"flask suppliers release {mine}" in output
    assert "25 of 30 offers are gone" in suppliers("list")[1]
    assert "Held: " in suppliers("show", mine)[1]
    code, output = flask("doctor")
    assert code == 1
    assert "WRONG  supplier Wholesale Ltd: 25 of 30 offers are gone" in output
    assert "applied: 5 offers" in suppliers("release", mine)[1]
    assert len(offered(mine)) == 5
    assert suppliers("release", mine) == (1, "Error: No list of this supplier is held.\n")
    assert "ok     supplier Wholesale Ltd: fine" in flask("doctor")[1]


def test_what_is_held_is_given_up(suppliers, mine, shop):
    shop.content = csv_of(some(5))
    suppliers("import", mine)
    assert suppliers("drop", mine)[0] == 0
    assert offered(mine) == THINGS
    assert suppliers("drop", mine)[0] == 1


def test_going_back_and_following_again(suppliers, mine, shop):
    shop.content = csv_of(THINGS | {"new": "1.00"})
    suppliers("import", mine)
    code, output = suppliers("undo", mine)
    assert (code, output) == (0, "There are 30 offers now. Newer lists are held until you resume.\n")
    assert "Went back at" in suppliers("show", mine)[1]
    assert "You went back to an older list" in suppliers("import", mine)[1]
    assert suppliers("resume", mine)[0] == 0
    assert "1 added" in suppliers("import", mine)[1]
    states = [line.split("\t")[2].split(":")[0] for line in suppliers("imports", mine)[1].splitlines()]
    assert states == ["applied", "dropped", "undone", "applied"]


def test_a_server_that_is_ill_is_a_clear_failure(suppliers, mine, shop):
    shop.instead = (503, {}, b"")
    code, output = suppliers("import", mine)
    assert code == 1
    assert "The supplier's server answered 503. It will be tried again." in output


def test_an_import_that_a_worker_has_begun_is_watched(app, suppliers, mine, shop, monkeypatch):
    shop.content = csv_of(THINGS | {"new": "1.00"})
    entered, leave = threading.Event(), threading.Event()
    stage = import_runs._stage

    def waiting(*arguments):
        entered.set()
        leave.wait(10)
        stage(*arguments)

    monkeypatch.setattr(import_runs, "_stage", waiting)
    transaction(lambda: jobs.enqueue("import", mine).id)()
    claim = jobs.claim(["import"], mine)

    def work():
        with app.app_context():
            Worker(app).work(claim)

    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(10)
    threading.Timer(0.3, leave.set).start()
    code, output = suppliers("import", mine)
    thread.join()
    assert code == 0
    assert "A worker is at it." in output
    assert len(offered(mine)) == 31


def test_a_supplier_is_found_by_name_where_only_one_has_it(suppliers, organization, mine):
    assert suppliers("show", "Wholesale Ltd")[0] == 0
    supplied.supplier_of(organization)
    code, output = suppliers("show", "Wholesale Ltd")
    assert (code, "Several suppliers have this name" in output) == (1, True)
    assert suppliers("show", "nobody")[1] == "Error: No such supplier. `flask suppliers list` shows them.\n"


def test_a_removed_supplier_is_gone(suppliers, mine):
    assert suppliers("remove", mine, input="n\n")[0] == 1
    assert suppliers("remove", mine, "--yes")[0] == 0
    assert suppliers("list") == (0, "")
    assert offered(mine) == {}


def test_a_rotated_key_opens_the_password_for_an_address(make_app, shop):
    shop.user = ("me", "swordfish-77")
    old, new = new_key(), new_key()
    with make_app(KEYS=old).app_context():
        made = supplied.supplier_of(
            supplied.organization_of(), shop.url, credentials={"user": "me", "password": "swordfish-77"}
        )
    done = make_app(KEYS=f"{new},{old}").test_cli_runner().invoke(args=["keys", "rotate"])
    assert done.exit_code == 0, done.output
    with make_app(KEYS=new).app_context():
        assert supplied.run(made) == "applied"
