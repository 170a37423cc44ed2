"""What an offer can have, and the names by which a column of it is known in nine languages.

English, German, Czech, Slovak, Polish, French, Spanish, Italian and Dutch.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# How the text of a field is read.
TEXT, CODE, GTIN, MONEY, CURRENCY, FACTOR, COUNT, STOCK, DAY, LINK, LINKS, WEIGHT = (
    "text", "code", "gtin", "money", "currency", "factor", "count", "stock", "day", "link", "links", "weight"
)  # fmt: skip

#: Kinds whose text is a number, and therefore needs a way to write numbers.
NUMBERS = frozenset((MONEY, COUNT, FACTOR, WEIGHT))


class Field(NamedTuple):
    """One thing that an offer can have."""

    name: str
    kind: str
    #: what it is called in sentences
    label: str
    #: names of columns, folded
    names: frozenset[str]


_SMALL_THEN_LARGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")
#: How German umlauts are spelled where there are none: verfuegbar.
_SPELLED_OUT = re.compile("(?<=[aou])e")


@lru_cache(maxsize=4096)
def words(header: str) -> tuple[str, ...]:
    """The words of a column's name, without case and accents: `EK-Preis (netto)` is ek, preis, netto."""
    parted = _SMALL_THEN_LARGE.sub(" ", header[:200])
    plain = unicodedata.normalize("NFKD", parted).casefold().replace("ł", "l").replace("đ", "d")
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return tuple(_WORD.findall(_SPELLED_OUT.sub("", bare)))


def folded(header: str) -> str:
    """A column's name as it is compared: its words without anything between."""
    return "".join(words(header))


def _folded(names: str) -> frozenset[str]:
    return frozenset(map(folded, names.split(",")))


def _field(name: str, kind: str, label: str, names: str) -> Field:
    return Field(name, kind, label, _folded(names))


FIELDS = {
    each.name: each
    for each in (
        _field(
            "key", CODE, "the supplier's key",
            "id, item id, product id, offer id, artikel id, produkt id, id produktu, identifiant,"
            "id producto, id articolo, item key, unique id",
        ),
        _field(
            "gtin", GTIN, "the GTIN",
            "gtin, ean, ean13, ean 13, gtin13, gtin 13, gtin14, upc, jan, isbn, barcode, bar code, ean code,"
            "ean upc, ean gtin, gtin ean, ean nummer, ean nr, strichcode, čárový kód, čiarový kód, kód ean,"
            "ean kód, kod kreskowy, kod ean, code barre, code barres, code à barres, code ean, gencod,"
            "código de barras, código ean, codice a barre, codice ean, streepjescode, eancode, barra",
        ),
        _field(
            "sku", CODE, "the SKU",
            "sku, supplier sku, vendor sku, item number, item no, item nr, item code, article number,"
            "article no, product code, product number, stock code, part code, artikelnummer, artikel nr,"
            "artikelnr, artnr, art nr, art, bestellnummer, bestell nr, produktnummer, kód, kód produktu,"
            "kód zboží, katalogové číslo, číslo položky, číslo produktu, kód tovaru, objednací kód, kod,"
            "kod produktu, kod towaru, indeks, symbol, numer katalogowy, référence, réf, ref article,"
            "code article, code produit, référence article, référence fournisseur, referencia, ref,"
            "código, código artículo, código de artículo, código producto, codice, codice articolo,"
            "cod articolo, codice prodotto, articolo, artikelcode, bestelnummer, productcode,"
            "productnummer",
        ),
        _field(
            "mpn", CODE, "the maker's number",
            "mpn, manufacturer part number, manufacturer number, manufacturer no, manufacturer code,"
            "mfr part no, mfr part number, mfg part number, part number, part no, partnumber, oem number,"
            "model number, model no, herstellernummer, hersteller nr, herstellernr, hersteller artikelnummer,"
            "hersteller artikelnr, hersteller art nr, herstellerartikelnummer, hersteller teilenummer,"
            "teilenummer, kód výrobce, číslo výrobce, kód výrobcu, číslo výrobcu, kod producenta,"
            "numer producenta, numer części, indeks producenta, référence fabricant, ref fabricant,"
            "référence constructeur, ref constructeur, code fabricant, referencia fabricante,"
            "referencia del fabricante, código fabricante, código del fabricante, codice produttore,"
            "codice fabbricante, codice costruttore, fabrikantcode, artikelnummer fabrikant, fabrikantnummer",
        ),
        _field(
            "brand", TEXT, "the brand",
            "brand, brand name, manufacturer, manufacturer name, maker, make, marke, hersteller,"
            "herstellername, markenname, značka, výrobce, výrobca, marka, producent, nazwa producenta,"
            "marque, fabricant, marca, fabricante, produttore, casa produttrice, merk, fabrikant, merknaam",
        ),
        _field(
            "title", TEXT, "the title",
            "title, name, product name, productname, item name, product title, product, bezeichnung,"
            "bezeichnung 1, artikelbezeichnung, artikelname, produktname, produktbezeichnung, titel,"
            "kurztext, název, název produktu, název zboží, jméno, názov, názov produktu, názov tovaru,"
            "nazwa, nazwa produktu, nazwa towaru, nom, nom du produit, désignation, libellé, titre,"
            "intitulé, nombre, nombre del producto, título, denominación, nome, nome prodotto, titolo,"
            "denominazione, naam, productnaam, artikelnaam",
        ),
        _field(
            "cost", MONEY, "the cost",
            "cost, cost price, unit cost, purchase price, buying price, buy price, net price,"
            "wholesale price, dealer price, reseller price, trade price, your price, your cost, ek,"
            "ek preis, ek netto, ek preis netto, einkaufspreis, einkaufspreis netto, hek, händlerpreis,"
            "händler ek, nettopreis, preis netto, ihr preis, netto ek, nákupní cena, velkoobchodní cena,"
            "voc, cena bez dph, vaše cena, cena pro vás, nákupná cena, veľkoobchodná cena, vaša cena,"
            "cena zakupu, cena hurtowa, cena netto, cena zakupu netto, prix d'achat, prix achat,"
            "prix d'achat ht, pa ht, prix net, prix ht, prix revendeur, tarif ht, precio de compra,"
            "precio compra, precio de coste, coste, costo, precio neto, precio mayorista, precio sin iva,"
            "prezzo di acquisto, prezzo d'acquisto, prezzo acquisto, prezzo netto, prezzo rivenditore,"
            "prezzo ingrosso, inkoopprijs, inkoop, nettoprijs, groothandelsprijs, dealerprijs,"
            "prijs excl btw",
        ),
        _field(
            "price", MONEY, "the recommended price",
            "rrp, msrp, srp, retail price, recommended price, recommended retail price, list price,"
            "suggested price, selling price, uvp, uvp brutto, vk, vk preis, vk brutto, verkaufspreis,"
            "unverbindliche preisempfehlung, empf vk, empfohlener verkaufspreis, bruttopreis, listenpreis,"
            "endkundenpreis, moc, dmoc, moc s dph, doporučená cena, doporučená prodejní cena,"
            "maloobchodní cena, prodejní cena, koncová cena, cena s dph, odporúčaná cena, maloobchodná cena,"
            "predajná cena, cena detaliczna, cena sugerowana, cena katalogowa, cena brutto, scd, ppc,"
            "prix public, prix public ttc, prix de vente, prix de vente conseillé, prix conseillé, pvc,"
            "prix ttc, pvp, pvpr, precio de venta, precio venta, precio recomendado, precio con iva,"
            "prezzo al pubblico, prezzo consigliato, prezzo di listino, prezzo listino, prezzo di vendita,"
            "adviesprijs, verkoopprijs, consumentenprijs, winkelprijs, prijs incl btw",
        ),
        _field(
            "per", FACTOR, "the number of pieces that a price is for",
            "price unit, price per quantity, preiseinheit, peh, preis pro menge, cenová jednotka,"
            "jednostka ceny, unité de prix, unidad de precio, unità di prezzo, prijseenheid",
        ),
        _field(
            "currency", CURRENCY, "the currency",
            "currency, currency code, währung, waehrung, währungscode, wkz, měna, mena, kód měny, waluta,"
            "devise, monnaie, code devise, moneda, divisa, valuta, munteenheid, valutacode",
        ),
        _field(
            "quantity", COUNT, "the quantity",
            "quantity, qty, stock, stock quantity, stock qty, stock level, inventory, inventory quantity,"
            "on hand, quantity in stock, available quantity, available stock, bestand, lagerbestand,"
            "lager menge, lagermenge, menge, stück, stückzahl, verfügbare menge, verfügbarer bestand,"
            "množství, množství skladem, stav skladu, skladem ks, počet kusů, počet, sklad, zásoba, množstvo,"
            "množstvo na sklade, stav zásob, počet kusov, ilość, ilość w magazynie, stan, stany,"
            "stan magazynowy, stan magazynu, quantité, quantité en stock, qté, qte stock, qté en stock,"
            "stock disponible, cantidad, existencias, unidades, unidades en stock, quantità, qta, giacenza,"
            "giacenze, quantità disponibile, aantal, voorraad, voorraadaantal, op voorraad aantal",
        ),
        _field(
            "availability", STOCK, "the availability",
            "availability, in stock, stock status, is in stock, available, verfügbarkeit, lieferbar,"
            "lieferstatus, lagerstatus, lieferbarkeit, auf lager, dostupnost, skladem, stav dostupnosti,"
            "dostupnosť, na sklade, skladom, dostępność, dostępny, disponibilité, disponible, en stock,"
            "disponibilidad, disponibilità, disponibile, beschikbaarheid, beschikbaar, leverbaar,"
            "op voorraad, leverbaarheid, voorraadstatus",
        ),
        _field(
            "available_at", DAY, "the day from which it is available",
            "available from, available at, availability date, restock date, eta, next delivery,"
            "delivery date, liefertermin, lieferdatum, verfügbar ab, lieferbar ab, datum dostupnosti,"
            "dostupné od, datum naskladnění, naskladnění, dátum dostupnosti, naskladnenie, data dostępności,"
            "dostępny od, data dostawy, date de disponibilité, date de livraison, disponible le,"
            "fecha de disponibilidad, disponible desde, fecha de entrega, data disponibilità,"
            "disponibile dal, data di consegna, leverdatum, beschikbaar vanaf, levertijd datum",
        ),
        _field(
            "description", TEXT, "the description",
            "description, long description, product description, body, beschreibung, langtext,"
            "artikelbeschreibung, produktbeschreibung, langbeschreibung, popis, popis produktu,"
            "popis zboží, opis, opis produktu, description longue, descriptif, descripción,"
            "descripción larga, descrizione, descrizione prodotto, omschrijving, beschrijving,"
            "productomschrijving",
        ),
        _field(
            "link", LINK, "the link",
            "link, url, product url, product link, deeplink, deep link, produkt url, produktlink, odkaz,"
            "adres url, lien, lien produit, url produit, enlace, url producto, collegamento, url prodotto",
        ),
        _field(
            "images", LINKS, "the images",
            "image, images, image url, image link, image urls, picture, pictures, picture url, photo,"
            "img, imgurl, bild, bilder, bild url, bildlink, bildadresse, foto, produktbild, obrázek, obrázky,"
            "obrázok, url obrázku, zdjęcie, zdjęcia, zdjecie url, image produit, photos, url image, imagen,"
            "imágenes, url imagen, immagine, immagini, url immagine, afbeelding, afbeeldingen,"
            "afbeelding url, image 1, bild 1, image1, bild1, obrazek 1, additional image link",
        ),
        _field(
            "category", TEXT, "the category",
            "category, categories, product category, category path, product type, group, product group,"
            "kategorie, kategorien, warengruppe, produktgruppe, artikelgruppe, kategória, skupina,"
            "kategorie text, categorytext, kategoria, grupa, grupa towarowa, catégorie, famille, rubrique,"
            "categoría, familia, categoria, famiglia, reparto, categorie, productgroep, artikelgroep",
        ),
        _field(
            "item_group", CODE, "the group of variants",
            "item group, item group id, group id, parent sku, parent id, parent, vaterartikel, vater sku,"
            "variantengruppe, itemgroup id, skupina variant, id skupiny, grupa wariantów, sku parent,"
            "référence parent, código padre, codice padre, id gruppo",
        ),
        _field(
            "weight", WEIGHT, "the weight",
            "weight, weight kg, gross weight, net weight, gewicht, gewicht kg, bruttogewicht, hmotnost,"
            "hmotnosť, váha, waga, poids, poids kg, peso, peso kg",
        ),
    )
}  # fmt: skip

#: What a column of prices is called that does not say whose price it is.
BARE_PRICES = _folded(
    "price, unit price, preis, stückpreis, einzelpreis, cena, jednotková cena, cena jednostkowa, prix,"
    "prix unitaire, precio, precio unitario, prezzo, prezzo unitario, prijs, stukprijs"
)

#: Words of a header that say whether an amount is with tax, each as its words stand there.
WITHOUT_TAX = tuple(map(words, (
    "netto", "net", "nett", "excl", "exkl", "ex vat", "without vat", "without tax", "excluding tax",
    "ohne mwst", "zzgl mwst", "bez dph", "bez vat", "ht", "hors taxe", "sin iva", "iva esclusa", "iva escl",
    "senza iva", "imponibile", "excl btw", "ex btw", "zonder btw", "neto", "voc",
)))  # fmt: skip
WITH_TAX = tuple(map(words, (
    "brutto", "gross", "incl", "inkl", "inc vat", "incl vat", "with vat", "with tax", "including tax",
    "inkl mwst", "mit mwst", "s dph", "vc dph", "vrátane dph", "z vat", "ttc", "toutes taxes", "con iva",
    "iva incluido", "iva inclusa", "ivato", "incl btw", "met btw", "bruto", "pvp", "moc", "uvp", "rrp",
)))  # fmt: skip

IN_STOCK, OUT_OF_STOCK, BACKORDER, PREORDER = "in_stock", "out_of_stock", "backorder", "preorder"
AVAILABILITIES = (IN_STOCK, OUT_OF_STOCK, BACKORDER, PREORDER)


def _known(availability: str, texts: str) -> dict[str, str]:
    return {" ".join(words(each)): availability for each in texts.split(",")}


#: What words say of a stock, as `words` makes them, joined by blanks.
STOCK_WORDS = {
    **_known(
        IN_STOCK,
        "in stock, in_stock, instock, available, available now, yes, y, true, 1, on stock, ready to ship,"
        "limited, low stock, ja, j, lagernd, auf lager, am lager, lieferbar, sofort lieferbar, verfügbar,"
        "sofort verfügbar, vorrätig, ab lager, ano, skladem, na skladě, dostupné, ihned, ihned k odběru,"
        "k odeslání ihned, áno, na sklade, skladom, ihneď, tak, dostępny, dostępne, na stanie,"
        "w magazynie, jest, duża ilość, oui, en stock, disponible, sí, disponibles, en existencia,"
        "hay stock, si, disponibile, disponibili, in magazzino, disponibilità immediata, op voorraad,"
        "leverbaar, direct leverbaar, beschikbaar, voorradig",
    ),
    **_known(
        OUT_OF_STOCK,
        "out of stock, out_of_stock, outofstock, unavailable, not available, not in stock, no, n, false,"
        "0, none, sold out, discontinued, end of life, eol, nein, nicht lieferbar, nicht verfügbar,"
        "nicht auf lager, nicht vorrätig, ausverkauft, vergriffen, auslaufartikel, ne, není skladem,"
        "nedostupné, vyprodáno, ukončeno, nie je skladom, nie je na sklade, vypredané, nie, niedostępny,"
        "niedostępne, brak, brak w magazynie, wyprzedane, non, indisponible, rupture, rupture de stock,"
        "en rupture, épuisé, agotado, no disponible, sin stock, sin existencias, non disponibile,"
        "esaurito, nee, niet op voorraad, niet leverbaar, uitverkocht, niet beschikbaar",
    ),
    **_known(
        BACKORDER,
        "backorder, back order, on backorder, available for order, on order, made to order, nachbestellt,"
        "auf bestellung, bestellbar, im zulauf, na objednávku, na objednávku u dodavatele, na zamówienie,"
        "sur commande, en réassort, bajo pedido, por encargo, su ordinazione, in arrivo, op bestelling,"
        "nabestelling",
    ),
    **_known(
        PREORDER,
        "preorder, pre order, presale, vorbestellung, vorbestellbar, předobjednávka, předprodej,"
        "predobjednávka, przedsprzedaż, précommande, en précommande, preventa, reserva, prevendita,"
        "preordine, prenotabile, voorbestelling, voorverkoop",
    ),
}  # fmt: skip
