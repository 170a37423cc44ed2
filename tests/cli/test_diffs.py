"""flask feeds diff, as an operator types it."""

import pytest

from tests.cli.test_feeds import channel, fill, flask  # noqa: F401 - fixtures among them
from tests.services.catalogues import plain


@pytest.fixture
def renders(app, flask, channel):  # noqa: F811
    """Two renders of a feed."""
    flask("add", "--format", "csv", "--slug", "offers", "--publish")
    before = {"1": {}, "2": {"price": "2.00", "gtin": "4006381333931", "text": "Word " * 50}}
    for items in (before, {"2": {"price": "2.50", "text": "Words " * 50}} | plain(2)):
        fill(app, channel, items)
        flask("render", "offers")


def test_the_last_render_is_compared_with_the_one_before(flask, renders):  # noqa: F811
    status, told = flask("diff", "offers")
    assert status == 0
    lines = told.splitlines()
    assert lines[:5] == [
        "Generation 1 to 2: 1 changed, 1 removed, 2 added",
        "    description\t1",
        "    gtin\t1",
        "    price\t1",
        "changed\t2",
    ]
    assert lines[5].startswith("    description: Word Word")
    assert lines[5].endswith("Words …")
    assert lines[6:] == [
        "    price: 2.00 -> 2.50",
        "    gtin: 4006381333931 -> nothing",
        "removed\t1",
        "added\t1000",
        "added\t1001",
    ]


def test_two_renders_are_named_by_generation(flask, renders):  # noqa: F811
    assert flask("diff", "offers", "2", "1")[1].startswith("Generation 2 to 1: 1 changed, 2 removed, 1 added")
    assert flask("diff", "offers", "1", "1") == (0, "Generation 1 to 1: 0 changed, 0 removed, 0 added\n")


def test_some_of_the_differences_can_be_asked_for(flask, renders):  # noqa: F811
    told = flask("diff", "offers", "--kind", "added", "--limit", "1")[1].splitlines()
    assert told[-2:] == ["added\t1000", "1 more; --limit shows them."]
    told = flask("diff", "offers", "--field", "price")[1].splitlines()
    assert [line for line in told if "\t" in line and not line.startswith(" ")] == ["changed\t2"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none"], "No such feed"),
        (["offers", "9"], "Generations that are: 2, 1"),
        (["offers", "x"], "no render x"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(flask, renders, words, told):  # noqa: F811
    status, output = flask("diff", *words)
    assert status == 1
    assert told in output
    assert "Traceback" not in output
