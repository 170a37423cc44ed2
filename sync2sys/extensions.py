"""The unbound extensions and what the running application lends to every layer. Imports nothing of ours."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from flask import current_app, request
from flask_caching import Cache
from flask_jwt_extended import JWTManager
from flask_limiter import Limiter
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from sync2sys.config import Settings
    from sync2sys.crypto import Vault
    from sync2sys.outbound import Outbound
    from sync2sys.services.deliveries import Waiting
    from sync2sys.services.fetches import FetchLog
    from sync2sys.services.scans import Scans
    from sync2sys.services.serving import Shelf


#: Text compares by its bytes on MySQL too: two e-mails that differ are two.
TABLE = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


class Base(DeclarativeBase):
    """Every table."""

    __table_args__: Any = TABLE


def client_key() -> str:
    """Who is asking, as rate limits count it: the IPv4 address, or the /64 of an IPv6 address.

    One household or server has a whole /64, and could change its address with each request.
    """
    return client_of(request.remote_addr)


@lru_cache(maxsize=4096)
def client_of(remote: str | None) -> str:
    """The client key of an address; all that have none are one client."""
    try:
        address = ip_address(remote or "")
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((address, 64), strict=False))


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
jwt = JWTManager()
cache = Cache()
limiter = Limiter(key_func=client_key, strategy="moving-window")

settings: "Settings" = LocalProxy(lambda: current_app.extensions["sync2sys"]["settings"])  # type: ignore[assignment]
vault: "Vault" = LocalProxy(lambda: current_app.extensions["sync2sys"]["vault"])  # type: ignore[assignment]
outbound: "Outbound" = LocalProxy(lambda: current_app.extensions["sync2sys"]["outbound"])  # type: ignore[assignment]
scans: "Scans" = LocalProxy(lambda: current_app.extensions["sync2sys"]["scans"])  # type: ignore[assignment]
shelf: "Shelf" = LocalProxy(lambda: current_app.extensions["sync2sys"]["shelf"])  # type: ignore[assignment]
fetch_log: "FetchLog" = LocalProxy(lambda: current_app.extensions["sync2sys"]["fetch_log"])  # type: ignore[assignment]
waiting: "Waiting" = LocalProxy(lambda: current_app.extensions["sync2sys"]["waiting"])  # type: ignore[assignment]
