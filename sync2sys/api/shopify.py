"""/api/shopify: connecting Shopify shops by OAuth."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, after_this_request, g, make_response, redirect, request

from sync2sys.api import rates
from sync2sys.api.access import access, public
from sync2sys.api.bodies import Blueprint
from sync2sys.connectors.shopify.grants import App
from sync2sys.database import transaction
from sync2sys.extensions import client_key, settings
from sync2sys.schemas import shopify as schemas
from sync2sys.services import organizations, shopify, shopify_apps, shopify_flows, shopify_returns
from sync2sys.services.shopify_flows import Began

bp = Blueprint("shopify", __name__, url_prefix="/api/shopify", description="Connecting Shopify shops")

#: Ties the browser that comes back to the one that went.
COOKIE = "sync2sys_shopify"
COOKIE_PATH = "/api/shopify/oauth"
#: What browsers say of calls by pages of ours: only there will a cookie of ours be kept.
OURS = ("same-origin", "same-site")


@bp.post("/oauth/init")
@access("plugin", "panel")
@bp.arguments(schemas.BeginShopify)
@bp.response(200, schemas.BegunShopify)
def begin(body: dict[str, Any]) -> dict[str, Any]:
    """Start connecting a Shopify shop: the answer says where to send its owner.

    Begun by a page in a browser, only the same browser can finish it. It is good for ten minutes.
    """
    is_page = request.headers.get("Sec-Fetch-Site") in OURS
    return {"authUrl": consent_page(body, from_browser=is_page)}


def consent_page(body: dict[str, Any], *, from_browser: bool) -> str:
    """Begin a way to the consent page for the token of this request; its address.

    Begun by a browser, it gets a cookie that has to come back with the owner.
    """
    rates.take(f"{settings.CONNECT_RATE}/hour", "shopify", client_key())
    began = _begin(body, from_browser)
    if from_browser:
        _remember_browser(began)
    return began.url


@transaction
def _begin(body: dict[str, Any], from_browser: bool) -> Began:
    own = App(body["clientId"], body["clientSecret"]) if body["clientId"] else None
    channel_id = body["channelId"]
    return shopify_flows.begin(
        organizations.place_of(g.token, channel_id),
        body["shopDomain"],
        channel_id=channel_id,
        app=own,
        from_browser=from_browser,
    )


def _remember_browser(began: Began) -> None:
    @after_this_request
    def with_cookie(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            began.browser,
            max_age=int(shopify_flows.LIFE.total_seconds()),
            path=COOKIE_PATH,
            secure=settings.PUBLIC_URL.startswith("https://"),
            httponly=True,
            # It comes back by a link from another site.
            samesite="Lax",
        )
        return response


@bp.get("/oauth/callback")
@public
@bp.doc(responses={"302": {"description": "Back to the channel's page, which says how it went."}})
def callback() -> Response:
    """Where Shopify sends the shop's owner back to. Shopify calls it, you do not."""
    outcome = shopify_returns.receive(request.query_string, request.cookies.get(COOKIE, ""))
    place = f"/sales-channels/{outcome.channel_id}" if outcome.channel_id else "/sales-channels"
    query = {"oauth": "success"} if outcome.code is None else {"oauth": "error", "message": outcome.code}
    response = make_response(redirect(f"{place}?{urlencode(query)}"))
    # The address of this very call has a code in it.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return response


@bp.post("/connect")
@access("plugin", "panel")
@bp.arguments(schemas.ConnectShopify)
@bp.response(201, schemas.ConnectedShopify)
def connect(body: dict[str, Any]) -> dict[str, Any]:
    """Connect a shop of your own Shopify organization, with client id and secret of an app of yours there.

    Nobody has to approve anything in Shopify. Other shops are connected by `oauth/init`.
    """
    app = App(body["clientId"], body["clientSecret"])
    channel_id = connect_own(body["shopDomain"], app, body["channelId"])
    return {"channelId": channel_id, "message": "Store connected successfully"}


def connect_own(domain: str, app: App, channel_id: str | None) -> str:
    """Connect a shop of the app's own organization for the token of this request; the channel's id."""
    rates.take(f"{settings.CONNECT_RATE}/hour", "shopify", client_key())
    organization_id = transaction(lambda: organizations.place_of(g.token, channel_id).id)()
    agreed = shopify.owned(domain, app)
    return transaction(lambda: shopify.attach(organization_id, channel_id, agreed).id)()


@bp.get("/oauth/status")
@access("plugin", "panel")
@bp.response(200, schemas.ShopifyStatus)
def status() -> dict[str, Any]:
    """Tell whether this service has a Shopify app of its own."""
    return {"configured": shopify_apps.configured_app() is not None}
