"""Column types and small pieces that every table shares."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, microseconds kept. A naive one is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name == "mysql" else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None else None


class Money(TypeDecorator[Decimal | str]):
    """An exact decimal amount, or what a shop has in its place; as text, because SQLite has no decimals."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | str | None, dialect: Any) -> str | None:
        return format(value, "f") if isinstance(value, Decimal) else value

    def process_result_value(self, value: str | None, dialect: Any) -> Decimal | str | None:
        return None if value is None else read_money(value)


def read_money(text: str) -> Decimal | str:
    """What `Money` keeps."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


#: A bare TEXT or BLOB holds 64 KB on MySQL, too little for a description; with a length it takes what fits.
LongText = Text(2**32 - 1)
LongBytes = LargeBinary(2**32 - 1)


class JsonText(TypeDecorator[Any]):
    """JSON in a text column, the same bytes for the same value on every database."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        if value is None:
            return None
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return None if value is None else orjson.loads(value)


def new_id() -> str:
    """An id that a user may see. Not a secret."""
    return str(uuid.uuid4())


def now() -> datetime:
    """The current UTC time."""
    return datetime.now(UTC)


def digest(text: str) -> str:
    """A fixed-length key for a text too long to be indexed."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
