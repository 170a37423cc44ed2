"""WooCommerce shops, from 5.9 on.

`connect` proves that keys open a shop and learns about it; `WooCommerce` is the connected shop.
"""

from sync2sys.connectors.line import Patience
from sync2sys.connectors.woocommerce.proof import connect
from sync2sys.connectors.woocommerce.site import Site, find_site
from sync2sys.connectors.woocommerce.store import WooCommerce

__all__ = ["Patience", "Site", "WooCommerce", "connect", "find_site"]
