"""Numbers and days as suppliers write them.

How a column writes them is settled from many of its cells, never from one: `1,234` is one thousand and
something to some, and one and something to others. A cell that does not fit its column's way is refused.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

#: Ways to write numbers: 1.234,56 or 1,234.56 or digits alone.
COMMA, POINT, PLAIN = "comma", "point", "plain"
NUMBER_STYLES = (COMMA, POINT, PLAIN)
#: Ways to write days; the numbers are those of spreadsheets, counted from 1900 or 1904.
ISO, DAY_FIRST, MONTH_FIRST, SERIAL, SERIAL_1904 = "iso", "day_first", "month_first", "excel", "excel_1904"
DAY_STYLES = (ISO, DAY_FIRST, MONTH_FIRST, SERIAL, SERIAL_1904)

#: Figures repeat all over a list; so many are kept of each sort.
_KEPT = 4096
#: Characters of a cell that is looked at for a number; no number is longer.
LONGEST = 60

_BLANKS = "\u00a0\u2007\u2009\u202f"
_FOLD = str.maketrans(dict.fromkeys(_BLANKS, " ") | {"’": "'", "–": "-", "—": "-", "−": "-", "´": "'"})


def _grammar(grouping: str, decimal: str) -> Callable[[str], re.Match[str] | None]:
    """Digits, in groups of three or not, and decimals; `,-` and `,--` stand for none.

    A group begins with no zero, so that `0.123` cannot be a hundred and twenty-three.
    """
    joint = f"[{grouping} ']"
    groups = rf"[1-9][0-9]{{0,2}}(?P<joint>{joint})[0-9]{{3}}(?:(?P=joint)[0-9]{{3}})*"
    whole = rf"(?P<whole>{groups}|[0-9]+|(?={decimal}[0-9]))"
    return re.compile(rf"{whole}(?:{decimal}(?:(?P<part>[0-9]{{1,12}})|-{{1,2}}))?").fullmatch


_GRAMMARS = {COMMA: _grammar(".", ","), POINT: _grammar(",", r"\."), PLAIN: _grammar("", "(?!)")}
_SIGN = re.compile(r"(?P<before>[+-])? ?(?P<bare>[0-9.,].*?)(?P<after> ?-)?").fullmatch

#: What stands beside an amount and says its currency. `$`, `kr` and `£` alone do not say which.
SYMBOLS = {
    "€": "EUR",
    "euro": "EUR",
    "kč": "CZK",
    "zł": "PLN",
    "zl": "PLN",
    "ft": "HUF",
    "lei": "RON",
    "лв": "BGN",
}
_SHARED = {
    "$": frozenset(["USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN"]),
    "£": frozenset(["GBP", "GIP", "FKP", "SHP"]),
    "kr": frozenset(["SEK", "NOK", "DKK", "ISK"]),
    "¥": frozenset(("JPY", "CNY")),
    "fr": frozenset(("CHF",)),
    "sfr": frozenset(("CHF",)),
}
_MARK = r"[A-Za-z]{3}|[€$£¥]|(?:kč|zł|zl|ft|lei|лв|kr|s?fr)\.?"
_AMOUNT = "[-+]?[0-9.,' ][^A-Za-z€$£¥]*?"
_MARKED = re.compile(
    rf"(?:(?P<first>{_MARK}) ?)?(?P<amount>{_AMOUNT})(?: ?(?P<last>{_MARK}))?", re.IGNORECASE
).fullmatch

_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]*)?[Ee][+-]?[0-9]{1,3}").fullmatch


class BadFigure(Exception):
    """A cell that cannot be read. `code`: for machines, `message`: a sentence that says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _tidy(text: str) -> str:
    return " ".join((text if text.isascii() else text.translate(_FOLD)).split())


@lru_cache(maxsize=_KEPT)
def number(text: str, style: str) -> Decimal:
    """The number that a cell of a column of this style holds. Raises BadFigure."""
    if len(text) > LONGEST:
        raise BadFigure("not_a_number", "This is too long to be a number. Choose another column.")
    tidy = _tidy(text)
    found = _read(tidy, style)
    if found is None:
        raise _unread(tidy, style)
    return found


def _read(tidy: str, style: str) -> Decimal | None:
    signed = _SIGN(tidy)
    if signed is None:
        return None
    after = signed["after"] or ""
    # `12,-` is twelve and no cents, not minus twelve.
    match, minus = _GRAMMARS[style](signed["bare"] + after), signed["before"] == "-"
    if match is None and after:
        match, minus = _GRAMMARS[style](signed["bare"]), True
    if match is None:
        return None
    digits = re.sub("[^0-9]", "", match["whole"])
    if len(digits) > 15:
        return None
    value = Decimal(f"{digits or 0}.{match['part']}" if match["part"] else digits)
    return -value if minus and value else value


def _unread(tidy: str, style: str) -> BadFigure:
    if _ROUNDED(tidy):
        return BadFigure(
            "rounded_number", "A spreadsheet rounded this number. Have the column written as text or in full."
        )
    fitting = [each for each in (COMMA, POINT) if each != style and _read(tidy, each) is not None]
    if fitting:
        return BadFigure(
            "other_number_style",
            f"This number is not written like the others of its column ({_SHOWN[style]}). Correct it, or"
            ' change "numbers" of this field in the mapping.',
        )
    return BadFigure("not_a_number", "This is not a number. Correct it, or choose another column.")


_SHOWN = {COMMA: "as 1.234,56", POINT: "as 1,234.56", PLAIN: "digits without a comma or point"}


def money(text: str, style: str) -> tuple[Decimal, str]:
    """An amount and the mark of a currency beside it, "" where there is none. Raises BadFigure."""
    if len(text) > LONGEST:
        raise BadFigure("not_a_number", "This is too long to be a price. Choose another column.")
    if text[:1].isdigit() and text[-1:].isdigit():  # nothing stands beside it
        return number(text, style), ""
    marked = _MARKED(_tidy(text))
    if marked is None or not (marked["first"] or marked["last"]):
        return number(text, style), ""
    marks = {_mark(each) for each in (marked["first"], marked["last"]) if each}
    if len(marks) > 1:
        raise BadFigure("two_currencies", "Two currencies stand beside this amount. Leave one.")
    return number(marked["amount"].strip(), style), marks.pop()


def _mark(text: str) -> str:
    bare = text.casefold().rstrip(".")
    return SYMBOLS.get(bare) or (bare if bare in _SHARED else text.upper())


@lru_cache(maxsize=512)
def currency(text: str) -> str:
    """The code of the currency that a cell means, "" where it does not say which: `$` may be many."""
    tidy = _tidy(text[:LONGEST])
    found = SYMBOLS.get(tidy.casefold().rstrip("."), tidy.upper())
    return found if len(found) == 3 and found.isascii() and found.isalpha() else ""


def means(mark: str, currency: str) -> bool:
    """Whether the mark beside an amount can stand for this currency."""
    return mark == currency or currency in _SHARED.get(mark, ())


class Settled(NamedTuple):
    """How a column writes its figures, as far as its cells say."""

    #: None: they do not say
    style: str | None
    #: why, in a sentence
    why: str
    #: a cell on which it depends, for the owner to see
    example: str = ""


def number_style(cells: Iterable[str]) -> Settled:
    """How these cells of one column write numbers; cells that hold none do not count."""
    only: dict[str, str] = {}
    either, seen = "", False
    for cell in cells:
        marked = _MARKED(_tidy(cell)) if len(cell) <= LONGEST else None
        tidy = marked["amount"].strip() if marked else ""
        values = {style: _read(tidy, style) for style in (COMMA, POINT)}
        fitting = [style for style, value in values.items() if value is not None]
        seen = seen or bool(fitting)
        if len(fitting) == 1:
            only.setdefault(fitting[0], cell)
        elif values[COMMA] != values[POINT]:
            either = either or cell
    return _settled(only, either, seen)


def _settled(only: dict[str, str], either: str, seen: bool) -> Settled:
    if len(only) == 2:
        return Settled(None, f'Both "{only[COMMA]}" and "{only[POINT]}" stand in it.', only[COMMA])
    if only:
        ((style, cell),) = only.items()
        return Settled(style, f'Numbers are written as in "{cell}".', cell)
    if either:
        return Settled(None, f'"{either}" can be read in two ways, and no other cell says which.', either)
    if seen:
        return Settled(PLAIN, "Numbers are written without commas and points.")
    return Settled(None, "It holds no numbers.")


class Count(NamedTuple):
    pieces: int
    #: whether there may be more: ">10"
    at_least: bool = False
    #: "" or what was done to it: negative, fraction
    remark: str = ""


_BOUND = re.compile(
    r"(?:(?P<more>>=?|≥|ab|over|more than|mehr als|über|více než|viac ako|ponad|powyżej|plus de|más de|"
    r"più di|oltre|meer dan|min\.?) ?(?P<first>[0-9][0-9., ']*)|(?P<last>[0-9][0-9., ']*?) ?\+)",
    re.IGNORECASE,
).fullmatch
_UNDER = re.compile(r"(?:<=?|≤) ?[0-9]").match
_UNIT = re.compile(
    r" ?(?:pcs?|pieces?|stk|stück|st|ks|szt|pi[eè]ces?|uds?|unidades|pz|pezzi|stuks?)\.?$", re.IGNORECASE
)
#: Pieces that anybody can have; a database's integer takes no more.
MOST_PIECES = 2**31 - 1


@lru_cache(maxsize=_KEPT)
def count(text: str, style: str) -> Count:
    """Pieces in stock, never below zero. Of "more than 10" it is 10, for that many there surely are.

    Raises BadFigure; of "fewer than 5" too, because that may be none.
    """
    tidy = _UNIT.sub("", _tidy(text[: LONGEST + 1]))
    bound = _BOUND(tidy)
    if bound:
        found = number((bound["first"] or bound["last"]).strip(), style)
        return Count(_pieces(found), at_least=True)
    if _UNDER(tidy):
        raise BadFigure(
            "below_a_number",
            'This may mean that there is none. Say under "words" in the mapping how many it counts for.',
        )
    found = number(tidy, style)
    remark = "negative" if found < 0 else "fraction" if found != found.to_integral_value() else ""
    return Count(_pieces(found), remark=remark)


def _pieces(found: Decimal) -> int:
    pieces = max(0, int(found))
    if pieces > MOST_PIECES:
        raise BadFigure("too_many", "Nobody has so many pieces. Choose another column.")
    return pieces


_SCALES = {
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "lb": Decimal("0.45359237"),
    "oz": Decimal("0.028349523125"),
}
WEIGHT_UNITS = tuple(_SCALES)
_WEIGHED = re.compile(r"(?P<number>.*?[0-9]) ?(?P<unit>kg|g|lbs?|oz)\.?", re.IGNORECASE).fullmatch


@lru_cache(maxsize=_KEPT)
def weight(text: str, style: str, unit: str) -> Decimal:
    """Kilograms; `unit` is what a bare number is in. Raises BadFigure."""
    weighed = _WEIGHED(_tidy(text[: LONGEST + 1]))
    scale = _SCALES[weighed["unit"].lower().removesuffix("s") if weighed else unit]
    found = number(weighed["number"] if weighed else text, style) * scale
    if found < 0:
        raise BadFigure("negative", "A weight cannot be below zero.")
    return found


_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ].*)?").fullmatch
_PARTED = re.compile(r"([0-9]{1,2})([./-]) ?([0-9]{1,2})\2 ?([0-9]{4}|[0-9]{2})(?: .*)?").fullmatch
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?").fullmatch
#: Day 1 of a spreadsheet is 1900-01-01, but it counts a 29 February 1900 that never was.
_EPOCHS = {SERIAL: date(1899, 12, 30), SERIAL_1904: date(1904, 1, 1)}
#: Days that can be meant; whatever else a column holds is no day of a delivery.
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)


@lru_cache(maxsize=_KEPT)
def day(text: str, style: str) -> date:
    """The day that a cell of a column of this style holds. Raises BadFigure."""
    found = _days(_tidy(text[:LONGEST])).get(style)
    if found is None:
        raise BadFigure(
            "not_a_day",
            f'This is not a day as the column writes them ({style}). Correct it, or change "days".',
        )
    return found


def _days(tidy: str) -> dict[str, date]:
    """Each way in which the text is a day that can be meant."""
    found: dict[str, date | None] = {}
    if match := _ISO(tidy):
        found[ISO] = _date(int(match[1]), int(match[2]), int(match[3]))
    elif match := _PARTED(tidy):
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        first, second = int(match[1]), int(match[3])
        found[DAY_FIRST] = _date(year, second, first)
        # Nobody who writes the month first parts with points.
        found[MONTH_FIRST] = _date(year, first, second) if match[2] != "." else None
    elif match := _SERIAL(tidy):
        found = {style: epoch + timedelta(days=int(match[1])) for style, epoch in _EPOCHS.items()}
    return {style: each for style, each in found.items() if each is not None and EARLIEST <= each <= LATEST}


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def is_day(text: str) -> bool:
    """Whether it is a day in any way."""
    return bool(_days(_tidy(text[:LONGEST])))


def day_style(cells: Iterable[str]) -> Settled:
    """How these cells of one column write days; cells that hold none do not count."""
    only: dict[str, str] = {}
    either = ""
    for cell in cells:
        styles = set(_days(_tidy(cell[:LONGEST]))) - {SERIAL_1904}
        if len(styles) == 1:
            only.setdefault(styles.pop(), cell)
        elif styles:
            either = either or cell
    if len(only) > 1:
        first, second = list(only.values())[:2]
        return Settled(None, f'Both "{first}" and "{second}" stand in it.', first)
    if only:
        ((style, cell),) = only.items()
        if either and style not in _days(_tidy(either)):
            return Settled(None, f'Both "{cell}" and "{either}" stand in it.', either)
        return Settled(style, f'Days are written as in "{cell}".', cell)
    if either:
        return Settled(None, f'"{either}" can be two days, and no other cell says which.', either)
    return Settled(None, "It holds no days.")
