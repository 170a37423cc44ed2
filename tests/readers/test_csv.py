import codecs

import pytest

from sync2sys.readers.base import Limits, Unreadable


def test_cells_are_told_by_the_names_of_their_columns(reads):
    assert reads(b"sku,price\nA, 1.50 \nB,2\n") == [
        (2, {"sku": "A", "price": "1.50"}),
        (3, {"sku": "B", "price": "2"}),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "^", "\x01", "¦", "||", "~|~", ", "])
def test_any_characters_can_be_between_cells(reads, delimiter):
    data = f'a{delimiter}b\n"1{delimiter}x"{delimiter}2\n'
    assert reads(data, delimiter=delimiter) == [(2, {"a": f"1{delimiter}x", "b": "2"})]


def test_between_long_delimiters_rows_are_refused_and_go_on_as_usual(reads):
    data = 'a||b\n1||"2\n3||4\n5||"x\ny"\n6||7||8\n|9||"z|"||\n' + "x" * 100 + '||1\n24"||3\n'
    assert reads(data, Limits(row_characters=90), delimiter="||") == [
        (2, "quote_not_closed"),
        (3, {"a": "3", "b": "4"}),
        (4, {"a": "5", "b": "x\ny"}),
        (6, "wrong_number_of_cells"),
        (7, {"a": "|9", "b": "z|"}),
        (8, "row_too_long"),
        (9, {"a": '24"', "b": "3"}),
    ]


def test_a_quote_can_be_another_character_or_none(reads):
    assert reads(b"a,b\n'1,2',3\n", quote="'") == [(2, {"a": "1,2", "b": "3"})]
    assert reads(b'a,b\n24" wide,"3\n', quote="") == [(2, {"a": '24" wide', "b": '"3'})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(reads, end):
    assert reads(end.join(["a,b", "1,2", "", "3,4"])) == [
        (2, {"a": "1", "b": "2"}),
        (4, {"a": "3", "b": "4"}),
    ]


def test_a_gtin_that_a_spreadsheet_rounded_stays_as_it_stands(reads):
    assert reads(b"gtin\n4.00638E+12\n") == [(2, {"gtin": "4.00638E+12"})]


def test_line_ends_in_quotes_belong_to_the_cell_and_count_as_lines(reads):
    assert reads(b'a,b\n"x\ny",1\nz,2\n') == [(2, {"a": "x\ny", "b": "1"}), (4, {"a": "z", "b": "2"})]


def test_a_byte_order_mark_is_no_part_of_the_first_name(reads):
    assert reads(codecs.BOM_UTF8 + "größe\nä\n".encode()) == [(2, {"größe": "ä"})]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "windows-1252", "windows-1250", "iso-8859-2"]
)
def test_a_file_is_read_in_its_encoding(reads, encoding):
    assert reads("a;b\nöé;ß\n".encode(encoding), delimiter=";", encoding=encoding) == [
        (2, {"a": "öé", "b": "ß"})
    ]


def test_a_byte_order_mark_beats_the_encoding_of_yesterday(reads):
    assert reads("a\nä\n".encode("utf-16"), encoding="windows-1252") == [(2, {"a": "ä"})]
    assert reads(codecs.BOM_UTF8 + "a\nä\n".encode(), encoding="windows-1252") == [(2, {"a": "ä"})]


def test_rows_in_another_encoding_are_refused_and_the_others_read(reads):
    data = "a,b\nä,1\n".encode() + "ö,2\n".encode("windows-1252") + "ü,3\n".encode()
    assert reads(data) == [(2, {"a": "ä", "b": "1"}), (3, "characters"), (4, {"a": "ü", "b": "3"})]


def test_rows_of_utf_8_in_a_file_of_another_encoding_are_refused_too(reads):
    data = "a\nGröße\n".encode("windows-1252") + "Größe\nCafé\n20 €\nplain\n".encode()
    expected = [
        (2, {"a": "Größe"}),
        (3, "characters"),
        (4, "characters"),
        (5, "characters"),
        (6, {"a": "plain"}),
    ]
    assert reads(data, encoding="windows-1252") == expected


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Ł żółw", "windows-1250"),
        ("nożyczki", "windows-1250"),
        ("nůž", "iso-8859-2"),
        ("Футболка", "windows-1251"),
        ("Παπούτσι", "windows-1253"),
        ("Größe", "cp850"),
    ],
)
def test_utf_8_is_known_whatever_encoding_the_file_was_in_before(reads, text, encoding):
    assert reads(f"a\n{text}\n".encode(encoding), encoding=encoding) == [(2, {"a": text})]
    assert reads(f"a\n{text}\nx\n".encode(), encoding=encoding) == [(2, "characters"), (3, {"a": "x"})]


@pytest.mark.parametrize(
    ("text", "encoding"), [("CĂŞTI AUDIO", "windows-1250"), ("NŮŽ 20 CM", "windows-1250")]
)
def test_capitals_that_would_be_a_letter_in_utf_8_are_believed(reads, text, encoding):
    text.encode(encoding).decode("utf-8")
    assert reads(f"a\n{text}\n".encode(encoding), encoding=encoding) == [(2, {"a": text})]


def test_a_row_with_a_nul_is_refused(reads):
    assert reads(b"a,b\n1\0,2\n3,4\n") == [(2, "nul"), (3, {"a": "3", "b": "4"})]


def test_a_row_with_more_or_fewer_cells_is_refused(reads):
    assert reads(b"a,b\n1\n1,2\n1,2,3\n") == [
        (2, "wrong_number_of_cells"),
        (3, {"a": "1", "b": "2"}),
        (4, "wrong_number_of_cells"),
    ]


@pytest.mark.parametrize(
    ("row", "code", "values"),
    [
        (b"A-1,1,2,3\n", "wrong_number_of_cells", {"sku": "A-1", "title": "1", "cost": "2"}),
        (b" A-1 \n", "wrong_number_of_cells", {"sku": "A-1"}),
        (b"A-1,Gr\xf6\xdfe,2\n", "characters", {"sku": "A-1", "cost": "2"}),
        (b"A-1,a\0b,2\n", "nul", {"sku": "A-1", "cost": "2"}),
        (b'A-1,"24 inch,2\n', "quote_not_closed", {"sku": "A-1", "title": "24 inch,2"}),
        (b"A-1," + b"x" * 2000 + b"\n", "wrong_number_of_cells", {"sku": "A-1"}),
        (b"A-1," + b"x" * 3000 + b",2\n", "cell_too_long", {}),
    ],
)
def test_of_a_refused_row_is_told_what_can_be_read(legible, row, code, values):
    limits = Limits(cell_characters=2500)
    assert legible(b"sku,title,cost\n" + row + b"B-1,x,3\n", limits) == [(code, values)]


def test_of_a_row_in_another_encoding_the_plain_cells_are_told(legible):
    data = "sku,title\nA-1,Größe\n".encode("windows-1252") + "A-2,Größe\n".encode()
    ((code, values),) = legible(data, encoding="windows-1252")
    assert (code, values["sku"]) == ("characters", "A-2")


def test_delimiters_that_end_a_row_are_no_more_cells(reads):
    assert reads(b"a,b\n1,2,, \n") == [(2, {"a": "1", "b": "2"})]


def test_blank_rows_are_passed_over(reads):
    assert reads(b"\n\na,b\n,\n\n1,2\n , \n") == [(6, {"a": "1", "b": "2"})]


def test_a_quote_that_is_never_closed_costs_one_row(reads):
    assert reads(b'a,b\n1,"24 inch\n2,x\n3,y\n') == [
        (2, "quote_not_closed"),
        (3, {"a": "2", "b": "x"}),
        (4, {"a": "3", "b": "y"}),
    ]


def test_a_quote_that_a_later_row_closes_costs_one_row(reads):
    assert reads(b'a,b,c\n1,"24 inch,2\n3,"x","y"\n4,5,6\n') == [
        (2, "quote_not_closed"),
        (3, {"a": "3", "b": "x", "c": "y"}),
        (4, {"a": "4", "b": "5", "c": "6"}),
    ]


def test_rows_that_hang_together_by_a_quote_are_told_apart_again(reads):
    data = 'a,b\n"1,2\n' + "3,4\n" * 100 + '5,"6\n'
    found = reads(data)
    assert found[0] == (2, "quote_not_closed")
    assert found[1:-1] == [(line, {"a": "3", "b": "4"}) for line in range(3, 103)]
    assert found[-1] == (103, "quote_not_closed")


def test_inches_in_quotes_are_read(reads):
    assert reads(b'a,b\n"24" wide",1\n') == [(2, {"a": '24 wide"', "b": "1"})]


def test_quotes_that_mean_nothing_do_not_take_for_ever(reads):
    with pytest.raises(Unreadable) as caught:
        reads(b"a,b\n" + b'x","y\n' * 1_000_000)
    assert caught.value.code == "FILE_QUOTES"


def test_a_huge_cell_costs_one_row(reads):
    huge = b'a,b\n"' + b"x" * 1_000_001 + b'",1\n2,3\n'
    assert reads(huge) == [(2, "cell_too_long"), (3, {"a": "2", "b": "3"})]
    assert reads(b"a,b\n" + b"x" * 9_000_000 + b",1\n2,3\n") == [
        (2, "row_too_long"),
        (3, {"a": "2", "b": "3"}),
    ]


def test_a_cell_of_many_lines_that_does_not_end_costs_one_row(reads):
    data = b'a,b\n1,"' + b"x\n" * 40 + b"2,3\n"
    assert reads(data, Limits(row_characters=50))[0] == (2, "row_too_long")
    assert reads(data, Limits(row_characters=50))[-1] == (42, {"a": "2", "b": "3"})


def test_too_many_cells_are_refused(reads):
    assert reads(b"a,b\n" + b"1," * 1001 + b"\n1,2\n")[0] == (2, "too_many_columns")
    with pytest.raises(Unreadable) as caught:
        reads(b"a," * 1001 + b"\n1,2\n")
    assert caught.value.code == "FILE_HEADER"
    with pytest.raises(Unreadable) as caught:
        reads(b"a" * 1001 + b",b\n1,2\n")
    assert caught.value.code == "FILE_COLUMNS"


def test_columns_without_a_name_have_their_number_and_equal_names_are_told_apart(reads):
    assert reads(b"price,,price,price (2)\n1,2,3,4\n") == [
        (2, {"price": "1", "2": "2", "price (2)": "3", "price (2) (2)": "4"})
    ]


def test_the_header_may_be_further_down_or_missing(reads):
    data = b"Acme price list\n\nsku,price\n1,2\n"
    assert reads(data, header=3) == [(4, {"sku": "1", "price": "2"})]
    assert reads(b"1,2\n3,4\n", header=0) == [(1, {"1": "1", "2": "2"}), (2, {"1": "3", "2": "4"})]


def test_a_header_that_cannot_be_read_is_no_header(reads):
    with pytest.raises(Unreadable) as caught:
        reads(b"sku,gr\xf6\xdfe\n1,2\n")
    assert caught.value.code == "FILE_HEADER"


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n", b"a,b\n", b"a,b\n,\n", b"a,b\n1\n"])
def test_a_file_without_any_row_is_no_list(reads, data):
    with pytest.raises(Unreadable) as caught:
        reads(data)
    assert caught.value.code == "FILE_EMPTY"


@pytest.mark.parametrize(
    "page",
    ["<!DOCTYPE html><html>", "\n <HTML lang=de>", "<!-- a --><!-- b -->\n<html>", "\ufeff<!doctype html>"],
)
@pytest.mark.parametrize("format", ["csv", "xml", "json", "jsonl"])
def test_a_web_page_is_no_list(reads, page, format):
    with pytest.raises(Unreadable) as caught:
        reads(page + "<body>Please sign in</body></html>", format=format)
    assert caught.value.code == "FILE_HTML"


def test_a_list_has_an_end(reads):
    assert len(reads(b"a\n" + b"1\n" * 5, Limits(rows=5))) == 5
    with pytest.raises(Unreadable) as caught:
        reads(b"a\n" + b"1\n" * 6, Limits(rows=5))
    assert caught.value.code == "FILE_TOO_LARGE"


def test_a_file_in_which_hardly_anything_can_be_read_is_given_up(reads):
    assert len(reads(b"a,b\n1,2\n" + b"1\n" * 9, Limits(refused=9))) == 10
    with pytest.raises(Unreadable) as caught:
        reads(b"a,b\n1,2\n" + b"1\n" * 10, Limits(refused=9))
    assert caught.value.code == "FILE_REFUSED"


def test_a_cell_of_very_many_lines_costs_one_row(reads):
    found = reads(b'a,b\n1,"' + b"x\n" * 10_001 + b'"\n2,3\n')
    assert found[0] == (2, "row_too_long")
    assert found[-1] == (10_004, {"a": "2", "b": "3"})
