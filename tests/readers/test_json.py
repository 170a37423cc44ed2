import json

import pytest

from sync2sys.readers.base import Limits, Unreadable
from sync2sys.readers.reading import DEFAULTS


@pytest.fixture
def reads_json(reads):
    def readings(data, path="", limits=DEFAULTS, **shape):
        return reads(data, limits, format="json", item_path=path, **shape)

    return readings


def refusal(reading, *arguments, **more):
    with pytest.raises(Unreadable) as caught:
        reading(*arguments, **more)
    return caught.value.code


def test_columns_are_paths_below_the_item(reads_json):
    item = {
        "id": 7, "price": {"amount": 19.9, "currency": "EUR"}, "images": [{"src": "a"}, {"src": "b"}],
        "tags": ["x", " y "], "sold": False, "new": True, "note": None, "empty": "", "none": [],
    }  # fmt: skip
    assert reads_json(json.dumps([item])) == [
        (
            1,
            {
                "id": "7", "price/amount": "19.9", "price/currency": "EUR", "images/src": "a\nb",
                "tags": "x\ny", "sold": "false", "new": "true", "empty": "",
            },
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    "number", ["19.90", "4006381333931", "4006381333931.0", "1e5", "-0", "1" * 5000, "NaN"]
)
def test_numbers_stay_as_they_are_written(reads_json, number):
    assert reads_json(f'[{{"n":{number}}}]') == [(1, {"n": number})]


def test_a_list_may_stand_anywhere(reads_json):
    data = '{"meta": {"products": [{"a": 0}]}, "x": [1, "]", {"y": 2}], '
    data += '"data": {"products": [\n{"a": 1},\n{"a": 2}]}, "z": {}}'
    above = {"../../meta/products/a": "0", "../../x": "1\n]", "../../x/y": "2"}
    assert reads_json(data, "data/products") == [(2, {"a": "1"} | above), (3, {"a": "2"} | above)]


def test_lists_are_not_counted_and_one_item_needs_none(reads_json):
    assert reads_json('{"c": [{"p": [{"a": 1}]}, {"p": [[{"a": 2}]]}]}', "c/p") == [
        (1, {"a": "1"}),
        (1, {"a": "2"}),
    ]
    assert reads_json('{"products": {"product": {"a": 1}}}', "products/product") == [(1, {"a": "1"})]


def test_items_may_stand_under_names_of_their_own(reads_json):
    assert reads_json('{"p": {"7": {"a": 1}, "8": {"a": 2}}}', "p/*") == [(1, {"a": "1"}), (1, {"a": "2"})]


def test_brackets_quotes_and_colons_in_texts_mean_nothing(reads_json):
    text = '"}]{[:,\\ \\" ä'
    data = json.dumps({text: {"a": 1}, "p": [{"t": text, text: "x"}]}, ensure_ascii=False)
    assert reads_json(data, "p") == [(1, {"t": text, text: "x", f"../{text}/a": "1"})]


def test_a_broken_item_costs_one_row(reads_json):
    assert reads_json('[{"a": 1},\n{"a": nul},\n{"a" 2},\n{"a": 3}]') == [
        (1, {"a": "1"}),
        (2, "not_json"),
        (3, "not_json"),
        (4, {"a": "3"}),
    ]


def test_what_is_no_object_is_no_item(reads_json):
    assert reads_json('[1, "x", null, true, {"a": 1}]') == [
        (1, "not_an_item"),
        (1, "not_an_item"),
        (1, "not_an_item"),
        (1, {"a": "1"}),
    ]


def test_characters_that_are_no_text_cost_one_row(reads_json):
    data = b'[{"a":"\xe4"},{"a":"\\u0000"},{"a":"\\ud800"},{"\\udfff":"x"},{"a":"\\ud83d\\ude00\n"}]'
    assert reads_json(data) == [
        (1, "characters"),
        (1, "nul"),
        (1, "characters"),
        (1, "characters"),
        (1, {"a": "😀"}),
    ]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (b'{"sku":"A-1","t":"\xe4"}', "characters"),
        (b'{"t":"\\ud800","sku":"A-1"}', "characters"),
        (b'{"t":"\\u0000","sku":"A-1"}', "nul"),
        (b'{"sku":"A-1","t":"' + b"x" * 2500 + b'"}', "cell_too_long"),
    ],
)
def test_of_a_refused_item_is_told_what_can_be_read(legible, item, code):
    limits = Limits(cell_characters=2000)
    good = b'{"sku":"B-1"}'
    assert legible(b"[" + item + b"," + good + b"]", limits, format="json") == [(code, {"sku": "A-1"})]
    assert legible(item + b"\n" + good, limits, format="jsonl") == [(code, {"sku": "A-1"})]


def test_a_huge_item_costs_one_row(reads_json):
    for huge in ("x" * 20_000_000, '\\"' * 5_000_000, "\\\\" * 5_000_000):
        data = f'[{{"a": "{huge}"}},\n{{"a": 1}}]'
        assert reads_json(data) == [(1, "row_too_long"), (2, {"a": "1"})]
    data = f'[{{"a": [{"1," * 3_000_000}2]}},\n{{"a": 1}}]'
    assert reads_json(data) == [(1, "row_too_long"), (2, {"a": "1"})]


def test_a_long_cell_costs_one_row(reads_json):
    assert reads_json('[{"a": "12345"}, {"a": [1, 2]}]', limits=Limits(cell_characters=4)) == [
        (1, "cell_too_long"),
        (1, {"a": "1\n2"}),
    ]


def test_too_many_columns_cost_one_row(reads_json):
    many = json.dumps({str(n): 1 for n in range(1001)})
    assert reads_json(f'[{many}, {{"{"k" * 1001}": 1}}, {{"a": 1}}]') == [
        (1, "too_many_columns"),
        (1, "column_too_long"),
        (1, {"a": "1"}),
    ]


def test_deep_nesting_costs_one_row_and_outside_of_items_the_file(reads_json):
    assert reads_json(f'[{{"a": {"[" * 100_000}{"]" * 100_000}}},{{"a": 1}}]') == [
        (1, "too_deep"),
        (1, {"a": "1"}),
    ]
    assert refusal(reads_json, "[" * 1_000_000, "a") == "FILE_TOO_DEEP"
    assert refusal(reads_json, '{"a":' * 1_000_000, "b") == "FILE_TOO_DEEP"


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_document_that_ends_early_is_truncated(reads_json, cut):
    whole = '{"p": [{"a": 1}, {"a": "x"}] }'
    assert refusal(reads_json, whole[:cut], "p") == "FILE_TRUNCATED"


@pytest.mark.parametrize("data", ["hello", "[}", "{]", '{"p": [{"a": 1}]}]', "<a/>"])
def test_what_is_no_json_is_refused(reads_json, data):
    assert refusal(reads_json, data, "p") == "FILE_NOT_JSON"


@pytest.mark.parametrize("data", ["[]", "{}", '{"p": []}', '{"p": null}', '{"q": [{"a": 1}]}', '{"p": [{}]}'])
def test_a_document_without_any_item_is_no_list(reads_json, data):
    assert refusal(reads_json, data, "p") == "FILE_EMPTY"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_document(reads_json, encoding):
    assert reads_json('[{"a": "ä"}]'.encode(encoding)) == [(1, {"a": "ä"})]


def test_a_text_outside_of_items_that_does_not_end_is_not_waited_for(reads_json):
    assert refusal(reads_json, '{"a": "' + "x" * 6_000_000, "p") == "FILE_NOT_JSON"


def test_json_lines_are_read_one_by_one(reads):
    data = b'{"a": 1}\n\n{"a": \n[1]\n{"a": "\xe4"}\n{"a": {"b": 2.50}}'
    assert reads(data, format="jsonl") == [
        (1, {"a": "1"}),
        (3, "not_json"),
        (4, "not_an_item"),
        (5, "characters"),
        (6, {"a/b": "2.50"}),
    ]


def test_json_lines_that_are_too_long_or_deep_cost_one_row(reads):
    deep = [f'{{"a": {"[" * depth}{"]" * depth}}}' for depth in (100_000, 70)]
    data = "\n".join(['{"a": "' + "x" * 5_000_000 + '"}', *deep, '{"a": 1}'])
    assert reads(data, format="jsonl") == [
        (1, "row_too_long"),
        (2, "too_deep"),
        (3, "too_deep"),
        (4, {"a": "1"}),
    ]
