"""/: what this is and what to do next."""

from flask import Response, send_from_directory
from sqlalchemy import exists, select

from sync2sys.api.access import public
from sync2sys.extensions import db, settings
from sync2sys.models import Channel, User
from sync2sys.panel.pages import page, pages

bp = pages("home")


@bp.get("/")
@public
def home() -> Response:
    """Show the next step of setting up, and where the documentation is."""
    return page(
        "home.html",
        public_url=settings.PUBLIC_URL,
        has_account=db.session.scalar(select(exists().where(User.password_hash.is_not(None)))),
        has_store=db.session.scalar(select(exists().where(Channel.state == "connected"))),
    )


@bp.get("/static/<path:name>")
@public
def static_file(name: str) -> Response:
    """A file of the pages."""
    return send_from_directory(f"{bp.root_path}/static", name, max_age=3600)
