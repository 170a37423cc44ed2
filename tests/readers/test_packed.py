import gzip
import io
import tarfile
import zipfile

import pytest

from sync2sys.readers.base import Limits, Unreadable
from tests.readers.workbooks import workbook, zipped

LIST = b"sku,price\n" + b"".join(b"%d,%d.99\n" % (n, n) for n in range(5000))
ONE = (2, {"sku": "0", "price": "0.99"})


def refusal(reading, *arguments, **more):
    with pytest.raises(Unreadable) as caught:
        reading(*arguments, **more)
    return caught.value.code


def test_gzip_and_zip_are_inflated(reads):
    assert reads(gzip.compress(LIST), compression="gzip")[0] == ONE
    assert len(reads(zipped({"list.csv": LIST}), compression="zip")) == 5000


def test_a_gzip_of_several_parts_is_one_file(reads):
    parts = gzip.compress(LIST[:1000]) + gzip.compress(LIST[1000:]) + b"\0" * 20
    assert len(reads(parts, compression="gzip")) == 5000


def test_the_largest_list_of_a_zip_is_read_or_the_one_that_is_named(reads):
    box = zipped(
        {"readme.pdf": "x" * 100_000, "__MACOSX/b.csv": LIST * 2, "a/b.csv": LIST, "stock-25.csv": "a\n1\n"}
    )
    assert reads(box, compression="zip")[0] == ONE
    assert reads(box, compression="zip", member="stock-*.csv") == [(2, {"a": "1"})]
    with pytest.raises(Unreadable) as caught:
        reads(box, compression="zip", member="gone.csv")
    assert caught.value.code == "FILE_NOT_IN_ZIP"
    assert "a/b.csv, stock-25.csv" in caught.value.message


def test_a_workbook_may_be_packed_again(reads):
    data = workbook([["a"], [1]])
    assert reads(gzip.compress(data), format="xlsx", compression="gzip") == [(2, {"a": "1"})]
    assert reads(zipped({"x.xlsx": data}), format="xlsx", compression="zip") == [(2, {"a": "1"})]


@pytest.mark.parametrize("cut", [1, 5, 9, 100, 5000])
def test_a_download_that_broke_off_is_truncated(reads, cut):
    assert refusal(reads, gzip.compress(LIST)[:-cut], compression="gzip") == "FILE_TRUNCATED"
    assert refusal(reads, zipped({"list.csv": LIST})[:-cut], compression="zip") == "FILE_TRUNCATED"


@pytest.mark.parametrize("compression", ["gzip", "zip"])
def test_what_is_not_packed_is_told(reads, compression):
    assert refusal(reads, LIST, compression=compression) == "FILE_TRUNCATED"
    assert refusal(reads, b"", compression=compression) in ("FILE_TRUNCATED", "FILE_EMPTY")


def test_damage_is_found_by_the_checksum(reads):
    data = bytearray(gzip.compress(LIST, 0))
    data[1000] ^= 1
    assert refusal(reads, bytes(data), compression="gzip") == "FILE_TRUNCATED"
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as file:
        file.writestr("a.csv", LIST)
    data = bytearray(box.getvalue())
    data[1000] ^= 1
    assert refusal(reads, bytes(data), compression="zip") == "FILE_TRUNCATED"


@pytest.mark.parametrize(
    ("pack", "compression"), [(gzip.compress, "gzip"), (lambda data: zipped({"a.csv": data}), "zip")]
)
def test_a_bomb_is_stopped_by_its_ratio(reads, pack, compression):
    bomb = pack(b"a\n" + (b"1" * 999 + b"\n") * 60_000)
    assert (
        refusal(reads, bomb, Limits(rows=10**9, ratio_after=1024 * 1024), compression=compression)
        == "FILE_BOMB"
    )


def test_a_list_that_packs_well_is_no_bomb(reads):
    data = gzip.compress(b"a\n" + b"1\n" * 100_000)
    assert len(data) * 200 < 200_002
    assert len(reads(data, compression="gzip")) == 100_000


def test_more_bytes_than_any_list_has_are_refused_packed_or_not(reads):
    limits = Limits(inflated_bytes=10_000)
    assert refusal(reads, LIST, limits) == "FILE_TOO_LARGE"
    assert refusal(reads, gzip.compress(LIST), limits, compression="gzip") == "FILE_TOO_LARGE"


def test_a_zip_of_very_many_files_is_refused_before_they_are_listed(reads):
    box = zipped({f"{n}.csv": "a\n1\n" for n in range(2001)})
    assert refusal(reads, box, compression="zip") == "FILE_TOO_MANY_FILES"


def test_a_zip_with_a_password_or_of_another_kind_is_refused(reads):
    data = bytearray(zipped({"a.csv": LIST}))
    data[data.rindex(b"PK\1\2") + 8] |= 1
    assert refusal(reads, bytes(data), compression="zip") == "FILE_PROTECTED"
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("a.csv", LIST)
    assert refusal(reads, box.getvalue(), compression="zip") == "FILE_PACKED"


def test_an_empty_zip_is_refused(reads):
    assert refusal(reads, zipped({}), compression="zip") == "FILE_EMPTY"
    assert refusal(reads, zipped({"__MACOSX/a.csv": "x", "b/": ""}), compression="zip") == "FILE_EMPTY"


def tarred(name, data):
    box = io.BytesIO()
    with tarfile.open(fileobj=box, mode="w:gz") as file:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        file.addfile(info, io.BytesIO(data))
    return box.getvalue()


def test_an_archive_of_files_is_told_from_a_list(tmp_path):
    from sync2sys.readers.guesses import guess

    path = tmp_path / "list.tar.gz"
    path.write_bytes(tarred("list.csv", LIST))
    assert refusal(guess, path) == "FILE_NO_LIST"
