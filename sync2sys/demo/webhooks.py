"""Webhooks of the shop: who is to be told of what, and a queue that only a cron run empties.

The shop itself calls nobody. Whoever opens it says by `post` how a delivery leaves; without it none does,
and the shop takes no more notice of that than WordPress would.
"""

import base64
import hmac
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sync2sys.demo import shapes
from sync2sys.demo.listing import PAGING, Check, one_of, text
from sync2sys.demo.records import Record
from sync2sys.demo.versions import wordpress
from sync2sys.demo.web import Refusal, php_json

if TYPE_CHECKING:
    from sync2sys.demo.shop import Shop

#: URL, headers and body to the answer's status; raises OSError where there is none
Post = Callable[[str, dict[str, str], bytes], int]

#: what happens in the shop that a topic stands for
HOOKS = {
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
    "product.published": ["woocommerce_product_published"],
}
#: the ports that WordPress calls; None is the scheme's own
PORTS = {None, 80, 443, 8080}
#: so many failures in a row are borne
FAILURES = 5

STATUSES = ("active", "paused", "disabled")
LIST: dict[str, Check] = {**PAGING, "status": one_of("all", *STATUSES)}
CHECKS: dict[str, Check] = {
    "name": text,
    "status": one_of(*STATUSES),
    "topic": text,
    "delivery_url": text,
    "secret": text,
}


@dataclass
class Webhook:
    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    status: str
    created: str
    modified: str
    #: failed deliveries in a row
    failures: int = 0


class Webhooks:
    """The webhooks of one shop, and what is to be delivered."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._queue: dict[tuple[int, int], None] = {}
        self._last_id = 0
        self.rows: dict[int, Webhook] = {}
        self.post: Post | None = None
        #: for tests: loopback is called too, at any port
        self.reaches_loopback = False

    def make(self, fields: Record) -> Webhook:
        """Make one and ping it; what becomes of the ping is nobody's concern. Raises Refusal."""
        _check(self._shop, {"topic": "", "delivery_url": "", **fields})
        self._last_id += 1
        now = self._shop.now_text()
        made = Webhook(
            id=self._last_id,
            name=fields.get("name") or f"Webhook created on {now}",
            topic=fields["topic"],
            delivery_url=fields["delivery_url"],
            secret=fields.get("secret", ""),
            status=fields.get("status", "active"),
            created=now,
            modified=now,
        )
        self.rows[made.id] = made
        self._send(made, {"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=%d" % made.id)
        return made

    def change(self, hook: Webhook, fields: Record) -> None:
        """One that is made active again keeps its count of failures. Raises Refusal."""
        _check(self._shop, fields)
        for name in CHECKS.keys() & fields.keys():
            setattr(hook, name, fields[name])
        hook.modified = self._shop.now_text()

    def happened(self, event: str, number: int) -> None:
        """Queue it for all who want to know. What is queued already is told once, as it is by then."""
        for hook in self.rows.values():
            if hook.topic == f"product.{event}" and hook.status == "active":
                self._queue[hook.id, number] = None

    def deliver(self) -> list[int | None]:
        """Send what is queued, each once; the answers' statuses, None where there was none."""
        with self._shop.lock:
            due, self._queue = list(self._queue), {}
        return [status for hook_id, number in due for status in self._delivered(hook_id, number)]

    def _delivered(self, hook_id: int, number: int) -> list[int | None]:
        with self._shop.lock:
            hook = self.rows.get(hook_id)
            told = None if hook is None or hook.status != "active" else self._told(hook, number)
        if hook is None or told is None:
            return []
        body = php_json(told).encode()
        status = self._send(hook, self._headers(hook, body), body)
        hook.failures = 0 if status is not None and 200 <= status <= 302 else hook.failures + 1
        if hook.failures > FAILURES:
            hook.status = "disabled"
        return [status]

    def _told(self, hook: Webhook, number: int) -> Any:
        """The product as it is now; of one in the trash only the id, of one deleted for good nothing."""
        record = self._shop.records.get(number)
        if record is None or hook.topic == "product.deleted":
            return record and {"id": number}
        return shapes.tell_product(self._shop, record, self._home)

    @property
    def _home(self) -> str:
        """The address that the cron run came by, which need not be the shop's own."""
        return self._shop.home or f"http://localhost{self._shop.path}"

    def _headers(self, hook: Webhook, body: bytes) -> dict[str, str]:
        resource, _, event = hook.topic.partition(".")
        signature = hmac.digest(hook.secret.encode(), body, "sha256")
        return {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self._home}/",
            "X-WC-Webhook-Topic": hook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-WC-Webhook-ID": str(hook.id),
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(16),
        }

    def _send(self, hook: Webhook, headers: dict[str, str], body: bytes) -> int | None:
        version = self._shop.version
        agent = f"WooCommerce/{version} Hookshot (WordPress/{wordpress(version)})"
        if self.post is None or not self._may_reach(hook.delivery_url):
            return None
        try:
            return self.post(hook.delivery_url, {"User-Agent": agent, **headers}, body)
        except OSError:
            return None

    def _may_reach(self, url: str) -> bool:
        """WordPress calls public addresses only; names are taken for public ones here."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            return parts.port in PORTS
        if address.is_loopback and self.reaches_loopback:
            return True
        return address.is_global and parts.port in PORTS


def _check(shop: "Shop", fields: Record) -> None:
    if "topic" in fields and not _is_topic(shop, fields["topic"]):
        raise refused("topic", "Webhook topic must be valid.")
    if "delivery_url" in fields and urlsplit(fields["delivery_url"]).scheme not in ("http", "https"):
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise refused("delivery_url", message)


def _is_topic(shop: "Shop", topic: str) -> bool:
    return topic in HOOKS and (topic != "product.published" or shop.has("published_topic"))


def refused(what: str, message: str, status: int = 400) -> Refusal:
    return Refusal(status, f"woocommerce_rest_shop_webhook_invalid_{what}", message)


def tell(shop: "Shop", hook: Webhook, home: str) -> Record:
    """A webhook as the API shows it: never with its secret."""
    resource, _, event = hook.topic.partition(".")
    return {
        "id": hook.id,
        "name": hook.name,
        "status": hook.status,
        "topic": hook.topic,
        "resource": resource,
        "event": event,
        "hooks": HOOKS[hook.topic],
        "delivery_url": hook.delivery_url,
        "date_created": shapes.local(hook.created, shop.zone),
        "date_created_gmt": hook.created,
        "date_modified": shapes.local(hook.modified, shop.zone),
        "date_modified_gmt": hook.modified,
        "_links": shapes.links(shop, home, f"webhooks/{hook.id}", "webhooks", hints=True),
    }
