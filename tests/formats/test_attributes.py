import orjson
import pytest

from sync2sys.formats import attributes


def known(**options):
    return attributes.known(orjson.dumps(options).decode())


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        *((name, "color") for name in ("Color", "COLOUR", "Farbe", "Couleur", "kolor", "Barva")),
        *((name, "color") for name in ("attribute_pa_color", "pa_farbe", "Kleur", "Colore")),
        *((name, "size") for name in ("Größe", "GRÖSSE", "schuhgröße", "Taille", "Tamaño", "Taglia", "Maat")),
        *((name, "size") for name in ("Rozmiar", "Velikost", "shoe-size", "Shoe  Size")),
        *((name, "material") for name in ("Matière", "Materiał", "látka")),
        ("Wzór", "pattern"),
        *((name, None) for name in ("Weight", "groesse", "")),
    ],
)
def test_an_option_is_known_by_its_name_in_eight_languages(name, attribute):
    found = known(**{name: "Something"})
    assert found == ({attribute: "Something"} if attribute else {})


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("Geschlecht", "Damen", "female"),
        ("Gender", "Men's", "male"),
        ("Gender", "Men’s", "male"),
        ("Płeć", "Męskie", "male"),
        ("Pohlaví", "ženy", "female"),
        ("Genre", "mixte", "unisex"),
        ("Gender", "yes", None),
        ("Age group", "Children", "kids"),
        ("Altersgruppe", "Säugling", "infant"),
        ("Wiek", "Dorośli", "adult"),
        ("Age", "35", None),
    ],
)
def test_genders_and_ages_are_the_channels_words_or_left_out(name, value, word):
    assert list(known(**{name: value}).values()) == ([word] if word else [])


def test_the_first_of_two_names_for_one_attribute_counts():
    assert known(Color="Blue", Farbe="Rot") == {"color": "Blue"}


@pytest.mark.parametrize("text", [None, "", "{}", '{"Color": ""}', '{"Color": " "}'])
def test_an_option_without_a_value_is_no_option(text):
    assert attributes.known(text) == {}
    assert attributes.options(text) == {}


def test_no_word_of_the_tables_means_two_things():
    for table in (attributes.NAMES, *attributes.VALUES.values()):
        words = [attributes.folded(word) for words in table.values() for word in set(words.split(","))]
        owners = {
            word: key for key, text in table.items() for word in map(attributes.folded, text.split(","))
        }
        assert all(attributes.folded(word) == word for word in words)
        for key, text in table.items():
            assert all(owners[attributes.folded(word)] == key for word in text.split(","))
