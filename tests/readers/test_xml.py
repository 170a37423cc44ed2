import pytest
from lxml import etree

from sync2sys.readers.base import Limits, Unreadable
from sync2sys.readers.reading import DEFAULTS


@pytest.fixture
def reads_xml(reads):
    def readings(data, path="products/product", limits=DEFAULTS, **shape):
        return reads(data, limits, format="xml", item_path=path, **shape)

    return readings


def refusal(reading, *arguments, **more):
    with pytest.raises(Unreadable) as caught:
        reading(*arguments, **more)
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_columns_are_paths_below_the_item(reads_xml):
    data = """<?xml version="1.0"?>
    <products date="today">
      <product id="7"> <title> Shoe &amp; Sock </title>
        <price currency="EUR">19.90</price><images><image>a</image><image>b</image></images><note/>
      </product>
    </products>"""
    assert reads_xml(data) == [
        (
            3,
            {
                "@id": "7",
                "title": "Shoe & Sock",
                "price/@currency": "EUR",
                "price": "19.90",
                "images/image": "a\nb",
                "note": "",
                "../@date": "today",
            },
        )
    ]


def test_of_several_values_the_blank_ones_are_left_out(reads):
    data = "<a><c><x/><x>1</x><x> </x><x>2</x><y/><y/></c></a>"
    assert reads(data, format="xml", item_path="a/c") == [(1, {"x": "1\n2", "y": ""})]
    data = '[{"x": ["", "1", " ", "2"], "y": ["", ""]}]'
    assert reads(data, format="json") == [(1, {"x": "1\n2", "y": ""})]


def test_items_are_what_stands_at_the_path_wherever_that_is(reads):
    data = "<a><b><c><x>1</x></c></b><c><x>2</x></c><b><c><x>3</x></c><d><c><x>4</x></c></d></b></a>"
    found = reads(data, format="xml", item_path="a/b/c")
    assert found == [(1, {"x": "1"}), (1, {"x": "3", "../d/c/x": "4"})]
    assert reads(data, format="xml", item_path="a/*/c") == found
    assert reads(data, format="xml", item_path="a/c") == [(1, {"x": "2", "../b/c/x": "1"})]


def test_an_item_may_be_the_root_or_have_a_text_of_its_own(reads):
    assert reads("<offer><x>1</x></offer>", format="xml") == [(1, {"x": "1"})]
    assert reads("<a><b k='1'>text</b></a>", format="xml", item_path="a/b") == [(1, {"@k": "1", ".": "text"})]


def test_prefixes_are_told_as_they_are_written_and_those_of_google_as_g(reads):
    item = "<channel><item><z:price>1 EUR</z:price><t:x>2</t:x></item></channel>"
    data = f'<rss xmlns:z="http://base.google.com/ns/1.0" xmlns:t="urn:t">{item}</rss>'
    assert reads(data, format="rss") == [(1, {"g:price": "1 EUR", "t:x": "2"})]
    assert reads(data, format="xml", item_path="rss/channel/item") == [(1, {"z:price": "1 EUR", "t:x": "2"})]


def test_html_in_a_text_is_text_and_as_elements_it_is_elements(reads_xml):
    item = "<d><![CDATA[<b>5 < 6</b> & more]]></d><e>one <b>two</b> three</e>"
    data = f"<products><product>{item}</product></products>"
    assert reads_xml(data) == [(1, {"d": "<b>5 < 6</b> & more", "e/b": "two", "e": "one  three"})]


def test_entities_that_only_html_has_are_their_characters(reads_xml):
    data = "<products><product><t>5&nbsp;&euro; &auml;&#8364;</t></product></products>"
    assert reads_xml(data) == [(1, {"t": "5\xa0€ ä€"})]


def test_an_entity_that_nobody_has_costs_one_row(reads_xml):
    data = "<products><product><t>&nonsense;</t></product><product><t>1</t></product></products>"
    assert reads_xml(data) == [(1, "characters"), (1, {"t": "1"})]


@pytest.mark.parametrize("odd", ["\0", "\x0b", "\x1f", "&#0;", "&#x1F;", "&#11;", "\ufffe"])
def test_a_character_that_xml_forbids_costs_one_row(reads_xml, odd):
    data = f"<products>\n<product><t>a{odd}</t></product>\n<product><t>1</t></product></products>"
    assert reads_xml(data) == [(2, "characters"), (3, {"t": "1"})]


def test_a_reference_may_be_cut_by_the_pieces_in_which_a_file_is_read(reads_xml):
    for before in range(65_500, 65_540):
        data = (
            "<products>"
            + " " * before
            + "<product><t>&#x1F;&auml;</t></product><product><t>&#228;</t></product></products>"
        )
        assert reads_xml(data) == [(1, "characters"), (1, {"t": "ä"})]


def test_bytes_in_another_encoding_cost_one_row(reads_xml):
    data = "<products><product><t>ä</t></product><product><t>".encode() + b"\xe4</t></product></products>"
    assert reads_xml(data) == [(1, {"t": "ä"}), (1, "characters")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1250", "iso-8859-2", "windows-1252"])
def test_a_document_is_read_as_it_declares(reads_xml, encoding):
    root = etree.Element("products")
    etree.SubElement(etree.SubElement(root, "product"), "t").text = "é ö"
    data = etree.tostring(root, encoding=encoding, xml_declaration=True)
    assert reads_xml(data) == [(2, {"t": "é ö"})]


def test_items_of_utf_8_in_a_document_that_declares_another_encoding_are_refused(reads_xml):
    root = '<?xml version="1.0" encoding="windows-1252"?><products><product><t>é</t></product>'.encode(
        "latin-1"
    )
    data = root + "<product><t>Größe</t></product></products>".encode()
    assert reads_xml(data) == [(1, {"t": "é"}), (1, "characters")]


def test_a_declaration_that_cannot_be_true_is_passed_over(reads_xml):
    data = '<?xml version="1.0" encoding="utf-16"?><products><product><t>ä</t></product></products>'
    assert reads_xml(data) == [(1, {"t": "ä"})]


@pytest.mark.parametrize("encoding", ["utf-7", "ebcdic-cp-us", "x-user-defined"])
def test_an_encoding_in_which_nobody_writes_lists_is_refused(reads_xml, encoding):
    assert refusal(reads_xml, f'<?xml version="1.0" encoding="{encoding}"?><products/>') == "FILE_ENCODING"


def test_lines_are_counted_beyond_what_other_parsers_can(reads_xml):
    data = "<products>" + "\n" * 70_000 + "<product><t>1</t></product></products>"
    assert reads_xml(data) == [(70_001, {"t": "1"})]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "dtd",
    [
        "<!DOCTYPE products>",
        '<!DOCTYPE products SYSTEM "shops.dtd">',
        '<!DOCTYPE products SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE products [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE products [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]>',
        f'<!DOCTYPE products [<!ENTITY l0 "ha">{LAUGHS}]>',
        f'<!DOCTYPE products [<!ENTITY x "{"x" * 100_000}">]>',
        "<!-- <!DOCTYPE a> --><?pi?>\n<!DOCTYPE products [",
        '<?xml version="1.0" standalone="yes"?><!DOCTYPE products>',
    ],
)
def test_a_document_with_a_dtd_is_refused_where_it_begins(reads_xml, dtd):
    body = "<products><product><t>&x;&l11;</t></product></products>"
    assert refusal(reads_xml, dtd + body) == "FILE_DTD"
    assert refusal(reads_xml, (dtd + body).encode("utf-16")) == "FILE_DTD"


def test_what_looks_like_a_dtd_in_a_text_is_none(reads_xml):
    data = "<products><product><t><![CDATA[<!DOCTYPE html>]]></t></product></products>"
    assert reads_xml(data) == [(1, {"t": "<!DOCTYPE html>"})]


def test_a_huge_text_costs_one_row(reads_xml):
    data = f"<products><product><t>{'x' * 20_000_000}</t></product><product><t>1</t></product></products>"
    assert reads_xml(data) == [(1, "row_too_long"), (1, {"t": "1"})]


def test_a_long_cell_costs_one_row(reads_xml):
    one, two = "<product><t>12345</t><u/></product>", "<product><t>1234</t></product>"
    found = reads_xml(f"<products>{one}{two}</products>", limits=Limits(cell_characters=4))
    assert found == [(1, "cell_too_long"), (1, {"t": "1234"})]


def test_very_many_empty_elements_cost_one_row(reads_xml):
    data = f"<products><product>{'<a/>' * 300_000}</product><product><t>1</t></product></products>"
    assert reads_xml(data) == [(1, "row_too_long"), (1, {"t": "1"})]


def test_too_many_columns_cost_one_row(reads_xml):
    many = "".join(f"<a{n}/>" for n in range(1001))
    assert reads_xml(f"<products><product>{many}</product><product><t>1</t></product></products>") == [
        (1, "too_many_columns"),
        (1, {"t": "1"}),
    ]


@pytest.mark.parametrize("name", ["a" * 1001, "a" * 300_000])
def test_a_column_with_a_huge_name_costs_one_row(reads_xml, name):
    odd = f"<product><{name}><b/><c/></{name}></product><product {name}='1'/>"
    assert reads_xml(f"<products>{odd}<product><t>1</t></product></products>") == [
        (1, "column_too_long"),
        (1, "column_too_long"),
        (1, {"t": "1"}),
    ]


def test_deep_nesting_costs_one_row_and_deeper_one_the_file(reads_xml):
    deep = f"<product>{'<a>' * 70}{'</a>' * 70}</product>"
    assert reads_xml(f"<products>{deep}<product><t>1</t></product></products>") == [
        (1, "too_deep"),
        (1, {"t": "1"}),
    ]
    assert refusal(reads_xml, f"<products><product>{'<a>' * 1_000_000}") == "FILE_TOO_DEEP"
    assert refusal(reads_xml, "<a>" * 1_000_000) == "FILE_TOO_DEEP"


@pytest.mark.parametrize(
    "start", ["<products><product a='", "<products><!--", "<products><", "<products><?p "]
)
def test_a_tag_that_does_not_end_is_not_waited_for(reads_xml, start):
    assert refusal(reads_xml, start + "x" * 5_000_000) == "FILE_NOT_XML"


@pytest.mark.parametrize("cut", [5, 20, 40, 60, 70, 75])
def test_a_document_that_ends_early_is_truncated(reads_xml, cut):
    whole = "<products><product><t>1</t></product><product><t><![CDATA[2]]></t></product></products>"
    assert refusal(reads_xml, whole[:cut]) == "FILE_TRUNCATED"


def test_rows_before_a_break_come_before_the_refusal(tmp_path):
    from sync2sys.readers.base import Row, Shape
    from sync2sys.readers.reading import read

    path = tmp_path / "list.xml"
    path.write_text("<a><b><c>1</c></b>" + " " * 100_000 + "<b><c>2</c></b>")
    found = read(path, Shape("xml", item_path="a/b"))
    assert next(found) == Row(1, {"c": "1"})
    with pytest.raises(Unreadable):
        list(found)


@pytest.mark.parametrize("data", ["<a><b></a>", "<a>1 & 2</a>", "<a/><b/>", "hello", "<a b=1/>", "{}"])
def test_what_is_no_xml_is_refused_with_its_line(reads, data):
    with pytest.raises(Unreadable) as caught:
        reads("\n" + data, format="xml", item_path="a")
    assert caught.value.code == "FILE_NOT_XML"
    assert "line 2" in caught.value.message


@pytest.mark.parametrize(
    "data", ["<products/>", "<products><other/></products>", "<products><product/></products>"]
)
def test_a_document_without_any_item_is_no_list(reads_xml, data):
    assert refusal(reads_xml, data) == "FILE_EMPTY"


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (b"<sku>A-1</sku><t>\xe4</t><price>1</price>", "characters"),
        (b"<sku>A-1</sku><t>" + b"x" * 2500 + b"</t>", "cell_too_long"),
        (b"<sku>A-1</sku>" + b"<a>" * 70 + b"</a>" * 70, "too_deep"),
    ],
)
def test_of_a_refused_item_is_told_what_stood_in_it_before(legible, inner, code):
    data = b"<list><item>" + inner + b"</item><item><sku>B-1</sku></item></list>"
    found = legible(data, Limits(cell_characters=2000), format="xml", item_path="list/item")
    assert found == [(code, {"sku": "A-1"})]


def test_an_item_that_is_refused_for_what_stands_above_it_is_told_by_its_own(legible):
    bad = b"<product><brand>\xe4</brand><item><sku>A-1</sku></item></product>"
    data = b"<list>" + bad + b"<product><item><sku>B-1</sku></item></product></list>"
    found = legible(data, format="xml", item_path="list/product/item")
    assert found == [("characters", {"sku": "A-1"})]
