"""What can go wrong, in our words. `api/errors.py` alone turns it into HTTP.

Sync2SysError
├── BadRequest            400  the caller's input is wrong; may carry `details` by field
├── Unauthorized          401  no token, or one that is not accepted
├── Forbidden             403  a token that may not do this
│   └── LimitReached      403  a limit of the plan; `code` says which
├── NotFound              404  not there, or another organization's
├── TooManyRequests       429  a rate limit; carries `retry_after`
├── Unavailable           503  not now; carries `retry_after`
├── LostLease                  this worker's job now belongs to another one
└── RemoteError                somebody else's server; `retryable` says whether waiting can help
    ├── AddressRefused         the address is not a public one (never retried)
    ├── Unreachable            DNS, connection or TLS failed, or it broke off
    ├── TimedOut               the deadline passed
    ├── TooLarge               more bytes than allowed, compressed or not
    ├── BreakerOpen            this host failed too often; not asked for a while
    ├── ListError         400  a supplier's address that gives no list; `code` is one of LIST_*
    │   └── ListBusy              retryable: 429, 5xx
    └── StoreError        400  a shop that cannot be used; `code` is one of STORE_*
        ├── StoreUnreachable      STORE_UNREACHABLE
        ├── StoreBusy             STORE_UNREACHABLE, retryable: 429, 5xx, maintenance
        ├── StoreGarbled          STORE_UNREACHABLE, retryable: a 200 that is not the JSON it should be
        ├── StoreRefusedKeys      STORE_AUTH_FAILED
        ├── StoreNotVerified      STORE_NOT_VERIFIED
        ├── StoreRedirects        STORE_REDIRECTS
        ├── NotWooCommerce        STORE_NOT_WOOCOMMERCE
        └── ReadOnlyKey           STORE_READ_ONLY_KEY
"""

from typing import Any


class Sync2SysError(Exception):
    """An error with a sentence for the person who can mend it.

    `status` and `code` are what HTTP says; a `code` of None means the reason phrase.
    """

    status: int = 500
    code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after
        if code is not None:
            self.code = code


class BadRequest(Sync2SysError):
    status = 400


class Unauthorized(Sync2SysError):
    status = 401


class Forbidden(Sync2SysError):
    status = 403


class LimitReached(Forbidden):
    """A limit of the organization's plan: PIM_PRODUCT_LIMIT, FEED_LIMIT or SUPPLIER_LIMIT."""


class NotFound(Sync2SysError):
    status = 404


class TooManyRequests(Sync2SysError):
    status = 429


class Unavailable(Sync2SysError):
    status = 503


class LostLease(Sync2SysError):
    """The lease ran out and somebody else has the job: stop, and write nothing more."""


class RemoteError(Sync2SysError):
    """Somebody else's server did not do its part."""

    status = 502
    retryable = False


class AddressRefused(RemoteError):
    pass


class Unreachable(RemoteError):
    retryable = True


class TimedOut(RemoteError):
    retryable = True


class TooLarge(RemoteError):
    pass


class BreakerOpen(RemoteError):
    retryable = True


class ListError(RemoteError):
    """A supplier's address that gives no list: LIST_UNREACHABLE, LIST_AUTH_FAILED or LIST_REDIRECTS."""

    status = 400
    code = "LIST_UNREACHABLE"


class ListBusy(ListError):
    retryable = True


class StoreError(RemoteError):
    """A shop that cannot be used as it is. The message is for its owner."""

    status = 400
    code = "STORE_UNREACHABLE"


class StoreUnreachable(StoreError):
    retryable = True


class StoreBusy(StoreError):
    retryable = True


class StoreGarbled(StoreError):
    retryable = True


class StoreRefusedKeys(StoreError):
    code = "STORE_AUTH_FAILED"
    #: asking again is of no use, whenever
    final = False


class StoreNotVerified(StoreError):
    code = "STORE_NOT_VERIFIED"


class StoreRedirects(StoreError):
    code = "STORE_REDIRECTS"


class NotWooCommerce(StoreError):
    code = "STORE_NOT_WOOCOMMERCE"


class ReadOnlyKey(StoreError):
    code = "STORE_READ_ONLY_KEY"
