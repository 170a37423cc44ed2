import json
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync2sys.formats import mapping, sources
from sync2sys.formats.definitions import BadDefinition
from tests.formats.wild import ANY_TEXT, COLUMN, documents

COLUMNS = (
    *("title", "brand", "description", "price", "currency", "quantity", "link", "categories", "images"),
    *("options", "attributes", "meta"),
)
SHOE = {
    "title": "Trail shoe",
    "brand": "",
    "description": "<p>Light &amp; fast.</p><p>For hills.</p>",
    "price": "19.90",
    "currency": "EUR",
    "quantity": 3,
    "link": "https://shop.example/shoe?utm_source=old&v=1#top",
    "categories": '["Shoes > Running", "Sale"]',
    "options": '{"Size": "42", "Fit": ""}',
    "attributes": '{"Colour": ["Blau", "Rot"], "Sole": ["Rubber"]}',
    "meta": '{"_brand": "Acme"}',
}


def read(spec, **changes):
    expression = mapping.parse(spec, COLUMNS)
    item = SHOE | changes
    return expression.read(*(item.get(column) for column in expression.columns))


def then(value, *steps):
    return read({"field": "title", "then": list(steps)}, title=value)


def attempt(spec):
    """The expression, or why there is none."""
    try:
        return mapping.parse(spec, COLUMNS), None
    except BadDefinition as bad:
        return None, bad


def refusal(spec):
    with pytest.raises(BadDefinition) as caught:
        mapping.parse(spec, COLUMNS)
    return caught.value


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"field": "title"}, "Trail shoe"),
        ({"field": "quantity"}, "3"),
        ({"field": "brand"}, None),
        ({"field": "categories"}, "Shoes > Running, Sale"),
        ({"attribute": "Colour"}, "Blau, Rot"),
        ({"attribute": " COLOUR "}, "Blau, Rot"),
        ({"attribute": "Color"}, None),
        ({"option": "size"}, "42"),
        ({"option": "Fit"}, None),
        ({"meta": "_BRAND"}, "Acme"),
        ({"constant": "Acme {title}"}, "Acme {title}"),
        ({"first": [{"field": "brand"}, {"meta": "_brand"}, {"constant": "x"}]}, "Acme"),
        ({"first": [{"field": "brand"}, {"option": "Fit"}]}, None),
        ({"first": [{"field": "title", "then": [{"values": {"trail SHOE": ""}}]}, {"constant": "x"}]}, "x"),
    ],
)
def test_a_value_comes_from_where_the_definition_says(spec, value):
    assert read(spec) == value


@pytest.mark.parametrize(
    ("spec", "values", "value"),
    [
        ({"attribute": "Colour"}, ["Blau", "Rot"], "Blau, Rot"),
        ({"attribute": "Colour", "then": [{"values": {"rot": "Red", "blau": ""}}]}, ["Red"], "Blau, Rot"),
        ({"field": "categories", "then": [{"truncate": 5}]}, ["Shoes", "Sale"], "Shoes"),
        ({"field": "title"}, ["Trail shoe"], "Trail shoe"),
        ({"field": "brand"}, [], None),
        (
            {
                "list": [{"constant": "Light"}, {"field": "brand"}, {"attribute": "Colour"}],
                "then": [{"case": "upper"}],
            },
            ["LIGHT", "BLAU", "ROT"],
            "LIGHT, BLAU, ROT",
        ),
        ({"list": [{"meta": "none"}, {"option": "Fit"}]}, [], None),
        (
            {"first": [{"meta": "none"}, {"attribute": "Colour"}, {"field": "title"}]},
            ["Blau", "Rot"],
            "Blau, Rot",
        ),
        (
            {"list": [{"template": "{title}: {option:Size}"}, {"list": [{"constant": "x"}]}]},
            ["Trail shoe: 42", "x"],
            "Trail shoe: 42, x",
        ),
    ],
)
def test_a_field_that_takes_several_values_gets_each_and_another_all_in_one(spec, values, value):
    expression = mapping.parse(spec, COLUMNS)
    columns = [SHOE.get(column) for column in expression.columns]
    assert list(expression.texts(*columns)) == values
    assert expression.read(*columns) == value


def test_a_list_says_where_each_of_its_texts_comes_from():
    expression = mapping.parse({"list": [{"constant": "Light"}, {"attribute": "Sole"}]}, COLUMNS)
    assert expression.words == 'list of ("Light"; attribute "Sole")'
    assert [step.after for step in expression.trace('{"Sole": ["Rubber"]}')] == [
        "Light",
        "Rubber",
        "Light, Rubber",
    ]
    assert "30" in refusal({"list": [{"field": "title"}] * 31}).message


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{title}", "Trail shoe"),
        ("{brand} {title}, {option:Size}", "Trail shoe, 42"),
        ("{title} {brand} {quantity}", "Trail shoe 3"),
        ("{title}[, {option:Size}][, fit {option:Fit}]", "Trail shoe, 42"),
        ("[{brand} ]{title}", "Trail shoe"),
        ("by {brand}", None),
        ("by {brand}[ size {option:Size}]", None),
        ("[{brand}, ][size {option:Size}]", "size 42"),
        ("new [{brand}]", None),
        ("{attribute:Colour|upper} {title|upper|truncate:5}", "BLAU, ROT TRAIL"),
        ("{ title | lower }", "trail shoe"),
        ("{price|multiply:1.19|round:0.05} {currency}", "23.70 EUR"),
        ("{price|add:-10|ending:0.99}", "9.99"),
        ("{description|strip_html}", "Light & fast.\nFor hills."),
        ("{{title}} [[{title}]]", "{title} [Trail shoe]"),
        ("{{{title}}}", "{Trail shoe}"),
        ("[{title} [[new]]]", "Trail shoe [new]"),
        ("[[[{title}]", "[Trail shoe"),
    ],
)
def test_a_template_puts_parts_together_and_leaves_out_what_has_none(template, value):
    assert read({"template": template}) == value


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ({"replace": {"find": "a.", "with": "b"}}, "a.a. ab", "bb ab"),
        ({"replace": {"find": "gone", "with": ""}}, "gone", None),
        ({"case": "lower"}, "ÀB", "àb"),
        ({"case": "upper"}, "straße", "STRASSE"),
        ({"case": "title"}, "MEN'S l’été 3d-print", "Men's L’été 3D-Print"),
        ({"case": "sentence"}, "FIRST ONE. “SECOND” 3.5 kg! third", "First one. “Second” 3.5 kg! Third"),
        ({"strip_html": True}, "<b>5 &lt; 6</b>", "5 < 6"),
        ({"strip_html": True}, "<br>", None),
        ({"truncate": 12}, "cut after a word", "cut after a"),
        ({"values": {"Blau": "Blue"}}, " BLAU ", "Blue"),
        ({"values": {"Blau": "Blue"}}, "Blauer", "Blauer"),
        ({"values": {"none": ""}}, "None", None),
        ({"add": "1.50"}, "19.90", "21.40"),
        ({"add": -1}, " 19.90 ", "18.90"),
        ({"multiply": "1.19"}, "19.90", "23.6810"),
        ({"multiply": "0.1"}, "free", "free"),
        ({"multiply": "0.1"}, "1,50", "1,50"),
        ({"multiply": "0.1"}, "1e5", "1e5"),
        ({"multiply": "2"}, "9" * 16, "9" * 16),
        ({"round": {"to": "0.05"}}, "1.025", "1.05"),
        ({"round": {"to": "0.05"}}, "1.024", "1.00"),
        ({"round": {"to": 5}}, "12.50", "15"),
        ({"round": {"to": "0.05"}}, "-0.01", "0.00"),
        ({"round": {"ending": "0.99"}}, "10.40", "9.99"),
        ({"round": {"ending": "0.99"}}, "10.49", "10.99"),
        ({"round": {"ending": "0.99"}}, "0.10", "0.99"),
        ({"round": {"ending": "0.99"}}, "0", "0"),
        ({"round": {"ending": "9.95"}}, "23", "19.95"),
        ({"round": {"ending": "99"}}, "151", "199"),
        ({"round": {"ending": "0"}}, "12.50", "13"),
    ],
)
def test_a_step_changes_the_value(step, before, after):
    assert then(before, step) == after


def test_steps_run_in_their_order_and_numbers_stay_numbers_between_them():
    assert then("0.333333333333", {"multiply": "1.123456"}, {"add": "1"}, {"round": {"to": "0.01"}}) == "1.37"


@pytest.mark.parametrize(
    ("address", "marked"),
    [
        ("https://a.example", "https://a.example?utm_source=go%26gle&utm_term=Blau%2C%20Rot"),
        (
            "https://a.example/b?v=1&utm_source=x&utm%5Fsource=y#end",
            "https://a.example/b?v=1&utm_source=go%26gle&utm_term=Blau%2C%20Rot#end",
        ),
        (" //a.example/ ", "//a.example/?utm_source=go%26gle&utm_term=Blau%2C%20Rot"),
        ("not an address", "not an address"),
        ("https://a.example/" + "b" * 1970, "https://a.example/" + "b" * 1970),
    ],
)
def test_a_campaign_gives_an_address_its_parameters(address, marked):
    parameters = {"utm_source": "go&gle", "utm_term": "{attribute:colour}", "utm_content": "{brand}"}
    assert read({"field": "link", "then": [{"campaign": parameters}]}, link=address) == marked


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        (None, "", "an object"),
        ([], "", "an object"),
        ({}, "", "missing"),
        ({"feild": "title"}, "", 'Did you mean "field"?'),
        ({"field": "title", "constant": "x"}, "", "Only one"),
        ({"field": "title", "else": 1}, "else", "Remove"),
        ({"field": "titel"}, "field", 'Did you mean "title"?'),
        ({"field": "options"}, "field", '{"option":'),
        ({"field": 5}, "field", "a text"),
        ({"field": " "}, "field", "blank"),
        ({"constant": ""}, "constant", "empty"),
        ({"constant": "x" * 5001}, "constant", "5000"),
        ({"first": []}, "first", "1 to 10"),
        ({"first": [{"field": "title"}, {"field": "x"}]}, "first.1.field", "no field"),
        ({"field": "title", "then": {}}, "then", "a list"),
        ({"field": "title", "then": [{"truncate": 0}]}, "then.0.truncate", "from 1 to"),
        ({"field": "title", "then": [{"truncate": True}]}, "then.0.truncate", "whole number"),
        ({"field": "title", "then": [{"case": "lower"}, {"case": "camel"}]}, "then.1.case", "no case"),
        ({"field": "title", "then": [{"eval": "1"}]}, "then.0", "no step"),
        ({"field": "title", "then": [{"case": "lower", "add": 1}]}, "then.0", "Only one"),
        ({"field": "title", "then": [{"add": 0.1}]}, "then.0.add", "in quotes"),
        ({"field": "title", "then": [{"add": "1e5"}]}, "then.0.add", "in quotes"),
        ({"field": "title", "then": [{"round": {"to": "0"}}]}, "then.0.round.to", "more than zero"),
        ({"field": "title", "then": [{"round": {"ending": "-1"}}]}, "then.0.round.ending", "below zero"),
        ({"field": "title", "then": [{"values": {"a": "1", "A": "2"}}]}, "then.0.values.A", "twice"),
        ({"field": "title", "then": [{"replace": {"find": ""}}]}, "then.0.replace.find", "empty"),
        ({"field": "title", "then": [{"strip_html": False}]}, "then.0.strip_html", "true"),
        ({"field": "title", "then": [{"case": "lower"}] * 21}, "then", "0 to 20"),
        ({"field": "link", "then": [{"campaign": {"a": "1", " a": "2"}}]}, "then.0.campaign.a", "twice"),
        ({"field": "link", "then": [{"campaign": {"a": "{x}"}}]}, "then.0.campaign.a", "no field"),
        ({"template": "fixed"}, "template", "constant"),
        ({"template": "{title"}, "template", "not closed"),
        ({"template": "title}"}, "template", "}}"),
        ({"template": "{title}]"}, "template", "]]"),
        ({"template": "[{title}"}, "template", "not closed"),
        ({"template": "[a [{title}]]"}, "template", "inside brackets"),
        ({"template": "{title} [new]"}, "template", "no part"),
        ({"template": "{}"}, "template", "nothing"),
        ({"template": "{title.__class__}"}, "template", "no field"),
        ({"template": "{title!r}"}, "template", "no field"),
        ({"template": "{title:>99999999}"}, "template", "Before a colon"),
        ({"template": "{0}"}, "template", "no field"),
        ({"template": "{title|format:x}"}, "template", "no step"),
        ({"template": "{title|upper:x}"}, "template", "Nothing can follow"),
        ({"template": "{title|truncate:many}"}, "template", "whole number"),
        ({"template": "{title}" * 51}, "template", "50"),
    ],
)
def test_a_faulty_definition_is_refused_with_its_place_and_what_to_do(spec, path, words):
    refused = refusal(spec)
    assert refused.path == path
    assert words in refused.message
    assert refused.message.endswith((".", "?"))


def nested(depth):
    spec = {"field": "title"}
    for _ in range(depth - 1):
        spec = {"first": [spec]}
    return spec


def test_nesting_and_number_of_expressions_are_bounded():
    assert read(nested(5)) == "Trail shoe"
    assert "too deeply" in refusal(nested(6)).message
    assert "too deeply" in refusal(nested(100_000)).message
    ten = {"first": [{"field": "title"}] * 10}
    assert "too many" in refusal({"first": [ten] * 10}).message
    assert "too large" in refusal({"first": [0] * 30_000}).message
    assert "too long" in refusal({"constant": "x" * 600_000}).message


def test_the_columns_that_are_read_are_told_each_once():
    spec = {"template": "{brand} {title} {option:Size} {option:Fit} {title}"}
    expression = mapping.parse(spec, COLUMNS)
    assert expression.columns == ("brand", "title", "options")
    assert mapping.parse({"constant": "x"}, COLUMNS).columns == ()


def test_an_attribute_can_only_be_read_where_items_have_some():
    with pytest.raises(BadDefinition, match="no attributes"):
        mapping.parse({"attribute": "Colour"}, ["title"])


def test_the_owner_sees_what_changed_a_value():
    spec = {
        "first": [{"field": "brand"}, {"template": "{title|upper} x"}],
        "then": [{"truncate": 10}, {"values": {"trail shoe": ""}}, {"case": "lower"}],
    }
    expression = mapping.parse(spec, COLUMNS)
    assert expression.trace("", "Trail shoe") == [
        ("brand", None, None),
        ("title: upper case", "Trail shoe", "TRAIL SHOE"),
        ('template "{title|upper} x"', None, "TRAIL SHOE x"),
        ('first of (brand; template "{title|upper} x")', None, "TRAIL SHOE x"),
        ("at most 10 characters", "TRAIL SHOE x", "TRAIL SHOE"),
        ("looked up among one value", "TRAIL SHOE", None),
    ]
    assert expression.words == (
        'first of (brand; template "{title|upper} x"), at most 10 characters, '
        "looked up among one value, lower case"
    )


@pytest.mark.parametrize(
    "step",
    [
        {"replace": {"find": "a", "with": "a" * 500}},
        {"case": "upper"},
        {"case": "title"},
        {"case": "sentence"},
        {"strip_html": True},
        {"truncate": 7},
        {"multiply": "999999999"},
        {"round": {"to": "0.000001"}},
        {"campaign": {"a": "{title}"}},
    ],
)
@pytest.mark.parametrize(
    "piece", ["a", ". ", "ß", "'a", "<", "9", "https://a.example/?", "\u0301", "&=#", "\n"]
)
def test_no_step_makes_a_value_endless_or_takes_long(step, piece):
    start = time.process_time()
    value = then(piece * (1_000_000 // len(piece)), *[step] * 20)
    assert value is None or len(value) <= sources.LONGEST
    assert time.process_time() - start < 2


TEMPLATE = st.lists(
    st.sampled_from(
        [
            "{title}",
            "{brand|upper}",
            "{option:Size}",
            "[",
            "]",
            "[[",
            "]]",
            "{{",
            "}}",
            " ",
            "x",
            "{",
            "}",
            "|",
        ]
    ),
    max_size=8,
).map("".join)
STEP = st.one_of(
    st.builds(lambda f, w: {"replace": {"find": f, "with": w}}, st.text(min_size=1, max_size=3), ANY_TEXT),
    st.sampled_from([{"case": case} for case in ("lower", "upper", "title", "sentence")]),
    st.just({"strip_html": True}),
    st.builds(lambda limit: {"truncate": limit}, st.integers(1, 40)),
    st.sampled_from([{"add": "1.50"}, {"multiply": "1.19"}, {"round": {"to": "0.05"}}]),
    st.sampled_from([{"round": {"ending": "0.99"}}, {"campaign": {"a": "b", "c": "{title}"}}]),
)
SOURCE = st.one_of(
    st.sampled_from(
        [{"field": column} for column in COLUMNS if column not in ("options", "attributes", "meta")]
    ),
    st.sampled_from([{"attribute": "Colour"}, {"option": "size"}, {"meta": "_brand"}]),
    st.builds(lambda template: {"template": template}, TEMPLATE),
)
EXPRESSION = st.recursive(
    st.builds(lambda source, then: source | {"then": then}, SOURCE, st.lists(STEP, max_size=4)),
    lambda inner: st.builds(
        lambda kind, each: {kind: each},
        st.sampled_from(["first", "list"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


@given(
    st.one_of(
        documents(
            [*mapping.KINDS, "then", *mapping.MAKERS, "find", "with", "to", "ending"], ["title", "lower"]
        ),
        EXPRESSION,
    )
)
@settings(max_examples=500)
def test_any_json_is_an_expression_or_refused(spec):
    expression, refused = attempt(spec)
    if refused is not None:
        assert refused.message.endswith((".", "?"))
        assert "\n" not in str(refused)
    else:
        assert len(expression.words.splitlines()) == 1
        assert set(expression.columns) <= set(COLUMNS)


@given(EXPRESSION, st.lists(COLUMN, min_size=len(COLUMNS), max_size=len(COLUMNS)))
@settings(max_examples=500)
def test_reading_never_raises_and_is_the_end_of_its_trace(spec, columns):
    expression, _ = attempt(spec)
    if expression is None:
        return
    given = columns[: len(expression.columns)]
    value = expression.read(*given)
    assert value is None or (value and not value.isspace() and len(value) <= sources.LONGEST)
    assert expression.trace(*given)[-1].after == value
    texts = expression.texts(*given)
    assert all(text and not text.isspace() and len(text) <= sources.LONGEST for text in texts)


@given(ANY_TEXT, st.integers(1, 60))
def test_truncating_never_makes_longer(text, limit):
    value = then(text, {"truncate": limit})
    assert value is None or len(value) <= limit


PRICE = st.decimals(min_value=-(10**6), max_value=10**6, places=4).map(str)


@given(
    PRICE,
    PRICE,
    st.one_of(
        st.sampled_from(["0.05", "0.01", "1", "0.3", "7"]).map(lambda size: {"to": size}),
        st.sampled_from(["0.99", "0", "9.95", "99", "0.5"]).map(lambda ending: {"ending": ending}),
    ),
)
def test_rounding_keeps_the_order_of_prices(one, other, way):
    low, high = sorted((one, other), key=float)
    rounded = [float(then(price, {"round": way})) for price in (low, high)]
    assert rounded[0] <= rounded[1]


@given(
    st.dictionaries(
        st.text("abÄ &=", min_size=1).filter(str.strip),
        st.text(" &#?=%ä+b", min_size=1),
        min_size=1,
        max_size=3,
    )
)
def test_a_campaign_is_put_on_once_however_often(parameters):
    step = {"campaign": parameters}
    address = "https://a.example/b?v=1#end"
    assume(len({" ".join(name.split()) for name in parameters}) == len(parameters))
    once = read({"field": "link", "then": [step]}, link=address)
    assert read({"field": "link", "then": [step, step]}, link=address) == once


def test_an_item_whose_json_is_broken_has_nothing_there():
    for broken in ("{", "[1]", "5", "null", '{"Colour": {"a": 1}}', "[" * 5000):
        assert read({"attribute": "Colour"}, attributes=broken) is None
    assert (
        read({"attribute": "Colour"}, attributes=json.dumps({"Colour": [1, None, " ", "x", True]})) == "1, x"
    )
