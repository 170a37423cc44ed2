"""Any item makes well-formed output, and independent readers find in it what the rules gave."""

import csv
import io
import itertools
import json
import re
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
from tests.formats.catalogue import CONTEXT, NASTY, NOW, item
from tests.formats.test_addresses import URI

GOOGLE, CSV, JSON = (Renderer(FORMATS[name], CONTEXT) for name in ("google", "csv", "json"))
RENDERERS = [Renderer(format, CONTEXT) for format in FORMATS.values()]


def with_syntax(kind):
    """The renderers of all formats in a syntax."""
    return [renderer for renderer in RENDERERS if type(renderer.format.syntax) is kind]


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
    currency=st.sampled_from(["EUR", "JPY", "KWD", ""]),
    availability=st.sampled_from(["in_stock", "out_of_stock", "backorder", "preorder", "?"]),
    quantity=st.none() | st.integers(-(2**31), 2**31),
    weight=st.none() | PRICE,
    weight_unit=st.sampled_from(["kg", "lbs", "g", "oz", "", "st"]),
    product_published=st.just(1) | st.integers(0, 1),
    variant_published=st.just(1) | st.booleans(),
    purchasable=st.just(1) | st.integers(0, 1),
    kind=st.just("simple"),
    tags=st.none() | written(st.lists(JSON_TEXT, max_size=3)),
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
                and isinstance(line.value, str)
                and renderer.format.name != "skroutz"
            ):
                assert URI.fullmatch(value)


@given(FEEDS)
@settings(max_examples=100)
def test_an_xml_parser_finds_the_values_in_a_google_feed(items):
    root = etree.fromstring(document(GOOGLE, items), etree.XMLParser(recover=False, strip_cdata=False))
    found = []
    for element in root.iterfind("channel/item"):
        values = dict.fromkeys(field.name for field in GOOGLE.fields)
        for name, group in itertools.groupby(element, key=lambda child: child.tag.removeprefix(G)):
            texts = tuple(child.text for child in group)
            values[name] = texts if name == "additional_image_link" else texts[0]
            assert all(texts)
            assert len(texts) == 1 or name == "additional_image_link"
        found.append(values)
    assert found == expected(GOOGLE, items)


@given(ITEMS)
@settings(max_examples=100)
def test_every_value_is_within_its_limits(item):
    for renderer in RENDERERS:
        within_limits(renderer, item)
    google = {line.field.name: line.value for line in GOOGLE.explain(item)}
    for name in ("price", "sale_price"):
        assert re.fullmatch(r"[0-9]+(\.[0-9]{2,3})? [A-Z]{3}", google[name] or "1 EUR")


@given(FEEDS)
@settings(max_examples=100)
def test_a_csv_reader_finds_the_values_in_a_csv_feed(items):
    text = document(CSV, items).decode()
    assert not text.startswith("\ufeff")
    assert re.sub(r'"(?:[^"]|"")*"', "", text).count("\r\n") == 1 + len(expected(CSV, items))
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    joins = {field.name: field.join for field in CSV.fields}
    assert rows[0] == list(joins)
    assert rows[1:] == [
        [flat(value, *joins[name]) for name, value in values.items()] for values in expected(CSV, items)
    ]


@given(FEEDS)
@settings(max_examples=40)
def test_a_reader_of_tabs_finds_the_values_on_single_lines(items):
    for renderer in with_syntax(writers.Tsv):
        text = document(renderer, items).decode()
        lines = text.split("\n")
        assert len(lines) == 2 + len(expected(renderer, items)), renderer.format.name
        rows = list(csv.reader(lines[:-1], delimiter="\t", strict=True))
        joins = {field.name: field.join for field in renderer.fields}
        assert rows[0] == list(joins)
        assert rows[1:] == [
            [on_one_line(flat(value, *joins[name])) for name, value in values.items()]
            for values in expected(renderer, items)
        ], renderer.format.name


@given(FEEDS)
@settings(max_examples=40)
def test_a_csv_reader_finds_the_values_of_every_channel(items):
    for renderer in with_syntax(writers.Csv):
        text = document(renderer, items).decode()
        glue = renderer.format.syntax.glue
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=glue, strict=True)
        joins = {field.name: field.join for field in renderer.fields}
        assert list(reader)[1:] == [
            [flat(value, *joins[name]) for name, value in values.items()]
            for values in expected(renderer, items)
        ], renderer.format.name


@given(FEEDS)
@settings(max_examples=40)
def test_each_json_line_is_an_item_without_what_it_has_not(items):
    for renderer in with_syntax(writers.JsonLines):
        lines = document(renderer, items).decode().split("\n")
        assert [json.loads(line) for line in lines[:-1]] == [
            json.loads(json.dumps({name: value for name, value in values.items() if value is not None}))
            for values in expected(renderer, items)
        ], renderer.format.name


@given(FEEDS)
@settings(max_examples=40)
def test_an_xml_parser_finds_the_values_of_every_channel(items):
    for renderer in with_syntax(writers.Xml):
        root = etree.fromstring(document(renderer, items), etree.XMLParser(recover=False, strip_cdata=False))
        assert [values_in(element, renderer) for element in root] == [
            {name: value if value is None else texts_of(value) for name, value in values.items()}
            for values in expected(renderer, items)
        ], renderer.format.name


def values_in(item, renderer):
    values = dict.fromkeys(field.name for field in renderer.fields)
    for name, group in itertools.groupby(item, key=lambda child: child.tag):
        values[name] = [found for child in group for found in texts_in(child)]
    return values


def texts_in(element):
    """Its text, or the pairs of name and value that it is or holds."""
    if not len(element):
        return [element.text]
    pairs = list(element) if len(element[0]) else [element]
    return [tuple(child.text for child in pair) for pair in pairs]


def texts_of(value):
    if isinstance(value, dict):
        return [tuple(text or None for text in each) for each in value.items()]
    return list(value) if isinstance(value, tuple) else [str(value)]


def on_one_line(text):
    return " ".join(text.split()) if set(text) & set("\t\n\r") else text


def flat(value, joint, substitute):
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, tuple):
        return joint.join(each.replace(joint, substitute) for each in value)
    return str(value)


@given(FEEDS)
@settings(max_examples=100)
def test_a_json_parser_finds_the_values_in_a_json_feed(items):
    feed = json.loads(document(JSON, items))
    assert feed["version"] == "json-1"
    assert feed["items"] == json.loads(json.dumps(expected(JSON, items)))


@given(ITEMS)
@settings(max_examples=100)
def test_equal_items_make_equal_bytes_whatever_was_rendered_before(item):
    for renderer in (GOOGLE, CSV, JSON):
        assert renderer.render(item) == Renderer(renderer.format, CONTEXT).render(item._replace())


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
