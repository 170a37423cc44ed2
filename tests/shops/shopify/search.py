"""The search syntax of `query:` arguments: terms, comparators, AND, OR, NOT and brackets.

Two traps are kept, as recorded answers show them. A field that the list does not know is ignored and warned
of, so a filter that is misspelt finds everything. And a time has to be quoted: without quotes it ends at its
first colon, the rest is taken for an unknown field, and what has no zone is in the shop's.
"""

import re
from datetime import UTC, datetime

from tests.shops.shopify.refusals import Refused

_TOKEN = re.compile(
    r"""[\s:]*(?:(?P<bracket>[()])|
        (?P<negated>-)?(?:(?P<field>\w[\w.-]*):)?(?P<sign>>=|<=|>|<)?
        (?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s():]+))""",
    re.VERBOSE,
)

COMPARED = {None: "match_all", ">": "range_gt", ">=": "range_gte", "<": "range_lt", "<=": "range_lte"}


class Search:
    """`matches(record)`; `warnings` of what was not understood, and `parsed`, the terms as they were taken.

    `fields` maps a name to a reader: `reader(record)` gives a value or several, to compare as its type is;
    `default` reads the texts that a bare word is looked for in. `zone` is the shop's.
    """

    def __init__(self, text, fields, default, zone=UTC):
        self.text, self.warnings, self.parsed = text or "", [], []
        self._fields, self._default, self._zone = fields, default, zone
        self._tokens = [match for match in _TOKEN.finditer(self.text) if match.group().strip()]
        self._test = self._any()

    def matches(self, record):
        return self._test(record)

    @property
    def is_empty(self):
        return not self.text.strip()

    # The grammar: any = all (OR all)*, all = term (AND? term)*

    def _any(self):
        tests = [self._all()]
        while self._word() == "OR":
            self._tokens.pop(0)
            tests.append(self._all())
        return lambda record: any(test(record) for test in tests)

    def _all(self):
        tests = []
        while self._tokens and self._word() not in ("OR", ")"):
            if self._word() == "AND":
                self._tokens.pop(0)
                continue
            tests.append(self._term())
        return lambda record: all(test(record) for test in tests)

    def _term(self):
        if self._word() == "NOT":
            self._tokens.pop(0)
            return _negated(self._term()) if self._tokens else _always
        token = self._tokens.pop(0)
        if token["bracket"]:
            return self._bracketed(token)
        test = self._compared(token) if token["field"] else self._bare(token["value"])
        return _negated(test) if token["negated"] else test

    def _bracketed(self, token):
        inner = self._any() if token["bracket"] == "(" else _always
        if self._word() == ")":
            self._tokens.pop(0)
        return inner

    def _word(self):
        return self._tokens[0].group().strip() if self._tokens else None

    # Terms

    def _bare(self, value):
        wanted = _unquoted(value).lower()
        start = wanted.removesuffix("*")
        if start != wanted:
            return lambda record: any(
                word.startswith(start) for text in self._default(record) for word in text.lower().split()
            )
        return lambda record: any(wanted in text.lower() for text in self._default(record))

    def _compared(self, token):
        name, sign = token["field"], token["sign"]
        if name.endswith("_not") and name.removesuffix("_not") in self._fields:
            return _negated(self._found(name.removesuffix("_not"), sign, token["value"]))
        return self._found(name, sign, token["value"])

    def _found(self, name, sign, value):
        self.parsed.append({"field": name, COMPARED[sign]: _unquoted(value)})
        reader = self._fields.get(name)
        if reader is None:
            message = "Invalid search field for this query."
            self.warnings.append({"field": name, "message": message, "code": "invalid_field"})
            return _always
        quoted = value[0] in "\"'"
        wanted = [_unquoted(value)] if quoted or sign else value.split(",")
        if wanted == ["*"]:
            return lambda record: any(value not in (None, "") for value in _values(reader, record))
        return lambda record: any(
            self._holds(name, found, sign, each) for found in _values(reader, record) for each in wanted
        )

    def _holds(self, name, value, sign, wanted):
        if value is None:
            return False
        if isinstance(value, bool):
            return str(value).lower() == wanted.lower()
        if isinstance(value, datetime):
            return _compare(value, sign, moment(name, wanted, self._zone))
        if isinstance(value, (int, float)):
            try:
                return _compare(value, sign, float(wanted))
            except ValueError:
                return False
        if sign:
            return _compare(value, sign, wanted)
        value, wanted = value.lower(), wanted.lower()
        return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _always(record):
    return True


def _negated(test):
    return lambda record: not test(record)


def _unquoted(text):
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] in "\"'" and len(text) > 1 else text


def _values(reader, record):
    value = reader(record)
    return value if isinstance(value, (list, tuple, set)) else [value]


def _compare(value, sign, wanted):
    return {
        None: value == wanted,
        ">": value > wanted,
        ">=": value >= wanted,
        "<": value < wanted,
        "<=": value <= wanted,
    }[sign]


def moment(name, text, zone=UTC):
    """A time in ISO 8601, or the start of one such as `2026`; in `zone` when it names none."""
    for start in (text, f"{text}-01", f"{text}-01-01"):
        try:
            found = datetime.fromisoformat(start)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=zone)
    raise Refused(f"Invalid timestamp for query filter `{name}`.", "BAD_REQUEST")
