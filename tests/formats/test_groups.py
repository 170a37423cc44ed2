"""Values that have parts, in every syntax: written, and found by readers that know nothing of the writers."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sync2sys.formats import FORMATS, writers
from sync2sys.formats.base import Field, Join
from sync2sys.formats.text import clean
from tests.formats.test_wellformed import JSON_TEXT, G, in_colons

PARTS = ("country", "region", "service", "price")
FIELD = Field("shipping", lambda field, context: lambda: None, (), times=9, join=Join(",", ";"), parts=PARTS)
LINES = [
    {"country": "DE", "service": "Standard", "price": "4.90 EUR"},
    {"country": "US", "region": "CA", "price": "16.00 USD"},
]
TEXT = JSON_TEXT.map(clean).filter(bool)
GROUPS = st.lists(
    st.dictionaries(st.sampled_from(PARTS), TEXT, min_size=1).map(
        lambda group: {part: group[part] for part in PARTS if part in group}
    ),
    min_size=1,
    max_size=4,
)
RSS = writers.Rss("g", "http://base.google.com/ns/1.0", frozenset())
XML = writers.Xml("SHOP", "SHOPITEM")
CDATA = writers.Xml("SHOP", "SHOPITEM", cdata=True)
CSV, TSV = writers.Csv(), writers.Tsv()
LINE, JSON = writers.JsonLines("shipping"), writers.Json()


def written(syntax, groups):
    return syntax.opening + syntax.writer(FIELD)(groups) + syntax.closing


def read(syntax, groups):
    format = replace(FORMATS["csv"], syntax=syntax, fields=(FIELD,))
    (item,) = syntax.read(format, written(syntax, groups).encode())
    return item["shipping"]


def test_a_group_is_an_element_of_elements_with_the_channels_prefix():
    assert RSS.writer(FIELD)(LINES) == (
        "<g:shipping>\n<g:country>DE</g:country>\n<g:service>Standard</g:service>\n"
        "<g:price>4.90 EUR</g:price>\n</g:shipping>\n"
        "<g:shipping>\n<g:country>US</g:country>\n<g:region>CA</g:region>\n"
        "<g:price>16.00 USD</g:price>\n</g:shipping>\n"
    )


def test_an_empty_part_of_a_cell_keeps_its_place_unless_nothing_follows():
    assert CSV.writer(FIELD)([{"country": "DE", "service": "DHL"}]) == "DE::DHL"
    assert TSV.writer(FIELD)(LINES) == "DE::Standard:4.90 EUR,US:CA::16.00 USD"


def test_what_parts_groups_and_parts_in_a_cell_is_in_none_of_them():
    groups = [{"country": "DE", "service": "Express: a, b", "price": "1.00 EUR"}]
    assert next(csv.reader([CSV.writer(FIELD)(groups)])) == ["DE::Express a; b:1.00 EUR"]


def test_a_text_in_the_place_of_groups_is_written_as_it_is():
    assert RSS.writer(FIELD)("DE:::1") == "<g:shipping>DE:::1</g:shipping>\n"
    assert CSV.writer(FIELD)("DE:::1") == "DE:::1"


@given(GROUPS)
def test_an_xml_parser_finds_every_part(groups):
    item = etree.fromstring(f'<all xmlns:g="{G[1:-1]}">{written(RSS, groups)}</all>')[0]
    assert [{part.tag.removeprefix(G): part.text for part in group} for group in item] == groups
    for syntax in (XML, CDATA):
        item = etree.fromstring(written(syntax, groups))
        assert [{part.tag: part.text for part in group} for group in item] == groups


@given(GROUPS)
def test_a_reader_of_cells_finds_the_parts_between_colons(groups):
    (row,) = csv.reader(io.StringIO(written(CSV, groups), newline=""))
    cells = [in_colons(group, PARTS).replace(",", ";") for group in groups]
    assert row == [",".join(cells)]


@given(GROUPS)
def test_a_json_parser_finds_groups_as_objects(groups):
    for syntax in (LINE, JSON):
        assert json.loads(written(syntax, groups)) == {"shipping": groups}


@pytest.mark.parametrize("syntax", [RSS, XML, CDATA, LINE, JSON])
@given(groups=GROUPS)
def test_groups_are_read_back_as_they_were(syntax, groups):
    is_single = len(groups) == 1 and syntax not in (LINE, JSON)
    assert read(syntax, groups) == (groups[0] if is_single else groups)
