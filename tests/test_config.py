"""Settings come from one table; what cannot be used is named."""

import stat

import pytest

from sync2sys import create_app
from sync2sys.config import BadSetting, read
from sync2sys.crypto import BadKeys, new_key


def test_the_environment_beats_the_file_and_the_file_the_default(tmp_path):
    (tmp_path / "sync2sys.cfg").write_text("# ours\nFEED_RATE = 20\nSYNC2SYS_SYNC_MINUTES = 5\n\n")
    settings = read({"SYNC2SYS_FEED_RATE": "7", "PATH": "/bin"}, tmp_path)
    assert (settings.FEED_RATE, settings.SYNC_MINUTES, settings.FULL_SYNC_HOURS) == (7, 5, 24)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SYNC2SYS_FEDE_RATE": "1"}, ["FEDE_RATE", "no setting"]),
        ({"SYNC2SYS_FEED_RATE": "many"}, ["FEED_RATE", "environment"]),
        ({"SYNC2SYS_FEED_RATE": "-1"}, ["FEED_RATE", "negative"]),
        ({"SYNC2SYS_ENV": "staging"}, ["ENV", "production"]),
        ({"SYNC2SYS_PUBLIC_URL": "feeds.example.com"}, ["PUBLIC_URL", "https://"]),
        ({"SYNC2SYS_PLANS": "starter"}, ["PLANS"]),
        ({"SYNC2SYS_PLANS": '{"starter": {"items": 5}}'}, ["PLANS", "starter"]),
        ({"SYNC2SYS_PLANS": '{"starter": {"feeds": true}}'}, ["PLANS", "feeds"]),
        ({"SYNC2SYS_PLANS": '{"big": {}}'}, ["DEFAULT_PLAN", "starter"]),
        ({"SYNC2SYS_NETWORK_FILES": "maybe"}, ["NETWORK_FILES"]),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path, environ, words):
    with pytest.raises(BadSetting) as error:
        read(environ, tmp_path)
    assert all(word in str(error.value) for word in words)


def test_a_line_of_the_file_without_a_value_is_named_with_its_number(tmp_path):
    (tmp_path / "sync2sys.cfg").write_text("\nFEED_RATE\n")
    with pytest.raises(BadSetting, match="line 2"):
        read({}, tmp_path)


def test_development_makes_its_keys_once_for_its_owner_only(tmp_path):
    create_app(tmp_path, LOG_LEVEL="ERROR")
    path = tmp_path / "keys"
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    create_app(tmp_path, LOG_LEVEL="ERROR")
    assert path.read_text() == first


@pytest.mark.parametrize("keys", ["", "short:YQ==", "nocolon", "k1:%%%"])
def test_production_refuses_to_start_without_good_keys(tmp_path, keys):
    with pytest.raises(BadKeys):
        create_app(tmp_path, ENV="production", KEYS=keys)
    assert not (tmp_path / "keys").exists()


def test_production_starts_with_a_key_from_a_file(tmp_path):
    (tmp_path / "secret").write_text(new_key() + "\n")
    create_app(tmp_path, ENV="production", KEYS_FILE=str(tmp_path / "secret"), LOG_LEVEL="ERROR")
    with pytest.raises(BadSetting, match="KEYS_FILE"):
        create_app(tmp_path, ENV="production", KEYS_FILE=str(tmp_path / "missing"))
