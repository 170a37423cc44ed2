"""What was rendered is read back as it was meant, by parsers that know nothing of how it was written."""

import json

import pytest
from hypothesis import given, settings

from sync2sys.formats import FORMATS, reading, writers
from sync2sys.formats.ceneo import Offers
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, NASTY, item, named, sold
from tests.formats.test_wellformed import FEEDS, RENDERERS, about, expected, flat, on_one_line

FLAT = [renderer for renderer in RENDERERS if renderer.format.variants is None]
NESTED = [renderer for renderer in RENDERERS if renderer.format.variants is not None]
EVERY = pytest.mark.parametrize("renderer", RENDERERS, ids=[each.format.name for each in RENDERERS])
ALL = pytest.mark.parametrize("renderer", FLAT, ids=[each.format.name for each in FLAT])


def in_csv(value, field):
    return flat(value, field)


def in_tabs(value, field):
    return on_one_line(flat(value, field))


def in_xml(value, field):
    if isinstance(value, tuple | list):
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, dict) and not isinstance(value, str):
        return value
    return str(value)


def in_json(value, field):
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.loads(json.dumps(value)) if isinstance(value, tuple | list | dict) else str(value)


def in_flat_json(value, field):
    is_cell = isinstance(value, list) and field.join.joint
    return flat(value, field) if is_cell else in_json(value, field)


SPELLED = {
    writers.Rss: in_xml,
    writers.Xml: in_xml,
    writers.Csv: in_csv,
    writers.Tsv: in_tabs,
    writers.Json: in_json,
    writers.JsonLines: in_json,
    Offers: in_xml,
}


def meant(renderer, items):
    """The values of the items that are not left out, as the syntax spells them."""
    syntax = renderer.format.syntax
    spell = in_flat_json if getattr(syntax, "is_flat", False) else SPELLED[type(syntax)]
    fields = {field.name: field for field in renderer.fields}
    return [
        {name: spell(value, fields[name]) for name, value in values.items() if value is not None}
        for values in expected(renderer, items)
    ]


def found(renderer, items):
    format = reading.as_written(renderer.format, renderer.prologue())
    return list(reading.read(format, renderer.chunk(items).text))


@given(FEEDS)
@settings(max_examples=40)
def test_a_chunk_is_read_back_with_the_values_that_the_rules_gave(items):
    for renderer in FLAT:
        with about(renderer):
            assert found(renderer, items) == meant(renderer, items)


@ALL
def test_every_nasty_item_is_read_back(renderer):
    items = sold(renderer.format, NASTY.values())
    assert found(renderer, items) == meant(renderer, items)


@given(FEEDS)
@settings(max_examples=80)
def test_parts_of_a_chunk_are_the_chunk_and_any_of_them_can_be_read(items):
    for renderer in RENDERERS:
        with about(renderer):
            parts_can_be_read(renderer, items)


def parts_can_be_read(renderer, items):
    format, chunk = reading.as_written(renderer.format, renderer.prologue()), renderer.chunk(items).text
    parts = format.syntax.split(chunk)
    assert format.syntax.separator.join(parts) == chunk
    assert all(parts)
    whole = list(reading.read(format, chunk))
    assert [each for part in parts for each in reading.read(format, part)] == whole
    some = format.syntax.separator.join(parts[::2])
    assert list(reading.read(format, some)) == [
        each for part in parts[::2] for each in reading.read(format, part)
    ]


@EVERY
def test_a_chunk_is_parted_at_its_items_whatever_they_hold(renderer):
    format = reading.as_written(renderer.format, renderer.prologue())
    ending = format.syntax.closing
    items = [
        item(
            key=str(no),
            group_key=str(no),
            title=f'T "{ending}" {ending}',
            description=f"A {ending}\r\n{ending} B",
        )
        for no in range(5)
    ]
    parts = format.syntax.split(renderer.chunk(sold(format, items)).text)
    assert len(parts) == 5 == len(list(reading.read(format, format.syntax.separator.join(parts))))


@ALL
def test_a_chunk_without_items_is_read_as_none(renderer):
    assert found(renderer, []) == []


@ALL
def test_an_item_is_named_by_the_first_field(renderer):
    (only,) = found(renderer, sold(renderer.format, [item(key="4711")]))
    assert only[renderer.format.fields[0].name] == "4711"


@pytest.mark.parametrize("renderer", NESTED, ids=[each.format.name for each in NESTED])
def test_a_nested_product_is_read_with_all_its_variants(renderer):
    sizes = [item(key=size, group_key="9", has_variants=1, options=named(Size=size)) for size in ("42", "43")]
    (product,) = found(renderer, sizes)
    assert product["id"] == "9"
    inside = json.dumps(product.get("variations") or product.get("variants"))
    assert all(size in inside for size in ("42", "43"))
    assert list(found(renderer, NASTY.values()))


def test_a_text_of_any_length_is_read_from_a_table():
    renderer = Renderer(FORMATS["csv"], CONTEXT)
    (only,) = found(renderer, [item(description="word " * 60_000)])
    assert len(only["description"]) == 299_999


@pytest.mark.parametrize(
    ("version", "name"),
    [
        *[(format.version, format.name) for format in FORMATS.values()],
        ("google-2020-01", "google"),
        ("google-tsv-2020-01", "google-tsv"),
        ("csv-99", "csv"),
        ("google-other-2020-01", None),
        ("csv", None),
        ("", None),
    ],
)
def test_a_version_is_known_by_its_format(version, name):
    format = reading.format_of(version)
    assert (format and format.name) == name


def test_a_table_is_read_by_the_columns_it_names_itself():
    format = reading.as_written(FORMATS["csv"], b"id,was_once,title\r\n")
    assert list(reading.read(format, b"1,x,Shoe\r\n2,,Hat\r\n")) == [
        {"id": "1", "was_once": "x", "title": "Shoe"},
        {"id": "2", "title": "Hat"},
    ]


@pytest.mark.parametrize("name", ["google", "xml"])
def test_no_document_type_is_taken_from_a_chunk(name):
    chunk = b'<!DOCTYPE a [<!ENTITY b "c">]><item><id>&b;</id></item>'
    with pytest.raises(SyntaxError):
        list(reading.read(FORMATS[name], chunk))
