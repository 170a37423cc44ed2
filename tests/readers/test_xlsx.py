import io

import pytest
from python_calamine import load_workbook

from sync2sys.readers.base import Limits, Unreadable
from sync2sys.readers.reading import DEFAULTS
from sync2sys.readers.sheets import number
from tests.readers.workbooks import Raw, letters, sheet, workbook, zipped


@pytest.fixture
def reads_xlsx(reads):
    def readings(data, limits=DEFAULTS, **shape):
        return reads(data, limits, format="xlsx", **shape)

    return readings


def refusal(reading, *arguments, **more):
    with pytest.raises(Unreadable) as caught:
        reading(*arguments, **more)
    assert caught.value.message.endswith(".")
    return caught.value.code


ROWS = [
    ["sku", "price", "new", "title"],
    ["A-1", 19.9, True, " Größe <42> & more "],
    [],
    ["B", None, False, "two\nlines"],
]


def test_cells_are_told_by_the_names_of_their_columns_and_missing_ones_not_at_all(reads_xlsx):
    assert reads_xlsx(workbook(ROWS)) == [
        (2, {"sku": "A-1", "price": "19.9", "new": "true", "title": "Größe <42> & more"}),
        (4, {"sku": "B", "new": "false", "title": "two\nlines"}),
    ]


def test_others_read_the_same_workbook(reads_xlsx):
    """That the tests' workbooks are real ones shows another reader."""
    data = workbook(ROWS)
    assert load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python() == [
        ["sku", "price", "new", "title"],
        ["A-1", 19.9, True, " Größe <42> & more "],
        ["", "", "", ""],
        ["B", "", False, "two\nlines"],
    ]


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("4006381333931", "4006381333931"),
        ("4006381333931.0", "4006381333931"),
        ("4.006381333931E12", "4006381333931"),
        ("4.00638E+12", "4.00638E+12"),
        ("19.989999999999998", "19.99"),
        ("0.30000000000000004", "0.3"),
        ("1.0", "1"),
        ("-7.50", "-7.5"),
        ("100", "100"),
        ("1E-3", "0.001"),
        ("0.0", "0"),
        ("-0", "0"),
        ("123456789012345", "123456789012345"),
        ("1.2345678901234567E+19", "1.2345678901234567E+19"),
        ("1e999999999", "1e999999999"),
        ("45992", "45992"),
        ("nan", "nan"),
        ("1,5", "1,5"),
        ("²", "²"),
    ],
)
def test_numbers_are_told_as_a_person_writes_them(kept, told):
    assert number(kept) == told


def test_dates_stay_the_numbers_that_they_are(reads_xlsx):
    dated = Raw('<c r="{r}" s="14"><v>45992.5</v></c>')
    assert reads_xlsx(workbook([["from"], [dated]])) == [(2, {"from": "45992.5"})]


def test_a_gtin_that_is_a_text_stays_as_it_stands(reads_xlsx):
    assert reads_xlsx(workbook([["gtin"], ["4.00638E+12"], ["0040063813339"]])) == [
        (2, {"gtin": "4.00638E+12"}),
        (3, {"gtin": "0040063813339"}),
    ]


def test_texts_are_told_wherever_a_program_puts_them(reads_xlsx):
    cells = [
        Raw('<c r="{r}" t="inlineStr"><is><r><t>Ru</t></r><r><t xml:space="preserve">n </t></r></is></c>'),
        Raw('<c r="{r}" t="str"><f>A1&amp;"x"</f><v>made</v></c>'),
        Raw('<c r="{r}" t="e"><v>#N/A</v></c>'),
        Raw('<c r="{r}" t="d"><v>2026-11-25</v></c>'),
        Raw('<c r="{r}" t="inlineStr"><is><t>a_x000D_b</t></is></c>'),
        Raw('<c r="{r}"><f>1+1</f></c>'),
        Raw('<c r="{r}" s="1"/>'),
    ]
    assert reads_xlsx(workbook([list("abcdefg"), cells])) == [
        (2, {"a": "Run", "b": "made", "c": "#N/A", "d": "2026-11-25", "e": "a\rb"})
    ]


def test_readings_of_a_text_are_no_part_of_it(reads_xlsx):
    shared = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>name</t></si>'
        "<si><r><t>東</t></r><r><t>京</t></r><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si></sst>"
    )
    assert reads_xlsx(workbook([["x"], ["y"]], shared_xml=shared)) == [(2, {"name": "東京"})]


def test_cells_and_rows_without_a_place_follow_each_other(reads_xlsx):
    xml = "<worksheet><sheetData><row><c t='str'><v>a</v></c><c t='str'><v>b</v></c></row>"
    xml += "<row><c><v>1</v></c><c><v>2</v></c></row></sheetData></worksheet>"
    assert reads_xlsx(workbook([], sheet_xml=xml)) == [(2, {"a": "1", "b": "2"})]


def test_tags_may_have_a_prefix(reads_xlsx):
    xml = "<x:worksheet xmlns:x='urn:x'><x:sheetData>"
    xml += "<x:row r='1'><x:c r='A1' t='str'><x:v>a</x:v></x:c></x:row>"
    xml += "<x:row r='5'><x:c r='A5'><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    assert reads_xlsx(workbook([], sheet_xml=xml)) == [(5, {"a": "1"})]


def test_a_sheet_is_chosen_by_its_name_else_the_first_that_can_be_seen(reads_xlsx):
    data = workbook({"Old": [["a"], [1]], "New & hot": [["b"], [2]], "More": [["c"], [3]]}, hidden=["Old"])
    assert reads_xlsx(data) == [(2, {"b": "2"})]
    assert reads_xlsx(data, sheet="Old") == [(2, {"a": "1"})]
    with pytest.raises(Unreadable) as caught:
        reads_xlsx(data, sheet="Gone")
    assert caught.value.code == "FILE_NO_SHEET"
    assert "New & hot, More" in caught.value.message


def test_the_header_may_be_further_down_or_missing(reads_xlsx):
    assert reads_xlsx(workbook([["Acme"], [], ["a", "b"], [1, 2]]), header=2) == [(4, {"a": "1", "b": "2"})]
    assert reads_xlsx(workbook([["x", None, "y"]]), header=0) == [(1, {"1": "x", "3": "y"})]


def test_cells_beyond_the_header_cost_one_row(reads_xlsx):
    assert reads_xlsx(workbook([["a"], [1, None, 2], [3]])) == [(2, "wrong_number_of_cells"), (3, {"a": "3"})]


def test_a_cell_far_to_the_right_or_below_takes_no_memory(reads_xlsx):
    xml = "<worksheet><sheetData><row r='1'><c r='A1' t='str'><v>a</v></c></row>"
    xml += "<row r='2'><c r='XFD2'><v>1</v></c></row><row r='1048576'><c r='A1048576'><v>1</v></c></row>"
    data = workbook([], sheet_xml=xml + "</sheetData></worksheet>")
    assert reads_xlsx(data) == [(2, "too_many_columns"), (1_048_576, {"a": "1"})]


def test_huge_cells_and_characters_that_are_none_cost_one_row(reads_xlsx):
    odd = Raw('<c r="{r}" t="str"><v>a_x0000_</v></c>'), Raw('<c r="{r}" t="str"><v>&#1;</v></c>')
    rows = [
        ["a"],
        ["x" * 1_000_001],
        [odd[0]],
        [odd[1]],
        ["_xD800_"],
        [Raw(f"<c><v>{'1' * 1_000_001}</v></c>")],
        [1],
    ]
    assert reads_xlsx(workbook(rows)) == [
        (2, "cell_too_long"),
        (3, "nul"),
        (4, "characters"),
        (5, "characters"),
        (6, "cell_too_long"),
        (7, {"a": "1"}),
    ]


def test_a_row_of_very_much_text_is_refused(reads_xlsx):
    data = workbook([list("ab"), ["x" * 60, "y" * 60], [1, 2]])
    assert reads_xlsx(data, Limits(row_characters=100)) == [(2, "row_too_long"), (3, {"a": "1", "b": "2"})]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_part_with_a_dtd_is_refused(reads_xlsx, part):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    assert refusal(reads_xlsx, workbook([["a"], [1]], more={part: laughs.encode()})) == "FILE_DTD"


def test_a_bomb_is_refused_by_what_it_says_of_itself(reads_xlsx):
    huge = "<worksheet><sheetData>" + " " * 200 * 1024 * 1024
    assert refusal(reads_xlsx, workbook([], sheet_xml=huge)) == "FILE_BOMB"


def test_a_bomb_that_lies_is_refused_while_it_is_inflated(reads_xlsx):
    huge = workbook([["a"], [1]], sheet_xml="<worksheet><sheetData>" + " " * 60 * 1024 * 1024)
    size = len(b"<worksheet><sheetData>") + 60 * 1024 * 1024
    lying = huge.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != huge
    # zipfile itself stops at the size that is told; then the sheet ends early.
    assert refusal(reads_xlsx, lying) in ("FILE_TRUNCATED", "FILE_BOMB")


def test_a_workbook_of_too_many_files_or_bytes_is_refused(reads_xlsx):
    many = workbook(ROWS, more={f"xl/media/{n}.png": b"" for n in range(2001)})
    assert refusal(reads_xlsx, many) == "FILE_TOO_MANY_FILES"
    assert refusal(reads_xlsx, workbook(ROWS), Limits(inflated_bytes=100)) == "FILE_TOO_LARGE"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_that_ends_early_is_truncated(reads_xlsx, share):
    data = workbook([["a"], *([n] for n in range(500))])
    assert refusal(reads_xlsx, data[: int(len(data) * share)]) == "FILE_TRUNCATED"


def test_a_workbook_with_damage_in_it_is_truncated(reads_xlsx):
    data = bytearray(workbook([["a"], *([n] for n in range(500))]))
    place = data.index(b"sheet1.xml") + 200
    data[place : place + 20] = b"\xff" * 20
    assert refusal(reads_xlsx, bytes(data)) == "FILE_TRUNCATED"


def test_a_zip_that_is_no_workbook_and_a_cell_without_its_text_are_refused(reads_xlsx):
    assert refusal(reads_xlsx, zipped({"a.txt": "x"})) == "FILE_NOT_XLSX"
    broken = sheet([["a"], [Raw('<c r="{r}" t="s"><v>7</v></c>')]], {})
    assert refusal(reads_xlsx, workbook([["a"]], sheet_xml=broken)) == "FILE_NOT_XLSX"


def test_a_sheet_without_rows_is_no_list(reads_xlsx):
    assert refusal(reads_xlsx, workbook([])) == "FILE_EMPTY"
    assert refusal(reads_xlsx, workbook([["a", "b"]])) == "FILE_EMPTY"


def test_columns_have_letters_as_everywhere():
    assert [letters(n) for n in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
