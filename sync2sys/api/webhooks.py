"""/api/webhooks: shops tell that something changed."""

import re
from contextlib import suppress
from typing import Any

from flask import request
from sqlalchemy.exc import OperationalError

from sync2sys.api.access import public
from sync2sys.api.bodies import Blueprint
from sync2sys.connectors.fields import moment
from sync2sys.database import hastily, look
from sync2sys.schemas.webhooks import Delivery, Received, ShopifyDelivery
from sync2sys.services import deliveries, shopify_hooks, webhooks

bp = Blueprint("webhooks", __name__, url_prefix="/api/webhooks", description="Shops tell of changes")

#: A whole product, and some have long descriptions.
MAX_BODY = 4 * 1024 * 1024
#: What WooCommerce sends, unsigned, when a webhook is made.
PING = re.compile(rb"webhook_id=\d{1,20}\Z")


@bp.post("/shopify")
@public
@bp.arguments(ShopifyDelivery, location="headers")
@bp.response(200, Received)
def shopify(headers: dict[str, Any]) -> dict[str, Any]:
    """Take a delivery of a Shopify webhook, of any shop, by its topic.

    A change is a hint to look at the shop soon. The three topics that the law demands are taken here, too.
    """
    request.max_content_length = MAX_BODY
    delivery = look(shopify_hooks.verified)(
        headers["domain"],
        headers["topic"],
        request.get_data(),
        headers["signature"],
        headers["delivery_id"],
        moment(headers["triggered_at"]),
    )
    return {"received": deliveries.take(shopify_hooks.take, delivery, is_hint=delivery.is_hint)}


@bp.post("/woocommerce/<channel_id>")
@public
@bp.arguments(Delivery, location="headers")
@bp.response(200, Received)
def woocommerce(headers: dict[str, Any], channel_id: str) -> dict[str, Any]:
    """Take a delivery of a WooCommerce webhook as a hint, and look at the shop soon.

    The body counts only for its signature. A delivery that came before changes nothing. The unsigned ping
    that WooCommerce sends when a webhook is made shows that the shop finds its way here, and does no more.
    """
    request.max_content_length = MAX_BODY
    body = request.get_data()
    if not headers["signature"] and PING.match(body):
        # Nothing is lost with it, and the shop shall not wait.
        with suppress(OperationalError):
            hastily(webhooks.accept_ping)(channel_id)
        return {"received": False}
    delivery = look(webhooks.verified)(
        channel_id, body, headers["signature"], headers["delivery_id"], headers["topic"]
    )
    return {"received": deliveries.take(webhooks.take, delivery, is_hint=True)}
