"""Sync2Sys: connects stores, mirrors their catalogues, publishes product feeds."""

import logging
import os
from pathlib import Path
from typing import cast

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from sync2sys import cli, crypto, database, logs, models  # noqa: F401 - models: the metadata must be whole
from sync2sys.api import access, errors, requests
from sync2sys.api.description import GROUPS
from sync2sys.api.front import Front
from sync2sys.config import PREFIX, BadSetting, Settings, read
from sync2sys.extensions import cache, db, limiter, migrate
from sync2sys.outbound import Allowed, Outbound
from sync2sys.panel import docs, home, sales_channels, sessions, sign_in
from sync2sys.ratelimit import WindowStorage, storage_uri
from sync2sys.services import startup
from sync2sys.services.deliveries import Waiting
from sync2sys.services.fetches import FetchLog
from sync2sys.services.health import MIGRATIONS
from sync2sys.services.scans import Scans
from sync2sys.services.serving import Shelf

__version__ = "0.1.0"

MAX_BODY = 1024 * 1024


def create_app(instance: str | os.PathLike[str] | None = None, **overrides: str) -> Flask:
    """The application of one instance folder.

    The folder is the argument, else `SYNC2SYS_INSTANCE`, else `instance` here. `overrides` are settings
    that beat the environment. Raises BadSetting or BadKeys with a sentence that says what to mend.
    """
    folder = Path(instance or os.environ.get(f"{PREFIX}INSTANCE") or "instance").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(folder), static_folder=None)
    settings = read(os.environ, folder, **overrides)
    logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
    app.logger = logging.getLogger("sync2sys.app")
    app.config.update(_flask_config(settings, folder), MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["sync2sys"] = {
        "settings": settings,
        "vault": crypto.Vault(_master_keys(settings, folder)),
        "outbound": Outbound(Allowed.parse(settings.OUTBOUND_ALLOW)),
        "scans": Scans(),
        "shelf": Shelf(),
        "fetch_log": FetchLog(app.app_context),
        "waiting": Waiting(app.app_context),
    }
    # A redirect would be built from the Host header.
    app.url_map.merge_slashes = False
    _bind(app)
    storage = cast(WindowStorage, limiter.storage)
    ours = app.extensions["sync2sys"]
    front = Front(app.wsgi_app, ours["shelf"], storage, ours["fetch_log"], settings)
    app.wsgi_app = front  # type: ignore[method-assign]
    if settings.TRUSTED_PROXIES:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.TRUSTED_PROXIES, x_proto=0, x_host=0
        )
    with app.app_context():
        startup.check()
    return app


def _bind(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        database.prepare(db.engine)
    migrate.init_app(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    cache.init_app(app)
    requests.register(app)
    limiter.init_app(app)
    access.register(app)
    for group in GROUPS:
        app.register_blueprint(group.bp)
    sessions.register(app)
    for page in (home, sign_in, sales_channels, docs):
        app.register_blueprint(page.bp)
    errors.register(app)
    cli.register(app)


def _flask_config(settings: Settings, folder: Path) -> dict[str, object]:
    url = settings.DATABASE_URL or f"sqlite:///{folder / 'sync2sys.db'}"
    if url.startswith("sqlite") and not settings.NETWORK_FILES:
        database.refuse_network_files(folder)
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": database.options(url),
        "RATELIMIT_STORAGE_URI": storage_uri(folder / "limits.db", settings.REDIS_URL),
        "RATELIMIT_DEFAULT": f"{settings.API_RATE}/minute",
        "CACHE_TYPE": "SimpleCache",
        "CACHE_DEFAULT_TIMEOUT": 5,
    }


def _master_keys(settings: Settings, folder: Path) -> dict[str, bytes]:
    text = settings.KEYS
    if settings.KEYS_FILE:
        try:
            text = Path(settings.KEYS_FILE).read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"KEYS_FILE {settings.KEYS_FILE} cannot be read: {error}.") from error
    if not text and settings.ENV == "development":
        text = crypto.development_keys(folder / "keys")
    return crypto.parse_keys(text)
