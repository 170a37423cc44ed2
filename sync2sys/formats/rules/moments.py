"""Dates and times, in whatever form each channel wants them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, checked
from sync2sys.formats.rules.doubts import no_word, unusable
from sync2sys.formats.sales import SINCE_EVER

#: Forms of a time in UTC.
MINUTES, MINUTES_WITH_COLON, SECONDS = "%Y-%m-%dT%H:%M+0000", "%Y-%m-%dT%H:%M+00:00", "%Y-%m-%dT%H:%M:%SZ"
DAY = "%Y-%m-%d"
#: Times outside are mistakes.
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_YEAR = timedelta(days=366)


def parsed(found: str | datetime | None) -> datetime | None:
    """The time that is meant, in UTC, or None: ISO 8601, `2026/12/24 10:00` or seconds since 1970.

    Without a time of day it is midnight, without a zone it is UTC.
    """
    moment = _read(found.strip().replace("/", "-")) if isinstance(found, str) else found
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC) if SINCE_EVER <= aware < _LAST else None


def _read(text: str) -> datetime | None:
    try:
        if text.isascii() and text.isdecimal() and 9 <= len(text) <= 10:
            return datetime.fromtimestamp(int(text), UTC)
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def moment(form: str) -> Rule:
    """A rule for a mapped time."""

    @checked(doubt=unusable)
    def rule(field: Field, context: Context) -> Reader:
        """A date or a time in ISO 8601, `2026/12/24 10:00`, or seconds since 1970."""

        def read(found: str | None) -> str | None:
            time = parsed(found)
            return format(time, form) if time else None

        return read

    return rule


def period(form: str) -> Rule:
    """A rule for two mapped times with a slash between them."""

    @checked(doubt=unusable)
    def rule(field: Field, context: Context) -> Reader:
        """Two times in ISO 8601, such as 2026-11-01T00:00+0100/2026-12-01T00:00+0100."""

        def read(found: str | None) -> str | None:
            begin, _, end = (found or "").partition("/")
            times = parsed(begin), parsed(end)
            if times[0] is None or times[1] is None or times[0] >= times[1]:
                return None
            return f"{times[0]:{form}}/{times[1]:{form}}"

        return read

    return rule


def day_of_arrival(form: str, *asked: str) -> Rule:
    """A rule for the day on which what is ordered ahead will be there.

    `asked`: availabilities with which the channel refuses an item that does not say it.
    """

    def not_told(field: Field, context: Context) -> Doubt:
        return lambda found, availability: (
            "invalid" if found and _AHEAD(availability) else "no_date" if availability in asked else None
        )

    def too_far(field: Field, context: Context) -> Doubt:
        # Said, not left out: what is left out may not depend on the day.
        latest = context.now + _YEAR
        return lambda found, availability: "too_far" if (parsed(found) or latest) > latest else None

    @checked(doubt=not_told, remark=too_far)
    def rule(field: Field, context: Context) -> Reader:
        """When what is on pre-order or backorder will be there."""

        def read(found: str | datetime | None, availability: str | None) -> str | None:
            time = parsed(found) if _AHEAD(availability) else None
            return format(time, form) if time else None

        return read

    return rule


def day_of_delivery(days: Mapping[str, str]) -> Rule:
    """A rule for how many days delivery takes, by availability, or the day on which it is known to come."""

    @checked(doubt=no_word)
    def rule(field: Field, context: Context) -> Reader:
        """Days until it is sent, or the date on which what is ordered ahead will be there."""
        arrival = day_of_arrival(DAY)(field, context)
        return lambda availability, found: arrival(found, availability) or days.get(availability)

    return rule


@checked(doubt=unusable)
def day_or_days(field: Field, context: Context) -> Reader:
    """A mapped date, or a number of days from 0 to 999."""

    def read(found: str | None) -> str | None:
        text = (found or "").strip()
        if text.isascii() and text.isdecimal() and len(text) <= 3:
            return str(int(text))
        time = parsed(text)
        return f"{time:{DAY}}" if time else None

    return read


_AHEAD = frozenset(("preorder", "backorder")).__contains__
