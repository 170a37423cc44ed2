"""What can be ordered before it is there, and when it will be.

WooCommerce has no field for that day, and none for pre-orders. Plugins for pre-orders and for feeds have.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sync2sys.connectors import fields

#: meta fields that are "yes" for what is on pre-order
PREORDER_META = (
    "_wc_pre_orders_enabled",  # WooCommerce Pre-Orders
    "_ywpo_preorder",  # YITH Pre-Order
)
#: meta fields with the day: seconds since 1970, or a date
DAY_META = (
    "_wc_pre_orders_availability_datetime",
    "_ywpo_for_sale_date",
    "_wc_gla_availabilityDate",  # Google for WooCommerce
    "woo_feed_availability_date",  # CTX Feed
    "woo_feed_availability_date_var",
)

#: Seconds that can be meant: of 2001 to 2106.
_SENSIBLE = (10**9, 2**32)


def availability(stock: str, meta: Mapping[str, Any]) -> str:
    """The stock status, or that it is on pre-order, unless it is sold out."""
    is_ahead = any(meta.get(key) == "yes" for key in PREORDER_META)
    return "preorder" if is_ahead and stock != "out_of_stock" else stock


def day(meta: Mapping[str, Any]) -> datetime | None:
    """When it will be there. Without a zone the time counts as UTC."""
    return next(filter(None, (_moment(meta.get(key)) for key in DAY_META)), None)


def _moment(value: Any) -> datetime | None:
    seconds = fields.ident(value)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC) if _SENSIBLE[0] < seconds < _SENSIBLE[1] else None
    return fields.moment(value.replace("/", "-")) if isinstance(value, str) else None
