import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats import taxonomy
from sync2sys.formats.definitions import BadDefinition
from tests.formats.wild import ANY_TEXT

FILE = """# Google_Product_Taxonomy_Version: 2021-09-21
10 - Clothing & Shoes
11 - Clothing & Shoes > Shoes
12 - Clothing & Shoes > Shoe Accessories
13 - Clothing & Shoes > Shoe Accessories > Shoe Laces
20 - Home
21 - Home > Kitchen
22 - Home > Kitchen > Knives
23 - Home > Kitchen > Frying Pans
24 - Home > Batteries
30 - Toys
31 - Toys > Kitchen Sets
32 - Toys > Old
33 - Toys > Old > Lamps
40 - Lamps
"""


@pytest.fixture(scope="module")
def loaded():
    return taxonomy.load(FILE.splitlines(keepends=True))


def test_a_file_gives_numbers_and_paths(loaded):
    assert loaded.version == "2021-09-21"
    assert len(loaded) == 14


@pytest.mark.parametrize("named", [22, "22", "022", "Home > Kitchen > Knives", "  HOME >kitchen>  Knives "])
def test_a_category_is_found_by_its_number_and_by_its_full_path(loaded, named):
    assert loaded.find(named) == (22, "Home > Kitchen > Knives")


@pytest.mark.parametrize("named", [99, 0, -1, "99", "0", "9" * 5000, "Kitchen > Knives", "", " > ", "²"])
def test_what_is_no_category_is_not_found(loaded, named):
    assert loaded.find(named) is None


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        ("Home", "Home"),
        ("  Home>Frying\t Pans ", "Home > Frying Pans"),
        ("Books > \u200bE-Books\x00", "Books > E-Books"),
        ("家居 > 3D", "家居 > 3D"),
        ("Home >", None),
        ("Home > > Pans", None),
        ("> Home", None),
        ("Home > 7", None),
        ("187", None),
        ("", None),
        (" > ".join("abcdefghijkl"), " > ".join("abcdefghijkl")),
        (" > ".join("abcdefghijklm"), None),
    ],
)
def test_a_path_has_one_spelling_or_is_none(path, spelled):
    assert taxonomy.spelled(path) == spelled


def test_a_file_may_begin_with_a_mark_and_hold_blank_lines_and_end_lines_as_windows_does():
    assert len(taxonomy.load(["\ufeff" + FILE.replace("\n", "\r\n\n")][0].splitlines(keepends=True))) == 14


@pytest.mark.parametrize(
    ("lines", "path", "words"),
    [
        ([], "line 1", "Google_Product_Taxonomy_Version"),
        (["10 - Home"], "line 1", "as it was published"),
        (["# Google_Product_Taxonomy_Version: "], "line 1", "Version"),
        (["V"], "line 2", "no categories"),
        (["V", "", "Home"], "line 3", "a number and a path"),
        (["V", "x - Home"], "line 2", "a number and a path"),
        (["V", "0 - Home"], "line 2", "a number and a path"),
        (["V", "1 - Home", "1 - Toys"], "line 3", "twice"),
        (["V", "1 - Home", "2 - HOME"], "line 3", "twice"),
        (["V", "1 - Home > > Toys"], "line 2", "without a name"),
        (["V", "1 - 2"], "line 2", "without a name"),
        (["V", "1 - " + " > ".join("abcdefghijklm")], "line 2", "more than 12"),
        (["V", "1 - Home", "2 - Toys > Old > Lamps", "3 - Toys"], "line 3", "above"),
        (["V", "1 - " + "x" * 1000], "line 2", "too long"),
        (["V"] + ["\n"] * 50_000, "line 50001", "too long"),
    ],
)
def test_a_faulty_file_is_refused_with_the_line(lines, path, words):
    lines = [line.replace("V", "# Google_Product_Taxonomy_Version: 1", line == "V") for line in lines]
    with pytest.raises(BadDefinition) as caught:
        taxonomy.load(lines)
    assert caught.value.path == path
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("shoes", 11),
        ("A shoe", 11),
        ("Lace for shoes", 13),
        ("Knife", 22),
        ("AA battery", 24),
        ("Accessories > Shoes", 12),
        ("Toy kitchen set", 31),
        ("Home > Kitchen", 21),
        ("frying pan", 23),
        ("Küchen-lamp", 33),
    ],
)
def test_the_category_that_sounds_most_like_a_text_comes_first(loaded, text, best):
    assert loaded.suggest(text)[0].id == best


def test_of_equally_like_categories_the_deeper_comes_first(loaded):
    one, other = loaded.suggest("Lamps", 2)
    assert (one.path, other.path) == ("Toys > Old > Lamps", "Lamps")
    assert one.likeness == other.likeness == 1


@pytest.mark.parametrize("text", ["", " > ", "Schuhe", "&"])
def test_nothing_is_suggested_where_no_word_is_known(loaded, text):
    assert loaded.suggest(text) == []


@given(ANY_TEXT, st.integers(0, 20))
def test_suggestions_are_few_and_in_order_whatever_is_asked(loaded, text, count):
    found = loaded.suggest(text, count)
    assert len(found) <= count
    likenesses = [each.likeness for each in found]
    assert likenesses == sorted(likenesses, reverse=True)
    assert all(0 < likeness <= 1 for likeness in likenesses)


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("shoe", "shoes"),
        ("dress", "dresses"),
        ("box", "boxes"),
        ("battery", "batteries"),
        ("knife", "knives"),
        ("glove", "gloves"),
        ("watch", "watches"),
        ("toy", "toys"),
        ("tie", "ties"),
        ("axe", "axes"),
        ("bus", "buses"),
        ("hoodie", "hoodies"),
        ("café", "cafes"),
        ("cloth", "clothing"),
    ],
)
def test_one_and_many_are_the_same_word(one, many):
    assert taxonomy.words(one) == taxonomy.words(many)


def test_words_that_only_look_alike_stay_apart():
    apart = ["glass", "gas", "bus", "ring", "earring", "ear", "string", "tennis", "ten"]
    assert len({tuple(taxonomy.words(word)) for word in apart}) == len(apart)


def test_six_thousand_categories_are_searched_fast():
    lines = ["# Google_Product_Taxonomy_Version: 1"]
    for top in range(20):
        lines.append(f"{top + 1} - Top{top} Accessories")
        lines += [
            f"{1000 * (top + 1) + low} - Top{top} Accessories > Low{low % 50} part{low} Accessories"
            for low in range(300)
        ]
    loaded = taxonomy.load(lines)
    start = time.process_time()
    for _ in range(20):
        assert loaded.suggest("Accessories > part7 low3 accessories")
    assert time.process_time() - start < 20


def attempt(lines):
    """The taxonomy, or why there is none."""
    try:
        return taxonomy.load(lines), None
    except BadDefinition as bad:
        return None, bad


@given(st.lists(st.one_of(ANY_TEXT, st.sampled_from(FILE.splitlines())), max_size=6), st.booleans())
def test_any_file_is_a_taxonomy_or_refused(lines, headed):
    loaded, refused = attempt(["# Google_Product_Taxonomy_Version: 1"] * headed + lines)
    if refused is not None:
        assert re.fullmatch("line [1-9][0-9]*", refused.path)
    else:
        assert len(loaded) > 0
