"""What each format makes of the nasty catalogue, byte for byte.

SYNC2SYS_UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it.
"""

import os
from pathlib import Path

import orjson
import pytest

from sync2sys.formats import FORMATS
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, NASTY

GOLDEN = Path(__file__).parent / "golden"


def compare(name: str, made: bytes) -> None:
    file = GOLDEN / name
    if os.environ.get("SYNC2SYS_UPDATE_GOLDEN") == "1":
        file.write_bytes(made)
    assert made.decode() == file.read_bytes().decode()


def document(renderer: Renderer) -> bytes:
    body, _, _ = renderer.chunk(NASTY.values())
    return renderer.prologue() + body + renderer.epilogue()


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_the_nasty_catalogue_as_it_always_did(name):
    format = FORMATS[name]
    compare(f"{name}.{format.extension}", document(Renderer(format, CONTEXT)))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_leaves_items_out_for_the_same_reasons_as_ever(name):
    renderer = Renderer(FORMATS[name], CONTEXT)
    reasons = {label: found for label, item in NASTY.items() if (found := renderer.reasons(item))}
    compare(f"{name}.reasons.json", orjson.dumps(reasons, option=orjson.OPT_INDENT_2) + b"\n")


@pytest.mark.parametrize("name", FORMATS)
def test_items_are_left_out_exactly_when_there_is_a_reason(name):
    renderer = Renderer(FORMATS[name], CONTEXT)
    _, left_out, _ = renderer.chunk(NASTY.values())
    assert left_out == [item for item in NASTY.values() if renderer.reasons(item)]
    assert left_out == [item for item in NASTY.values() if renderer.render(item) is None]


@pytest.mark.parametrize("name", FORMATS)
def test_equal_data_makes_equal_bytes_at_another_time_of_the_same_phases(name):
    later = CONTEXT._replace(now=CONTEXT.now.replace(microsecond=1))
    assert document(Renderer(FORMATS[name], later)) == document(Renderer(FORMATS[name], CONTEXT))
