"""A mapping proposed from a header and some rows, with reasons; what is not sure is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.offers import guesses, mapping, rows
from sync2sys.offers.rows import Offer
from tests.formats.wild import ANY_TEXT
from tests.offers.lists import GTIN, Line

GTINS = [GTIN, "4006381333948", "4006381333955", "4006381333962"]


EIGHT = ["sku", "gtin", "brand", "title", "cost", "price", "currency", "quantity"]


def proposed(columns, *lines, currency=""):
    cells = [dict(zip(columns, line, strict=True)) for line in lines]
    return guesses.guess(columns, cells, currency)


def columns_of(proposal):
    return {
        name: part["columns"][0] if len(part["columns"]) == 1 else part["columns"]
        for name, part in proposal.definition["fields"].items()
        if "columns" in part
    }


@pytest.mark.parametrize(
    "header",
    [
        "SKU;EAN;Manufacturer;Product name;Dealer price;RRP;Currency;Stock",
        "Artikelnr.;EAN-Code;Hersteller;Bezeichnung;Händler-EK (netto);UVP;Währung;Lagerbestand",
        "Kód zboží;Čárový kód;Výrobce;Název;Cena bez DPH;Doporučená cena;Měna;Skladem ks",
        "Kód tovaru;Čiarový kód;Výrobca;Názov;Nákupná cena;Odporúčaná cena;Mena;Množstvo",
        "Indeks;Kod kreskowy;Producent;Nazwa towaru;Cena zakupu netto;Cena detaliczna;Waluta;Stan magazynowy",
        "Référence;Code-barres;Marque;Désignation;Prix d'achat HT;Prix public TTC;Devise;Quantité en stock",
        "Referencia;Código de barras;Marca;Nombre;Precio de compra;PVP;Moneda;Existencias",
        "Codice articolo;Codice a barre;Produttore;Denominazione;Prezzo netto;"
        "Prezzo al pubblico;Valuta;Giacenza",
        "Artikelcode;Streepjescode;Merk;Naam;Inkoopprijs;Adviesprijs;Munteenheid;Voorraad",
        "vendorSku;ean13;brand_name;title;unit_cost;msrp;currency_code;stock_qty",
    ],
)
def test_columns_are_known_by_their_names_in_nine_languages(header):
    columns = header.split(";")
    proposal = proposed(
        columns,
        ("A-1", GTINS[0], "Acme", "Shoe", "12,50", "24,99", "EUR", "3"),
        ("A-2", GTINS[1], "Acme", "Sock", "1,50", "4,99", "EUR", "0"),
    )
    assert columns_of(proposal) == dict(zip(EIGHT, columns, strict=True))
    offer = rows.offer_of(
        Line(
            2,
            dict(zip(columns, ["A-1", GTINS[0], "Acme", "Shoe", "12,50", "24,99", "EUR", "3"], strict=True)),
        ),
        proposal.mapping,
    )
    assert isinstance(offer, Offer)
    assert (str(offer.cost), str(offer.price), offer.quantity) == ("12.5", "24.99", 3)


def test_paths_of_xml_are_known_by_their_last_parts():
    columns = ["@id", "g:gtin", "prices/purchase_price", "prices/@currency", "stock/quantity", "images/image"]
    proposal = proposed(columns, ("1", GTIN, "12.50", "EUR", "4", "https://b2b.example/1.jpg"))
    assert columns_of(proposal) == dict(
        zip(["key", "gtin", "cost", "currency", "quantity", "images"], columns, strict=True)
    )


def test_a_column_full_of_gtins_or_images_is_known_without_a_name():
    lines = [(gtin, f"https://b2b.example/{gtin}.jpg", f"https://b2b.example/{gtin}", "7") for gtin in GTINS]
    proposal = proposed(["1", "2", "3", "Bestand"], *lines)
    assert columns_of(proposal) == {"gtin": "1", "images": "2", "link": "3", "quantity": "Bestand"}
    assert proposal.reasons[1].why == 'The column "1" is full of valid GTINs.'


def test_the_number_of_a_carton_is_not_taken_for_that_of_what_is_in_it():
    proposal = proposed(["EAN Karton", "EAN", "Bestand"], (GTINS[1], GTINS[0], "3"))
    assert columns_of(proposal) == {"gtin": "EAN", "quantity": "Bestand"}


def test_images_beside_each_other_are_all_taken():
    pictures = [f"https://b2b.example/{no}.jpg" for no in (1, 2)]
    proposal = proposed(["EAN", "Bild 1", "Image 1", "Bestand"], (GTIN, *pictures, "3"))
    assert columns_of(proposal)["images"] == ["Bild 1", "Image 1"]


def test_a_name_that_its_cells_contradict_is_not_believed():
    proposal = proposed(["SKU", "EAN", "Preis", "Bestand"], ("A", "Shoe", "cheap", "a lot"))
    assert columns_of(proposal) == {"sku": "SKU"}
    assert proposal.mapping is None
    assert proposal.lacks.startswith("fields: Map one of")


def test_how_numbers_are_written_is_taken_from_the_other_columns_and_told():
    proposal = proposed(["SKU", "EK", "UVP", "Bestand"], ("A", "1.234", "1.499,50", "1.000"), currency="EUR")
    numbers = {name: part.get("numbers") for name, part in proposal.definition["fields"].items()}
    assert numbers["cost"] == numbers["price"] == numbers["quantity"] == "comma"
    doubts = [each.why for each in proposal.reasons if each.field == "cost" and not each.sure]
    assert doubts[0] == (
        '"1.234" can be read in two ways, and no other cell says which.'
        " Other columns of numbers are written with a comma, so it is read so."
    )


@pytest.mark.parametrize("cells", [("1.234", "2.345"), ("1.234,56", "1,234.56")])
def test_numbers_that_can_be_read_in_two_ways_wait_for_the_owner(cells):
    proposal = proposed(["SKU", "EK"], *(("A", cell) for cell in cells), currency="EUR")
    assert proposal.mapping is None
    assert proposal.lacks.startswith("fields.cost.numbers: Say how the column writes numbers")


@pytest.mark.parametrize(
    ("column", "tax", "sure"),
    [
        ("EK netto", "without", True),
        ("Cena s DPH nákupní cena", "with", True),
        ("EK", "without", False),
        ("prix d'achat HT", "without", True),
        ("Inkoopprijs incl. BTW", "with", True),
    ],
)
def test_whether_a_cost_is_with_tax_is_said_by_its_name_or_told_as_an_assumption(column, tax, sure):
    proposal = proposed(["SKU", column], ("A", "1,50"), currency="EUR")
    assert proposal.definition["fields"]["cost"]["tax"] == tax
    told = [each for each in proposal.reasons if "without tax" in each.why]
    assert bool(told) != sure


def test_a_recommended_price_whose_tax_nobody_says_is_left_unknown():
    proposal = proposed(["SKU", "EK", "Listenpreis"], ("A", "1,50", "2,50"), currency="EUR")
    assert "tax" not in proposal.definition["fields"]["price"]
    assert proposal.mapping.fields["price"].tax == mapping.UNKNOWN


def test_a_bare_price_is_taken_for_what_is_paid_and_told():
    proposal = proposed(["SKU", "Preis"], ("A", "1,50"), currency="EUR")
    (told,) = [each for each in proposal.reasons if each.columns == ("Preis",) and "may be" in each.why]
    assert (told.field, told.sure) == ("cost", False)
    both = proposed(["SKU", "EK", "Preis"], ("A", "1,50", "3,00"), currency="EUR")
    assert columns_of(both) == {"sku": "SKU", "cost": "EK"}


@pytest.mark.parametrize(
    ("column", "cell", "currency", "found", "sure"),
    [
        ("EK", "1,50 €", "CZK", "EUR", True),
        ("EK EUR", "1,50", "CZK", "EUR", True),
        ("EK", "1,50", "CZK", "CZK", False),
    ],
)
def test_a_currency_is_what_stands_beside_the_amounts_or_else_the_shops(column, cell, currency, found, sure):
    proposal = proposed(["SKU", column], ("A", cell), currency=currency)
    assert proposal.definition["fields"]["currency"] == {"constant": found}
    assert [each.sure for each in proposal.reasons if each.field == "currency"] == [sure]
    assert proposed(["SKU", "EK"], ("A", "1,50")).lacks.startswith("fields.currency")


def test_a_price_for_a_hundred_is_divided_and_told():
    proposal = proposed(["SKU", "EK per 100"], ("A", "150,00"), currency="EUR")
    assert proposal.definition["fields"]["cost"]["times"] == "0.01"


def test_days_that_can_be_two_wait_for_the_owner():
    sure = proposed(["SKU", "Bestand", "Lieferdatum"], ("A", "1", "24.12.2026"))
    assert sure.definition["fields"]["available_at"]["days"] == "day_first"
    unsure = proposed(["SKU", "Bestand", "Delivery date"], ("A", "1", "01/02/2026"))
    assert "days" not in unsure.definition["fields"]["available_at"]
    assert any('Say under "days"' in each.why for each in unsure.reasons)


@given(
    st.lists(st.one_of(ANY_TEXT, st.sampled_from(["EAN", "EK", "Preis", "SKU", "Bestand"])), max_size=6),
    st.lists(ANY_TEXT, min_size=6, max_size=6),
)
def test_any_header_and_row_give_a_proposal_that_is_a_mapping_or_says_what_it_lacks(columns, cells):
    proposal = guesses.guess(columns, [dict(zip(columns, cells, strict=False))], "EUR")
    assert (proposal.mapping is None) == bool(proposal.lacks)
    assert all(each.why for each in proposal.reasons)


# What stands above the items of a document -------------------------------------------------------

ABOVE = ["../../@id", "../../title", "../../brand", "../../price", "../../price/@currency", "../../quantity"]


def test_what_an_offer_lacks_is_taken_from_what_stands_above_it():
    proposal = proposed(
        [*ABOVE, "@sku", "@qty"],
        ("7", "Shoe", "Acme", "9.90", "EUR", "8", "A", "3"),
        ("8", "Sock", "Acme", "1.90", "EUR", "9", "B", "0"),
    )
    assert columns_of(proposal) == {
        "sku": "@sku", "quantity": "@qty", "title": "../../title", "brand": "../../brand",
        "cost": "../../price", "currency": "../../price/@currency", "item_group": "../../@id",
    }  # fmt: skip
    assert proposal.mapping is not None


def test_an_offers_own_comes_first_then_what_is_nearest():
    columns = ["../../name", "../name", "../brand", "sku", "Bezeichnung", "../../brand", "stock"]
    proposal = proposed(columns, ("Shop", "Shoe", "Acme", "A", "Shoe 42", "Other", "1"))
    assert columns_of(proposal) == {
        "sku": "sku", "title": "Bezeichnung", "brand": "../brand", "quantity": "stock",
    }  # fmt: skip


def test_what_tells_offers_apart_or_is_counted_is_never_that_of_several():
    columns = ["../sku", "../ean", "../quantity", "../mpn", "size"]
    proposal = proposed(columns, ("A", GTIN, "5", "M", "L"), ("B", GTINS[1], "6", "N", "L"))
    assert columns_of(proposal) == {"item_group": "../sku"}
    assert "Map one of" in proposal.lacks


def test_what_is_the_same_in_all_rows_is_told_and_of_a_long_list_left_out():
    columns = ["sku", "stock", "../name", "../brand", "../@id"]
    rows = [(str(number), "1", "The shop", "Acme", "7") for number in range(60)]
    proposal = proposed(columns, *rows)
    assert columns_of(proposal) == {"sku": "sku", "quantity": "stock", "brand": "../brand"}
    few = proposed(columns, *rows[:3])
    assert columns_of(few)["title"] == "../name"
    (found,) = [each for each in few.reasons if each.field == "title"]
    assert not found.sure
    assert "the same in all rows" in found.why
