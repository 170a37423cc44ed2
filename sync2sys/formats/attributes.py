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
_KNOWN_VALUES = {attribute: _by_word(words) for attribute, words in VALUES.items()}


@lru_cache(maxsize=4096)
def options(text: str | None) -> dict[str, str]:
    """The options of a variant from their JSON text; blank values left out. Not to be changed."""
    found = orjson.loads(text) if text else {}
    return {name: value for name, value in found.items() if value and not value.isspace()}


@lru_cache(maxsize=4096)
def known(text: str | None) -> dict[str, str]:
    """The well-known attributes among the options: color, size, material, pattern, gender, age_group.

    A gender or age group that is not one of the fixed words is left out. Not to be changed.
    """
    return {attribute: word for attribute, value in told(text).items() if (word := _word(attribute, value))}


@lru_cache(maxsize=4096)
def told(text: str | None) -> dict[str, str]:
    """The well-known attributes among the options, in the shop's own words. Not to be changed."""
    result: dict[str, str] = {}
    for name, value in options(text).items():
        attribute = _KNOWN.get(folded(name))
        # Of two that mean one attribute, the first that says something counts.
        if attribute is not None and not _word(attribute, result.get(attribute, "")):
            result[attribute] = value
    return result


def _word(attribute: str, value: str) -> str:
    return _KNOWN_VALUES[attribute].get(folded(value), "") if attribute in _KNOWN_VALUES else value
