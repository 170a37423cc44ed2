import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from sync2sys.formats.codes import gtin


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4006381333931", "4006381333931"),
        ("4-006381 333931", "4006381333931"),
        ("036000291452", "036000291452"),
        ("96385074", "96385074"),
        ("14006381333938", "14006381333938"),
        ("04252614", "042100005264"),
        ("01234565", "012345000065"),
        ("316148410X", "9783161484100"),
        ("0-306-40615-2", "9780306406157"),
        ("4006381333932", None),
        ("400638133393", None),
        ("0306406153", None),
        ("0000000000000", None),
        ("00000000", None),
        ("2000000000008", None),
        ("0200000000004", None),
        ("0400000000008", None),
        ("9900000000004", None),
        ("9812345678907", None),
        ("20000004", None),
        ("", None),
        ("n/a", None),
        ("４００６３８１３３３９３１", None),
        ("٠١٢٣٤٥٦٧٨٩٠١٢", None),
        ("4006381333931 4006381333931", None),
    ],
)
def test_only_numbers_that_are_valid_everywhere_are_given(text, code):
    assert gtin(text) == code


@given(st.from_regex(r"[013-9][0-9]{12}", fullmatch=True))
def test_check_digits_agree_with_another_implementation(digits):
    restricted = digits.startswith(("02", "04", "98", "99"))
    assert (gtin(digits) == digits) == (ean.is_valid(digits) and not restricted and digits.strip("0") != "")


@given(st.text(max_size=20))
def test_any_text_is_a_valid_code_or_nothing(text):
    code = gtin(text)
    assert code is None or (code.isascii() and code.isdigit() and len(code) in (8, 12, 13, 14))
