"""What each format makes of the nasty catalogue, byte for byte: `make golden` writes the files anew."""

from pathlib import Path

import orjson
import pytest

from sync2sys.formats import FORMATS
from sync2sys.formats.base import Format, Item
from sync2sys.formats.renderer import Renderer
from tests.formats.asked import asked, with_everything
from tests.formats.catalogue import CONTEXT, MARKETED, NASTY, in_market, sold
from tests.golden import compare

GOLDEN = Path(__file__).parent / "golden"


def nasty(format: Format) -> dict[str, Item]:
    return dict(zip(NASTY, sold(format, NASTY.values()), strict=True))


def document(renderer: Renderer, items: dict[str, Item]) -> bytes:
    body, _, _ = renderer.chunk(items.values())
    return renderer.prologue() + body + renderer.epilogue()


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_the_nasty_catalogue_as_it_always_did(name):
    format = FORMATS[name]
    compare(GOLDEN / f"{name}.{format.extension}", document(Renderer(format, CONTEXT), nasty(format)))


@pytest.mark.parametrize("name", [name for name, format in FORMATS.items() if asked(format)])
def test_a_format_writes_what_an_owner_says_as_it_always_did(name):
    renderer = with_everything(FORMATS[name])
    items = sold(FORMATS[name], [NASTY["boxed"], NASTY["other options"]])
    body, left_out, _ = renderer.chunk(items)
    assert left_out == []
    compare(
        GOLDEN / f"{name}.mapped.{FORMATS[name].extension}", renderer.prologue() + body + renderer.epilogue()
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_leaves_items_out_for_the_same_reasons_as_ever(name):
    format = FORMATS[name]
    compare(GOLDEN / f"{name}.reasons.json", reasons(Renderer(format, CONTEXT), nasty(format)))


def reasons(renderer: Renderer, items: dict[str, Item]) -> bytes:
    found = {label: found for label, item in items.items() if (found := renderer.reasons(item))}
    return orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n"


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_a_feed_for_a_market_as_it_always_did(name):
    """Prices with tax, the language, and what delivery costs."""
    format = FORMATS[name]
    renderer = in_market(format)
    items = dict(zip(MARKETED, sold(format, MARKETED.values()), strict=True))
    compare(GOLDEN / f"{name}.market.{format.extension}", document(renderer, items))
    compare(GOLDEN / f"{name}.market.reasons.json", reasons(renderer, items))


@pytest.mark.parametrize("name", FORMATS)
def test_items_are_left_out_exactly_when_there_is_a_reason(name):
    renderer, items = Renderer(FORMATS[name], CONTEXT), list(nasty(FORMATS[name]).values())
    _, left_out, _ = renderer.chunk(items)
    assert left_out == [item for item in items if renderer.reasons(item)]
    assert left_out == [item for item in items if renderer.render(item) is None]


@pytest.mark.parametrize("name", FORMATS)
def test_equal_data_makes_equal_bytes_at_another_time_of_the_same_phases(name):
    format, later = FORMATS[name], CONTEXT._replace(now=CONTEXT.now.replace(microsecond=1))
    items = nasty(format)
    assert document(Renderer(format, later), items) == document(Renderer(format, CONTEXT), items)
