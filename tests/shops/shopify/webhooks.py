"""Webhooks: who subscribed to what, and sending it, signed.

Things that happen in the shop put deliveries into `shop.webhooks.outbox`; `send` takes them from there, in
the order, as often and to where a test wants it:

    shop.edit(number, title="Cup")
    shop.webhooks.send(to="http://127.0.0.1:8000", times=2, order=reversed)

A delivery that was not answered by 2xx stays in the outbox, due again later by the platform's clock; after
eight tries again it is given up, and the subscription with it if it was made by the API.
"""

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests

from tests.shops.shopify import payloads
from tests.shops.shopify.connections import Rows
from tests.shops.shopify.fields import count, field, ids_of
from tests.shops.shopify.gids import gid, number
from tests.shops.shopify.identity import api_version
from tests.shops.shopify.refusals import NotModelled

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
#: seconds until a delivery is tried again: eight times within four hours
WAITS = (10, 60, 180, 600, 1200, 2400, 3600, 6300)
SECONDS = 5
FORBIDDEN_HOSTS = ("localhost", "127.0.0.1", "::1")
SHOPIFY_HOSTS = ("shopify.com", "myshopify.com")

ids_of("WebhookSubscription")


@dataclass
class Delivery:
    """One event for one subscription. Tried again it keeps its headers and its body."""

    topic: str
    uri: str
    body: bytes
    headers: dict
    due: datetime
    subscription: int | None = None
    #: the answers' statuses, None where there was none
    answers: list = attribute(default_factory=list)


class Webhooks:
    """The subscriptions of one shop, and what is to be sent."""

    def __init__(self, shop):
        self._shop = shop
        self._subscriptions = {}
        self.outbox = []

    # Subscriptions

    def of(self, installation):
        """The subscriptions an app made by the API, by number."""
        client_id = installation.app.client_id
        return {key: each for key, each in self._subscriptions.items() if each["client_id"] == client_id}

    def subscribe(self, installation, topic, **given):
        made, now = self._shop.next_number(), self._shop.clock.now()
        self._subscriptions[made] = {
            "__typename": "WebhookSubscription",
            "number": made,
            "client_id": installation.app.client_id,
            "topic": topic,
            "uri": given.get("uri") or given.get("callbackUrl"),
            "format": given.get("format") or "JSON",
            "includeFields": given.get("includeFields") or [],
            "metafieldNamespaces": given.get("metafieldNamespaces") or [],
            "metafields": [],
            "filter": given.get("filter"),
            "name": given.get("name"),
            "createdAt": now,
            "updatedAt": now,
        }
        return self._subscriptions[made]

    def drop(self, number):
        del self._subscriptions[number]

    def forget(self, app):
        """An app's subscriptions end with its installation."""
        for key in [key for key, each in self._subscriptions.items() if each["client_id"] == app.client_id]:
            self.drop(key)

    # What happens

    def happened(self, topic, payload, apps=None):
        """Note an event for all who want to know, or for those of `apps`. Returns the new deliveries."""
        event, made, wanted = str(uuid.uuid4()), [], topic.replace("/", "_").upper()
        told = [each.app for each in self._shop.installations.values() if apps is None or each.app in apps]
        for app in told:
            made += [
                self._delivery(topic, payload, event, app, each)
                for each in self._subscriptions.values()
                if (each["client_id"], each["topic"]) == (app.client_id, wanted)
            ]
            if topic in app.webhooks:
                made.append(self._delivery(topic, payload, event, app, None))
        self.outbox += made
        return made

    def comply(self, topic, app):
        """One of the three topics that an app names in its configuration."""
        delivery = self._delivery(topic, payloads.compliance(topic, self._shop), str(uuid.uuid4()), app, None)
        self.outbox.append(delivery)
        return delivery

    def _delivery(self, topic, payload, event, app, subscription):
        if subscription and subscription["filter"]:
            raise NotModelled("the filter of a webhook subscription")
        names = subscription["includeFields"] if subscription else ()
        told = {name: payload[name] for name in names if name in payload} if names else payload
        body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/").encode()
        now = self._shop.clock.now()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self._shop.domain,
            "X-Shopify-API-Version": app.webhook_version or self._shop.platform.versions[-2],
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event,
            "X-Shopify-Triggered-At": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "X-Shopify-Hmac-Sha256": signature(app.signing_secret, body),
        }
        if subscription and subscription["name"]:
            headers["X-Shopify-Name"] = subscription["name"]
        uri = subscription["uri"] if subscription else app.webhooks[topic]
        return Delivery(topic, uri, body, headers, now, subscription and subscription["number"])

    # Sending

    def send(self, *, to=None, times=1, order=iter, post=None):
        """Send what is due, each so often, and return the deliveries.

        `to` is the origin to send to instead of the subscribed one; `order` arranges the deliveries;
        `post(url, headers, body)` sends one and gives the status, in place of a real request.
        """
        due = [each for each in self.outbox if each.due <= self._shop.clock.now()]
        sent = [each for each in order(due) for _ in range(times)]
        for delivery in sent:
            self._send(delivery, _moved(delivery.uri, to), post or _post)
        return sent

    def _send(self, delivery, url, post):
        status = post(url, delivery.headers, delivery.body)
        delivery.answers.append(status)
        if status is not None and 200 <= status < 300:
            if delivery in self.outbox:
                self.outbox.remove(delivery)
        elif len(delivery.answers) <= len(WAITS):
            delivery.due = self._shop.clock.now() + timedelta(seconds=WAITS[len(delivery.answers) - 1])
        else:
            self._give_up(delivery)

    def _give_up(self, delivery):
        self.outbox.remove(delivery)
        if delivery.subscription in self._subscriptions:
            self.drop(delivery.subscription)


def signature(secret, body):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _moved(uri, origin):
    if origin is None:
        return uri
    parts = urlsplit(uri)
    return origin + parts.path + (f"?{parts.query}" if parts.query else "")


def _post(url, headers, body):
    """The status, None where no answer came within five seconds."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url, data=body, headers=headers, timeout=(1, SECONDS), allow_redirects=False
            )
        return answer.status_code
    except requests.RequestException:
        return None


# Fields


@field("Mutation.webhookSubscriptionCreate")
def create(root, context, topic, webhookSubscription):
    if wrong := _address_problem(webhookSubscription, required=True):
        return _payload(None, [wrong])
    held = context.shop.webhooks.of(context.app).values()
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl")
    if any((each["topic"], each["uri"]) == (topic, uri) for each in held):
        message = "Address for this topic has already been taken"
        return _payload(None, [_error(["webhookSubscription", "callbackUrl"], message)])
    return _payload(context.shop.webhooks.subscribe(context.app, topic, **webhookSubscription), [])


@field("Mutation.webhookSubscriptionUpdate")
def update(root, context, id, webhookSubscription):
    held = context.shop.webhooks.of(context.app).get(number(id, "WebhookSubscription"))
    if held is None:
        return _payload(None, [_error(["id"], "Webhook subscription does not exist")])
    if wrong := _address_problem(webhookSubscription, required=False):
        return _payload(None, [wrong])
    given = dict(webhookSubscription)
    if "callbackUrl" in given:
        given["uri"] = given.pop("callbackUrl")
    held |= given | {"updatedAt": context.shop.clock.now()}
    return _payload(held, [])


@field("Mutation.webhookSubscriptionDelete")
def delete(root, context, id):
    wanted = number(id, "WebhookSubscription")
    if wanted not in context.shop.webhooks.of(context.app):
        error = _error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    context.shop.webhooks.drop(wanted)
    return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", wanted), "userErrors": []}


def _address_problem(given, required):
    uri = given.get("uri") or given.get("callbackUrl")
    if not uri:
        return _error(["webhookSubscription", "callbackUrl"], "Address can't be blank") if required else None
    scheme, separator, _ = uri.partition("://")
    if separator and scheme != "https":
        message = f"Address protocol {scheme}:// is not supported"
        return _error(["webhookSubscription", "callbackUrl"], message)
    host = urlsplit(uri).hostname
    if not separator or not host:
        return _error(["webhookSubscription", "callbackUrl"], "Address is invalid")
    if host in FORBIDDEN_HOSTS or any(host == each or host.endswith(f".{each}") for each in SHOPIFY_HOSTS):
        message = "Address cannot be a Shopify or an internal domain"
        return _error(["webhookSubscription", "callbackUrl"], message)
    return None


@field("QueryRoot.webhookSubscription")
def one(root, context, id):
    return context.shop.webhooks.of(context.app).get(number(id, "WebhookSubscription"))


@field("QueryRoot.webhookSubscriptions")
def webhook_subscriptions(
    root,
    context,
    callbackUrl=None,
    format=None,
    topics=None,
    uri=None,
    query=None,
    sortKey="CREATED_AT",
    **paging,
):
    if query:
        raise NotModelled("searching webhook subscriptions")
    found = [
        each
        for each in context.shop.webhooks.of(context.app).values()
        if (topics is None or each["topic"] in topics)
        and (uri or callbackUrl) in (None, each["uri"])
        and format in (None, each["format"])
    ]
    return context.page(Rows(found, lambda each: each["number"]), **paging)


@field("QueryRoot.webhookSubscriptionsCount")
def webhook_subscriptions_count(root, context, query=None, limit=10_000):
    return count(len(context.shop.webhooks.of(context.app)))


@field("WebhookSubscription.callbackUrl")
def callback_url(subscription, context):
    return subscription["uri"]


@field("WebhookSubscription.endpoint")
def endpoint(subscription, context):
    return {"__typename": "WebhookHttpEndpoint", "callbackUrl": subscription["uri"]}


@field("WebhookSubscription.apiVersion")
def subscription_version(subscription, context):
    return api_version(context.schema.version, context.shop.platform)


def _payload(subscription, errors):
    return {"webhookSubscription": subscription, "userErrors": errors}


def _error(where, message):
    return {"__typename": "UserError", "field": where, "message": message}
