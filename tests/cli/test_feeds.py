"""flask feeds, as an operator types it."""

import json
import re
from dataclasses import replace

import pytest

from sync2sys.formats import FORMATS
from tests.services import catalogues
from tests.services.catalogues import plain


@pytest.fixture
def flask(app):
    """Run a command; the status it ends with and what it prints."""

    def run(*words, **options):
        done = app.test_cli_runner().invoke(args=["feeds", *words], **options)
        return done.exit_code, done.output

    return run


@pytest.fixture
def channel(app):
    with app.app_context():
        return catalogues.channel(catalogues.organization())


def fill(app, channel, items):
    with app.app_context():
        catalogues.fill(channel, items)


def test_a_feed_is_made_published_rendered_and_read(app, client, flask, channel):
    fill(app, channel, plain(3) | {"draft": {"published": False}})
    status, told = flask("add", "--format", "csv", "--slug", "offers", "--publish")
    assert (status, told.splitlines()[0]) == (0, "http://127.0.0.1:8000/api/public/feeds/offers")
    assert flask("render", "offers") == (0, "live: 3 of 4 items\n")
    assert flask("render", "offers") == (0, "unchanged: 3 of 4 items\n")
    assert client.get("/api/public/feeds/offers").status_code == 200
    status, told = flask("list")
    assert "csv\tpublished\t3 items\thttp://127.0.0.1:8000/api/public/feeds/offers" in told
    status, told = flask("show", "offers")
    assert "3 items; left out: 1 not_published" in told


def test_what_is_not_clear_of_the_market_is_said_once(app, flask):
    with app.app_context():
        channel = catalogues.channel(catalogues.organization(), prices_include_tax=False)
    fill(app, channel, plain(2))
    flask("add", "--format", "google", "--slug", "offers")
    flask("render", "offers")
    for command in ("show", "diagnose"):
        told = " ".join(flask(command, "offers")[1].split())
        assert "The Shop keeps them without it, and so they go out. Set market.country" in told


def test_publishing_can_be_taken_back(app, client, flask, channel):
    fill(app, channel, plain(3))
    flask("add", "--format", "json", "--slug", "offers")
    flask("render", "offers")
    assert client.get("/api/public/feeds/offers").status_code == 404
    assert flask("publish", "offers")[0] == 0
    assert client.get("/api/public/feeds/offers").status_code == 200
    assert flask("unpublish", "offers")[0] == 0
    assert client.get("/api/public/feeds/offers").status_code == 404


def test_a_held_render_is_explained_and_released(app, client, flask, channel):
    fill(app, channel, plain(50))
    flask("add", "--format", "csv", "--slug", "offers", "--publish")
    flask("render", "offers")
    fill(app, channel, plain(5))
    assert flask("render", "offers") == (0, "held: 5 of 5 items\n    held: 45 of 50 items are gone.\n")
    assert "45 of 50 items are gone" in flask("show", "offers")[1]
    assert flask("release", "offers")[0] == 0
    assert client.get("/api/public/feeds/offers").headers["X-Feed-Products"] == "5"
    status, told = flask("release", "offers")
    assert (status, told) == (1, "Error: No render of this feed is held.\n")


def test_the_guard_is_shown_and_set(flask, channel):
    flask("add", "--format", "csv", "--slug", "offers")
    usual = "drop\t0.5\nfewest\t20\nmissing\t0.9\nprices\t0.9\nout_of_stock\ttrue\n"
    assert flask("guard", "offers") == (0, usual)
    told = flask("guard", "offers", "--drop", "0.25", "--no-out-of-stock")[1]
    assert "drop\t0.25\n" in told
    assert "out_of_stock\tfalse\n" in told
    told = flask("guard", "offers", "--fewest", "3")[1]
    assert ("drop\t0.25\n" in told, "fewest\t3\n" in told) == (True, True)
    assert flask("guard", "offers", "--usual") == (0, usual)


def test_a_feed_goes_back_and_forth_between_its_renders(app, client, flask, channel):
    flask("add", "--format", "csv", "--slug", "offers", "--publish")
    for count in (1, 2, 3):
        fill(app, channel, plain(count))
        flask("render", "offers")
    lines = [line.split("\t") for line in flask("history", "offers")[1].splitlines()]
    assert [(line[0], line[1], line[3]) for line in lines] == [
        ("3", "live", "3 items"),
        ("2", "superseded", "2 items"),
        ("1", "superseded", "1 items"),
    ]
    address = "/api/public/feeds/offers"
    told = "http://127.0.0.1:8000/api/public/feeds/offers has 2 items of generation 2 now.\n"
    assert flask("rollback", "offers") == (0, told)
    assert client.get(address).headers["X-Feed-Products"] == "2"
    assert flask("rollback", "offers", "1")[0] == 0
    assert client.get(address).headers["X-Feed-Products"] == "1"
    assert flask("history", "offers")[1].startswith("Rolled back at ")
    assert "no such render" in flask("rollback", "offers", "9")[1]
    assert "no such render" in flask("rollback", "offers")[1]
    assert "this one is live" in flask("rollback", "offers", "1")[1]
    assert flask("render", "offers")[1].startswith("held: 3 of 3 items\n    held: The feed was rolled back")
    assert flask("resume", "offers") == (0, "The worker renders it now.\n")
    assert flask("render", "offers") == (0, "live: 3 of 3 items\n")
    assert "not rolled back" in flask("resume", "offers")[1]


def test_a_secret_address_is_made_changed_and_removed(app, client, flask, channel):
    fill(app, channel, plain(3))
    flask("add", "--format", "csv", "--slug", "offers", "--publish")
    flask("render", "offers")

    def answers(*urls):
        return [client.get(url.strip().removeprefix("http://127.0.0.1:8000")).status_code for url in urls]

    slug = "/api/public/feeds/offers"
    assert "Make a secret address first" in flask("secret", "offers", "only")[1]
    first = flask("secret", "offers")[1]
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/api/public/feeds/[0-9a-f]{32}\n", first)
    assert first in flask("show", "offers")[1]
    second = flask("secret", "offers")[1]
    assert answers(first, second, slug) == [404, 200, 200]
    assert flask("secret", "offers", "only") == (0, second)
    assert answers(second, slug) == [200, 404]
    assert "only one" in flask("secret", "offers", "remove")[1]
    flask("secret", "offers", "both")
    assert flask("secret", "offers", "remove") == (0, "There is no secret address.\n")
    assert answers(second, slug) == [404, 200]


def test_who_read_a_feed_is_told(app, client, flask, channel):
    fill(app, channel, plain(3))
    flask("add", "--format", "csv", "--slug", "offers", "--publish")
    flask("render", "offers")
    for agent in ("curl/8.5", "some software \x1b[31m", ""):
        client.get("/api/public/feeds/offers.gz", headers={"User-Agent": agent})
    app.extensions["sync2sys"]["fetch_log"].write()
    lines = [line.split("\t") for line in flask("fetches", "offers")[1].splitlines()]
    assert [line[-2:] for line in lines] == [["-", ""], ["-", "some software ?[31m"], ["curl", "curl/8.5"]]
    assert {(line[1], line[3]) for line in lines} == {("200", "gzip")}
    assert len(flask("fetches", "offers", "--limit", "1")[1].splitlines()) == 1


def test_every_address_of_a_feed_in_several_files_is_told(app, client, flask, channel, monkeypatch):
    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], most_items=50))
    fill(app, channel, plain(120))
    flask("add", "--format", "csv", "--slug", "offers", "--publish")
    flask("render", "offers")
    public = "http://127.0.0.1:8000/api/public/feeds/offers"
    files = [public, f"{public}.2", f"{public}.3"]
    assert f"\t120 items in 3 files\t{public}\n    {files[1]}\n    {files[2]}\n" in flask("list")[1]
    assert flask("show", "offers")[1].splitlines()[1:4] == files
    secret = flask("secret", "offers")[1].strip()
    assert flask("show", "offers")[1].splitlines()[1:7] == [
        f"{address}{ending}" for ending in ("", ".2", ".3") for address in (public, secret)
    ]
    assert "120 items in 3 files" in flask("history", "offers")[1]
    assert client.get("/api/public/feeds/offers.2").status_code == 200
    app.extensions["sync2sys"]["fetch_log"].write()
    assert "\tfile 2\t" in flask("fetches", "offers")[1]


def test_deleting_asks_first(client, flask, channel):
    flask("add", "--format", "csv", "--slug", "offers")
    assert flask("delete", "offers", input="n\n")[0] == 1
    assert "offers" in flask("list")[1]
    assert flask("delete", "offers", "--yes")[0] == 0
    assert flask("list") == (0, "")


def test_the_formats_are_listed(flask):
    assert re.search(r"^google\tGoogle Merchant Center\t", flask("formats")[1], re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "--format", "nonsense"], "Choose one of"),
        (["add", "--format", "csv", "--slug", "No!"], "small letters"),
        (["add", "--format", "csv", "--source", "none"], "No such channel"),
        (["add", "--format", "csv", "--organization", "none"], "No such organization"),
        (["show", "none"], "No such feed"),
        (["render", "none"], "No such feed"),
        (["publish", "none"], "No such feed"),
        (["guard", "none"], "No such feed"),
        (["guard", "offers", "--drop", "1.5"], "a share from 0 to 1"),
        (["guard", "offers", "--drop", "nan"], "a share from 0 to 1"),
        (["guard", "offers", "--fewest", "0"], "a whole number from 1"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(flask, channel, words, told):
    flask("add", "--format", "csv", "--slug", "offers")
    status, output = flask(*words)
    assert status == 1
    assert told in output
    assert "Traceback" not in output


def test_without_an_organization_it_is_said_how_there_is_one(flask):
    assert "flask users create" in flask("add", "--format", "csv")[1]


def test_with_several_organizations_one_has_to_be_named(app, flask, channel):
    with app.app_context():
        other = catalogues.organization()
    assert "Name one with --organization" in flask("add", "--format", "csv")[1]
    assert "No such organization" in flask("add", "--format", "csv", "--organization", "x")[1]
    assert flask("add", "--format", "csv", "--organization", other)[0] == 0


def test_a_feed_is_exported_and_imported_as_one_file(app, flask, channel, tmp_path):
    fill(app, channel, plain(3))
    flask("add", "--format", "google", "--slug", "offers")
    file = tmp_path / "definition.json"
    file.write_text('{"mapping": {"custom_label_0": {"constant": "sale"}}}')
    assert flask("define", "offers", str(file))[0] == 0
    status, told = flask("export", "offers")
    assert status == 0
    assert json.loads(told)["definition"] == {"mapping": {"custom_label_0": {"constant": "sale"}}}
    status, answer = flask("import", "-", "--slug", "again", input=told)
    assert (status, answer.splitlines()[0].endswith("/again")) == (0, True)
    assert flask("export", "again")[1] == told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json", "is no JSON"),
        ("{}", "no exported feed"),
        (
            '{"name": "x", "format": "csv", "definition": {"mapping": {"nothing": {}}}}',
            "no field of this format",
        ),
    ],
)
def test_a_file_that_is_no_feed_is_told_in_a_sentence(flask, channel, text, words):
    status, told = flask("import", "-", input=text)
    assert (status, words in told) == (1, True)


def test_a_definition_is_tried_on_real_items(app, flask, channel, tmp_path):
    fill(app, channel, plain(3) | {"cheap": {"price": "0"}})
    flask("add", "--format", "google", "--slug", "offers")
    status, told = flask("preview", "offers", "--count", "9")
    assert status == 0
    assert told.endswith("4 looked at, 3 published; left out: 1 for no_price\n")
    tried = '{"mapping": {"title": {"constant": "Sale"}}}'
    told = flask("preview", "offers", "-", "--key", "1001", input=tried)[1]
    assert '\ntitle: Sale\n    "Sale": Sale\n' in told
    assert told.endswith("1 looked at, 1 published; left out: none\n")
    told = flask("preview", "offers", "-", input='{"filter": {"field": "brand", "is": "Nobody"}}')[1]
    assert "None of the 4 items looked at would be published" in " ".join(told.split())
    assert "is no JSON" in flask("preview", "offers", "-", input="{")[1]
    assert flask("preview", "offers", "-", input='{"mapping": 1}')[0] == 1


def test_items_are_diagnosed_and_explained(app, flask, channel):
    fill(app, channel, plain(2) | {"cheap": {"price": "0"}})
    flask("add", "--format", "google", "--slug", "offers", "--publish")
    flask("render", "offers")
    status, told = flask("diagnose", "offers", "--outcome", "excluded")
    assert status == 0
    assert "3 mirrored = 2 published (0 with warnings) + 1 excluded" in told
    assert "      1  error    no_price\n      2  info     missing gtin\n" in told
    assert "cheap  Thing cheap: excluded\n    https://shop.example/wp-admin/post.php?post=cheap&" in told
    assert "error no_price: It has no price above zero. Set a regular price" in told
    assert "The shop has: 0\n" in told
    status, told = flask("explain", "offers", "1000")
    assert (status, "\ntitle: Thing 1000\n" in told) == (0, True)
    assert "Made of the regular price (10.00), the currency (EUR)\n" in told
    assert "Nothing for " in told
    assert max(map(len, told.splitlines())) <= 120
    assert flask("explain", "offers", "nothing")[0] == 1
