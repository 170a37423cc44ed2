"""The only way out to other people's servers.

`Outbound` makes the requests, `Allowed` is what the operator permits beside the public internet, and
`canonical_origin` gives a store's address its one form. No other module opens a connection to a host that
a user, a store or a supplier named.
"""

from sync2sys.outbound.addresses import Allowed, is_public
from sync2sys.outbound.client import Outbound
from sync2sys.outbound.reply import Reply
from sync2sys.outbound.urls import canonical_origin

__all__ = ["Allowed", "Outbound", "Reply", "canonical_origin", "is_public"]
