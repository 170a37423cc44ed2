"""What names an item: its id and its group's, GTIN, brand and part number."""

import re
import sys
from hashlib import sha256

from sync2sys.formats import codes
from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, Value, checked
from sync2sys.formats.rules.texts import cut_text, text
from sync2sys.formats.text import clean


def _no_gtin(field: Field, context: Context) -> Doubt:
    return lambda found: codes.fault(found) if found else None


def _no_ean(field: Field, context: Context) -> Doubt:
    def doubt(found: str | None) -> str | None:
        if not found:
            return None
        return "case_number" if codes.gtin(found) else codes.fault(found)

    return doubt


def _no_brand(field: Field, context: Context) -> Doubt:
    return lambda found: "not_a_brand" if found and clean(found) else None


def _long_number(field: Field, context: Context) -> Doubt:
    return lambda mpn, sku=None: "too_long" if clean(mpn or sku or "") else None


def identifier(field: Field, context: Context) -> Reader:
    """The id; a longer one than allowed keeps its beginning and ends in a digest of the whole."""
    limit = field.limit or sys.maxsize

    def read(key: str | None) -> str | None:
        if not key:
            return None
        # Most ids are a number.
        return key if key.isalnum() and len(key) <= limit else _shortened_id(key, limit)

    return read


def _shortened_id(key: str, limit: int) -> str | None:
    cleaned = clean(key)
    if len(cleaned) <= limit:
        return cleaned or None
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{cleaned[: limit - 17].rstrip()}-{digest}"


def group(field: Field, context: Context) -> Reader:
    """The product's id, for products that have variants."""
    limit = field.limit or sys.maxsize

    def read(key: str, has_variants: bool | int) -> str | None:
        if not has_variants:
            return None
        return key if key.isalnum() and len(key) <= limit else _shortened_id(key, limit)

    return read


def narrow_identifier(field: Field, context: Context) -> Reader:
    """The id in letters, digits, hyphens and underscores; any other ends in a digest of the whole."""
    limit = field.limit or sys.maxsize

    def read(key: str | None) -> str | None:
        if not key:
            return None
        return key if len(key) <= limit and _NARROW(key) else _narrowed(key, limit)

    return read


_NARROW = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def _narrowed(key: str, limit: int) -> str:
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub('[^A-Za-z0-9_-]', '', key)[: limit - 17]}-{digest}"


def narrow_group(field: Field, context: Context) -> Reader:
    """The product's id as items have it, for products that have variants."""
    read_id = narrow_identifier(field, context)
    return lambda key, has_variants: read_id(key) if has_variants else None


@checked(doubt=_no_gtin)
def gtin(field: Field, context: Context) -> Reader:
    """A GTIN whose length, check digit and prefix are right; any other is left out."""
    return lambda found: codes.gtin(found) if found else None


@checked(doubt=_no_ean)
def ean(field: Field, context: Context) -> Reader:
    """A valid GTIN in 13 digits; any other is left out."""
    return lambda found: _ean(found) if found else None


def _ean(found: str) -> str | None:
    number = codes.gtin(found)
    if number is None or len(number) == 14:
        return None
    return number.zfill(13)


def isbn(field: Field, context: Context) -> Reader:
    """The GTIN of a book, which is its ISBN."""

    def read(found: str | None) -> str | None:
        number = codes.gtin(found) if found else None
        return number if number and len(number) == 13 and number.startswith(("978", "979")) else None

    return read


def branded(nobody: frozenset[str]) -> Rule:
    """A rule for brands that leaves out the words that mean there is none."""

    @checked(doubt=_no_brand, overflow=cut_text)
    def rule(field: Field, context: Context) -> Reader:
        """The brand, unless it only says that there is none."""
        shown = text(field, context)

        def read(found: str | None) -> Value:
            return None if found and clean(found).casefold() in nobody else shown(found)

        return read

    return rule


@checked(doubt=_long_number)
def part_number(field: Field, context: Context) -> Reader:
    """The maker's number, else the shop's SKU; left out where it is too long."""
    limit = field.limit or sys.maxsize

    def read(mpn: str | None, sku: str | None) -> str | None:
        found = mpn or sku or ""
        found = found.strip() if found.isprintable() else clean(found)
        return found if found and len(found) <= limit else None

    return read


def identified(brand: Field, number: Field) -> Rule:
    """A rule that says `no` where there is neither a GTIN nor a brand with a number."""

    def rule(field: Field, context: Context) -> Reader:
        """`no` where there is neither a GTIN nor both brand and number."""
        maker, part = brand.rule(brand, context), number.rule(number, context)

        def read(gtin: str | None, name: str | None, mpn: str | None, sku: str | None) -> str | None:
            known = (gtin and codes.gtin(gtin)) or (maker(name) and part(mpn, sku))
            return None if known else "no"

        return read

    return rule
