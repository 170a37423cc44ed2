"""What a list looks like as a whole, and whether today's looks like yesterday's.

Each row of a list can be right and the list still be wrong: half of it missing, prices in cents, a column
that moved overnight. That shows in numbers about all of it, which are counted while it is read and kept for
the next time. An objection holds a list back until a person has looked at it.
"""

from collections import Counter, abc
from decimal import Decimal
from itertools import chain
from math import log2
from typing import Any, NamedTuple

from sync2sys.offers.fields import FIELDS, OUT_OF_STOCK
from sync2sys.offers.mapping import WITH
from sync2sys.offers.rows import Offer, Refusal

#: Buckets of a distribution for each doubling: a quantile is right to one part in eleven.
_STEPS = 8
_LOWEST, _HIGHEST = -240, 480
#: Of how changed prices relate to what they were: right to one part in 140, so that 1.19 is not 1.21.
_FINE = 100
#: Codes and currencies that are counted apart.
_MOST_NAMES = 50
#: A delivery fills up a short list as a whole, so fewer stocks than this say nothing of their level.
_STOCKS = 20
#: Fields of text whose looks are watched.
WATCHED = ("key", "sku", "mpn", "brand", "title", "category")
_FILLABLE = tuple(name for name in FIELDS if name != "per")
_MEASURED = ("cost", "price", "quantity")
#: Of a row whose bytes are no text in the encoding of its file, as readers call it.
UNDECODED = "characters"


class Thresholds(NamedTuple):
    """What the owner of a supplier takes for an accident. An empty list always is one."""

    #: this share of the offers is gone
    gone: float = 0.5
    #: this share of those that could be had cannot any more
    sold_out: float = 0.6
    #: what concerns fewer offers than this is no accident
    fewest: int = 5
    #: this share of the rows is refused
    refused: float = 0.5
    #: amounts or stocks as a whole are so many times as high or low
    factor: float = 3.0
    #: this share of the known offers changed its cost by one and the same factor, if that is above 1 + `same`
    together: float = 0.6
    same: float = 0.12
    #: of a field this share of the rows lost its value, or changed from words to numbers
    moved: float = 0.5


USUAL = Thresholds()


class Objection(NamedTuple):
    code: str
    #: for the merchant: what it looks like, and what to do
    message: str
    before: float
    after: float


class Spread:
    """How numbers above zero are spread; a few hundred counters, whatever their count."""

    def __init__(self, buckets: abc.Mapping[int, int] | None = None) -> None:
        self.buckets = Counter(dict(buckets or {}))

    def add(self, values: abc.Iterable[Decimal | int | None]) -> None:
        found = (round(log2(float(value)) * _STEPS) for value in values if value and value > 0)
        self.buckets.update(min(max(bucket, _LOWEST), _HIGHEST) for bucket in found)

    def total(self) -> int:
        return self.buckets.total()

    def quantile(self, share: float) -> float:
        """About the number below which this share of them is; 0 without any."""
        left = share * self.total()
        for bucket, count in sorted(self.buckets.items()):
            left -= count
            if left <= 0:
                return float(2 ** (bucket / _STEPS))
        return 0.0


class Looks:
    """What the texts of one field look like."""

    def __init__(self, filled: int = 0, lettered: int = 0, characters: int = 0) -> None:
        self.filled, self.lettered, self.characters = filled, lettered, characters

    def add(self, texts: abc.Sequence[str]) -> None:
        self.filled += len(texts) - texts.count("")
        self.lettered += sum(1 for text in texts if any(map(str.isalpha, text)))
        self.characters += sum(map(len, texts))

    def lettered_share(self) -> float:
        return self.lettered / self.filled if self.filled else 0.0

    def length(self) -> float:
        return self.characters / self.filled if self.filled else 0.0


class Profile:
    """Counted while a list is read, in constant memory."""

    def __init__(self) -> None:
        self.offers = 0
        self.refused: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()
        self.currencies: Counter[str] = Counter()
        self.spreads = {name: Spread() for name in _MEASURED}
        self.looks = {name: Looks() for name in WATCHED}
        #: offers with a cost and a recommended price, and those of them that cost more
        self.compared = self.dearer = 0
        #: offers that can be had now
        self.available = 0
        #: offers with letters that not every encoding has
        self.lettered = 0

    @property
    def rows(self) -> int:
        return self.offers + self.refused.total()

    def add(self, rows: abc.Iterable[Offer | Refusal]) -> None:
        """Count what `offer_of` made of some rows, column by column: there may be a million of them."""
        offers = []
        for row in rows:
            if isinstance(row, Refusal):
                _count(self.refused, row.code)
            else:
                offers.append(row)
        if not offers:
            return
        self.offers += len(offers)
        columns = dict(zip(Offer._fields, zip(*offers, strict=True), strict=True))
        for name in _FILLABLE:
            if filled := len(offers) - sum(map(columns[name].count, ("", None, ()))):
                self.filled[name] += filled
        for name, spread in self.spreads.items():
            spread.add(columns[name])
        for name, looks in self.looks.items():
            looks.add(columns[name])
        texts = zip(*(columns[name] for name in WATCHED), strict=True)
        self.lettered += sum(1 for each in texts if not "".join(each).isascii())
        for remark in chain.from_iterable(columns["remarks"]):
            _count(self.remarks, f"{remark.field}:{remark.code}")
        for currency, count in Counter(filter(None, columns["currency"])).items():
            _count(self.currencies, currency, count)
        stocks = zip(columns["availability"], columns["quantity"], strict=True)
        self.available += sum(1 for told, pieces in stocks if told != OUT_OF_STOCK and pieces != 0)
        for offer in offers:
            self._compare(offer)

    def _compare(self, offer: Offer) -> None:
        # With tax it may well cost more than it is sold for without.
        if offer.cost and offer.price and not (offer.cost_tax == WITH and offer.price_tax != WITH):
            self.compared += 1
            self.dearer += offer.cost > offer.price

    def share(self, name: str) -> float:
        """Which share of the offers has this field."""
        return self.filled[name] / self.offers if self.offers else 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON, to be kept for the next list."""
        return {
            "offers": self.offers,
            "refused": dict(self.refused),
            "remarks": dict(self.remarks),
            "filled": dict(self.filled),
            "currencies": dict(self.currencies),
            "spreads": {
                name: {str(at): count for at, count in spread.buckets.items()}
                for name, spread in self.spreads.items()
            },
            "looks": {
                name: [each.filled, each.lettered, each.characters] for name, each in self.looks.items()
            },
            "compared": self.compared,
            "dearer": self.dearer,
            "available": self.available,
            "lettered": self.lettered,
        }

    @classmethod
    def from_dict(cls, kept: abc.Mapping[str, Any]) -> "Profile":
        """What `as_dict` gave."""
        found = cls()
        for name in ("offers", "compared", "dearer", "available"):
            setattr(found, name, kept[name])
        found.lettered = kept.get("lettered", 0)
        for name in ("refused", "remarks", "filled", "currencies"):
            getattr(found, name).update(kept[name])
        for name, buckets in kept["spreads"].items():
            found.spreads[name] = Spread({int(at): count for at, count in buckets.items()})
        found.looks |= {name: Looks(*numbers) for name, numbers in kept["looks"].items()}
        return found


def _count(counter: Counter[str], name: str, count: int = 1) -> None:
    counter[name if name in counter or len(counter) < _MOST_NAMES else "other"] += count


class Moves:
    """How the costs of those offers changed that both lists have. Fed by whoever has both."""

    def __init__(self) -> None:
        self.common = self.changed = 0
        self._ratios: Counter[int] = Counter()

    def add(self, before: Decimal | None, after: Decimal | None) -> None:
        """One key that is in both lists, and its costs of one piece."""
        self.common += 1
        if before and after and before > 0 and after > 0 and before != after:
            self.changed += 1
            ratio = round(log2(float(after / before)) * _FINE)
            self._ratios[min(max(ratio, -30 * _FINE), 30 * _FINE)] += 1

    def most_usual(self) -> tuple[float, int]:
        """The factor by which most costs changed, and how many did so, rounding aside."""
        if not self._ratios:
            return 1.0, 0
        at = max(self._ratios, key=lambda each: (self._near(each), -abs(each)))
        return float(2 ** (at / _FINE)), self._near(at)

    def _near(self, at: int) -> int:
        return sum(self._ratios[at + aside] for aside in (-1, 0, 1))


def objection(
    before: Profile | None, after: Profile, thresholds: Thresholds = USUAL, moves: Moves | None = None
) -> str:
    """Why a list must not be taken as it is, in sentences; "": take it."""
    return " ".join(each.message for each in objections(before, after, thresholds, moves))


def objections(
    before: Profile | None, after: Profile, thresholds: Thresholds = USUAL, moves: Moves | None = None
) -> list[Objection]:
    """The same one by one. `before`: of the last list that was taken, None for a supplier's first."""
    if not after.offers:
        return [_empty(before, after)]
    found = [
        *_refused(after, thresholds),
        *_other_encoding(before, after, thresholds),
        *_dearer(before, after, thresholds),
    ]
    if before is None:
        return found
    # What is gone cannot be had either, and says so better.
    found += _gone(before, after, thresholds, moves) or _sold_out(before, after, thresholds)
    found += [*_lost(before, after, thresholds), *_other_looks(before, after, thresholds)]
    found += [*_other_currency(before, after, thresholds), *_other_level(before, after, thresholds)]
    return found + (_together(moves, thresholds) if moves else [])


def _empty(before: Profile | None, after: Profile) -> Objection:
    if not after.rows:
        message = "There is no row in the list. Look whether it is the right file and complete."
    else:
        code = max(after.refused, key=after.refused.__getitem__)
        message = f"None of the {after.rows} rows is an offer; {after.refused[code]} were refused for {code}."
    return Objection("EMPTY", message, before.offers if before else 0, 0)


def _refused(after: Profile, limits: Thresholds) -> list[Objection]:
    refused = after.refused.total()
    if refused < limits.fewest or refused / after.rows <= limits.refused:
        return []
    code = max(after.refused, key=after.refused.__getitem__)
    message = (
        f"{refused} of {after.rows} rows were refused, most of them for {code}. Look at the mapping: a"
        " column may have moved or be written in another way."
    )
    return [Objection("REFUSED", message, 0, refused)]


def _other_encoding(before: Profile | None, after: Profile, limits: Thresholds) -> list[Objection]:
    """Most rows that have letters beyond ASCII are not in the encoding in which the list is read."""
    refused, usual = after.refused[UNDECODED], before.refused[UNDECODED] if before else 0
    if refused < limits.fewest or refused <= max(after.lettered, 2 * usual):
        return []
    message = (
        f"{refused} rows are not in the encoding in which the list is read. It may have changed: look at the"
        " guess, and confirm another one."
    )
    return [Objection("ENCODING_CHANGED", message, usual, refused)]


def _dearer(before: Profile | None, after: Profile, limits: Thresholds) -> list[Objection]:
    """What costs more than it is to be sold for is most likely in the wrong column."""
    usual = before.dearer / before.compared if before and before.compared else 0.0
    if after.dearer < limits.fewest or after.dearer / after.compared <= max(limits.moved, usual + 0.1):
        return []
    message = (
        f"{after.dearer} of {after.compared} offers cost more than their recommended price. The two columns"
        " may have been swapped."
    )
    return [Objection("COST_ABOVE_PRICE", message, usual, after.dearer / after.compared)]


def _gone(before: Profile, after: Profile, limits: Thresholds, moves: Moves | None) -> list[Objection]:
    gone = before.offers - (after.offers if moves is None else moves.common)
    if gone < limits.fewest or gone / before.offers < limits.gone:
        return []
    new = after.offers - (before.offers - gone)
    if new * 2 >= gone:
        message = f"{gone} of {before.offers} keys are not in the list any more, and {new} others are."
        return [Objection("KEYS_CHANGED", message, before.offers, before.offers - gone)]
    message = f"{gone} of {before.offers} offers are gone. The list may have been cut off."
    return [Objection("OFFERS_GONE", message, before.offers, after.offers)]


def _lost(before: Profile, after: Profile, limits: Thresholds) -> list[Objection]:
    """Fields that were there and are not any more."""
    found = []
    for name in FIELDS:
        was, now = before.share(name), after.share(name)
        is_lost = (was - now) * after.offers >= limits.fewest
        if is_lost and was >= limits.moved and was - now >= limits.moved * was:
            label = FIELDS[name].label
            message = (
                f"{_per_cent(was)} of the offers had {label}, now {_per_cent(now)} have. Look at its column."
            )
            found.append(Objection("VALUES_GONE", message, was, now))
    return found


def _sold_out(before: Profile, after: Profile, limits: Thresholds) -> list[Objection]:
    lost = before.available - after.available
    if lost < limits.fewest or lost < limits.sold_out * before.available:
        return []
    message = (
        f"{before.available} offers could be had, now {after.available} can. Look at the column of the stock."
    )
    return [Objection("STOCK_GONE", message, before.available, after.available)]


def _other_looks(before: Profile, after: Profile, limits: Thresholds) -> list[Objection]:
    """Fields whose texts are of another kind than they were: another column stands in their place."""
    found = []
    for name in WATCHED:
        old, new = before.looks[name], after.looks[name]
        if min(old.filled, new.filled) < limits.fewest:
            continue
        lettered = abs(old.lettered_share() - new.lettered_share()) > limits.moved
        longer = max(old.length(), new.length()) > limits.factor * max(1.0, min(old.length(), new.length()))
        if lettered or longer:
            message = f"What stands as {FIELDS[name].label} looks quite different. Its column may have moved."
            found.append(Objection("COLUMN_MOVED", message, old.length(), new.length()))
    return found


def _other_currency(before: Profile, after: Profile, limits: Thresholds) -> list[Objection]:
    if not before.currencies or not after.currencies:
        return []
    was = max(before.currencies, key=before.currencies.__getitem__)
    now = max(after.currencies, key=after.currencies.__getitem__)
    if was == now or after.currencies[now] < limits.fewest:
        return []
    message = f"Most amounts were in {was} and now are in {now}."
    return [Objection("CURRENCY_CHANGED", message, before.currencies[was], after.currencies[now])]


def _other_level(before: Profile, after: Profile, limits: Thresholds) -> list[Objection]:
    """Numbers that as a whole are much higher or lower: all quartiles in the same direction."""
    found = []
    for name in _MEASURED:
        old, new = before.spreads[name], after.spreads[name]
        enough = max(limits.fewest, _STOCKS) if name == "quantity" else limits.fewest
        if min(old.total(), new.total()) < enough:
            continue
        ratios = [new.quantile(share) / old.quantile(share) for share in (0.25, 0.5, 0.75)]
        if min(ratios) >= limits.factor or max(ratios) <= 1 / limits.factor:
            was, now = old.quantile(0.5), new.quantile(0.5)
            message = (
                f"{FIELDS[name].label[0].upper()}{FIELDS[name].label[1:]} was about {_figure(was)} in the"
                f" middle of the list and now is {_figure(now)}. It may be in another unit or another column."
            )
            found.append(Objection("OFF_BY_A_FACTOR", message, was, now))
    return found


def _together(moves: Moves, limits: Thresholds) -> list[Objection]:
    """Most costs changed by one factor: tax put on, another currency, cents."""
    factor, count = moves.most_usual()
    if count < limits.fewest or count / moves.common < limits.together:
        return []
    if 1 / (1 + limits.same) < factor < 1 + limits.same:
        return []
    message = (
        f"{count} of {moves.common} costs are {factor:.3g} times what they were. Tax, a currency or a unit"
        " may have changed."
    )
    return [Objection("CHANGED_TOGETHER", message, 1, factor)]


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _per_cent(share: float) -> str:
    return f"{share:.0%}"
