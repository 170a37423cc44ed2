"""The way back from Shopify's consent page, step by step, and what it leads to.

Nothing is believed before Shopify's signature is right, and nobody is asked before the way is used up.
"""

import hmac
import logging
import re
import time
from dataclasses import dataclass

from sync2sys.connectors.shopify import domains, signatures
from sync2sys.connectors.shopify.grants import exchange, line_to
from sync2sys.database import look, transaction
from sync2sys.errors import LimitReached, RemoteError
from sync2sys.extensions import outbound
from sync2sys.models.base import digest
from sync2sys.services import shopify, shopify_flows
from sync2sys.services.shopify import Agreed
from sync2sys.services.shopify_flows import Flow
from sync2sys.services.shopify_reasons import FULL, Turned

#: Seconds that Shopify's clock may be ahead of ours, and that a person may take for the way back.
AHEAD, AGE = 90, 600

_TIMESTAMP = re.compile("[0-9]{1,12}")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """Where to send the person: the channel, and why it did not work, if it did not."""

    channel_id: str | None
    code: str | None = None


def receive(query: bytes, browser: str) -> Outcome:
    """Take what Shopify sent back with the person; `browser` is the cookie that came along. Never raises."""
    flow = None
    try:
        given = _parsed(query)
        flow = look(shopify_flows.find)(given.get("state", ""))
        _check(flow, given, browser)
        transaction(shopify_flows.consume)(flow)
        agreed = _agreed(flow, given["code"])
        return Outcome(transaction(_attach)(flow, agreed))
    except Turned as turned:
        code = turned.reason
    except LimitReached:
        code = FULL
    except RemoteError as error:
        log.warning("Shopify: %s", error.message)
        code = "shop_unreachable" if error.retryable else "exchange_failed"
    log.info("no way back from Shopify", extra={"code": code, "shop": flow.domain if flow else None})
    return Outcome(flow.channel_id if flow else None, code)


def _parsed(query: bytes) -> dict[str, str]:
    try:
        return signatures.parsed(query)
    except signatures.Unreadable:
        raise Turned("invalid_request") from None


def _check(flow: Flow, given: dict[str, str], browser: str) -> None:
    """Whether Shopify says this, now, of the shop that was asked, to the browser that went there."""
    if not signatures.is_signed_query(given, flow.app.secrets):
        raise Turned("invalid_signature")
    if not _is_recent(given.get("timestamp", "")):
        raise Turned("expired")
    shop = given.get("shop", "")
    if not domains.is_domain(shop) or shop != flow.domain:
        raise Turned("wrong_shop")
    if flow.browser_hash is not None and not hmac.compare_digest(flow.browser_hash, digest(browser)):
        raise Turned("other_browser")
    if not given.get("code"):
        raise Turned("denied")


def _is_recent(timestamp: str) -> bool:
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    return -AHEAD <= time.time() - int(timestamp) <= AGE


def _agreed(flow: Flow, code: str) -> Agreed:
    """The token for the code, and who the shop is. Raises StoreError, or Turned where a right is missing."""
    grant = exchange(line_to(outbound, flow.domain, shopify.SECONDS), flow.app, code)
    return shopify.introduced(flow.domain, flow.app, grant, "code")


def _attach(flow: Flow, agreed: Agreed) -> str:
    return shopify.attach(flow.organization_id, flow.channel_id, agreed).id
