"""Google's product taxonomy: numbers for paths of categories, as in the file that Google publishes.

Source of the file: https://www.google.com/basepages/producttype/taxonomy-with-ids.en-US.txt, and the
same for other languages. It is not part of this project; whoever runs the service loads it.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from math import log
from typing import NamedTuple

from sync2sys.formats.definitions import BadDefinition, quoted
from sync2sys.formats.paths import levels
from sync2sys.formats.text import clean

#: Google's file has 5,600 categories, at most seven levels deep.
MOST_LINES, LONGEST_LINE, DEEPEST = 50_000, 1_000, 12
#: Characters and words of a text that suggestions look at.
LONGEST_TEXT, MOST_WORDS = 1_000, 60

_VERSION = re.compile(r"\ufeff?# ?Google_Product_Taxonomy_Version: ?([0-9A-Za-z._-]{1,40})\s*").fullmatch
_ENTRY = re.compile(r"([1-9][0-9]{0,8}) - (\S.*)").fullmatch
_WORDS = re.compile(r"[^\W_]+")
#: What a word is worth in the last level of a path and in the levels above it.
_OWN, _INHERITED = 1.0, 0.5


class Category(NamedTuple):
    """A category of the taxonomy."""

    id: int
    path: str


class Suggestion(NamedTuple):
    """A category that may fit a text."""

    id: int
    path: str
    #: above 0, 1 where all words fit and none is missing
    likeness: float


class Taxonomy:
    """The categories of one version, by number, by path, and by what they sound like."""

    def __init__(self, version: str, paths: Mapping[int, str]) -> None:
        self.version = version
        self._paths = dict(paths)
        self._ids = {levels(path): id for id, path in self._paths.items()}
        self._index = _Index(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def find(self, named: int | str) -> Category | None:
        """The category of a number, as text too, or of a full path, whatever its case and idle blanks."""
        if isinstance(named, str) and named.isdecimal():
            named = int(named[:10])
        # No category has the number 0.
        id = self._ids.get(levels(named), 0) if isinstance(named, str) else named
        return Category(id, self._paths[id]) if id in self._paths else None

    def suggest(self, text: str, count: int = 5) -> list[Suggestion]:
        """The categories whose words are most like a title's or a category path's, best first.

        Of equally like ones the deeper come first. Empty where no word is known.
        """
        found = self._index.likeness(text)
        order = sorted(found, key=lambda id: (-round(found[id], 6), -self._paths[id].count(">"), id))
        return [Suggestion(id, self._paths[id], round(found[id], 6)) for id in order[:count]]


def spelled(path: str) -> str | None:
    """A full path with ` > ` between its levels; None where a level has no letter, or there are too many."""
    names = [clean(name) for name in path.split(">")]
    is_path = len(names) <= DEEPEST and all(any(map(str.isalpha, name)) for name in names)
    return " > ".join(names) if is_path else None


def load(lines: Iterable[str]) -> Taxonomy:
    """The taxonomy of a file's lines. Raises `BadDefinition` with `line 3` for its path."""
    numbered = enumerate(islice(lines, MOST_LINES + 1), 1)
    version = _version(next(numbered, (1, ""))[1])
    paths: dict[int, str] = {}
    places: dict[tuple[str, ...], int] = {}
    for number, line in numbered:
        if number > MOST_LINES:
            raise BadDefinition(f"line {number}", f"The file is too long. Keep to {MOST_LINES} lines.")
        if not line.strip() or line.startswith("#"):
            continue
        id, path = _entry(line, number)
        if id in paths or levels(path) in places:
            raise BadDefinition(f"line {number}", f"{quoted(f'{id} - {path}')} is there twice. Remove one.")
        paths[id] = path
        places[levels(path)] = number
    for names, number in places.items():
        if len(names) > 1 and names[:-1] not in places:
            raise BadDefinition(
                f"line {number}", "The category above this one is missing. Load a whole file."
            )
    if not paths:
        raise BadDefinition("line 2", "There are no categories. Load the file that has numbers and paths.")
    return Taxonomy(version, paths)


def _version(line: str) -> str:
    found = _VERSION(line[:LONGEST_LINE])
    if found is None:
        raise BadDefinition(
            "line 1",
            'This should be "# Google_Product_Taxonomy_Version: …". Load the file as it was published.',
        )
    return found[1]


def _entry(line: str, number: int) -> tuple[int, str]:
    place = f"line {number}"
    if len(line) > LONGEST_LINE:
        raise BadDefinition(place, f"This line is too long. Keep to {LONGEST_LINE} characters.")
    found = _ENTRY(line.strip())
    if found is None:
        raise BadDefinition(
            place, 'This should be a number and a path, as "1604 - Apparel & Accessories > Clothing".'
        )
    path = spelled(found[2])
    if path is None:
        raise BadDefinition(
            place, f"This path has a level without a name, or more than {DEEPEST}. Mend the file."
        )
    return int(found[1]), path


class _Index:
    """Which paths hold which words, and how much a word tells."""

    def __init__(self, paths: Mapping[int, str]) -> None:
        #: word -> path -> what the word is worth there
        self._worth: dict[str, dict[int, float]] = defaultdict(dict)
        own: dict[int, list[str]] = {}
        for id, path in paths.items():
            above, _, last = path.rpartition(">")
            own[id] = words(last)
            for word in words(above):
                self._worth[word][id] = _INHERITED
            for word in own[id]:
                self._worth[word][id] = _OWN
        self._size = len(paths)
        self._weight = {word: self._weigh(word, len(held)) for word, held in self._worth.items()}
        #: what all words of a path's last level tell together
        self._own = {id: sum(self._weight[word] for word in found) for id, found in own.items()}

    def _weigh(self, word: str, paths: int) -> float:
        """How much a word tells that stands in so many paths: the rarer, the more."""
        told = log(1 + self._size / paths)
        # Of "men's" and "T-shirts" too the letters tell little, but "E-books" are not "Books".
        return told if len(word) > 1 else told / 10

    def likeness(self, text: str) -> dict[int, float]:
        """Paths that share a word with the text, and how much of both is shared."""
        asked = _asked(text)
        whole = sum(worth * (self._weight.get(word) or self._weigh(word, 1)) for word, worth in asked.items())
        told: dict[int, float] = defaultdict(float)
        covered: dict[int, float] = defaultdict(float)
        for word, worth in asked.items():
            weight = self._weight.get(word, 0.0)
            for id, place in self._worth.get(word, {}).items():
                told[id] += weight * worth * place
                if place == _OWN:
                    covered[id] += weight
        # The text's words count twice as much: a title says more than a category's name.
        return {
            id: shared / whole * (2 + covered[id] / self._own[id]) / 3
            if self._own[id]
            else shared / whole / 3
            for id, shared in told.items()
        }


def _asked(text: str) -> dict[str, float]:
    """The words of a text and what each is worth: in a path the last level's count most."""
    above, _, last = text[:LONGEST_TEXT].rpartition(">")
    asked = dict.fromkeys(words(last)[:MOST_WORDS], _OWN)
    return dict.fromkeys(words(above)[:MOST_WORDS], _INHERITED) | asked


def words(text: str) -> list[str]:
    """The words of a text as they are compared, each once: no case, no accents, stems only."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return list(dict.fromkeys(map(_stem, _WORDS.findall(bare))))


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    """The same for singular and plural of English words: shoe, dress, knife, battery, clothing.

    A stem need not be a word, it only has to be the same.
    """
    if len(word) >= 8 and word.endswith("ing"):
        word = word[:-3]
        if word[-1] == word[-2] and word[-1] not in "sl":
            word = word[:-1]
    elif len(word) >= 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) >= 5 and word.endswith("ie"):
        return word[:-1]
    if len(word) >= 4:
        word = word.removesuffix("e")
    if word.endswith("y"):
        return word[:-1] + "i"
    return word[:-1] + "f" if word.endswith("v") else word
