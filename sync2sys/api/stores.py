"""/api/stores: a plugin connects its store, and disconnects it."""

from typing import Any
from urllib.parse import urlsplit

from flask import g

from sync2sys.api import rates
from sync2sys.api.access import access, encode, presented, public
from sync2sys.api.bodies import Blueprint
from sync2sys.connectors import platforms
from sync2sys.database import transaction
from sync2sys.extensions import client_key, db, outbound, settings
from sync2sys.models import Token
from sync2sys.schemas import stores as schemas
from sync2sys.services import stores

bp = Blueprint("stores", __name__, url_prefix="/api/stores", description="Connecting stores")

#: Seconds that a store has to prove itself; well below any web server's own limit.
PROOF_SECONDS = 10.0


@bp.post("/connect")
@public
@bp.arguments(schemas.ConnectStore)
@bp.alt_response(
    200, schema=schemas.ConnectedStore, description="The store was known; it is connected again."
)
@bp.response(201, schemas.ConnectedStore)
def connect(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Connect a store by its keys and start its first sync.

    The keys are tried against the store, and a random wrong pair must be refused there, before
    anything changes here. A token that comes along as Bearer gets the store's rights too.
    """
    bearer = presented()
    jti = bearer.jti if bearer else None
    return _attach(prove(body), body["email"], jti)


def prove(body: dict[str, Any]) -> stores.Proof:
    """Try the keys against the store. Raises TooManyRequests, and StoreError for what is no proof."""
    rates.take(f"{settings.CONNECT_RATE}/hour", "connect", client_key())
    rates.take(f"{settings.CONNECT_HOST_RATE}/hour", "connect", urlsplit(body["storeUrl"]).hostname or "")
    # The store may take its time: hold no transaction meanwhile.
    db.session.rollback()
    shop = platforms.prove(
        body["platform"],
        outbound,
        body["storeUrl"],
        body["consumerKey"],
        body["consumerSecret"],
        deadline=PROOF_SECONDS,
    )
    return stores.Proof(
        origin=body["storeUrl"],
        platform=body["platform"],
        key=body["consumerKey"],
        secret=body["consumerSecret"],
        shop=shop,
        plugin_version=body["pluginVersion"] or "",
    )


@transaction
def _attach(proof: stores.Proof, email: str, jti: str | None) -> tuple[dict[str, Any], int]:
    bearer = db.session.get(Token, jti) if jti else None
    connected = stores.attach(proof, email, bearer)
    answer = {
        "token": encode(connected.token),
        "channelId": connected.channel.id,
        "message": "Store connected successfully",
    }
    return answer, 201 if connected.is_new else 200


@bp.post("/disconnect")
@access("plugin", "panel", after_disconnect=True)
@bp.arguments(schemas.DisconnectStore, required=False)
@bp.response(200, schemas.DisconnectedStore)
@transaction
def disconnect(body: dict[str, Any]) -> dict[str, Any]:
    """Wipe the store's credentials and deactivate its channel. Repeating it is fine."""
    stores.disconnect(g.token, body["channelId"])
    return {"message": "Store disconnected"}
