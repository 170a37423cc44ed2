"""A row makes an offer, or a refusal that says where and why."""

from datetime import date
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.offers import duplicates, mapping, rows
from sync2sys.offers.fields import AVAILABILITIES
from sync2sys.offers.rows import Offer, Refusal, content_hash, terms_hash
from sync2sys.readers.base import Refused
from tests.formats.wild import ANY_TEXT
from tests.offers.lists import FULL, GTIN, MAPPING, Line, mapped, read

D = Decimal


def remarks(offer):
    return [(each.field, each.code) for each in offer.remarks]


def test_a_row_makes_an_offer_with_all_that_it_says():
    assert read() == Offer(
        line=2,
        key="AC-1",
        gtin=GTIN,
        sku="AC-1",
        mpn="TR-42",
        brand="Acme",
        title="Trail Runner",
        cost=D("1234.5"),
        cost_tax="without",
        price=D("1999"),
        price_tax="with",
        currency="EUR",
        quantity=7,
        availability="in_stock",
        available_at=date(2026, 12, 24),
        description="Runs.",
        link="https://b2b.example/ac-1",
        images=("https://b2b.example/1.jpg", "https://b2b.example/2,3.jpg", "https://b2b.example/4.jpg"),
        category="Shoes > Running",
        weight=D("0.25"),
        options={"Size": "42"},
    )


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"Artikelnummer": " "}, "sku", "no_key"),
        ({"Artikelnummer": None}, "sku", "no_key"),
        ({"Artikelnummer": "4,00638E+12"}, "sku", "rounded_number"),
        ({"Artikelnummer": "x" * 201}, "sku", "too_long"),
        ({"EK": "1,234.50"}, "cost", "other_number_style"),
        ({"EK": "auf Anfrage"}, "cost", "not_a_number"),
        ({"EK": "-3,00"}, "cost", "negative"),
        ({"EK": "12,50 CZK"}, "cost", "other_currency"),
        ({"UVP": "$12,50"}, "price", "other_currency"),
        ({"Währung": "Taler", "UVP": None}, "currency", "no_currency"),
        ({"Währung": "Taler"}, "price", "other_currency"),
        ({"PE": "0"}, "per", "negative"),
        ({"PE": "Stück"}, "per", "not_a_number"),
        ({"EK": "0,000000001"}, "cost", "too_small"),
        ({"Bestand": "<9"}, "quantity", "below_a_number"),
        ({"Bestand": "einige"}, "quantity", "not_a_number"),
        ({"Bestand": None, "Status": "gelb"}, "availability", "unknown_word"),
    ],
)
def test_a_row_that_would_be_sold_by_a_wrong_value_is_refused_with_its_line(cells, field, code):
    found = read(cells, line=17)
    assert isinstance(found, Refusal)
    assert (found.line, found.field, found.code) == (17, field, code)
    assert found.message.endswith(".")
    assert found.message[0].isupper()


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        ({"EK": "auf Anfrage"}, "AC-1"),
        ({"Bestand": "einige"}, "AC-1"),
        ({"Artikelnummer": "4,00638E+12"}, ""),
    ],
)
def test_a_refused_row_is_known_by_its_key_where_that_can_be_read(cells, key):
    assert read(cells).key == key


def test_what_a_reader_cannot_give_is_known_by_its_key_too():
    unread = Refused(3, "wrong_number_of_cells", "Too many.", {"Artikelnummer": "AC-1", "EAN": "abc"})
    told = Refusal(3, "wrong_number_of_cells", "", "", "Too many.", "AC-1")
    ready = mapping.parse(MAPPING)
    assert rows.refusal_of(unread, ready) == told
    assert rows.refusal_of(Refused(3, "nul", "NUL."), ready).key == ""


@pytest.mark.parametrize(
    ("cells", "field", "value", "remark"),
    [
        ({"EAN": "4,00638E+12"}, "gtin", "", "rounded_number"),
        ({"EAN": "4006381333932"}, "gtin", "", "wrong_check_digit"),
        ({"EAN": "2012345678903"}, "gtin", "", "restricted_number"),
        ({"EAN": "abc"}, "gtin", "", "not_digits"),
        ({"ab": "12/24/2026"}, "available_at", None, "not_a_day"),
        ({"ab": "46380"}, "available_at", None, "not_a_day"),
        ({"Gewicht": "schwer"}, "weight", None, "not_a_number"),
        ({"Link": "b2b.example/x"}, "link", "", "not_a_link"),
        ({"Link": "javascript:alert(1)"}, "link", "", "not_a_link"),
        ({"Bild 1": "bild.jpg", "Bild 2": None}, "images", (), "not_a_link"),
        ({"Hersteller-Nr": "1.2E+12"}, "mpn", "", "rounded_number"),
        ({"EK": "0,00"}, "cost", None, "zero"),
        ({"Bestand": "-4"}, "quantity", 0, "negative"),
        ({"Bestand": "3,7"}, "quantity", 3, "fraction"),
        ({"Status": "gelb"}, "availability", "", "unknown_word"),
    ],
)
def test_what_only_describes_is_left_out_and_told(cells, field, value, remark):
    found = read(cells)
    assert getattr(found, field) == value
    assert remarks(found) == [(field, remark)]


@pytest.mark.parametrize("cell", ["-", "n/a", "NULL", " ", "#N/A", "NaN"])
def test_what_stands_in_the_place_of_nothing_is_nothing(cell):
    found = read(dict.fromkeys(["EAN", "EK", "UVP", "ab", "Gewicht", "Link"], cell))
    assert (found.gtin, found.cost, found.price, found.available_at, found.weight) == (
        "",
        None,
        None,
        None,
        None,
    )
    assert (found.link, found.currency, remarks(found)) == ("", "", [])


@pytest.mark.parametrize(
    ("cells", "quantity", "availability"),
    [
        ({"Bestand": ">10", "Status": None}, 10, ""),
        ({"Bestand": "viele", "Status": None}, 50, ""),
        ({"Bestand": "<5", "Status": None}, 1, ""),
        ({"Bestand": "ja", "Status": None}, None, "in_stock"),
        ({"Bestand": "nein", "Status": None}, 0, "out_of_stock"),
        ({"Bestand": None, "Status": "a"}, None, "in_stock"),
        ({"Bestand": None, "Status": "wenig"}, 2, "in_stock"),
        ({"Bestand": None, "Status": "Skladem"}, None, "in_stock"),
        ({"Bestand": None, "Status": "Není skladem"}, 0, "out_of_stock"),
        ({"Bestand": None, "Status": "nicht verfuegbar"}, 0, "out_of_stock"),
        ({"Bestand": None, "Status": "w magazynie"}, None, "in_stock"),
        ({"Bestand": None, "Status": "sur commande"}, None, "backorder"),
        ({"Bestand": "4", "Status": "Z"}, 4, "out_of_stock"),
        ({"Bestand": None, "Status": None}, None, ""),
    ],
)
def test_a_stock_is_counted_or_told_in_words(cells, quantity, availability):
    found = read(cells)
    assert (found.quantity, found.availability) == (quantity, availability)


def test_an_amount_for_many_pieces_or_in_cents_becomes_that_of_one():
    assert read(EK="125,00", PE="100").cost == D("1.25")
    cents = mapped(cost={"columns": "EK", "numbers": "plain", "times": "0.01", "tax": "without"})
    assert read(EK="1999", definition=cents).cost == D("19.99")
    assert read(EK="1,00", PE="3").cost == D("0.33333333")


def test_the_first_column_that_is_not_empty_counts():
    assert read({"EAN": " ", "EAN 2": GTIN}).gtin == GTIN
    assert read(Währung="czk", UVP="1").currency == "CZK"


def test_a_mark_beside_an_amount_says_its_currency_where_the_list_does_not():
    told = mapped(currency="Währung")
    assert read(definition=told).currency == "EUR"
    assert read(definition=told, EK="1,00 zł").code == "no_currency"
    assert read(definition=told, EK="1,00 $", UVP=None).code == "no_currency"
    assert read(definition=told, EK="1,00 $", UVP=None, Währung="CAD").currency == "CAD"


def test_an_offer_without_amounts_needs_no_currency():
    assert read(EK=None, UVP=None, Währung="Taler").currency == ""


def test_the_first_identifier_that_is_mapped_is_the_key():
    assert read(definition=mapped(sku=None)).key == GTIN
    assert read(definition=mapped(sku=None), EAN="1").code == "wrong_length"
    assert read(definition=mapped(key="Hersteller-Nr")).key == "TR-42"


def test_equal_offers_have_equal_hashes_wherever_they_stand_and_however_they_are_written():
    same = read(line=9, EK="1234,5", Bezeichnung="Trail Runner")
    assert content_hash(read()) == content_hash(same)
    assert content_hash(read()) != content_hash(read(Text="Other."))
    assert terms_hash(read()) == terms_hash(read(Text="Other.", line=5))
    assert terms_hash(read()) != terms_hash(read(EK="1"))


@given(st.dictionaries(st.sampled_from(sorted(FULL)), ANY_TEXT))
def test_any_row_is_an_offer_or_a_refusal(cells):
    found = rows.offer_of(Line(3, FULL | cells), mapping.parse(MAPPING))
    assert found.line == 3
    if isinstance(found, Offer):
        assert found.key
        assert found.cost is None or found.cost > 0
        assert found.quantity is None or found.quantity >= 0
        assert found.availability in ("", *AVAILABILITIES)
        assert content_hash(found) == content_hash(found._replace(line=4))


@pytest.mark.parametrize("column", sorted(FULL))
def test_what_no_database_takes_is_in_no_offer(column):
    found = read({column: FULL[column] + "x\ud800\x00"})
    assert not {"\ud800", "\x00"} & set("".join(map(str, found)))
    assert isinstance(found, Refusal) or content_hash(found)


@pytest.mark.parametrize("unit", [",", " ", ",;|", "https://", "1,", "-", "<", "é"])
def test_a_cell_as_long_as_readers_let_through_is_read_at_once(unit):
    cell = unit * (900_000 // len(unit)) + "x"
    begin = process_time()
    for column in FULL:
        read({column: cell})
    assert process_time() - begin < 10


def test_rows_of_one_key_that_agree_are_one_offer():
    offers = [read(line=7, Text="Other."), read(line=3)]
    assert duplicates.agreed(offers) == offers[1]


def test_rows_of_one_key_that_differ_are_all_refused_with_the_others_lines():
    found = duplicates.agreed([read(line=3), read(line=7, EK="99,00"), read(line=9)])
    assert [(each.line, each.code) for each in found] == [(n, "duplicate_key") for n in (3, 7, 9)]
    assert found[1].message == (
        'The key "AC-1" stands in lines 3, 9 too, with another cost. None of these rows is taken; leave one.'
    )


def test_rows_that_were_kept_as_hashes_alone_are_compared_likewise():
    kept = [duplicates.sighting(read(line=line)) for line in (4, 2)]
    assert duplicates.conflict("AC-1", kept) == []
    (first, _, _) = duplicates.conflict("AC-1", [*kept, duplicates.sighting(read(line=8, Bestand="0"))])
    assert (first.line, first.message[:33]) == (2, 'The key "AC-1" stands in lines 4,')
