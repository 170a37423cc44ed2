"""Apps and their installations in shops: secrets, codes, and tokens with their ends."""

import secrets
from dataclasses import dataclass, field

from tests.shops.shopify import access
from tests.shops.shopify.costs import Bucket

HOUR, DAY = 3600, 24 * 3600
CODE_SECONDS = 600
ACCESS_SECONDS = HOUR
REFRESH_SECONDS = 90 * DAY
#: how long a refresh token that was used may be used again, should its answer have been lost
RETRY_SECONDS = 30 * DAY
CLIENT_CREDENTIALS_SECONDS = DAY - 1


@dataclass(eq=False)
class App:
    """An app of the Dev Dashboard.

    `distribution` is `custom` or `public`; a public one must use expiring tokens. `webhooks` maps topics of
    the app's configuration to addresses, those of compliance too.
    """

    number: int
    redirect_urls: list = field(default_factory=list)
    scopes: set = field(default_factory=set)
    title: str = "Sync2Sys"
    distribution: str = "custom"
    organization: str = "our organization"
    webhooks: dict = field(default_factory=dict)
    webhook_version: str | None = None
    client_id: str = field(default_factory=lambda: secrets.token_hex(16))
    secret: str = field(default_factory=lambda: f"shpss_{secrets.token_hex(16)}")
    #: before a rotation; while it is set, Shopify signs with it still
    old_secret: str | None = None

    @property
    def signing_secret(self):
        return self.old_secret or self.secret

    def rotate_secret(self):
        """From now on both are accepted, and the old one signs, until `end_rotation`."""
        self.old_secret, self.secret = self.secret, f"shpss_{secrets.token_hex(16)}"

    def end_rotation(self):
        self.old_secret = None

    def knows(self, secret):
        return secret is not None and secret in (self.secret, self.old_secret)


@dataclass
class Token:
    """An access token; without `expires` it lasts for ever."""

    text: str
    expires: float | None
    #: the refresh token it came with
    family: "Refresh | None" = None


@dataclass
class Refresh:
    """A refresh token. `successor` is the one it was last exchanged for."""

    text: str
    expires: float
    first_used: float | None = None
    successor: "Refresh | None" = None
    retired: bool = False


class Installation:
    """An app in a shop: what it may do, and by which tokens."""

    def __init__(self, shop, app, scopes):
        self.shop, self.app = shop, app
        self.number = shop.next_number()
        self.scopes = access.collapsed(scopes)
        self.bucket = Bucket(shop)
        self.tokens, self.refreshes = {}, {}

    @property
    def scope(self):
        """As the token answer tells it."""
        return ",".join(sorted(self.scopes))

    def lasting_token(self):
        """A token without an end. It is the same for every caller until it is exchanged for others."""
        for token in self.tokens.values():
            if token.expires is None:
                return token
        return self._add(Token(f"shpat_{secrets.token_hex(16)}", None))

    def expiring_tokens(self):
        """A new access token and its refresh token."""
        now = self.shop.clock.seconds()
        refresh = Refresh(f"shprt_{secrets.token_hex(16)}", now + REFRESH_SECONDS)
        self.refreshes[refresh.text] = refresh
        return self._add(Token(f"shpat_{secrets.token_hex(16)}", now + ACCESS_SECONDS, refresh)), refresh

    def credential_token(self):
        """A day's token for the app of the shop's own organization."""
        seconds = CLIENT_CREDENTIALS_SECONDS
        return self._add(Token(f"shpat_{secrets.token_hex(16)}", self.shop.clock.seconds() + seconds))

    def _add(self, token):
        self.tokens[token.text] = token
        return token

    def refresh(self, text):
        """New tokens for a refresh token, or None for one that is not good any more.

        One that was used stays good until its successor is used, for 30 days at most. The access token of
        before ends at once.
        """
        now, refresh = self.shop.clock.seconds(), self.refreshes.get(text)
        if refresh is None or refresh.retired or refresh.expires <= now:
            return None
        if refresh.first_used is not None and refresh.first_used + RETRY_SECONDS <= now:
            return None
        self._retire_predecessor(refresh)
        refresh.first_used = refresh.first_used or now
        if refresh.successor:
            self._end(refresh.successor)
        self._end_access(refresh)
        token, refresh.successor = self.expiring_tokens()
        return token, refresh.successor

    def _retire_predecessor(self, refresh):
        for other in self.refreshes.values():
            if other.successor is refresh:
                other.retired = True

    def _end(self, refresh):
        """The answer with this one was lost: neither it nor its access token will be used."""
        refresh.retired = True
        self._end_access(refresh)

    def _end_access(self, refresh):
        self.tokens = {text: each for text, each in self.tokens.items() if each.family is not refresh}

    def end_lasting(self):
        self.tokens = {text: each for text, each in self.tokens.items() if each.expires is not None}

    def opens(self, text):
        """The token, if it is one of this installation and has not ended."""
        token = self.tokens.get(text)
        if token and token.expires is not None and token.expires <= self.shop.clock.seconds():
            return None
        return token
