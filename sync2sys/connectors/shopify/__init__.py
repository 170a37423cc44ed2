"""Shopify shops, by the GraphQL Admin API.

`grants` gets tokens, `signatures` tells what Shopify signed; `Shopify` is the connected shop.
"""

from sync2sys.connectors.shopify.store import Shopify

__all__ = ["Shopify"]
