import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats import parts
from sync2sys.formats.parts import CorruptPart, Extent, pack

PIECES = st.lists(st.binary(max_size=300), max_size=8)


def assembled(packed):
    return b"".join(parts.gzip(parts.total(part.extent for part in packed), (part.data for part in packed)))


@given(PIECES)
def test_parts_make_one_gzip_member_of_everything(pieces):
    packed = [pack(piece) for piece in pieces]
    file = assembled(packed)
    assert gzip.decompress(file) == b"".join(pieces)
    member = zlib.decompressobj(31)
    member.decompress(file)
    assert member.eof
    assert member.unused_data == b""


@given(PIECES, st.randoms(use_true_random=False))
def test_parts_can_stand_in_any_order_and_more_than_once(pieces, chance):
    packed = [pack(piece) for piece in pieces] * 2
    order = list(range(len(packed)))
    chance.shuffle(order)
    expected = b"".join((pieces * 2)[place] for place in order)
    assert gzip.decompress(assembled([packed[place] for place in order])) == expected


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=6))
def test_any_grouping_has_the_same_extent_and_content(raw, cuts):
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    packed = [pack(raw[start:end]) for start, end in itertools.pairwise(places)]
    whole = parts.total(part.extent for part in packed)
    assert (whole.raw_length, whole.crc) == (len(raw), zlib.crc32(raw))
    assert gzip.decompress(assembled(packed)) == raw
    assert b"".join(parts.plain(whole, (part.data for part in packed))) == raw


@given(PIECES)
def test_the_length_is_known_before_the_first_byte(pieces):
    packed = [pack(piece) for piece in pieces]
    assert parts.gzip_length(parts.total(part.extent for part in packed)) == len(assembled(packed))


@given(st.lists(PIECES, max_size=4))
def test_totals_of_totals_are_totals(groups):
    packed = [[pack(piece).extent for piece in group] for group in groups]
    assert parts.total(map(parts.total, packed)) == parts.total(itertools.chain(*packed))


def test_the_sum_of_four_gigabytes_and_more_is_told_modulo_two_to_the_32():
    block = pack(bytes(1 << 20))
    whole = parts.total(itertools.repeat(block.extent, 4097))
    assert whole.raw_length == 4097 << 20
    trailer = list(parts.gzip(Extent(whole.raw_length, whole.crc, 0), []))[-1]
    assert trailer[-4:] == (1 << 20).to_bytes(4, "little")
    crc = zlib.crc32(bytes(1 << 20))
    doubled = parts.total([Extent(1 << 20, crc, 0)] * 2)
    assert doubled.crc == zlib.crc32(bytes(1 << 21))


def test_equal_bytes_make_equal_parts_and_files_have_no_time_in_them():
    assert pack(b"equal" * 50) == pack(b"equal" * 50)
    assert pack(b"one").digest != pack(b"two").digest
    assert assembled([pack(b"x")])[:10] == bytes.fromhex("1f8b08000000000000ff")


def test_nothing_packs_to_nothing_and_an_empty_file_is_a_valid_one():
    assert pack(b"").data == b""
    assert pack(b"").extent == parts.NOTHING
    assert gzip.decompress(assembled([])) == b""
    assert gzip.decompress(assembled([pack(b""), pack(b"a"), pack(b"")])) == b"a"


def test_data_is_asked_for_only_when_it_is_sent():
    packed = [pack(bytes([number]) * 100) for number in range(3)]
    asked = []

    def data():
        for part in packed:
            asked.append(part)
            yield part.data

    stream = parts.gzip(parts.total(part.extent for part in packed), data())
    assert next(stream) == parts.HEADER
    assert asked == []
    next(stream)
    assert len(asked) == 1


def test_a_part_that_is_missing_breaks_the_file_instead_of_shortening_it():
    packed = [pack(b"first"), pack(b"second")]
    whole = parts.total(part.extent for part in packed)
    with pytest.raises(CorruptPart):
        list(parts.gzip(whole, [packed[0].data]))
    with pytest.raises(CorruptPart):
        list(parts.plain(whole, [packed[0].data]))


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"not deflate", zlib.compress(b"x"), b"\x03\x00"])
def test_bytes_that_are_no_part_are_found_out(data):
    with pytest.raises(CorruptPart):
        list(parts.plain(Extent(1, 0, len(data)), [data]))


@given(st.binary(max_size=500), st.integers(0, 500))
def test_a_part_inflates_alone_and_a_cut_one_is_found_out(raw, cut):
    part = pack(raw)
    assert parts.unpack(part.data) == raw
    if cut < len(part.data):
        with pytest.raises(CorruptPart):
            list(parts.gzip(part.extent, [part.data[:cut]]))
        try:
            content = list(parts.plain(part.extent, [part.data[:cut]]))
        except CorruptPart:
            return
        assert content == [raw], "only the flush was cut off"
