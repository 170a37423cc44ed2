"""Connecting stores by forms: a Shopify shop by its owner's consent, a WooCommerce store by its keys.

Each gives the address that the browser goes to next. Raises BadRequest and StoreError.
"""

from flask import g, request

from sync2sys.api.shopify import connect_own, consent_page
from sync2sys.api.stores import prove
from sync2sys.database import transaction
from sync2sys.models import Channel
from sync2sys.panel import forms
from sync2sys.schemas.shopify import BeginShopify
from sync2sys.schemas.stores import ConnectStore
from sync2sys.services import shopify, stores
from sync2sys.services.shopify_apps import PLATFORM


def address_of(channel_id: str) -> str:
    """The channel's own page."""
    return f"/sales-channels/{channel_id}"


def connect() -> str:
    """Connect the store that the form names."""
    if request.form.get("platform") == PLATFORM:
        return consent_page(forms.read(BeginShopify()), from_browser=True)
    email = g.token.user.email
    proof = prove(forms.read(ConnectStore(), email=email))
    return address_of(transaction(lambda: stores.attach(proof, email, g.token).channel.id)())


def reconnect(channel: Channel) -> str:
    """Connect the channel's store again."""
    return _reconnect_shopify(channel) if channel.platform == PLATFORM else _reconnect_woocommerce(channel)


def _reconnect_shopify(channel: Channel) -> str:
    """By the consent page, or at once where the shop never needed one."""
    channel_id = channel.id
    body = forms.read(BeginShopify(), shopDomain=channel.origin, channelId=channel_id)
    app = shopify.own_app(channel) if body["clientId"] is None else None
    if app is None:
        return consent_page(body, from_browser=True)
    connect_own(body["shopDomain"], app, channel_id)
    return f"{address_of(channel_id)}?oauth=success"


def _reconnect_woocommerce(channel: Channel) -> str:
    email = g.token.user.email
    proof = prove(forms.read(ConnectStore(), storeUrl=channel.origin, email=email))
    return address_of(transaction(lambda: stores.attach_again(channel, proof).channel.id)())
