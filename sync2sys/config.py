"""Every setting in one table, read once.

A value comes from the environment (`SYNC2SYS_<NAME>`), else from `sync2sys.cfg` in the instance
folder (lines `NAME = value`), else from the table. `docs/settings.md` is checked against it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sync2sys.errors import Sync2SysError

PREFIX = "SYNC2SYS_"
FILE = "sync2sys.cfg"
#: Where `flask serve` listens, so that other commands show the same addresses as long as PUBLIC_URL is unset.
ADDRESS_FILE = "address"


class BadSetting(Sync2SysError):
    """A setting that cannot be used; the service does not start with it."""


def _text(value: str) -> str:
    return value.strip()


def _flag(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        raise ValueError("expected yes or no")
    return lowered in {"1", "true", "yes", "on"}


def _count(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("expected a number that is not negative")
    return number


def _scopes(value: str) -> frozenset[str]:
    scopes = frozenset(scope.strip() for scope in value.split(",") if scope.strip())
    for scope in scopes:
        if not re.fullmatch("[a-z][a-z0-9_]{0,99}", scope):
            raise ValueError("expected access scopes such as read_products,read_inventory")
    return scopes


def _version(value: str) -> str:
    if not re.fullmatch(r"20[0-9]{2}-(01|04|07|10)", value.strip()):
        raise ValueError("expected a version such as 2026-10")
    return value.strip()


def _environment(value: str) -> str:
    if value not in {"development", "production"}:
        raise ValueError("expected development or production")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://feeds.example.com")
    return value.strip().rstrip("/")


PLAN_LIMITS = ("products", "feeds", "suppliers")


def _plans(value: str) -> dict[str, dict[str, int | None]]:
    plans = json.loads(value)
    if not isinstance(plans, dict) or not plans:
        raise ValueError("expected a JSON object of plans")
    for name, limits in plans.items():
        if not isinstance(limits, dict) or set(limits) - set(PLAN_LIMITS):
            raise ValueError(f"plan {name}: expected limits for {', '.join(PLAN_LIMITS)}")
        for limit, number in limits.items():
            if number is not None and (type(number) is not int or number < 0):
                raise ValueError(f"plan {name}: {limit} must be a number, or null for no limit")
    return {name: {limit: limits.get(limit) for limit in PLAN_LIMITS} for name, limits in plans.items()}


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    default: str
    meaning: str
    parse: Callable[[str], Any] = _text


SETTINGS = (
    Setting("ENV", "development", "`production` refuses to start without explicit keys.", _environment),
    Setting(
        "PUBLIC_URL",
        "http://127.0.0.1:8000",
        "The address the outside sees. Feed addresses are built from it, never from the Host header.",
        _address,
    ),
    Setting(
        "DATABASE_URL",
        "",
        "`mysql+pymysql://user:password@host/name` for MySQL or MariaDB. "
        "Empty: SQLite, `sync2sys.db` in the instance folder.",
    ),
    Setting("REDIS_URL", "", "`redis://host:6379/0`: rate limits are counted there. Empty: `limits.db`."),
    Setting(
        "KEYS", "", "Master keys, newest first: `kid:base64,kid:base64`. Made by `python -m sync2sys.crypto`."
    ),
    Setting("KEYS_FILE", "", "A file with the value of KEYS, for Docker and systemd credentials."),
    Setting(
        "PLANS",
        '{"starter": {"products": 100000, "feeds": 25, "suppliers": 10}, "unlimited": {}}',
        "Plans by name, as JSON. A limit that is missing or null is no limit.",
        _plans,
    ),
    Setting("DEFAULT_PLAN", "starter", "The plan of a new organization."),
    Setting(
        "TRUSTED_PROXIES",
        "0",
        "How many proxies in front add to X-Forwarded-For. Must be exact: one too many lets clients "
        "choose their address.",
        _count,
    ),
    Setting(
        "OUTBOUND_ALLOW",
        "",
        "Private addresses that may be called, and by plain http: `192.168.1.0/24,shop.lan=10.0.0.5/32`.",
    ),
    Setting("FEED_RATE", "30", "Requests for public feeds in any 60 seconds, per client address.", _count),
    Setting("API_RATE", "600", "Authenticated requests in any 60 seconds, per client address.", _count),
    Setting("REGISTER_RATE", "30", "Registrations in any hour, per client address.", _count),
    Setting("CONNECT_RATE", "30", "Attempts to connect a store in any hour, per client address.", _count),
    Setting("CONNECT_HOST_RATE", "15", "Attempts to connect in any hour, per store address.", _count),
    Setting("LOGIN_RATE", "10", "Failed logins in any 15 minutes, per e-mail and per address.", _count),
    Setting("SYNC_MINUTES", "10", "Minutes between two looks at what changed in a shop. 0: never.", _count),
    Setting("FULL_SYNC_HOURS", "24", "Hours between two full comparisons with a shop. 0: never.", _count),
    Setting("RENDERS_KEPT", "5", "Renders of a feed that are kept for comparison and roll back.", _count),
    Setting("WORKER_SYNCS", "2", "Shops that one worker mirrors at the same time.", _count),
    Setting("WORKER_RENDERS", "2", "Feeds that one worker renders at the same time.", _count),
    Setting("SUPPLIER_FILE_MB", "200", "Megabytes that a supplier's file may have, as it comes.", _count),
    Setting("WRITE_BACK", "on", "`off`: nothing is written to any shop, whatever its owner says.", _flag),
    Setting("SHOPIFY_CLIENT_ID", "", "Client id of the installation's Shopify app. Empty: none."),
    Setting("SHOPIFY_CLIENT_SECRET", "", "Its secret. Nothing of ours is signed with it."),
    Setting("SHOPIFY_OLD_CLIENT_SECRET", "", "The secret before, while Shopify changes over."),
    Setting(
        "SHOPIFY_SCOPES",
        "read_products,read_inventory",
        "What to ask a shop's owner for. Empty: what the app's own settings say.",
        _scopes,
    ),
    Setting("SHOPIFY_API_VERSION", "2026-10", "Version of Shopify's Admin API.", _version),
    Setting("ADMIN_TOKEN", "", "Bearer token that opens the details of /readyz and /metrics to others."),
    Setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("LOG_FORMAT", "json", "`json`, one object a line, or `text` for eyes."),
    Setting("NETWORK_FILES", "no", "Allow SQLite on a network file system. It loses data.", _flag),
)


class Settings:
    """The values by name: `settings.PUBLIC_URL`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no setting named {name}") from None


def read(environ: Mapping[str, str], instance: Path, **overrides: str) -> Settings:
    """The settings of one instance. Raises BadSetting naming the setting and where it stands."""
    table = {setting.name: setting for setting in SETTINGS}
    given: dict[str, tuple[str, str]] = {}
    if (instance / ADDRESS_FILE).exists():
        given["PUBLIC_URL"] = ((instance / ADDRESS_FILE).read_text("ascii"), str(instance / ADDRESS_FILE))
    for name, value in _file(instance / FILE).items():
        given[name] = (value, str(instance / FILE))
    for variable, value in environ.items():
        name = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and name not in {"INSTANCE", "TEST"} and not name.startswith("TEST_"):
            given[name] = (value, "the environment")
    given |= {name: (value, "the caller") for name, value in overrides.items()}
    for name, (_, place) in given.items():
        if name not in table:
            raise BadSetting(f"{place} sets {name}, which is no setting. Known: {', '.join(table)}.")
    values = {}
    for name, setting in table.items():
        value, place = given.get(name, (setting.default, "the default"))
        try:
            values[name] = setting.parse(value)
        except ValueError as error:
            raise BadSetting(f"{name} from {place}: {error}.") from error
    if values["DEFAULT_PLAN"] not in values["PLANS"]:
        raise BadSetting(f"DEFAULT_PLAN: no plan named {values['DEFAULT_PLAN']} in PLANS.")
    return Settings(values)


def _file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    values = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise BadSetting(f"{path}, line {number}: expected NAME = value.")
        values[name.strip().removeprefix(PREFIX)] = value.strip()
    return values
