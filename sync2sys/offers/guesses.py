"""Which column is probably which field, from a list's header and its first rows, with reasons.

It is a proposal for the merchant to look at: what can be read in two ways is told and left out.
"""

from collections import abc
from typing import Any, NamedTuple

from sync2sys.formats import codes
from sync2sys.formats.definitions import quoted
from sync2sys.formats.money import is_currency
from sync2sys.offers import fields, figures, mapping
from sync2sys.offers.fields import FIELDS, NUMBERS, Field
from sync2sys.offers.figures import Settled
from sync2sys.offers.mapping import Mapping

#: Cells of a column that are looked at.
MOST_CELLS = 2_000
#: This share of a column's cells has to be of the kind, for it to be known by them alone.
SURE = 0.8
#: Fields for which a part of a column's name is enough, if nothing speaks against it.
_BY_PART = ("gtin", "mpn", "cost", "price", "quantity", "images", "available_at", "brand", "weight")
#: What stands above the items of a document, as `../brand`, several of them have in common. It may be any of
#: these, but nothing that tells offers apart or that is counted.
_SHARED = frozenset({
    "brand", "title", "cost", "price", "per", "currency", "availability", "available_at", "description",
    "link", "images", "category", "weight", "item_group",
})  # fmt: skip
#: Of a whole list not even all of these: a name above all items is the supplier's.
_OF_LIST = frozenset({"brand", "currency", "availability"})
#: Rows that may be those of one product.
_MOST_OF_ONE = 50
#: Images that one list has beside each other, as `Bild 1`, `Bild 2`.
_SEVERAL = ("images",)


class Found(NamedTuple):
    """Why a field is proposed, or what is left to say about it."""

    field: str
    #: the columns that are proposed; none: it is left out
    columns: tuple[str, ...]
    #: a sentence for the merchant
    why: str
    #: False: look at it
    sure: bool = True


class Proposal(NamedTuple):
    #: a mapping's JSON, as far as it can be told
    definition: dict[str, Any]
    reasons: tuple[Found, ...]
    #: None where something has to be said first; then `lacks` says what
    mapping: Mapping | None
    lacks: str = ""


def guess(
    columns: abc.Sequence[str], rows: abc.Iterable[abc.Mapping[str, str]], currency: str = ""
) -> Proposal:
    """A mapping for a list with these columns; the more rows, the surer.

    `currency`: that of the shop, proposed where the list does not say its own, and told.
    """
    return _Guess(columns, rows, currency).proposal()


class _Guess:
    def __init__(
        self, columns: abc.Sequence[str], rows: abc.Iterable[abc.Mapping[str, str]], currency: str
    ) -> None:
        #: an offer's own come first, then what is nearest
        self.columns = sorted(dict.fromkeys(columns), key=_distance)
        #: those that are looked at: an offer's own, or those above it
        self.candidates = [column for column in self.columns if not _distance(column)]
        self.cells: dict[str, list[str]] = {column: [] for column in self.columns}
        self.currency = currency
        self.reasons: list[Found] = []
        #: field -> its columns
        self.taken: dict[str, list[str]] = {}
        for _, row in zip(range(MOST_CELLS), rows, strict=False):
            for column, cells in self.cells.items():
                if text := row.get(column, "").strip():
                    cells.append(text)

    def proposal(self) -> Proposal:
        self.by_all()
        self.candidates = [column for column in self.columns if _distance(column)]
        self.by_all()
        self.by_number_above()
        parts = {name: self.described(name, columns) for name, columns in self.taken.items()}
        self.unknown_currency(parts)
        definition = {"fields": {name: parts[name] for name in FIELDS if name in parts}}
        try:
            checked, lacks = mapping.parse(definition), ""
        except mapping.BadMapping as bad:
            checked, lacks = None, str(bad)
        return Proposal(definition, tuple(self.reasons), checked, lacks)

    def by_all(self) -> None:
        self.by_names()
        self.by_content()
        self.bare_price()

    def by_names(self) -> None:
        """Whole names first, so that `EK` is not taken by what only has it in its name."""
        for level in (_is_named, _is_partly_named):
            for column in self.free():
                for field in FIELDS.values():
                    if level(column, field) and self.may_be(column, field):
                        break
                else:
                    continue
                self.take(field, column, f"Its name is {quoted(column)}.")

    def by_content(self) -> None:
        for name, sort, holds in _CONTENTS:
            if name in self.taken:
                continue
            for column in self.free():
                if self.share(column, holds) >= SURE and self.may_be(column, FIELDS[name]):
                    self.take(FIELDS[name], column, f"The column {quoted(column)} is full of {sort}.")
                    break

    def bare_price(self) -> None:
        """A price that does not say whose it is. Taken for what is paid, nothing is ever sold below cost."""
        bare = [each for each in self.free() if _is_bare_price(each) and self.may_be(each, FIELDS["cost"])]
        if bare and "cost" not in self.taken:
            self.taken["cost"] = bare[:1]
            why = (
                f"{quoted(bare[0])} may be what you pay or what is recommended. It is taken for what you pay."
            )
            self.reasons.append(Found("cost", (bare[0],), why, sure=False))

    def by_number_above(self) -> None:
        """What tells products apart is what their variants have in common."""
        for column in self.free():
            group = FIELDS["item_group"]
            is_number = any(_is_named(column, FIELDS[name]) for name in mapping.IDENTIFIERS)
            if is_number and "/" not in column.lstrip("./") and self.may_be(column, group):
                self.take(group, column, f"{quoted(column)} is a number that variants have in common.")
                return

    def free(self) -> list[str]:
        taken = {column for columns in self.taken.values() for column in columns}
        return [column for column in self.candidates if column not in taken]

    def take(self, field: Field, column: str, why: str) -> None:
        already = self.taken.get(field.name)
        if already is None:
            self.taken[field.name] = [column]
            same = _distance(column) and field.name not in _OF_LIST and len(set(self.cells[column])) == 1
            why = f"{why} It is the same in all rows, so it may be that of the list." if same else why
            self.reasons.append(Found(field.name, (column,), why, sure=not same))
        elif field.name in _SEVERAL and len(already) < mapping.MOST_COLUMNS:
            already.append(column)
            self.reasons.append(Found(field.name, (column,), why))

    def may_be(self, column: str, field: Field) -> bool:
        """Whether nothing in the column's cells speaks against the field."""
        if field.name in self.taken and field.name not in _SEVERAL:
            return False
        if _distance(column) and not self.may_be_shared(column, field):
            return False
        doubt = _DOUBTS.get(field.kind)
        return not self.cells[column] or doubt is None or self.share(column, doubt) >= 0.5

    def may_be_shared(self, column: str, field: Field) -> bool:
        """Whether what stands above may be this: not where more rows have the same than one product has."""
        cells = self.cells[column]
        is_of_list = len(cells) > _MOST_OF_ONE and len(set(cells)) == 1
        return bool(cells) and field.name in (_OF_LIST if is_of_list else _SHARED)

    def share(self, column: str, holds: abc.Callable[[str], bool]) -> float:
        cells = self.cells[column]
        return sum(map(holds, cells)) / len(cells) if cells else 0.0

    def described(self, name: str, columns: list[str]) -> dict[str, Any]:
        """The field's part of the definition."""
        kind = FIELDS[name].kind
        part: dict[str, Any] = {"columns": columns}
        if kind in NUMBERS:
            self.written(name, columns, part)
        if kind == fields.MONEY:
            self.taxed(name, columns[0], part)
            self.per_many(name, columns[0], part)
        if kind == fields.DAY:
            self.told(name, columns, figures.day_style(self.all_cells(columns)), "days", part)
        if name == "weight" and set(fields.words(columns[0])) & {"g", "gr", "gramm", "gram", "grams"}:
            part["unit"] = "g"
        return part

    def written(self, name: str, columns: list[str], part: dict[str, Any]) -> None:
        """How the numbers are written: by the column itself, else by the other columns of numbers."""
        settled = figures.number_style(self.all_cells(columns))
        if settled.style in (figures.COMMA, figures.POINT):
            part["numbers"] = settled.style
            return
        others = self.other_style(name)
        if others is not None and "Both" not in settled.why:
            part["numbers"] = others
            if settled.style is None:
                why = f"{settled.why} Other columns of numbers are written with a {others}, so it is read so."
                self.reasons.append(Found(name, tuple(columns), why, sure=False))
        else:
            self.told(name, columns, settled, "numbers", part)

    def other_style(self, name: str) -> str | None:
        styles = {
            figures.number_style(self.all_cells(columns)).style
            for other, columns in self.taken.items()
            if other != name and FIELDS[other].kind in NUMBERS
        } & {figures.COMMA, figures.POINT}
        return styles.pop() if len(styles) == 1 else None

    def told(self, name: str, columns: list[str], settled: Settled, said: str, part: dict[str, Any]) -> None:
        if settled.style is not None:
            part[said] = settled.style
        elif any(self.cells[column] for column in columns):
            why = f'{settled.why} Say under "{said}" how the column writes them.'
            self.reasons.append(Found(name, tuple(columns), why, sure=False))

    def all_cells(self, columns: abc.Iterable[str]) -> list[str]:
        return [cell for column in columns for cell in self.cells[column]]

    def taxed(self, name: str, column: str, part: dict[str, Any]) -> None:
        """With or without tax: as the header says; a cost else without, a recommended price not at all."""
        without, within = _says(column, fields.WITHOUT_TAX), _says(column, fields.WITH_TAX)
        if without != within:
            part["tax"] = mapping.WITHOUT if without else mapping.WITH
            return
        if name == "cost":
            part["tax"] = mapping.WITHOUT
            why = "Suppliers mostly ask businesses for amounts without tax. Correct it if this one is with."
        else:
            why = (
                'Whether it is with tax does not stand there. Say it under "tax", or nothing is priced by it.'
            )
        self.reasons.append(Found(name, (column,), why, sure=False))

    def per_many(self, name: str, column: str, part: dict[str, Any]) -> None:
        for pieces, times in _PER_MANY.items():
            if pieces in fields.words(column):
                part["times"] = times
                why = f"By its name {quoted(column)} is for {pieces} pieces, so it is multiplied by {times}."
                self.reasons.append(Found(name, (column,), why, sure=False))
                return

    def unknown_currency(self, parts: dict[str, Any]) -> None:
        amounts = [name for name in ("cost", "price") if name in parts]
        if not amounts or "currency" in parts:
            return
        marks = {
            mark for name in amounts for cell in self.all_cells(self.taken[name]) if (mark := _mark(cell))
        }
        stated = {word.upper() for name in amounts for word in _currency_words(self.taken[name][0])}
        found = marks or stated
        if len(found) == 1:
            (code,) = found
            parts["currency"] = {"constant": code}
            self.reasons.append(Found("currency", (), f"{code} stands beside the amounts."))
        elif not found and self.currency:
            parts["currency"] = {"constant": self.currency}
            why = f"The list does not say its currency. {self.currency} is that of your shop. Look at it."
            self.reasons.append(Found("currency", (), why, sure=False))


def _distance(column: str) -> int:
    """How far above the items of a document a column stands."""
    return (len(column) - len(column.lstrip("./"))) // 3 if column.startswith("../") else 0


def _is_named(column: str, field: Field) -> bool:
    return any(name in field.names for name in _names(column))


def _names(column: str) -> list[str]:
    """The names that a column goes by: whole, and for a path its last two and its last part."""
    bare = column.split(":")[-1] if ":" in column and "/" not in column else column
    parts = [part.split(":")[-1].lstrip("@") for part in bare.split("/")]
    return [fields.folded(each) for each in (bare, " ".join(parts[-2:]), parts[-1]) if each]


def _is_partly_named(column: str, field: Field) -> bool:
    """Whether a few words of the name, one after another, are one of the field's names."""
    if field.name not in _BY_PART:
        return False
    parts = fields.words(column)
    runs = (
        "".join(parts[begin:end]) for begin in range(len(parts)) for end in range(begin + 1, len(parts) + 1)
    )
    return any(run in field.names for run in runs)


def _is_bare_price(column: str) -> bool:
    parts = fields.words(column)
    return any(name in fields.BARE_PRICES for name in _names(column)) or any(
        part in fields.BARE_PRICES for part in parts
    )


def _says(column: str, phrases: abc.Iterable[tuple[str, ...]]) -> bool:
    parts = fields.words(column)
    return any(
        parts[begin : begin + len(phrase)] == phrase for phrase in phrases for begin in range(len(parts))
    )


_PER_MANY = {"1000": "0.001", "100": "0.01"}
#: Currencies that suppliers write into headers.
_HEADER_CURRENCIES = frozenset(
    ["eur", "czk", "pln", "usd", "gbp", "chf", "huf", "ron", "bgn", "sek", "nok", "dkk"]
)


def _currency_words(column: str) -> abc.Iterable[str]:
    return (word for word in fields.words(column) if word in _HEADER_CURRENCIES)


def _mark(cell: str) -> str:
    for style in (figures.COMMA, figures.POINT):
        try:
            return figures.currency(figures.money(cell, style)[1])
        except figures.BadFigure:
            continue
    return ""


def _is_number(cell: str) -> bool:
    for style in (figures.COMMA, figures.POINT):
        try:
            figures.money(cell, style)
        except figures.BadFigure:
            continue
        return True
    return False


def _is_count(cell: str) -> bool:
    for style in (figures.COMMA, figures.POINT):
        try:
            figures.count(cell, style)
        except figures.BadFigure as bad:
            if bad.code == "below_a_number":
                return True
            continue
        return True
    return mapping.stock_key(cell) in fields.STOCK_WORDS


def _is_gtin(cell: str) -> bool:
    # Eight digits may be anything, and one number in ten passes.
    return sum(map(str.isdigit, cell)) > 8 and codes.gtin(cell[:100]) is not None


def _looks_like_gtin(cell: str) -> bool:
    return codes.gtin(cell[:100]) is not None or codes.fault(cell[:100]) != "not_digits"


def _is_link(cell: str) -> bool:
    return cell[:8].lower().startswith(("http://", "https://"))


def _is_image(cell: str) -> bool:
    ends = (".jpg", ".jpeg", ".png", ".webp", ".gif")
    return _is_link(cell) and cell.split("?")[0].lower().endswith(ends)


def _is_currency(cell: str) -> bool:
    return is_currency(figures.currency(cell))


#: What is known by its cells alone: the field, the plural of what they are, and the test.
_CONTENTS: tuple[tuple[str, str, abc.Callable[[str], bool]], ...] = (
    ("gtin", "valid GTINs", _is_gtin),
    ("images", "addresses of images", _is_image),
    ("link", "web addresses", lambda cell: _is_link(cell) and not _is_image(cell)),
    ("availability", "words about a stock", lambda cell: cell.isalpha() and _is_stock_word(cell)),
)


def _is_stock_word(cell: str) -> bool:
    return mapping.stock_key(cell) in fields.STOCK_WORDS


#: What most of a column's cells have to be, for it to be of a kind, whatever its name.
_DOUBTS: dict[str, abc.Callable[[str], bool]] = {
    fields.GTIN: _looks_like_gtin,
    fields.MONEY: _is_number,
    fields.COUNT: _is_count,
    fields.FACTOR: _is_number,
    fields.WEIGHT: lambda cell: any(map(str.isdigit, cell)),
    fields.CURRENCY: _is_currency,
    fields.LINK: _is_link,
    fields.LINKS: _is_link,
    fields.DAY: figures.is_day,
    fields.STOCK: lambda cell: not _is_number(cell) or cell in ("0", "1"),
}  # fmt: skip
