"""Links and images: absolute addresses, encoded."""

import re
import sys

import orjson

from sync2sys.formats.addresses import ENCODED, LONGEST_ADDRESS, encoded, fault, is_encoded
from sync2sys.formats.base import Context, Doubt, Doubting, Field, Reader, Rule, Words, checked
from sync2sys.formats.latest import latest_of

#: A JSON list of addresses that need no work.
_ENCODED_LIST = re.compile(rf'\["{ENCODED}"(?:,"{ENCODED}")*\]').fullmatch


def _unusable_address(field: Field, context: Context) -> Doubt:
    return lambda found: _refusal(found) if found else None


def _refusal(found: str) -> str:
    """Why an address cannot be used."""
    return fault(found) if encoded(found) is None else "too_long"


def _no_image(field: Field, context: Context) -> Doubt:
    def doubt(own: str | None, images: str | None) -> str | None:
        found = own or next(iter(orjson.loads(images or "[]")), "")
        return _refusal(found) if found else None

    return doubt


def _plain_http(field: Field, context: Context) -> Doubt:
    return lambda found: "not_https" if found.startswith("http://") else None


def _plain_http_image(field: Field, context: Context) -> Doubt:
    def remark(own: str | None, images: str | None) -> str | None:
        return "not_https" if (own or images or "").startswith(("http://", '["http://')) else None

    return remark


def _swapped(make: Doubting) -> Doubting:
    """The same for rules that are given the images first."""
    return lambda field, context: lambda images, own: make(field, context)(own, images)


def _no_address_of_several(field: Field, context: Context) -> Doubt:
    return lambda found: _refusal(found.split(",")[0]) if found else None


def _too_many_images(field: Field, context: Context) -> Doubt:
    limit, times = field.limit or LONGEST_ADDRESS, field.times or sys.maxsize

    def doubt(images: str | None, own: str | None) -> str | None:
        others = set(_images(images, limit))
        return "too_many" if len(others) > times + 1 or len(others - {_usable(own, limit)}) > times else None

    return doubt


@checked(doubt=_unusable_address, remark=_plain_http)
def address(field: Field, context: Context) -> Reader:
    """An absolute http or https address, percent-encoded."""
    limit = field.limit or LONGEST_ADDRESS

    def read(found: str | None) -> str | None:
        if found and len(found) <= limit and is_encoded(found):
            return found
        return _usable(found, limit)

    return read


def _usable(found: str | None, limit: int) -> str | None:
    """The encoded address, or None where there is none or it is too long: a cut one leads nowhere."""
    usable = encoded(found) if found else None
    return usable if usable is not None and len(usable) <= limit else None


@checked(doubt=_no_image, remark=_plain_http_image)
def main_image(field: Field, context: Context) -> Reader:
    """The variant's own image, else the product's first usable one."""
    limit = field.limit or LONGEST_ADDRESS

    def read(own: str | None, images: str | None) -> str | None:
        usable = _images(images, limit)
        # Mostly it is one of the product's, which are looked at anyway.
        return own if own in usable else _usable(own, limit) or next(iter(usable), None)

    return read


@main_image.lend
def comma_free_image(field: Field, context: Context) -> Reader:
    """The variant's own image, else the product's first usable one; commas are encoded."""
    read = main_image(field, context)

    def read_free(own: str | None, images: str | None) -> str | None:
        found = read(own, images)
        return found.replace(",", "%2C") if isinstance(found, str) else None

    return read_free


@checked(overflow=_too_many_images)
def more_images(field: Field, context: Context) -> Reader:
    """The product's other images, each once."""
    limit, times = field.limit or LONGEST_ADDRESS, field.times

    def read(images: str | None, own: str | None) -> Words | None:
        usable = _images(images, limit)
        if not usable:
            return None
        main = own if own in usable else _usable(own, limit) or usable[0]
        return tuple([image for image in usable if image != main][:times]) or None

    return read


@checked(doubt=_swapped(_no_image), remark=_swapped(_plain_http_image))
def all_images(field: Field, context: Context) -> Reader:
    """The variant's own image, else the product's first usable one, and then the others, each once."""
    first, more = main_image(field, context), more_images(field, context)

    def read(images: str | None, own: str | None) -> Words | None:
        main, others = first(own, images), more(images, own)
        if not isinstance(main, str):
            return None
        return (main, *(others if isinstance(others, tuple) else ()))[: field.times]

    return read


def other_image(number: int) -> Rule:
    """A rule for one of the product's other images; the first is number one."""

    def rule(field: Field, context: Context) -> Reader:
        """One of the product's other images."""
        read = more_images(field, context)

        def read_one(images: str | None, own: str | None) -> str | None:
            found = read(images, own)
            return found[number - 1] if isinstance(found, tuple) and len(found) >= number else None

        return read_one

    return rule


def joined_images(field: Field, context: Context) -> Reader:
    """The product's other images, parted by commas; commas inside are encoded."""
    read = more_images(field, context)

    def read_joined(images: str | None, own: str | None) -> str | None:
        found = read(images, own)
        return ",".join(image.replace(",", "%2C") for image in found) if isinstance(found, tuple) else None

    return read_joined


@checked(doubt=_no_address_of_several)
def joined_addresses(field: Field, context: Context) -> Reader:
    """Mapped addresses, parted by commas, each percent-encoded."""

    def read(found: str | None) -> str | None:
        usable = (_usable(each, LONGEST_ADDRESS) for each in (found or "").split(","))
        return ",".join(filter(None, usable)) or None

    return read


# Several fields of one item ask for the same images, and so do the variants of a product.
@latest_of
def _images(text: str | None, limit: int) -> Words:
    """The usable addresses of a JSON list, each once."""
    if not text or text == "[]":
        return ()
    if len(text) <= limit and _ENCODED_LIST(text):
        found = text[2:-2].split('","')
    else:
        found = [image for image in (_usable(each, limit) for each in orjson.loads(text)) if image]
    return tuple(found if len(set(found)) == len(found) else dict.fromkeys(found))
