"""What stands above the items is told with each of them, and is never that of another parent."""

import json
import tracemalloc
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.readers.base import Limits, Refused, Row, Shape, Unreadable
from sync2sys.readers.reading import DEFAULTS, read

XML = """<shop currency="EUR"><name>Acme</name>
<product id="1"><brand code="a">Alpha</brand>
 <variants kind="size"><variant sku="A"/><variant sku="B"/></variants>
 <title>Shoe</title><images><image>x</image><image>y</image></images></product>
<product id="2"><variants><variant sku="C"/></variants><title>Sock</title></product>
</shop>"""


@pytest.fixture
def reads_xml(reads):
    def readings(data, path="shop/product/variants/variant", limits=DEFAULTS):
        return reads(data, limits, format="xml", item_path=path)

    return readings


@pytest.fixture
def reads_json(reads):
    def readings(data, path="products/variants", limits=DEFAULTS):
        data = data if isinstance(data, (str, bytes)) else json.dumps(data)
        return reads(data, limits, format="json", item_path=path)

    return readings


def test_rows_of_xml_have_attributes_and_texts_of_all_above_them(reads_xml):
    shop = {"../../../@currency": "EUR", "../../../name": "Acme"}
    shoe = shop | {
        "../@kind": "size", "../../@id": "1", "../../brand": "Alpha", "../../brand/@code": "a",
        "../../title": "Shoe", "../../images/image": "x\ny",
    }  # fmt: skip
    assert reads_xml(XML) == [
        (3, {"@sku": "A"} | shoe),
        (3, {"@sku": "B"} | shoe),
        (5, {"@sku": "C", "../../@id": "2", "../../title": "Sock"} | shop),
    ]


def test_rows_of_json_have_the_texts_of_all_above_them(reads_json):
    data = {
        "currency": "EUR",
        "products": [
            {"brand": {"name": "Alpha"}, "variants": [{"sku": "A"}, {"sku": "B"}], "tags": ["x", "y"]},
            {"brand": None, "variants": [{"sku": "C"}], "title": "Sock"},
        ],
        "total": 3,
    }  # fmt: skip
    shoe = {"../brand/name": "Alpha", "../tags": "x\ny", "../../currency": "EUR"}
    assert reads_json(data) == [
        (1, {"sku": "A"} | shoe),
        (1, {"sku": "B"} | shoe),
        (1, {"sku": "C", "../title": "Sock", "../../currency": "EUR"}),
    ]


def test_the_members_of_a_list_that_is_the_document_are_above_their_parts(reads_json):
    data = [{"variants": [{"sku": "A"}], "brand": "Alpha"}, {"variants": [{"sku": "B"}]}]
    assert reads_json(data, "variants") == [(1, {"sku": "A", "../brand": "Alpha"}), (1, {"sku": "B"})]
    data = {"products": {"7": {"variants": {"A": {"n": 1}, "B": {"n": 2}}, "brand": "Alpha"}}}
    assert reads_json(data, "products/*/variants/*") == [
        (1, {"n": "1", "../../brand": "Alpha"}),
        (1, {"n": "2", "../../brand": "Alpha"}),
    ]


def test_other_items_are_no_texts_of_their_list(reads_xml):
    data = "<a><b><x>1</x></b><b><x>2</x></b><c><x>3</x></c></a>"
    assert reads_xml(data, "a/b") == [(1, {"x": "1"}), (1, {"x": "2"})]
    assert reads_xml(data, "a/*") == [(1, {"x": "1"}), (1, {"x": "2"}), (1, {"x": "3"})]


def test_items_that_are_empty_stay_so(reads_xml, reads_json):
    for found in (
        lambda: reads_xml("<a k='1'><b/></a>", "a/b"),
        lambda: reads_json({"a": 1, "b": [{}]}, "b"),
    ):
        with pytest.raises(Unreadable) as caught:
            found()
        assert caught.value.code == "FILE_EMPTY"


def test_rows_of_google_have_nothing_of_their_channel(reads):
    data = "<rss version='2.0'><channel><title>Shop</title><item><x>1</x></item></channel></rss>"
    assert reads(data, format="rss") == [(1, {"x": "1"})]


def test_rows_that_are_refused_keep_their_place_among_those_that_wait(reads_xml, reads_json):
    data = "<a><p><v>&nonsense;</v><v k='1'/><b>x</b></p><p><v k='2'/></p></a>"
    assert reads_xml(data, "a/p/v") == [(1, "characters"), (1, {"@k": "1", "../b": "x"}), (1, {"@k": "2"})]
    data = '[{"v": [{"k": nul}, 5, {"k": 1}], "b": "x"}]'
    assert reads_json(data, "v") == [(1, "not_json"), (1, "not_an_item"), (1, {"k": "1", "../b": "x"})]


# What stands behind the items --------------------------------------------------------------------


def test_of_the_root_counts_what_stands_before_the_items_however_few_they_are(reads_xml, reads_json):
    assert reads_xml("<a><x>1</x><b k='1'/><x>2</x><y>3</y></a>", "a/b") == [(1, {"@k": "1", "../x": "1"})]
    assert reads_json('{"x": 1, "b": [{"k": 1}], "y": 3}', "b") == [(1, {"k": "1", "../x": "1"})]
    assert reads_json('{"a": {"x": 1, "b": [{"k": 1}], "y": 3}}', "a/b") == [(1, {"k": "1", "../x": "1"})]


def product(variants, *, brand="Alpha", last=True):
    rows, brand = "".join(f"<v k='{n}'/>" for n in range(variants)), f"<brand>{brand}</brand>"
    return f"<p>{rows}{brand}</p>" if last else f"<p>{brand}{rows}</p>"


def brands(rows):
    return [each if isinstance(each, str) else each.get("../brand", "") for _, each in rows]


def test_rows_wait_for_what_stands_behind_them_up_to_a_bound(reads_xml):
    some = Limits(held_rows=3)
    data = f"<a>{product(3)}{product(2, brand='Beta')}</a>"
    assert brands(reads_xml(data, "a/p/v", some)) == ["Alpha"] * 3 + ["Beta"] * 2


def test_a_parent_with_more_rows_than_may_wait_has_what_is_before_them(reads_xml):
    data = f"<a>{product(7, last=False)}{product(2, brand='Beta')}</a>"
    assert brands(reads_xml(data, "a/p/v", Limits(held_rows=3))) == ["Alpha"] * 7 + ["Beta"] * 2


@pytest.mark.parametrize("last", [True, False])
def test_where_some_rows_lack_what_others_have_it_is_told_once(reads_xml, last):
    long, short = product(5), product(1, brand="Beta", last=last)
    found = brands(reads_xml(f"<a>{short}{long}{short}{long}</a>", "a/p/v", Limits(held_rows=3)))
    assert found == ["Beta"] + [""] * 5 + ["too_late", "Beta"] + [""] * 5
    found = brands(reads_xml(f"<a>{long}{short}{long}</a>", "a/p/v", Limits(held_rows=3)))
    assert sorted(found) == [""] * 10 + ["Beta", "too_late"]


def test_whatever_a_late_part_is_called_it_can_be_told(reads_json):
    key, rows = '"\\ud800"', '{"k": 1}, {"k": 2}'
    data = f'[{{{key}: 1, "v": [{{"k": 0}}]}}, {{"v": [{rows}], {key}: 1}}, {{"v": [{rows}]}}]'
    found = reads_json(data, "v", Limits(held_rows=1))
    assert [each if isinstance(each, str) else each["k"] for _, each in found] == [
        "characters", "1", "2", "too_late", "1", "2",
    ]  # fmt: skip


def test_where_all_rows_lack_it_there_is_nothing_to_tell(reads_json):
    data = {"products": [{"variants": [{"k": n} for n in range(9)], "total": 9}]}
    found = reads_json(data, limits=Limits(held_rows=3))
    assert found == [(1, {"k": str(n)}) for n in range(9)]


def test_long_rows_wait_for_less(reads_xml):
    long = f"<v k='{'x' * 600}'/>"
    found = reads_xml(f"<a><p>{long * 2}<b>1</b></p></a>", "a/p/v", Limits(row_characters=1000))
    assert ["../b" in values for _, values in found] == [False, False]


# Limits ------------------------------------------------------------------------------------------


def test_a_part_with_very_many_texts_is_a_list_of_its_own(reads_xml, reads_json):
    many = "".join(f"<c i='{n}'>x</c>" for n in range(51))
    data = f"<a><p><cs>{many}</cs>{many}<b>1</b><v k='1'/></p></a>"
    assert reads_xml(data, "a/p/v") == [(1, {"@k": "1", "../b": "1"})]
    data = [{"c": list(range(101)), "d": {str(n): n for n in range(101)}, "b": 1, "v": [{"k": 1}]}]
    assert reads_json(data, "v") == [(1, {"k": "1", "../b": "1"})]


def test_a_part_that_is_very_long_or_deep_is_left_out(reads_xml, reads_json):
    long, deep, name = "x" * 100_001, "<c>" * 100 + "</c>" * 100, "n" * 999
    data = f"<a><p><l>{long}</l><d>{deep}</d><{name}/><b>1</b><v k='1'/></p></a>"
    assert reads_xml(data, "a/p/v") == [(1, {"@k": "1", "../b": "1"})]
    deep = "[" * 100 + "]" * 100
    data = f'[{{"l": "{long}", "d": {deep}, "{name}": 1, "b": 1, "v": [{{"k": 1}}]}}]'
    assert reads_json(data, "v") == [(1, {"k": "1", "../b": "1"})]


def test_what_a_whole_list_shares_is_short(reads_xml, reads_json):
    long = "x" * 501
    assert reads_xml(f"<a><x>{long}</x><y>1</y><b k='1'/></a>", "a/b") == [(1, {"@k": "1", "../y": "1"})]
    assert reads_json(f'{{"x": "{long}", "y": 1, "b": [{{"k": 1}}]}}', "b") == [(1, {"k": "1", "../y": "1"})]


def test_an_odd_character_above_costs_the_rows_below_it_and_those_of_a_list_only_the_text(
    reads_xml, reads_json
):
    data = "<a><n>&#1;</n><p><b>&#1;</b><v k='1'/></p><p c='&#1;'><v k='2'/></p><p><b>x</b><v k='3'/></p></a>"
    assert reads_xml(data, "a/p/v") == [
        (1, "characters"),
        (1, "characters"),
        (1, {"@k": "3", "../b": "x"}),
    ]
    data = b'{"\\udfff": 1, "n": "\\u0000", '
    data += b'"p": [{"b": "\xe4", "v": [{"k": 1}]}, {"\\ud800": 1, "v": [{"k": 2}]}, '
    data += b'{"b": nul, "v": [{"k": 3}]}, {"b": "\\u0000", "v": [{"k": 4}]}, {"b": "x", "v": [{"k": 5}]}]}'
    assert reads_json(data, "p/v") == [
        (1, "characters"),
        (1, "characters"),
        (1, "not_json"),
        (1, "nul"),
        (1, {"k": "5", "../b": "x"}),
    ]


def test_limits_of_a_row_hold_with_what_is_above_it(reads_xml):
    some = Limits(columns=5)
    data = "<a><p><b/><c/><d/><v k='1' l='2'/></p><p><b/><c/><d/><v k='1' l='2' m='3'/></p></a>"
    (_, whole), refused = reads_xml(data, "a/p/v", some)
    assert len(whole) == 5
    assert refused == (1, "too_many_columns")
    good = "<p><v k='1'/></p>"
    many = "".join(f"<b{n}/>" for n in range(6))
    found = reads_xml(f"<a><p>{many}<v k='1'/></p>{good}</a>", "a/p/v", some)
    assert found == [(1, "too_many_columns"), (1, {"@k": "1"})]
    long = "".join(f"<b{n}>{'x' * 400}</b{n}>" for n in range(3))
    found = reads_xml(f"<a><p>{long}<v k='1'/></p>{good}</a>", "a/p/v", Limits(row_characters=1000))
    assert found == [(1, "row_too_long"), (1, {"@k": "1"})]
    half = f"<b>{'x' * 600}</b>"
    data = f"<a><p>{half}<q>{half}<v k='1'/></q></p><p><q><v k='2'/></q></p></a>"
    found = reads_xml(data, "a/p/q/v", Limits(row_characters=1000))
    assert found == [(1, "row_too_long"), (1, {"@k": "2"})]


@pytest.mark.parametrize("format", ["xml", "json"])
def test_much_above_very_many_rows_is_no_way_to_blow_them_up(reads, format):
    texts = {f"t{n}": "x" * 400 for n in range(100)}
    if format == "xml":
        above = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
        rows = "<b k='1'/>" * 5000
        data = f"<a>{above}{rows}</a>"
    else:
        data = json.dumps(texts | {"b": [{"k": 1}] * 5000})
    with pytest.raises(Unreadable) as caught:
        reads(
            data,
            Limits(inflated_bytes=100_000_000),
            format=format,
            item_path="a/b" if format == "xml" else "b",
        )
    assert caught.value.code == "FILE_TOO_LARGE"


def write_xml(file, numbers):
    file.write("<a><p>")
    file.writelines(f"<x{n}>1</x{n}>" for n in numbers)
    file.write("<s>" + "<t>1</t>" * 200_000 + "</s>")
    file.writelines(f"<v k='{n}'/>" for n in numbers)
    file.write("</p></a>")


def write_json(file, numbers):
    file.write('{"p": [{')
    file.writelines(f'"x{n}": 1, ' for n in numbers)
    file.write('"s": [' + "1," * 1_500_000 + '1], "v": [{"k": 0}')
    file.writelines(f', {{"k": {n}}}' for n in numbers[1:])
    file.write("]}]}")


@pytest.mark.parametrize(
    ("write", "shape"),
    [(write_xml, Shape("xml", item_path="a/p/v")), (write_json, Shape("json", item_path="p/v"))],
)
def test_memory_does_not_grow_with_what_is_above_or_beside_the_items(tmp_path, write, shape):
    path = tmp_path / "list"
    with open(path, "w") as file:
        write(file, range(30_000))
    tracemalloc.start()
    try:
        found = sum(1 for _ in read(path, shape))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == 30_000
    assert most < 20_000_000


# Whatever the document ---------------------------------------------------------------------------

WORDS = st.text("abc ", max_size=4)
NAMES = st.sampled_from(["x", "y", "zz"])


@st.composite
def elements(draw, path):
    """An element that has the rest of the path below it, here and there, and parts beside it."""
    found = ElementTree.Element(path[0])
    for name in draw(st.sets(NAMES, max_size=2)):
        found.set(name, draw(WORDS))
    for kind in draw(st.lists(st.sampled_from(["next", "text", "tree"]), max_size=5)):
        if kind == "next" and len(path) > 1:
            found.append(draw(elements(path[1:])))
        elif kind != "next":
            part = ElementTree.SubElement(found, draw(NAMES))
            if draw(st.booleans()):
                part.set("k", draw(WORDS))
            if kind == "tree":
                ElementTree.SubElement(part, draw(NAMES)).text = draw(WORDS)
            else:
                part.text = draw(WORDS)
    return found


def noted(found, column, text):
    found.setdefault(column, []).append((text or "").strip())


def texts_in(element, column, found):
    """The attributes and texts of an element and all below it."""
    for name, value in element.attrib.items():
        noted(found, f"{column}/@{name}".lstrip("/"), value)
    if column and (not len(element) or (element.text or "").strip()):
        noted(found, column, element.text)
    for child in element:
        texts_in(child, f"{column}/{child.tag}".lstrip("/"), found)


def rows_in(element, path, above=()):
    """The rows of a tree that is there as a whole, each with what is above it."""
    if len(path) == 1:
        found = {}
        texts_in(element, "", found)
        if not len(element) and (element.text or "").strip():
            noted(found, ".", element.text)
        if found:
            for distance, parent in enumerate(reversed(above), 1):
                for column, texts in parent.items():
                    found["../" * distance + column] = list(texts)
        yield {column: "\n".join(filter(None, texts)) for column, texts in found.items()}
        return
    mine = {}
    for name, value in element.attrib.items():
        noted(mine, f"@{name}", value)
    for child in element:
        if child.tag == path[1]:
            continue
        # Of the root counts what is before the first item.
        if not above and any(len(list(items(each, path[1:]))) for each in before(element, child)):
            break
        texts_in_part = {}
        texts_in(child, child.tag, texts_in_part)
        for column, texts in texts_in_part.items():
            mine.setdefault(column, []).extend(texts)
    for child in element:
        if child.tag == path[1]:
            yield from rows_in(child, path[1:], (*above, mine))


def before(element, child):
    return list(element)[: list(element).index(child)]


def items(element, path):
    return (
        iter(())
        if element.tag != path[0]
        else iter([element])
        if len(path) == 1
        else (each for child in element for each in items(child, path[1:]))
    )


PATHS = st.sampled_from([["l", "i"], ["l", "p", "v"], ["l", "p", "vs", "v"], ["l", "g", "p", "vs", "v"]])


@given(PATHS.flatmap(lambda path: st.tuples(st.just(path), elements(path))))
def test_xml_is_read_as_who_has_all_of_it_reads_it(tmp_path_factory, drawn):
    path, root = drawn
    wanted = [row for row in rows_in(root, path) if row]
    assert (
        rows_of(tmp_path_factory, ElementTree.tostring(root), Shape("xml", item_path="/".join(path)))
        == wanted
    )


@st.composite
def objects(draw, path):
    """The same in JSON: what is on the path is a list, an object, or nothing."""
    scalars = st.one_of(WORDS, st.integers(0, 9), st.booleans(), st.none())
    beside = st.dictionaries(
        NAMES, st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(NAMES, scalars, max_size=2)),
        max_size=3,
    )  # fmt: skip
    found = draw(beside)
    if path:
        below = objects(path[1:])
        found[path[0]] = draw(st.one_of(st.lists(below, max_size=3), below, st.none()))
    order = draw(st.permutations(list(found)))
    return {key: found[key] for key in order}


def flat(value, column, found):
    if isinstance(value, dict):
        for key, each in value.items():
            flat(each, f"{column}/{key}".lstrip("/"), found)
    elif isinstance(value, list):
        for each in value:
            flat(each, column, found)
    elif value is not None:
        noted(found, column, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value))


def rows_of_json(value, path, above=(), *, is_member=False):
    if isinstance(value, list):
        for each in value:
            yield from rows_of_json(each, path, above, is_member=True)
    elif isinstance(value, dict) and not path:
        found = {}
        flat(value, "", found)
        if found:
            for distance, parent in enumerate(reversed(above), 1):
                found |= {"../" * distance + column: list(texts) for column, texts in parent.items()}
        yield {column: "\n".join(filter(None, texts)) for column, texts in found.items()}
    elif isinstance(value, dict):
        keys, mine = list(value), {}
        has_rows = next(rows_of_json(value.get(path[0]), path[1:]), None) is not None
        ends = keys.index(path[0]) if path[0] in keys and has_rows and not is_member else len(keys)
        for key in keys[:ends]:
            if key != path[0]:
                flat(value[key], key, mine)
        yield from rows_of_json(value.get(path[0]), path[1:], (*above, mine), is_member=is_member)


JSON_PATHS = st.sampled_from([["i"], ["p", "v"], ["d", "p", "v"]])


@given(JSON_PATHS.flatmap(lambda path: st.tuples(st.just(path), objects(path))), st.booleans())
def test_json_is_read_as_who_has_all_of_it_reads_it(tmp_path_factory, drawn, listed):
    path, document = drawn
    document = [document, document] if listed else document
    wanted = [row for row in rows_of_json(document, path) if row]
    data = json.dumps(document).encode()
    assert rows_of(tmp_path_factory, data, Shape("json", item_path="/".join(path))) == wanted


def rows_of(tmp_path_factory, data, shape):
    path = tmp_path_factory.getbasetemp() / "nested"
    path.write_bytes(data)
    try:
        found = list(read(path, shape))
    except Unreadable as error:
        if error.code != "FILE_EMPTY":
            raise
        return []
    assert not any(isinstance(row, Refused) for row in found)
    return [row.values for row in found if isinstance(row, Row)]
