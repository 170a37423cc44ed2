"""Whatever rows an independent writer writes are read back, and no bytes do any harm."""

import csv
import io
import json
import time
import zlib
from contextlib import contextmanager

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from sync2sys.readers.base import FORMATS, Refused, Row, Shape, Unreadable
from sync2sys.readers.guesses import guess
from sync2sys.readers.reading import DEFAULTS, read
from tests.readers.workbooks import workbook, zipped

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
#: What XML can have; line feeds are told as they are, carriage returns are not.
XML_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Co"], include_characters="\n\t", exclude_characters="\ufffe\uffff"
    ),
    max_size=20,
)
NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=6, unique=True)


@st.composite
def tables(draw, texts=TEXT, least=""):
    """Names of columns, and rows in each of which something stands."""
    names = draw(NAMES)
    row = st.fixed_dictionaries(dict.fromkeys(names, texts)).filter(
        lambda row: any(map(str.strip, row.values()))
    )
    return names, draw(st.lists(row, min_size=1, max_size=6))


def rows_of(tmp_path_factory, data, shape, limits=DEFAULTS):
    path = tmp_path_factory.getbasetemp() / "wild"
    path.write_bytes(data)
    return list(read(path, shape, limits))


def stripped(rows):
    return [{name: text.strip() for name, text in row.items()} for row in rows]


@given(
    tables(),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_csv_is_read_back(tmp_path_factory, table, delimiter, encoding):
    names, rows = table
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    found = rows_of(tmp_path_factory, text.getvalue().encode(encoding), Shape(delimiter=delimiter))
    assert [row.values for row in found] == stripped(rows)


@given(tables(XML_TEXT), st.sampled_from(["utf-8", "utf-16"]), st.booleans())
def test_xml_is_read_back(tmp_path_factory, table, encoding, pretty):
    root = etree.Element("list")
    for row in table[1]:
        item = etree.SubElement(root, "item")
        for name, text in row.items():
            etree.SubElement(item, name).text = text
    data = etree.tostring(root, encoding=encoding, xml_declaration=True, pretty_print=pretty)
    found = rows_of(tmp_path_factory, data, Shape("xml", item_path="list/item"))
    assert [row.values for row in found] == stripped(table[1])


@given(tables(), st.booleans(), st.booleans())
def test_json_is_read_back(tmp_path_factory, table, indent, ascii_only):
    document = {"meta": table[1], "data": [{"list": table[1]}]}
    if ascii_only:
        data = json.dumps(document, indent=1 if indent else None).encode()
    else:
        data = orjson.dumps(document, option=orjson.OPT_INDENT_2 if indent else None)
    found = rows_of(tmp_path_factory, data, Shape("json", item_path="data/list"))
    own = [{name: text for name, text in row.values.items() if name[:3] != "../"} for row in found]
    assert own == stripped(table[1])


@given(tables())
def test_json_lines_are_read_back(tmp_path_factory, table):
    data = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in table[1])
    found = rows_of(tmp_path_factory, data, Shape("jsonl"))
    assert [(row.line, row.values) for row in found] == list(enumerate(stripped(table[1]), 1))


@given(tables(XML_TEXT))
def test_workbooks_are_read_back(tmp_path_factory, table):
    names, rows = table
    data = workbook([names, *([row[name] for name in names] for row in rows)])
    found = rows_of(tmp_path_factory, data, Shape("xlsx"))
    # A cell in which nothing stands is as good as one that is missing.
    assert [row.values for row in found] == [
        {name: text for name, text in row.items() if text} for row in stripped(rows)
    ]


BEGINNINGS = st.sampled_from(
    [
        b"", b"<", b"<a>", b"<?xml version='1.0'?><a><b>", b"[", b"{", b'[{"a":', b'{"a":[{"b":"', b"a,b\n",
        b'a;b\n"',
        b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"PK\3\4", b"PK\5\6" + bytes(18),
        b"\x1f\x8b\x08\0\0\0\0\0\0\3",
        workbook([["a", "b"], [1, "x"]])[:-1], zipped({"a.csv": "a,b\n1,2\n"})[:-30],
    ]
)  # fmt: skip
WILD = st.builds(
    lambda start, middle, end: start + middle + end,
    BEGINNINGS,
    st.binary(max_size=200) | st.text("<>&/\"'[]{}:,;\\\n\r\0 ab1=!-", max_size=200).map(str.encode),
    st.sampled_from([b"", b">", b"</a>", b"]", b"}", b"\n", b'"', b"PK\5\6" + bytes(18)]),
)
SHAPES = st.builds(
    Shape,
    st.sampled_from(FORMATS),
    encoding=st.sampled_from(
        ["", "utf-8", "utf-16", "utf-16-le", "windows-1252", "iso-8859-2", "gb18030", "shift_jis"]
    ),
    delimiter=st.sampled_from(",;\t"),
    quote=st.sampled_from(['"', "'", ""]),
    header=st.integers(0, 3),
    item_path=st.sampled_from(["", "a", "a/b", "*/*"]),
    compression=st.sampled_from(["", "", "gzip", "zip"]),
)


@contextmanager
def unreadable(*codes):
    """What happens is nothing, or a refusal of the file."""
    try:
        yield
    except Unreadable as error:
        code = error.code
    else:
        return
    assert code in codes if codes else code.startswith("FILE_")


def check(rows):
    for row in rows:
        if isinstance(row, Row):
            assert row.values
            assert all(text == text.strip() and "\0" not in text for text in row.values.values())
        else:
            assert isinstance(row, Refused)
        orjson.dumps([row.line, getattr(row, "values", None) or [row.code, row.text]])


@settings(max_examples=400)
@given(WILD, SHAPES)
@example(b"PK\5\6" + b"\xff" * 18, Shape("xlsx"))
def test_no_bytes_do_anything_but_be_read_or_refused(tmp_path_factory, data, shape):
    path = tmp_path_factory.getbasetemp() / "wild"
    path.write_bytes(data)
    began = time.monotonic()
    with unreadable():
        check(read(path, shape))
    with unreadable():
        check(guess(path).rows)
    assert time.monotonic() - began < 20


@settings(max_examples=100)
@given(st.data())
def test_a_workbook_with_any_damage_is_read_or_refused(tmp_path_factory, data):
    whole = bytearray(workbook([["sku", "cost"], *(["x" * n, n / 3] for n in range(20))]))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "wild.xlsx"
    path.write_bytes(bytes(whole))
    with unreadable():
        check(read(path, Shape("xlsx")))


@given(tables(), st.integers(0, 2000))
def test_a_gzip_that_ends_early_is_never_taken_for_whole(tmp_path_factory, table, cut):
    data = zlib.compress(orjson.dumps(table[1] * 20), wbits=31)
    cut = cut % len(data)
    path = tmp_path_factory.getbasetemp() / "wild.gz"
    path.write_bytes(data[:cut])
    with pytest.raises(Unreadable) as caught:
        list(read(path, Shape("json", compression="gzip")))
    assert caught.value.code in ("FILE_TRUNCATED", "FILE_EMPTY")
