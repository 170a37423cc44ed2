import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync2sys.formats.text import clean, clean_lines, is_legal, plain, shorten

#: What a reader of HTML would take for the beginning of a tag.
TAG = re.compile(r"<[a-zA-Z/!?]")
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

ANY_TEXT = st.text(st.characters(exclude_categories=()))
FRAGMENTS = (
    *("<p>", "</p>", "<b>", "</b", "<br/>", "<", ">", "<<", "< ", "<!--", "-->", "<!-->", "<![CDATA[", "]]>"),
    *(
        "<?php",
        "<script>",
        "</script>",
        "<style",
        "<a href='",
        '<a title="x>y">',
        '"',
        "'",
        "=",
        "/>",
        "&lt;",
    ),
    *("&amp;lt;", "&#60;", "&#x3c", "&#0;", "&#xD800;", "&nbsp;", "&shy;", '[vc_row a="b"]', "[/vc_row]"),
    *(
        "[vc_raw_html]",
        "[",
        "]",
        "word",
        "b",
        "\u200b",
        "\n",
        "\r\n",
        " ",
        "\x00",
        "\x1e",
        "\ud800",
        "é",
        "🎉",
    ),
)
SOUP = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("Just text.", "Just text."),
        ("  two\tblanks \n\n and lines ", "two blanks\nand lines"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<p>One<br />two\nthree</p>", "One\ntwo three"),
        ("Line one\nline <b>two</b>", "Line one\nline two"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<tr><td>Weight</td><td>3 kg</td></tr>", "Weight 3 kg"),
        ("<span>un</span><b>broken</b>", "unbroken"),
        ("K&uuml;che &amp; Haushalt", "Küche & Haushalt"),
        ("5&nbsp;&lt;&nbsp;10 &ndash; &euro;", "5 < 10 – €"),
        ("decoded &amp;amp; once", "decoded &amp; once"),
        ("5 < 6, <3 and a <- b", "5 < 6, <3 and a <- b"),
        ("&lt;b&gt;shown&lt;/b&gt;", "< b>shown< /b>"),
        ("<<b>b>", "< b>"),
        ("<\u200bb>", "< b>"),
        ("x<script>if (a < b) alert('</p>')</script>y", "xy"),
        ("x<STYLE type=a>p { color: red }</STYLE >y", "xy"),
        ("x<script src=a />y", "xy"),
        ("x<script>never ends", "x"),
        ("a<!-- <p> -->b<!-->c<!--->d", "abcd"),
        ("a<!-- never ends", "a"),
        ("<!DOCTYPE html><?xml version='1.0'?>a</ >b", "ab"),
        ("a <![CDATA[ <i>b</i> & c ]]> d", "a b & c d"),
        ("<a title=\"a > b\" href='x>y'>link</a>", "link"),
        ('<a href="unclosed>link</a> text', "link text"),
        ("cut <in the middle", "cut < in the middle"),
        ("[vc_row css='.a{}'][vc_column]Text[/vc_column][/vc_row]", "Text"),
        ("a [vc_raw_html]JTNDc2NyaXB0[/vc_raw_html] b", "a b"),
        ('[gallery ids="1,2"]a[contact-form-7 id="1"] [caption]b[/caption]', "a b"),
        ("Cable [USB-C] [neu] [1] [see below]", "Cable [USB-C] [neu] [1] [see below]"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffbom", "softhyphen zerowidth bom"),
        ("nul\x00 bell\x07 &#7; &#0; &#xD800; \ud83d", "nul bell � �"),
        ("Familie 👨‍👩‍👧‍👦 שלום", "Familie 👨‍👩‍👧‍👦 שלום"),
        ("&#" + "9" * 5000 + ";", "�"),
        ("&#x" + "f" * 5000 + ";", "�"),
    ],
)
def test_html_becomes_what_a_reader_sees(html, text):
    assert plain(html) == text


@given(st.one_of(SOUP, ANY_TEXT))
@settings(max_examples=500)
def test_plain_text_never_holds_a_tag_or_an_illegal_character(html):
    text = plain(html)
    assert not TAG.search(text)
    assert not ILLEGAL.search(text)
    assert is_legal(text)
    assert clean_lines(text) == text


WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
ELEMENT = st.sampled_from(["p", "b", "div", "em", "li", "h2", "span", "td"])
ATTRIBUTES = st.sampled_from(["", ' class="a b"', " title='1 > 0'", " data-x=1 hidden"])
HIDDEN = st.sampled_from(["<!-- no -->", "<script>no()</script>", "<style>no {}</style>", "[vc_row no='1']"])


def wrapped(inner):
    return st.builds(
        lambda name, attributes, parts: f"<{name}{attributes}>{' '.join(parts)}</{name}>",
        ELEMENT,
        ATTRIBUTES,
        st.lists(st.one_of(inner, HIDDEN), max_size=4),
    )


@given(st.recursive(WORD, wrapped, max_leaves=20))
def test_all_words_of_a_document_come_out_in_their_order(html):
    words = re.sub(r"<script>.*?</script>|<style>.*?</style>|<!--.*?-->|\[.*?\]", " ", html)
    words = re.sub(r"<\w+(\"[^\"]*\"|'[^']*'|[^'\">])*>|</\w+>", " ", words)
    assert "".join(plain(html).split()) == "".join(words.split())


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<",
            "<!--",
            "<a ",
            '<a ="',
            '<a =">" ',
            "<a ='>\" ",
            "<script>",
            "</script",
            "<video>",
            "<p>",
            "<p",
        ),
        *("<![CDATA[", "<a =  ", "<!", "</", "<div<div>", "<object/><a title='", "&", "&#", "&#9", "&amp"),
        *("[", "[a ", "[a b=", "[a   ", "[a_", "[a-", "[vc_raw_html]", "\x00", "\ud800", "\x1e\n", " "),
    ],
)
def test_half_a_megabyte_of_garbage_takes_no_longer_than_its_length_asks(piece):
    garbage = piece * (500_000 // len(piece))
    start = time.process_time()
    plain(garbage)
    # A tenth of a second or so; anything that grows with the square would take minutes.
    assert time.process_time() - start < 5


@given(ANY_TEXT)
def test_a_clean_line_is_one_line_of_legal_text(text):
    line = clean(text)
    assert line == line.strip()
    assert line.split(" ") == line.split() or line == ""
    assert not ILLEGAL.search(line)


@given(ANY_TEXT)
def test_legal_text_is_told_from_other_text(text):
    assert is_legal(text) == (not ILLEGAL.search(text.replace("\r", "\x00").replace("\t", "\x00")))


@given(st.text("ab c,\n", max_size=60), st.integers(1, 60))
def test_a_shortened_text_is_the_beginning_of_the_text(text, limit):
    short = shorten(text, limit)
    assert len(short) <= limit
    assert text.startswith(short)


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("just fits", 9, "just fits"),
        ("cut after a word", 12, "cut after a"),
        ("cut after, a word", 11, "cut after"),
        ("a verylongwordthatnobodycancut", 10, "a verylong"),
        ("first\nsecond", 8, "first"),
        ("cafe\u0301s", 4, "caf"),
        ("ab👍🏽", 3, "ab"),
        ("a👨‍👩‍👧", 3, "a"),
    ],
)
def test_text_is_cut_between_words_and_never_inside_a_character(text, limit, short):
    assert shorten(text, limit) == short
