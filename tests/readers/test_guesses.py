import gzip
import json

import pytest

from sync2sys.readers.base import Limits, Row, Unreadable
from sync2sys.readers.guesses import guess
from tests.readers.workbooks import workbook, zipped


@pytest.fixture
def guesses(tmp_path):
    def guessing(data, name="", content_type="", **more):
        path = tmp_path / "upload"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return guess(path, name, content_type, **more)

    return guessing


def refusal(guesses, data, **more):
    with pytest.raises(Unreadable) as caught:
        guesses(data, **more)
    assert caught.value.message[-1] in '.?"}]'
    return caught.value.code


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
def test_the_delimiter_is_the_one_that_makes_rows_of_equal_length(guesses, delimiter):
    rows = [["sku", "title", "cost"], ["A", '"one, two; three|4"', "1"], ["B", "x y", "2"]]
    found = guesses("\n".join(map(delimiter.join, rows)))
    assert (found.shape.format, found.shape.delimiter, found.shape.header) == ("csv", delimiter, 1)
    assert found.columns == ["sku", "title", "cost"]
    assert found.rows[0] == Row(2, {"sku": "A", "title": "one, two; three|4", "cost": "1"})
    assert found.remarks == []


@pytest.mark.parametrize("delimiter", ["||", ";;", "~|~"])
def test_a_delimiter_of_several_characters_is_seen(guesses, delimiter):
    rows = [["sku", "title", "cost"], ["A", f'"x{delimiter}y"', "1,50"], ["B", "", "2,00"]]
    found = guesses("\n".join(map(delimiter.join, rows)))
    assert (found.shape.delimiter, found.shape.header) == (delimiter, 1)
    assert found.rows[0].values == {"sku": "A", "title": f"x{delimiter}y", "cost": "1,50"}
    assert found.rows[1].values["title"] == ""


def test_empty_cells_are_no_long_delimiters(guesses):
    found = guesses("sku;title;cost\nA;;1\nB;;2\n;;\n")
    assert found.shape.delimiter == ";"
    found = guesses("A|x|1\nB||2\nC||3\n")
    assert found.shape.delimiter == "|"


def test_decimal_commas_are_no_delimiters(guesses):
    found = guesses("sku;cost;price\nA;1,50;2,99\nB;1,70;3,49\nC;0,99;1,29\n")
    assert found.shape.delimiter == ";"


def test_quotes_that_are_inches_mean_nothing(guesses):
    found = guesses('sku;title\n1;24" wide\n2;"half open\n3;x\n4;"more\n5;17"\n')
    assert found.shape.quote == ""
    assert found.rows[1] == Row(3, {"sku": "2", "title": '"half open'})


def test_single_quotes_are_seen(guesses):
    rows = "".join(f"'{n}';'a;b'\n" for n in range(10))
    assert guesses(f"'sku';'title'\n{rows}").rows[0] == Row(2, {"sku": "0", "title": "a;b"})


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe Grün Weiß", "windows-1252"),
        ("Crème brûlée où garçon", "windows-1252"),
        ("żółta łódź Gdańsk śnieg ćma", "windows-1250"),
        ("żółta łódź Gdańsk śnieg ćma", "iso-8859-2"),
        ("příliš žluťoučký kůň úpěl ďábelské ódy", "windows-1250"),
        ("příliš žluťoučký kůň úpěl ďábelské ódy", "iso-8859-2"),
        ("árvíztűrő tükörfúrógép", "windows-1250"),
        ("Чайник электрический белый", "windows-1251"),
        ("Größe", "utf-8"),
        ("żółta łódź", "utf-8-sig"),
        ("Größe", "utf-16"),
        ("Größe und Farbe", "utf-16-le"),
        ("Größe und Farbe", "utf-16-be"),
    ],
)
def test_the_encoding_is_guessed_by_letters(guesses, text, encoding):
    found = guesses(f"sku;title\n1;{text}\n".encode(encoding))
    assert found.rows == [Row(2, {"sku": "1", "title": text})]


def test_letters_far_behind_are_seen(guesses):
    data = b"sku;title\n" + b"1;plain text\n" * 200_000 + "2;Größe\n".encode("windows-1252")
    assert guesses(data).shape.encoding == "windows-1252"


def test_the_sender_decides_where_bytes_allow_several(guesses):
    data = "sku;title\n1;naïve\n".encode("iso-8859-15")
    assert guesses(data, content_type="text/csv; charset=ISO-8859-15").shape.encoding == "iso-8859-15"
    data = "sku;title\n1;naïve\n".encode()
    assert guesses(data, content_type="text/csv; charset=ISO-8859-15").shape.encoding == "utf-8"


def test_some_lines_in_another_encoding_are_told(guesses):
    data = "sku;title\n1;ä\n2;ö\n".encode() + "3;ü\n".encode("windows-1252")
    found = guesses(data)
    assert found.shape.encoding == "utf-8"
    assert [row.line for row in found.rows] == [2, 3]
    assert "Line 4" in " ".join(found.remarks)


def test_the_header_is_the_first_line_of_names(guesses):
    found = guesses("Acme Ltd\nPrices of 2026;;\n\nsku;cost;ean\n1;2;4006381333931\n2;3;4006381333931\n")
    assert found.shape.header == 4
    assert found.columns == ["sku", "cost", "ean"]
    assert "line 4" in found.remarks[0]


def test_rows_without_a_header_are_called_by_numbers(guesses):
    found = guesses("4006381333931;Pen;1,50\n4006381333948;Ink;2,50\n")
    assert found.shape.header == 0
    assert found.rows[0] == Row(1, {"1": "4006381333931", "2": "Pen", "3": "1,50"})


def test_only_a_header_shows_its_columns(guesses):
    found = guesses("sku;price\n")
    assert (found.columns, found.rows) == (["sku", "price"], [])
    assert "no rows" in found.remarks[0]
    found = guesses(workbook([["sku", "price"]]))
    assert (found.columns, found.rows) == (["sku", "price"], [])


def test_not_more_than_the_first_rows_are_shown(guesses):
    assert [row.line for row in guesses("a;b\n" + "1;2\n" * 100).rows] == list(range(2, 22))


XML = """<catalog><info><name>Acme</name><date>today</date><year>2026</year></info>
<category id="1"><name>Pens</name><product><sku>1</sku><title>Pen</title><cost>1</cost>
<variants><variant><a>1</a><b>2</b><c>3</c></variant><variant><a>1</a><b>2</b><c>3</c></variant></variants></product>
<product><sku>2</sku><title>Ink</title><cost>2</cost></product></category>
<category id="2"><name>Paper</name></category></catalog>"""


def test_items_of_xml_are_neither_their_groups_nor_their_parts(guesses):
    found = guesses(XML)
    assert (found.shape.format, found.shape.item_path) == ("xml", "catalog/category/product")
    assert [row.values["sku"] for row in found.rows] == ["1", "2"]


def test_one_item_of_xml_is_seen(guesses):
    data = "<offers a='1' b='2' c='3'><offer id='7'><name>x</name><price>1</price></offer></offers>"
    assert guesses(data).shape.item_path == "offers/offer"


def test_items_may_have_attributes_only(guesses):
    data = "<list><row sku='1' price='2' name='x'/><row sku='2' price='3' name='y'/></list>"
    assert guesses(data).rows[0] == Row(1, {"@sku": "1", "@price": "2", "@name": "x"})


def test_the_beginning_of_a_large_document_is_enough(guesses):
    rows = "".join(
        f"<item><sku>{n}</sku><cost>1</cost><title>{'x' * 100}</title></item>" for n in range(20_000)
    )
    assert guesses(f"<items>{rows}</items>").shape.item_path == "items/item"
    rows = json.dumps([{"sku": n, "cost": 1, "title": "x" * 100} for n in range(20_000)])
    assert guesses(f'{{"data": {{"list": {rows}}}}}').shape.item_path == "data/list"


@pytest.mark.parametrize(("root", "path"), [("rss", "rss/channel/item"), ("feed", "feed/entry")])
def test_feeds_for_google_are_seen(guesses, root, path):
    inner = "<g:id>1</g:id><g:price>2 EUR</g:price>"
    for name in reversed(path.split("/")[1:]):
        inner = f"<{name}>{inner}</{name}>"
    found = guesses(f'<?xml version="1.0"?><{root} xmlns:g="http://base.google.com/ns/1.0">{inner}</{root}>')
    assert (found.shape.format, found.shape.item_path) == ("rss", path)
    assert found.rows == [Row(1, {"g:id": "1", "g:price": "2 EUR"})]


def test_xml_that_does_not_say_its_encoding_is_guessed(guesses):
    data = XML.replace("Ink", "Füller").encode("windows-1252")
    assert guesses(data).rows[1].values["title"] == "Füller"


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "utf-16-le", "utf-8"])
def test_xml_that_says_its_encoding_is_believed(guesses, encoding):
    data = f'<?xml version="1.0" encoding="{encoding}"?>{XML.replace("Ink", "Füller")}'.encode(encoding)
    assert guesses(data).rows[1].values["title"] == "Füller"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([{"a": 1, "b": 2}], ""),
        (
            {"status": "ok", "page": 1, "data": {"products": [{"a": 1, "b": 2}, {"a": 2, "b": 3}]}},
            "data/products",
        ),
        ({"products": {"1": {"a": 1}, "2": {"a": 2}, "3": {"a": 3}}}, "products/*"),
        ([{"id": 1, "n": 2, "m": 3, "variants": [{"a": 1, "b": 2, "c": 3}] * 3}] * 2, ""),
    ],
)
def test_the_list_in_a_document_is_found(guesses, document, path):
    found = guesses(json.dumps(document))
    assert (found.shape.format, found.shape.item_path) == ("json", path)
    assert found.rows


def test_json_lines_are_told_from_json(guesses):
    assert guesses('{"a": 1}\n{"a": 2}\n').shape.format == "jsonl"
    assert guesses('{"a": 1}\n', name="list.jsonl").shape.format == "jsonl"
    assert guesses('[\n{"a": 1},\n{"a": 2}\n]').shape.format == "json"


def test_an_answer_that_tells_of_an_error_is_no_list(guesses):
    assert refusal(guesses, '{"error": "no access"}') == "FILE_NO_ITEMS"
    assert refusal(guesses, "[]") == "FILE_NO_ITEMS"
    assert refusal(guesses, "<error><code>7</code></error>" * 0 + "<error/>") == "FILE_NO_ITEMS"


def test_a_workbook_is_seen_whatever_its_name(guesses):
    found = guesses(
        workbook({"Info": [["Acme"], [], ["sku", "cost"], ["A", 1.5]], "More": [["x"]]}), name="a.csv"
    )
    assert (found.shape.format, found.shape.sheet, found.shape.header) == ("xlsx", "Info", 3)
    assert found.rows == [Row(4, {"sku": "A", "cost": "1.5"})]
    assert "More" in found.remarks[0]


def test_what_is_packed_is_looked_into(guesses):
    data = b"sku;cost\n1;2\n"
    assert guesses(gzip.compress(data)).shape.compression == "gzip"
    assert guesses(zipped({"today-25.csv": data})).shape.member == ""
    found = guesses(zipped({"a/list.csv": data, "stock.csv": "x", "readme.md": "hello" * 100}))
    assert (found.shape.compression, found.shape.member) == ("zip", "a/list.csv")
    assert "stock.csv" in found.remarks[0]
    assert guesses(zipped({"a.xlsx": workbook([["a", "b"], [1, 2]])})).shape.format == "xlsx"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE_EMPTY"),
        (b"\xef\xbb\xbf \n\n", "FILE_EMPTY"),
        (b"\xff\xfe", "FILE_EMPTY"),
        ("\n\n".encode("utf-16"), "FILE_EMPTY"),
        (b"%PDF-1.7 ...", "FILE_NO_LIST"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "FILE_NO_LIST"),
        (b"Rar!\x1a\x07\x01\x00", "FILE_NO_LIST"),
        (bytes(range(32)) * 100, "FILE_NO_LIST"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "FILE_HTML"),
        ("<html><body>Anmelden für Händler</body></html>".encode("utf-16"), "FILE_HTML"),
        (b"<!DOCTYPE products><products/>", "FILE_DTD"),
        (gzip.compress(b"sku;cost\n1;2\n" * 1000)[:-9], "FILE_TRUNCATED"),
        (gzip.compress(b"sku;cost\n1;2\n" * 1000)[:30], "FILE_TRUNCATED"),
        (zipped({"a.csv": "a;b\n"})[:-5], "FILE_TRUNCATED"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "FILE_NO_LIST"),
        (gzip.compress(b""), "FILE_EMPTY"),
        ("sku".encode("utf-32"), "FILE_ENCODING"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_what_is_no_list_is_told_as_what_it_is(guesses, data, code):
    assert refusal(guesses, data) == code


def test_limits_hold_for_a_guess_too(guesses):
    bomb = gzip.compress(b"x" * 3_000_000)
    assert refusal(guesses, bomb, limits=Limits(inflated_bytes=2_000_000)) == "FILE_TOO_LARGE"


# Items with parts that are what is sold -----------------------------------------------------------

NESTED = """<products>
<product id="1"><brand>Acme</brand><title>Shoe</title><images><image src="a"/><image src="b"/></images>
<variants><variant sku="A" qty="3"/><variant sku="B" qty="0"/></variants></product>
<product id="2"><brand>Acme</brand><title>Sock</title><variants><variant sku="C" qty="1"/></variants>
</product></products>"""


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (NESTED, "products/product/variants/variant"),
        (NESTED.replace("<variants>", "").replace("</variants>", ""), "products/product/variant"),
        (NESTED.replace("sku=", "id="), "products/product/variants/variant"),
        (NESTED.replace("<title>", "<price>9</price><title>"), "products/product/variants/variant"),
        ('{"products": [{"brand": "Acme", "variants": [{"sku": "A"}, {"sku": "B"}]}]}', "products/variants"),
        (
            '[{"id": 1, "name": "x", "vendor": "y", "variants": [{"vendorSku": 1}, {"vendorSku": 2}]}]',
            "variants",
        ),
    ],
)
def test_parts_with_codes_of_their_own_are_the_items(guesses, document, path):
    found = guesses(document)
    assert found.shape.item_path == path
    assert any(path in remark for remark in found.remarks)
    assert any(column.startswith("../") for column in found.columns)


def test_items_of_which_some_have_parts_with_codes_stay_the_items_and_it_is_told(guesses):
    data = NESTED.replace("<title>", "<price>9</price><title>")
    data = data.replace(
        "</products>", '<product id="3"><price>9</price><title>Hat</title></product></products>'
    )
    found = guesses(data)
    assert found.shape.item_path == "products/product"
    assert any("products/product/variants/variant" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    "parts",
    [
        '<prices><price qty="1" value="9"/><price qty="10" value="8"/></prices>',
        '<stocks><warehouse code="N" qty="1"/><warehouse code="S" qty="2"/></stocks>',
        '<attributes><attribute id="1" name="x"/><attribute id="2" name="y"/></attributes>',
    ],
)
def test_parts_that_nobody_sells_are_no_items(guesses, parts):
    product = f"<product><sku>A</sku><title>x</title><brand>y</brand>{parts}</product>"
    found = guesses(f"<products>{product * 2}</products>")
    assert found.shape.item_path == "products/product"
    assert found.remarks == []


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("<a><u>1</u>{}<x>2</x></a>".format('<product sku="A" qty="1" name="x"/>' * 2), "x"),
        (
            '{"u": 1, "products": [{"sku": 1, "qty": 2}, {"sku": 2, "qty": 2}], "sum": 2, "page": 1}',
            "sum, page",
        ),
        (
            '{"u": 1, "p": [{"sku": 1, "qty": 2}, {"sku": 2, "qty": 2}], "\\ud800": 1}',
            "\N{REPLACEMENT CHARACTER}",
        ),
        ('{"d": {"u": 1, "products": [{"sku": 1, "qty": 2}, {"sku": 2, "qty": 2}], "sum": 2}}', "sum"),
    ],
)
def test_what_stands_behind_all_items_is_told_to_be_in_none(guesses, document, names):
    found = guesses(document)
    assert found.remarks == [f"Behind the items stands what they therefore do not have: {names}."]
    assert found.rows[0].values["../u"] == "1"
    assert not {"../x", "../sum"} & set(found.columns)


def test_what_stands_behind_the_items_of_one_of_several_is_in_them(guesses):
    found = guesses('[{"variants": [{"sku": 1, "qty": 1}, {"sku": 2, "qty": 2}], "brand": "Acme"}]')
    assert found.rows[0].values["../brand"] == "Acme"
    assert not any("Behind" in remark for remark in found.remarks)
