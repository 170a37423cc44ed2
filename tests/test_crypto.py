"""What is sealed opens for its subject alone, with any key that is still there."""

import pytest

from sync2sys.crypto import BadKeys, Vault, new_key, parse_keys

OLD, NEW = "old:" + "YWFh" * 11, "new:" + "YmJi" * 11


def vault(*keys):
    return Vault(parse_keys(",".join(keys)))


def test_what_is_sealed_opens_again_and_shows_nothing():
    sealed = vault(OLD).seal("channel:1", {"secret": "cs_tell_nobody"})
    assert "cs_tell_nobody" not in sealed
    assert vault(OLD).open("channel:1", sealed) == {"secret": "cs_tell_nobody"}


def test_a_sealed_secret_moved_to_another_row_does_not_open():
    sealed = vault(OLD).seal("channel:1", {"a": 1})
    with pytest.raises(BadKeys, match="another row"):
        vault(OLD).open("channel:2", sealed)


def test_a_new_key_in_front_opens_the_old_and_seals_with_the_new():
    sealed = vault(OLD).seal("x", {"a": 1})
    both = vault(NEW, OLD)
    assert both.open("x", sealed) == {"a": 1}
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("x", {"a": 1}))
    with pytest.raises(BadKeys, match="'old'"):
        vault(NEW).open("x", sealed)


def test_a_fingerprint_is_recognized_over_a_rotation_and_only_for_its_text():
    fingerprint = vault(OLD).fingerprint("ck_1")
    assert vault(NEW, OLD).matches(fingerprint, "ck_1")
    assert not vault(NEW, OLD).matches(fingerprint, "ck_2")
    assert not vault(NEW).matches(fingerprint, "ck_1")
    assert not vault(NEW).matches(None, "ck_1")


def test_the_keys_for_different_purposes_differ():
    made = vault(new_key())
    kid = made.kids[0]
    assert made.token_keys[kid] not in made.fingerprint("x")
    assert len(bytes.fromhex(made.token_keys[kid])) == 32
