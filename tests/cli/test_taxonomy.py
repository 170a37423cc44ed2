"""flask taxonomy and flask feeds categories, as an operator types them."""

import json

import pytest

from tests.faults.server import FaultServer, answer
from tests.services import catalogues, taxonomies

SHOP = {
    "1": {"categories": ["Shoes > Running"]},
    "2": {"categories": ["Shoes"]},
    "3": {"categories": ["Lamps"]},
    "4": {"categories": ["Odds and ends"]},
}


@pytest.fixture
def flask(app):
    """Run a command; the status it ends with and what it prints."""

    def run(*words, **options):
        done = app.test_cli_runner().invoke(args=list(words), **options)
        return done.exit_code, done.output

    return run


@pytest.fixture
def file(tmp_path):
    """A file with this content; its path."""

    def write(content, name="taxonomy.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def shop(app):
    with app.app_context():
        channel = catalogues.channel(catalogues.organization())
        catalogues.fill(channel, SHOP)


LOADED = (0, "2026-01-01: 7 categories are loaded.\n")


def shown(flask):
    return flask("taxonomy", "show")[1].splitlines()[0]


# Loading ------------------------------------------------------------------------------------------


def test_a_taxonomy_is_loaded_from_a_file_shown_and_asked(flask, file):
    assert "None is loaded" in shown(flask)
    assert "flask taxonomy load https://www.google.com/" in flask("taxonomy", "show")[1]
    assert flask("taxonomy", "load", file(taxonomies.FILE)) == LOADED
    assert shown(flask) == "2026-01-01: 7 categories"
    assert flask("taxonomy", "suggest", "Hats") == (0, "13\tApparel > Hats\t1.00\n")
    assert flask("taxonomy", "suggest", "Shoe")[1].startswith("11\tApparel > Shoes\t1.00\n12\t")
    assert flask("taxonomy", "suggest", "Schuhe") == (0, "")


def test_a_taxonomy_is_loaded_from_standard_input_and_from_an_address(flask, server):
    assert flask("taxonomy", "load", "-", input=taxonomies.FILE) == LOADED
    server.on("/taxonomy.txt", answer(taxonomies.LATER.encode()))
    status, told = flask("taxonomy", "load", f"{server.url}/taxonomy.txt")
    assert (status, told) == (0, "2026-06-01: 6 categories are loaded.\n")
    assert shown(flask) == "2026-06-01: 6 categories"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "line 1: This should be"),
        ("<!doctype html><title>Not here</title>", "line 1: This should be"),
        (taxonomies.FILE + "\nno entry\n", "line 10: This should be a number and a path"),
        (b"# Google_Product_Taxonomy_Version: 1\n1 - Caf\xe9\n", "not UTF-8"),
        (b"# " + b"x" * (8 * 1024 * 1024), "larger than 8,388,608 bytes"),
    ],
)
def test_a_file_that_is_no_taxonomy_is_refused_and_the_old_one_stays(flask, file, content, reason):
    flask("taxonomy", "load", file(taxonomies.FILE))
    status, told = flask("taxonomy", "load", file(content, "other.txt"))
    assert (status, told[:28]) == (1, "Error: This is no taxonomy: ")
    assert reason in told
    assert shown(flask) == "2026-01-01: 7 categories"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "The server answered 404"),
        ("/moved", "Name that: https://elsewhere.example/taxonomy.txt."),
        ("/page", "line 1: This should be"),
        ("/endless", "larger than 8388608 bytes"),
    ],
)
def test_an_address_without_a_taxonomy_is_told_in_a_sentence(flask, file, server, path, reason):
    server.on("/gone", answer(b"not here", status=404))
    moved = {"Location": "https://elsewhere.example/taxonomy.txt"}
    server.on("/moved", answer(b"", status=302, headers=moved))
    server.on("/page", answer(b"<title>Sign in</title>"))
    server.on("/endless", answer(b"x" * (9 * 1024 * 1024)))
    flask("taxonomy", "load", file(taxonomies.FILE))
    status, told = flask("taxonomy", "load", server.url + path)
    assert (status, reason in told) == (1, True), told
    assert shown(flask) == "2026-01-01: 7 categories"


def test_what_cannot_be_read_or_reached_is_told_in_a_sentence(make_app, tmp_path, server):
    runner = make_app(OUTBOUND_ALLOW="").test_cli_runner()
    for source, reason in [
        (str(tmp_path / "none.txt"), "none.txt cannot be read: No such file"),
        (str(tmp_path), "cannot be read: Is a directory"),
        (f"{server.url}/taxonomy.txt", "127.0.0.1 is not a public address."),
    ]:
        done = runner.invoke(args=["taxonomy", "load", source])
        assert (done.exit_code, reason in done.output) == (1, True), done.output
    assert server.requests == []
    assert "No taxonomy is loaded" in runner.invoke(args=["taxonomy", "suggest", "Shoes"]).output


def test_loading_tells_which_feeds_use_categories_that_are_gone(flask, file, shop):
    flask("taxonomy", "load", file(taxonomies.FILE))
    flask("feeds", "add", "--format", "google", "--slug", "offers")
    rules = {"Shoes": 11, "Shoes > Running": 12, "Knives": "Home > Kitchen Knives", "Odds": 22}
    flask("feeds", "define", "offers", file(json.dumps({"categories": rules})))
    status, told = flask("taxonomy", "load", file(taxonomies.LATER))
    assert (status, told.splitlines()) == (
        0,
        [
            "2026-06-01: 6 categories are loaded.",
            "offers\tKnives\tHome > Kitchen Knives is gone; "
            "perhaps 21 Home > Knives; 20 Home; 22 Home > Lamps",
            "offers\tShoes > Running\t12 is gone; perhaps 11 Apparel > Shoes",
        ],
    )


# The categories of a feed -------------------------------------------------------------------------


def test_the_categories_of_a_feed_are_a_table(flask, file, shop):
    flask("taxonomy", "load", file(taxonomies.FILE))
    flask("feeds", "add", "--format", "google", "--slug", "offers")
    flask("feeds", "define", "offers", file('{"categories": {"Shoes": 12, "Lamps": "home>lamps"}}'))
    flask("taxonomy", "load", file(taxonomies.LATER))
    status, told = flask("feeds", "categories", "offers")
    assert (status, told.splitlines()) == (
        0,
        [
            "Lamps\t1 products\t1 items\t22 Home > Lamps\town rule",
            "Odds and ends\t1 products\t1 items\tno rule",
            "Shoes\t2 products\t2 items\t12\town rule, which the taxonomy does not have",
            "Shoes > Running\t1 products\t1 items\t12\tfrom Shoes, which the taxonomy does not have",
        ],
    )
    flask("feeds", "define", "offers", file("{}"))
    assert (
        "Shoes\t2 products\t2 items\tno rule; perhaps 11 Apparel > Shoes (1.00)\n"
        in (flask("feeds", "categories", "offers")[1])
    )


def test_suggested_rules_are_a_definition_to_edit_and_nothing_is_changed(flask, file, shop):
    flask("taxonomy", "load", file(taxonomies.FILE))
    flask("feeds", "add", "--format", "google", "--slug", "offers")
    kept = {"filter": {"field": "brand", "is": "Acme"}, "categories": {"Lamps": 20}}
    flask("feeds", "define", "offers", file(json.dumps(kept)))
    before = flask("feeds", "export", "offers")
    status, told = flask("feeds", "categories", "offers", "--suggest")
    suggested = {"Shoes": "Apparel > Shoes", "Shoes > Running": "Apparel > Shoes > Running Shoes"}
    assert (status, json.loads(told)) == (0, kept | {"categories": suggested | {"Lamps": 20}})
    assert flask("feeds", "export", "offers") == before
    assert flask("feeds", "define", "offers", "-", input=told)[0] == 0
    assert json.loads(flask("feeds", "export", "offers")[1])["definition"] == json.loads(told)


@pytest.mark.parametrize(
    ("format", "problem"),
    [
        ("csv", "This format has no field for Google's category.\n"),
        ("google", "No taxonomy is loaded, so nothing is suggested: see `flask taxonomy show`.\n"),
    ],
)
def test_why_nothing_can_be_suggested_is_said(app, flask, shop, format, problem):
    flask("feeds", "add", "--format", format, "--slug", "offers")
    done = app.test_cli_runner().invoke(args=["feeds", "categories", "offers"])
    assert (done.exit_code, done.stderr) == (0, problem)
    assert done.stdout.startswith("Lamps\t1 products\t1 items\tno rule\n")
    assert flask("feeds", "categories", "offers", "--suggest") == (1, f"Error: {problem}")
    assert "No such feed" in flask("feeds", "categories", "none")[1]


def test_an_explanation_names_the_category(flask, file, shop):
    flask("taxonomy", "load", file(taxonomies.FILE))
    flask("feeds", "add", "--format", "google", "--slug", "offers")
    flask("feeds", "define", "offers", file('{"categories": {"Shoes": 11}}'))
    told = flask("feeds", "explain", "offers", "1")[1]
    assert "google_product_category: 11\n    11 - Apparel > Shoes\n    the rule for Shoes: 11\n" in told


def test_a_rule_that_the_taxonomy_does_not_have_is_told_in_a_sentence(flask, file, shop):
    flask("taxonomy", "load", file(taxonomies.FILE))
    flask("feeds", "add", "--format", "google", "--slug", "offers")
    status, told = flask("feeds", "define", "offers", file('{"categories": {"Lamps": 99}}'))
    assert (status, 'no category "99". Did you mean 22 "Home > Lamps"?' in told) == (1, True)
