"""What shops call the attributes that channels know, and what they call their values.

Names are compared without case, accents and the prefixes WooCommerce gives them. Own table,
collected from the default attributes and translations of shops in eight languages.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import orjson

#: attribute -> its names in English, German, French, Spanish, Italian, Dutch, Polish and Czech
NAMES = {
    "color": (
        "color, colour, colors, colours, farbe, farben, farbton, couleur, coloris, color, colores, colore, "
        "colori, kleur, kleuren, kolor, kolory, barva, barvy"
    ),
    "size": (
        "size, sizes, shoe size, clothing size, größe, größen, grösse, schuhgröße, konfektionsgröße, taille, "
        "tailles, pointure, talla, tallas, tamaño, taglia, taglie, misura, numero di scarpe, maat, maten, "
        "schoenmaat, rozmiar, rozmiary, velikost, velikosti"
    ),
    "material": (
        "material, materials, fabric, materialien, stoff, matière, matières, matériau, tissu, materiales, "
        "tejido, materiale, materiali, tessuto, materiaal, stof, materiał, tkanina, materiál, látka"
    ),
    "pattern": (
        "pattern, print, muster, motif, estampado, patrón, motivo, fantasia, patroon, dessin, wzór, vzor"
    ),
    "gender": ("gender, sex, geschlecht, genre, sexe, género, sexo, genere, sesso, geslacht, płeć, pohlaví"),
    "age_group": (
        "age group, age, altersgruppe, alter, tranche d'âge, groupe d'âge, grupo de edad, edad, "
        "fascia d'età, età, leeftijdsgroep, leeftijd, grupa wiekowa, wiek, věková skupina, věk"
    ),
}

#: attribute -> the only values channels take -> words for each in the same languages
VALUES = {
    "gender": {
        "male": (
            "male, men, man, mens, men's, boys, herren, mann, männer, männlich, jungen, homme, hommes, "
            "masculin, garçon, hombre, hombres, masculino, uomo, maschile, heren, mannen, mężczyzna, męski, "
            "męskie, pán, páni, pánské, muž, muži"
        ),
        "female": (
            "female, women, woman, womens, women's, ladies, girls, damen, frau, frauen, weiblich, mädchen, "
            "femme, femmes, féminin, fille, mujer, mujeres, femenino, donna, femminile, dames, vrouw, "
            "vrouwen, kobieta, damski, damskie, dáma, dámy, dámské, žena, ženy"
        ),
        "unisex": "unisex, mixte, unisexe, unissex, uniseks",
    },
    "age_group": {
        "newborn": (
            "newborn, neugeborene, nouveau-né, recién nacido, neonato, pasgeboren, noworodek, novorozenec"
        ),
        "infant": "infant, baby, babys, babies, säugling, bébé, bebé, bebè, niemowlę, kojenec, kojenci",
        "toddler": "toddler, toddlers, kleinkind, kleinkinder, tout-petit, peuter, maluch, batole, batolata",
        "kids": (
            "kids, kid, children, child, kind, kinder, enfant, enfants, niño, niños, bambino, bambini, "
            "kinderen, dziecko, dzieci, dítě, děti, dětské"
        ),
        "adult": (
            "adult, adults, erwachsene, erwachsener, adulte, adultes, adulto, adultos, adulti, volwassene, "
            "volwassenen, dorosły, dorośli, dospělý, dospělí"
        ),
    },
}

#: Names of what channels have other fields for.
IDENTIFIERS = (
    "brand, brands, manufacturer, marke, hersteller, marque, fabricant, marca, fabricante, merk, fabrikant, "
    "produttore, marka, producent, značka, výrobce, gtin, ean, ean code, ean13, upc, isbn, barcode, mpn, "
    "manufacturer part number, herstellernummer, sku"
)
#: Attributes whose values stand beside one another in one.
_JOINED, _MOST_JOINED = ("color", "material"), 3

#: Letters that no accent can be taken from.
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "’": "'"})


def folded(name: str) -> str:
    """A name as it is compared: lower case, no accents, blanks for hyphens and underscores."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_PLAIN_LETTERS))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = " ".join(bare.replace("_", " ").replace("-", " ").split())
    return words.removeprefix("attribute ").removeprefix("pa ")


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    return {folded(word): key for key, words in table.items() for word in words.split(",")}


_KNOWN = _by_word(NAMES)
_IDENTIFIERS = frozenset(_by_word({"": IDENTIFIERS}))
_KNOWN_VALUES = {attribute: _by_word(words) for attribute, words in VALUES.items()}


@lru_cache(maxsize=4096)
def options(text: str | None) -> dict[str, str]:
    """The options of a variant from their JSON text; blank values left out. Not to be changed."""
    found = orjson.loads(text) if text else {}
    return {name: value for name, value in found.items() if value and not value.isspace()}


@lru_cache(maxsize=64)
def fixed(text: str | None) -> dict[str, list[str]]:
    """What does not tell variants apart, from its JSON text; blank values left out. Not to be changed."""
    found = orjson.loads(text) if text else {}
    filled = {
        name: [each for each in values if each and not each.isspace()] for name, values in found.items()
    }
    return {name: values for name, values in filled.items() if values}


@lru_cache(maxsize=4096)
def known(options_text: str | None, fixed_text: str | None = None) -> dict[str, str]:
    """The well-known attributes among the options, and those of the product that are not among them.

    color, size, material, pattern, gender, age_group. A gender or age group that is not one of the fixed
    words is left out. Not to be changed.
    """
    found = told(options_text, fixed_text)
    return {attribute: word for attribute, value in found.items() if (word := _word(attribute, value))}


@lru_cache(maxsize=4096)
def told(options_text: str | None, fixed_text: str | None = None) -> dict[str, str]:
    """The same in the shop's own words. What a product has several of counts only where channels take
    these as one. Not to be changed.
    """
    result: dict[str, str] = {}
    own = ((name, [value]) for name, value in options(options_text).items())
    for name, values in (*own, *fixed(fixed_text).items()):
        attribute = _KNOWN.get(folded(name))
        # Of two that mean one attribute, the first that says something counts.
        if attribute is not None and not _word(attribute, result.get(attribute, "")):
            value = values[0] if len(values) == 1 else _together(attribute, values)
            if value:
                result[attribute] = value
    return result


def _together(attribute: str, values: list[str]) -> str:
    """Several values as one, or nothing where channels take only one."""
    if attribute == "gender":
        return "unisex" if {_word(attribute, value) for value in values} == {"male", "female"} else ""
    return "/".join(values[:_MOST_JOINED]) if attribute in _JOINED else ""


def _word(attribute: str, value: str) -> str:
    return known_word(attribute, value) or "" if attribute in _KNOWN_VALUES else value


def known_word(attribute: str, value: str) -> str | None:
    """The fixed word for a gender or an age group, in whatever of the languages it is."""
    return _KNOWN_VALUES[attribute].get(folded(value))


def has_own_field(name: str) -> bool:
    """Whether channels have a field for the attribute of this name."""
    return folded(name) in _KNOWN


def is_identifier(name: str) -> bool:
    """Whether an attribute of this name holds the brand, a GTIN or a part number."""
    return folded(name) in _IDENTIFIERS
