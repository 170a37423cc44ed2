"""Any item makes well-formed output, and independent readers find in it what the rules gave."""

import csv
import io
import itertools
import json
import re
from contextlib import contextmanager
from datetime import timedelta

import feedparser
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from sync2sys.formats import FORMATS, parts, writers
from sync2sys.formats.base import Item
from sync2sys.formats.renderer import Renderer
from sync2sys.formats.text import plain
from tests.formats.catalogue import CONTEXT, NASTY, NOW, in_market, item
from tests.formats.test_addresses import URI

CSV, JSON = (Renderer(FORMATS[name], CONTEXT) for name in ("csv", "json"))
#: For a market, because such a feed has all that others have, and more.
RENDERERS = [in_market(format) for format in FORMATS.values()]
GOOGLE = in_market(FORMATS["google"])

G = "{http://base.google.com/ns/1.0}"

ANY = st.text(st.characters(exclude_categories=()), max_size=30)
BITS = (
    "]]>",
    "&amp;",
    "<b>",
    "</item>",
    '"',
    ",",
    "\r\n",
    "\n",
    "\x00",
    "\ufeff",
    "\ud800",
    " ",
    "ü",
    "🎉",
    "word ",
)
TEXT = (
    ANY
    | st.lists(st.sampled_from(BITS), max_size=12).map("".join)
    | st.sampled_from(BITS).map(lambda bit: bit * 400)
)
KEY = st.text(min_size=1, max_size=70).filter(lambda key: bool(key.strip("\x00")))
ADDRESS = st.just("https://shop.example/a") | TEXT.map("https://shop.example/".__add__) | TEXT
PRICE = st.decimals("-1", "9999", places=3).map(str) | st.sampled_from(["", "0", "x", "1E+3"])
MOMENT = st.integers(-200, 200).map(lambda minutes: NOW + timedelta(seconds=minutes * 37))
#: What JSON in a database can hold: no lone surrogates.
JSON_TEXT = st.text(max_size=30) | st.sampled_from(["", " ", "]]>", 'a "b", c', "A > B", "\x00", "\x1f"])
NAME = st.sampled_from(["Color", "Größe", "Pohlaví", "pa_material"]) | JSON_TEXT


def written(strategy):
    return strategy.map(lambda value: orjson.dumps(value).decode())


ITEMS = st.builds(
    Item,
    key=KEY,
    group_key=KEY,
    has_variants=st.integers(0, 1),
    title=TEXT,
    variant_title=TEXT,
    description=TEXT | TEXT.map(plain),
    link=ADDRESS,
    image=st.none() | ADDRESS,
    images=st.none()
    | written(st.lists(JSON_TEXT | JSON_TEXT.map("https://shop.example/".__add__), max_size=14)),
    brand=st.none() | TEXT,
    categories=st.none() | written(st.lists(JSON_TEXT, max_size=3)),
    gtin=st.sampled_from(["", "4006381333931", "1234", "316148410X"]) | TEXT,
    mpn=TEXT,
    sku=TEXT,
    options=st.none() | written(st.dictionaries(NAME, JSON_TEXT, max_size=3)),
    price=PRICE,
    sale_price=st.none() | PRICE,
    sale_from=st.none() | MOMENT,
    sale_to=st.none() | MOMENT,
    currency=st.sampled_from(["EUR", "CZK", "PLN", "JPY", "KWD", ""]),
    availability=st.sampled_from(["in_stock", "out_of_stock", "backorder", "preorder", "?"]),
    quantity=st.none() | st.integers(-(2**31), 2**31),
    weight=st.none() | PRICE,
    weight_unit=st.sampled_from(["kg", "lbs", "g", "oz", "", "st"]),
    product_published=st.just(1) | st.integers(0, 1),
    variant_published=st.just(1) | st.booleans(),
    purchasable=st.just(1) | st.integers(0, 1),
    kind=st.just("simple"),
    tags=st.none() | written(st.lists(JSON_TEXT, max_size=3)),
    prices_include_tax=st.just(1) | st.sampled_from([0, True, False, None]),
    taxable=st.just(1) | st.booleans(),
    tax_class=st.sampled_from(["", "standard", "reduced", "odd"]),
    tax_rates=st.sampled_from([None, "", "{}", '{"reduced":"7.5"}', '{"":null,"odd":null}']),
    length=st.none() | PRICE,
    width=st.none() | PRICE,
    height=st.none() | PRICE,
    dimension_unit=st.sampled_from(["cm", "m", "in", "yd", "", "ell"]),
    attributes=st.none() | written(st.dictionaries(NAME, st.lists(JSON_TEXT, max_size=3), max_size=3)),
    meta=st.none() | written(st.dictionaries(NAME, JSON_TEXT, max_size=3)),
    available_at=st.none() | MOMENT,
)
FEEDS = st.lists(ITEMS, max_size=3)


def document(renderer, items):
    body, left_out, _ = renderer.chunk(items)
    assert left_out == [item for item in items if renderer.reasons(item)]
    return renderer.prologue() + body + renderer.epilogue()


def expected(renderer, items):
    """The values of all items that are not left out, by field."""
    return [
        {line.field.name: line.value for line in renderer.explain(item)}
        for item in items
        if not renderer.reasons(item)
    ]


def within_limits(renderer, item):
    for line in renderer.explain(item):
        values = line.value if isinstance(line.value, tuple) else (line.value,)
        assert line.field.times is None or len(values) <= line.field.times
        for value in filter(None, values):
            if isinstance(value, str):
                assert line.field.limit is None or len(value) <= line.field.limit
                assert value.strip() == value
            # Skroutz wants addresses as people read them.
            if (
                "link" in line.field.name
                and not {"applink", "deep"} & set(re.split("[._]", line.field.name))
                and isinstance(line.value, str)
                and renderer.format.name != "skroutz"
            ):
                assert URI.fullmatch(value)


@contextmanager
def about(renderer):
    """Of what fails in here, say in which format it does."""
    try:
        yield
    except Exception as error:
        error.add_note(f"format: {renderer.format.name}")
        raise


@given(FEEDS)
@settings(max_examples=150)
def test_independent_readers_find_the_values_in_every_format(items):
    """To draw items takes far longer than to write and to read them, so all formats get the same ones."""
    for renderer in (*READ, CSV, JSON):
        with about(renderer):
            READERS[type(renderer.format.syntax)](renderer, items)


def test_all_other_formats_have_tests_of_their_own():
    known = {renderer.format.name for renderer in READ}
    assert set(FORMATS) - known == {"acp", "ceneo", "skroutz"}


def read_rss(renderer, items):
    root = etree.fromstring(document(renderer, items), etree.XMLParser(recover=False, strip_cdata=False))
    repeated = {field.name: list if field.parts else tuple for field in renderer.fields if field.times}
    found = []
    for element in root.iterfind("channel/item"):
        values = dict.fromkeys(field.name for field in renderer.fields)
        for name, same in itertools.groupby(element, key=lambda child: child.tag.removeprefix(G)):
            found_here = [of_google(child) for child in same]
            several = repeated.get(name)
            values[name] = several(found_here) if several else found_here[0]
            assert all(found_here)
            assert len(found_here) == 1 or several
        found.append(values)
    assert found == [
        {name: str(value) if isinstance(value, int) else value for name, value in values.items()}
        for values in expected(renderer, items)
    ]


def of_google(element):
    """The text of an element, or its parts."""
    return {child.tag.removeprefix(G): child.text for child in element} if len(element) else element.text


def read_csv(renderer, items):
    text, glue = document(renderer, items).decode(), renderer.format.syntax.glue
    assert not text.startswith("\ufeff")
    assert re.sub(r'"(?:[^"]|"")*"', "", text).count("\r\n") == 1 + len(expected(renderer, items))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=glue, strict=True))
    fields = {field.name: field for field in renderer.fields}
    assert rows[0] == list(fields)
    assert rows[1:] == [
        [flat(value, fields[name]) for name, value in values.items()] for values in expected(renderer, items)
    ]


def read_tabs(renderer, items):
    text = document(renderer, items).decode()
    lines = text.split("\n")
    assert len(lines) == 2 + len(expected(renderer, items))
    rows = list(csv.reader(lines[:-1], delimiter="\t", strict=True))
    fields = {field.name: field for field in renderer.fields}
    assert rows[0] == list(fields)
    assert rows[1:] == [
        [on_one_line(flat(value, fields[name])) for name, value in values.items()]
        for values in expected(renderer, items)
    ]


def read_json_lines(renderer, items):
    lines = document(renderer, items).decode().split("\n")
    fields = {field.name: field for field in renderer.fields}
    assert [json.loads(line) for line in lines[:-1]] == [
        {name: in_json(value, fields[name], renderer) for name, value in values.items() if value is not None}
        for values in expected(renderer, items)
    ]


def in_json(value, field, renderer):
    """A value as JSON has it: groups are objects, or texts where the channel wants everything flat."""
    is_text = isinstance(value, list) and renderer.format.syntax.is_flat
    return flat(value, field) if is_text else json.loads(json.dumps(value))


def read_json(renderer, items):
    feed = json.loads(document(renderer, items))
    assert feed["version"] == renderer.format.version
    assert feed["items"] == json.loads(json.dumps(expected(renderer, items)))


def read_xml(renderer, items):
    root = etree.fromstring(document(renderer, items), etree.XMLParser(recover=False, strip_cdata=False))
    found = []
    for element in root:
        values = dict.fromkeys(field.name for field in renderer.fields)
        for name, group in itertools.groupby(element, key=lambda child: child.tag):
            values[name] = [found for child in group for found in texts_in(child)]
        found.append(values)
    assert found == [
        {name: value if value is None else texts_of(value) for name, value in values.items()}
        for values in expected(renderer, items)
    ]


def texts_in(element):
    """Its text, or the texts of the pairs or the group that it is or holds."""
    if not len(element):
        return [element.text]
    pairs = list(element) if len(element[0]) else [element]
    return [tuple(child.text for child in pair) for pair in pairs]


def texts_of(value):
    if isinstance(value, dict):
        return [tuple(text or None for text in each) for each in value.items()]
    if isinstance(value, list):
        return [tuple(group.values()) for group in value]
    return list(value) if isinstance(value, tuple) else [str(value)]


#: Syntax -> what is to be found in a feed of it.
READERS = {
    writers.Rss: read_rss,
    writers.Xml: read_xml,
    writers.Csv: read_csv,
    writers.Tsv: read_tabs,
    writers.Json: read_json,
    writers.JsonLines: read_json_lines,
}
READ = [renderer for renderer in RENDERERS if type(renderer.format.syntax) in READERS]


def on_one_line(text):
    return " ".join(text.split()) if set(text) & set("\t\n\r") else text


def flat(value, field):
    """A value in a cell."""
    joint, substitute = field.join
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not joint and isinstance(value, tuple | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, list):
        value = tuple(in_colons(group, field.parts) for group in value)
    if isinstance(value, tuple):
        return joint.join(in_list(each, joint, substitute) for each in value)
    return str(value)


def in_list(text, joint, substitute):
    """A text among several in a cell."""
    if substitute is not None:
        return text.replace(joint, substitute)
    return '"' + text.replace('"', '""') + '"' if set(text) & {joint, '"'} else text


def in_colons(group, parts):
    texts = [" ".join(group.get(part, "").replace(":", " ").split()) for part in parts]
    while texts and not texts[-1]:
        texts.pop()
    return ":".join(texts)


@given(ITEMS)
@settings(max_examples=100)
def test_every_value_is_within_its_limits(item):
    for renderer in RENDERERS:
        with about(renderer):
            within_limits(renderer, item)
    google = {line.field.name: line.value for line in GOOGLE.explain(item)}
    for name in ("price", "sale_price"):
        assert re.fullmatch(r"[0-9]+(\.[0-9]{2,3})? [A-Z]{3}", google[name] or "1 EUR")


@given(ITEMS)
@settings(max_examples=100)
def test_equal_items_make_equal_bytes_whatever_was_rendered_before(item):
    plain = ((each, Renderer(each.format, CONTEXT)) for each in (CSV, JSON))
    for renderer, anew in ((GOOGLE, in_market(GOOGLE.format)), *plain):
        assert renderer.render(item) == anew.render(item._replace())


@pytest.mark.parametrize("renderer", [GOOGLE, CSV, JSON], ids=["google", "csv", "json"])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_separators_stand_between_items_however_they_are_grouped(renderer, count):
    """Put together as a feed is: chunks packed one by one, empty ones among them."""
    items = [item(key=str(number)) for number in range(count)]
    draft = item(key="draft", product_published=0)
    whole = document(renderer, items)
    for cuts in itertools.product([False, True], repeat=max(count - 1, 0)):
        groups = [[draft], []]
        for number, each in enumerate(items):
            if number == 0 or cuts[number - 1]:
                groups += [[draft], []]
            groups[-1].append(each)
        bodies = [body for group in groups if (body := renderer.chunk(group)[0])]
        between = [renderer.separator] * (2 * len(bodies))
        pieces = [piece for pair in zip(bodies, between, strict=False) for piece in pair][:-1]
        packed = [parts.pack(piece) for piece in (renderer.prologue(), *pieces, renderer.epilogue())]
        extent = parts.total(part.extent for part in packed)
        assert b"".join(parts.plain(extent, (part.data for part in packed))) == whole


def test_a_feed_reader_finds_titles_links_and_google_fields():
    feed = feedparser.parse(document(GOOGLE, NASTY.values()))
    assert not feed.bozo
    assert feed.feed.title == "Rig & Söhne <Shop> ]]>"
    assert len(feed.entries) == len(expected(GOOGLE, NASTY.values()))
    assert feed.entries[0].g_price == "89.90 EUR"
    assert feed.entries[0].link == "https://shop.example/p/trail"
