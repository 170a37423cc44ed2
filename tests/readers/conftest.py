import pytest
from hypothesis import HealthCheck, settings

from sync2sys.readers.base import Refused, Row, Shape
from sync2sys.readers.reading import DEFAULTS, read

settings.register_profile("unhurried", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("unhurried")


@pytest.fixture
def reads(tmp_path):
    """Read bytes as a shape says: rows as (line, values), refused ones as (line, code)."""

    def readings(data, limits=DEFAULTS, **shape):
        path = tmp_path / "list"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [told(row) for row in read(path, Shape(**shape), limits)]

    return readings


@pytest.fixture
def legible(tmp_path):
    """What can be read of the rows that are refused: (code, values)."""

    def readings(data, limits=DEFAULTS, **shape):
        path = tmp_path / "list"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        refused = [row for row in read(path, Shape(**shape), limits) if isinstance(row, Refused)]
        return [(row.code, row.values) for row in refused]

    return readings


def told(row):
    if isinstance(row, Row):
        return row.line, row.values
    assert isinstance(row, Refused)
    assert row.text.endswith((".", '"'))
    assert row.text.encode()
    return row.line, row.code
