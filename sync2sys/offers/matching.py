"""Which variant of the catalogue an offer is for.

Rules are tried in the order in which the merchant lists them. Each makes a key of an offer and of a variant;
equal keys mean the same thing. What a rule finds more than once is narrowed down by the rules behind it, and
if it stays more than one, the offer is matched with none: nothing is guessed.

    ["gtin", "sku", "brand_mpn"]                         the usual order
    {"offer": "key", "variant": "sku"}                   an own rule: fields to compare
    {"offer": "sku", "variant": "sku", "without": {"offer": "ACM-"}}       a prefix that one side lacks
    {"offer": "sku", "variant": "meta", "name": "_supplier_sku"}           a meta field of the shop
"""

import re
import unicodedata
from collections import abc
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from sync2sys.formats import codes, definitions
from sync2sys.formats.definitions import BadDefinition, below, quoted
from sync2sys.formats.text import clean

#: Rules of one supplier; variants that a sentence names.
MOST_RULES, _NAMED = 10, 5
USUAL = ("gtin", "sku", "brand_mpn")
OFFER_FIELDS = ("key", "gtin", "sku", "mpn", "title")
VARIANT_FIELDS = ("gtin", "sku", "mpn", "external_id", "title", "meta")


class Identified(Protocol):
    """What both an offer and a variant are known by."""

    @property
    def gtin(self) -> str: ...
    @property
    def sku(self) -> str: ...
    @property
    def mpn(self) -> str: ...
    @property
    def brand(self) -> str: ...
    @property
    def title(self) -> str: ...


class Keyed(Identified, Protocol):
    """An offer."""

    @property
    def key(self) -> str: ...


class Target(NamedTuple):
    """A variant of the catalogue, as far as it is known by something."""

    external_id: str
    gtin: str = ""
    sku: str = ""
    mpn: str = ""
    #: its product's
    brand: str = ""
    title: str = ""
    #: its product's
    meta: abc.Mapping[str, str] = {}


class Rule(NamedTuple):
    """A rule made ready. Keys are "" where there is nothing to compare."""

    #: tells its keys from those of other rules
    name: str
    #: for the merchant
    words: str
    of_offer: abc.Callable[[Keyed], str]
    of_variant: abc.Callable[[Target], str]


class Match(NamedTuple):
    """The variant that an offer is for."""

    external_id: str
    rule: str
    #: what both have
    key: str
    #: a sentence: why the match was found, and what else was seen
    why: str


class NoMatch(NamedTuple):
    """Why an offer is for no variant."""

    #: nothing_to_compare, not_found, ambiguous, contradiction or other_gtin
    code: str
    #: variants that it might be for
    candidates: tuple[str, ...]
    why: str


@lru_cache(maxsize=4096)
def gtin_key(text: str) -> str:
    """14 digits of a valid GTIN, else ""; the number of a case is another than that of what is in it."""
    found = codes.gtin(text) if text else None
    return found.zfill(14) if found else ""


def code_key(text: str) -> str:
    """A SKU as it is compared: without case and idle blanks, every other character counts."""
    return clean(unicodedata.normalize("NFKC", text)).casefold()


_APART = re.compile(r"[^\w]+|_+")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[\W_]+(?=[0-9])")


@lru_cache(maxsize=4096)
def name_key(text: str) -> str:
    """A brand as it is compared: letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _APART.sub("", "".join(each for each in plain if not unicodedata.combining(each)))


def part_key(text: str) -> str:
    """A maker's number as it is compared: `AC-TR 42` is `actr42`, but 10-1 is not 101."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    # A letter that is neither a letter of a number nor a digit keeps the parts apart.
    return "-".join(filter(None, (_APART.sub("", part) for part in _BETWEEN_DIGITS.split(plain))))


def _brand_part(item: Identified) -> str:
    brand, part = name_key(item.brand[:200]), part_key(item.mpn)
    return f"{brand}|{part}" if brand and part else ""


_USUAL = {
    "gtin": Rule("gtin", "GTIN", lambda offer: gtin_key(offer.gtin), lambda variant: gtin_key(variant.gtin)),
    "sku": Rule("sku", "SKU", lambda offer: code_key(offer.sku), lambda variant: code_key(variant.sku)),
    "brand_mpn": Rule("brand_mpn", "brand and maker's number", _brand_part, _brand_part),
}


def parse(spec: Any) -> tuple[Rule, ...]:
    """The rules of this definition, a list. Raises BadDefinition."""
    definitions.limit(spec)
    found = definitions.several(spec, "", MOST_RULES)
    rules = tuple(_rule(each, below("", no)) for no, each in enumerate(found))
    for no, rule in enumerate(rules):
        if rule.name in (other.name for other in rules[:no]):
            raise BadDefinition(below("", no), "This rule stands here twice. Remove it.")
    return rules


def _rule(spec: Any, path: str) -> Rule:
    if isinstance(spec, str):
        return _USUAL[definitions.known(spec, _USUAL, path, "rule")]
    given = definitions.table(spec, path)
    definitions.only(given, ("offer", "variant", "name", "without"), path)
    of_offer = definitions.known(given.get("offer"), OFFER_FIELDS, below(path, "offer"), "field of an offer")
    of_variant = definitions.known(
        given.get("variant"), VARIANT_FIELDS, below(path, "variant"), "field of a variant"
    )
    meta = definitions.name(given.get("name"), below(path, "name")) if of_variant == "meta" else ""
    if "name" in given and not meta:
        raise BadDefinition(below(path, "name"), 'Only "meta" has names. Remove this.')
    return _own(of_offer, of_variant, meta, _prefixes(given.get("without", {}), below(path, "without")))


def _prefixes(spec: Any, path: str) -> dict[str, str]:
    given = definitions.table(spec, path)
    definitions.only(given, ("offer", "variant"), path)
    return {side: code_key(definitions.name(text, below(path, side))) for side, text in given.items()}


def _own(of_offer: str, of_variant: str, meta: str, without: dict[str, str]) -> Rule:
    """A rule that compares GTINs as such where both sides are one, else codes."""
    as_key = gtin_key if of_offer == of_variant == "gtin" else code_key
    cut_offer, cut_variant = without.get("offer", ""), without.get("variant", "")

    def offer_key(offer: Keyed) -> str:
        return as_key(getattr(offer, of_offer)).removeprefix(cut_offer)

    def variant_key(variant: Target) -> str:
        found = variant.meta.get(meta, "") if meta else getattr(variant, of_variant)
        return as_key(found).removeprefix(cut_variant)

    other = f"meta {quoted(meta)}" if meta else of_variant
    name = "|".join((of_offer, meta or of_variant, cut_offer, cut_variant))
    return Rule(name, f"{of_offer} of the offer and {other} of the variant", offer_key, variant_key)


class Key(NamedTuple):
    """A key, and the rule that made it."""

    rule: str
    key: str


def keys_of_offer(offer: Keyed, rules: abc.Sequence[Rule]) -> list[Key]:
    """What an offer can be found by, in the order of the rules."""
    return [Key(rule.name, key) for rule in rules if (key := rule.of_offer(offer))]


def keys_of_variant(variant: Target, rules: abc.Sequence[Rule]) -> list[Key]:
    """What a variant can be found by."""
    return [Key(rule.name, key) for rule in rules if (key := rule.of_variant(variant))]


class Index:
    """The variants of a catalogue by their keys, all of them in memory: half a kilobyte for each of them."""

    def __init__(self, variants: abc.Iterable[Target], rules: abc.Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        #: by rule: key -> the id of its variant; of several there is a list, as it seldom is
        self._ids: dict[str, dict[str, str | list[str]]] = {rule.name: {} for rule in self.rules}
        self._gtins: dict[str, str] = {}
        for variant in variants:
            for rule, key in keys_of_variant(variant, self.rules):
                _add(self._ids[rule], key, variant.external_id)
            if gtin := gtin_key(variant.gtin):
                self._gtins[variant.external_id] = gtin

    def match(self, offer: Keyed) -> Match | NoMatch:
        """The variant that an offer is for, or why there is none that is sure."""
        keys = keys_of_offer(offer, self.rules)
        return settle(offer, keys, {key: self._found(key) for key in keys}, self._gtins, self.rules)

    def _found(self, key: Key) -> list[str]:
        found = self._ids[key.rule].get(key.key, [])
        return [found] if isinstance(found, str) else found


def _add(ids: dict[str, str | list[str]], key: str, external_id: str) -> None:
    known = ids.setdefault(key, external_id)
    if isinstance(known, list):
        known.append(external_id)
    elif known is not external_id:
        ids[key] = [known, external_id]


def settle(
    offer: Keyed,
    keys: abc.Sequence[Key],
    found: abc.Mapping[Key, abc.Collection[str]],
    gtins: abc.Mapping[str, str],
    rules: abc.Sequence[Rule],
) -> Match | NoMatch:
    """The same from what each key was found at, wherever that was looked up.

    `found`: key -> ids of variants; `gtins`: id -> 14 digits, of those ids that have a valid GTIN.
    """
    words = {rule.name: rule.words for rule in rules}
    if not keys:
        names = ", ".join(words.values())
        return NoMatch("nothing_to_compare", (), f"The offer has nothing to be found by: {names}.")
    hits = [(key, frozenset(found.get(key, ()))) for key in keys]
    hits = [(key, ids) for key, ids in hits if ids]
    if not hits:
        tried = " or ".join(f"{words[key.rule]} {quoted(key.key)}" for key in keys)
        return NoMatch("not_found", (), f"No variant has {tried}.")
    (first, left), *rest = hits
    for _, ids in rest:
        if len(left) > 1:
            left = left & ids
    if len(left) != 1:
        return _unsure(hits, words)
    (chosen,) = left
    return _other_gtin(offer, chosen, first, gtins, words) or Match(
        chosen, first.rule, first.key, _why(first, chosen, rest, words)
    )


def _unsure(hits: abc.Sequence[tuple[Key, frozenset[str]]], words: abc.Mapping[str, str]) -> NoMatch:
    candidates = tuple(sorted(frozenset[str]().union(*(ids for _, ids in hits))))
    (first, ids), *rest = hits
    many = f"{words[first.rule]} {quoted(first.key)} belongs to {len(ids)} variants ({_listed(ids)})"
    if any(not ids & others for _, others in rest):
        return NoMatch("contradiction", candidates, f"{many}, and what else the offer has to none of them.")
    return NoMatch("ambiguous", candidates, f"{many}, and nothing says which. Give each its own.")


def _other_gtin(
    offer: Keyed, chosen: str, key: Key, gtins: abc.Mapping[str, str], words: abc.Mapping[str, str]
) -> NoMatch | None:
    """Two valid GTINs that differ are two things, whatever else is equal: two shelves can have one number."""
    ours, theirs = gtin_key(offer.gtin), gtins.get(chosen, "")
    if not ours or not theirs or ours == theirs:
        return None
    why = (
        f"{words[key.rule]} {quoted(key.key)} is that of variant {quoted(chosen)}, but the offer's GTIN is"
        f" {ours.lstrip('0')} and the variant's is {theirs.lstrip('0')}."
    )
    return NoMatch("other_gtin", (chosen,), why)


def _why(
    first: Key, chosen: str, rest: abc.Sequence[tuple[Key, frozenset[str]]], words: abc.Mapping[str, str]
) -> str:
    why = f"It has the same {words[first.rule]}: {quoted(first.key)}."
    against = [(key, ids) for key, ids in rest if chosen not in ids]
    if against:
        key, ids = against[0]
        why += f" Its {words[key.rule]} {quoted(key.key)} is that of another variant: {_listed(ids)}."
    return why


def contested(matches: abc.Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Variants for which one supplier has more than one offer: variant -> keys of the offers.

    `matches`: (key of the offer, id of the variant). None of these offers can be taken: see `told`.
    """
    found: dict[str, list[str]] = {}
    for key, external_id in matches:
        found.setdefault(external_id, []).append(key)
    return {external_id: sorted(keys) for external_id, keys in found.items() if len(keys) > 1}


def told(external_id: str, keys: abc.Collection[str]) -> NoMatch:
    """What is said of each of several offers of one supplier for one variant."""
    count = len(keys)
    why = (
        f"The supplier has {count} offers for variant {quoted(external_id)}: {_listed(keys)}. None is taken."
    )
    return NoMatch("contested", (external_id,), why)


def _listed(names: abc.Collection[str]) -> str:
    ordered = sorted(names)
    return ", ".join(map(quoted, ordered[:_NAMED])) + (", …" if len(ordered) > _NAMED else "")
