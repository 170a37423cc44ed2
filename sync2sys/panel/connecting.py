"""Connecting stores by forms: a Shopify shop by its owner's consent, a WooCommerce store by its keys.

Each gives the address that the browser goes to next. Raises BadRequest, LimitReached and StoreError.
"""

from flask import g, request

from sync2sys.api.shopify import connect_own, consent_page
from sync2sys.api.stores import prove
from sync2sys.connectors import platforms
from sync2sys.connectors.shopify import domains
from sync2sys.connectors.shopify.grants import OWN, App
from sync2sys.database import transaction
from sync2sys.errors import BadRequest
from sync2sys.models import Channel
from sync2sys.panel import forms
from sync2sys.schemas.shopify import BeginShopify, ConnectShopify
from sync2sys.schemas.stores import ConnectStore
from sync2sys.services import shopify, stores
from sync2sys.services.shopify_apps import PLATFORM


def address_of(channel_id: str) -> str:
    """The channel's own page."""
    return f"/sales-channels/{channel_id}"


def connect() -> str:
    """Connect the store that the form names."""
    if request.form.get("platform") == PLATFORM:
        return _shopify()
    email = g.token.user.email
    proof = prove(forms.read(ConnectStore(), email=email))
    return address_of(transaction(lambda: stores.attach(proof, email, g.token).channel.id)())


def reconnect(channel: Channel) -> str:
    """Connect the channel's store again."""
    if not platforms.has_shop(channel.platform):
        raise BadRequest("There is no shop behind this channel. Say anew how its offers are sold.")
    if channel.platform != PLATFORM:
        return _reconnect_by_keys(channel)
    app = shopify.own_app(channel)
    if app is not None and not request.form.get("clientId"):
        return _own(domains.normal(channel.origin), app, channel.id)
    return _shopify(shopDomain=channel.origin, channelId=channel.id)


def _shopify(**known: str) -> str:
    """By the consent page, or at once where the app and the shop are of one organization."""
    if request.form.get("way") != OWN:
        return consent_page(forms.read(BeginShopify(), **known), from_browser=True)
    body = forms.read(ConnectShopify(), **known)
    return _own(body["shopDomain"], App(body["clientId"], body["clientSecret"]), body["channelId"])


def _own(domain: str, app: App, channel_id: str | None) -> str:
    return f"{address_of(connect_own(domain, app, channel_id))}?oauth=success"


def _reconnect_by_keys(channel: Channel) -> str:
    known = {"storeUrl": channel.origin, "platform": channel.platform, "email": g.token.user.email}
    proof = prove(forms.read(ConnectStore(), **known))
    return address_of(transaction(lambda: stores.attach_again(channel, proof).channel.id)())
