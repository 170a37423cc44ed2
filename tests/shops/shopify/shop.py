"""One shop: who it is, what it sells, which apps are installed, and what happens to it."""

import itertools
from zoneinfo import ZoneInfo

from tests.shops.shopify import access, payloads
from tests.shops.shopify.apps import Installation
from tests.shops.shopify.bulk import BulkOperations
from tests.shops.shopify.catalogue import MADE, MAIN_LOCATION, ONLINE_STORE, Catalogue
from tests.shops.shopify.costs import RATES
from tests.shops.shopify.webhooks import Webhooks

NO_DECIMALS = ("JPY", "KRW", "VND", "CLP", "ISK", "XAF")
THREE_DECIMALS = ("KWD", "BHD", "OMR", "JOD", "TND")


class Shop:
    """`domain` is `handle.myshopify.com`; `host` that of the storefront.

    The attributes below can be changed at any time; what changes products and tells of it are methods.
    """

    def __init__(
        self, platform, handle, catalogue=(), *, currency="EUR", plan="standard", host=None, **known
    ):
        self.platform, self.clock = platform, platform.clock
        self.number = 60_000_000_001 + len(platform.shops)
        self.domain = f"{handle}.myshopify.com"
        self.name = handle.title()
        self.host = host or self.domain
        self.email = f"owner@{handle}.example"
        self.currency, self.plan = currency, plan
        self.weight_unit, self.timezone = "KILOGRAMS", "Europe/Berlin"
        self.taxes_included = True
        self.organization = "another organization"
        self.address = {"countryCodeV2": "DE", "country": "Germany", "city": "Berlin", "zip": "10115"}
        self.opened = MADE
        #: country -> (currency, rate): where it sells in another currency
        self.presentment = {}
        #: `open`, or one of admin.CLOSED
        self.state = "open"
        self.has_password_page = False
        #: "Type.field" -> "null" or an error code: what goes wrong within an answer
        self.spoilt_fields = {}
        #: seconds until the search index knows of a change
        self.search_lag = 0
        #: out of points is told by status 429 with Retry-After, not in an answer of status 200
        self.throttles_by_status = False
        #: scopes that the merchant takes out, fields that token answers lack, and how their errors come
        self.declined_scopes = set()
        self.token_answer_lacks = set()
        self.oauth_errors_in_html = False
        for name, value in known.items():
            if not hasattr(self, name):
                raise TypeError(f"a shop has no {name}")
            setattr(self, name, value)
        digits = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
        described = not isinstance(catalogue, Catalogue)
        self.catalogue = Catalogue(catalogue, currency_digits=digits) if described else catalogue
        self.installations, self.codes = {}, {}
        self.webhooks, self.bulk = Webhooks(self), BulkOperations(self)
        self._numbers = itertools.count(self.number * 100)
        self._answered = {}
        self._not_indexed = {}

    @property
    def url(self):
        return f"https://{self.host}"

    @property
    def zone(self):
        return ZoneInfo(self.timezone)

    @property
    def rate(self):
        return RATES[self.plan]

    @property
    def presentment_currencies(self):
        return sorted({self.currency, *(currency for currency, _ in self.presentment.values())})

    def next_number(self):
        return next(self._numbers)

    # Apps

    def install(self, app, scopes=None):
        """The app's installation, with these scopes from now on (its own if none are given)."""
        granted = access.collapsed(app.scopes if scopes is None else set(scopes))
        known = self.installations.get(app.client_id)
        if known is None:
            self.installations[app.client_id] = Installation(self, app, granted)
        elif known.scopes != granted:
            told = {"id": known.number, "previous": sorted(known.scopes), "current": sorted(granted)}
            known.scopes = granted
            self.webhooks.happened("app/scopes_update", told, [app])
        return self.installations[app.client_id]

    def token(self, app, scopes=None):
        """Install the app and return a token without an end."""
        return self.install(app, scopes).lasting_token().text

    def grants(self, scopes):
        return scopes - self.declined_scopes

    def uninstall(self, app):
        """Its tokens are dead at once, and it is told."""
        self.webhooks.happened("app/uninstalled", payloads.shop(self), [app])
        del self.installations[app.client_id]
        self.webhooks.forget(app)

    def admitted(self, token):
        """The installation that a token opens, None for a dead or unknown one."""
        return next((each for each in self.installations.values() if each.opens(token)), None)

    # Products

    def add(self, described):
        number = self.catalogue.add(described, self.clock.now())
        self._note(number, None)
        self._tell("products/create", number)
        return number

    def edit(self, number, **fields):
        """Change fields of a product's record."""
        self._touch(number, fields)

    def edit_variant(self, number, **fields):
        """Change fields of a variant's record."""
        record = self.catalogue.change(
            self.catalogue.variants, number, fields | {"updatedAt": self.clock.now()}
        )
        self._touch(record["product"])

    def set_stock(self, number, available, location=MAIN_LOCATION):
        record = self.catalogue.variants[number]
        self.edit_variant(number, levels=record["levels"] | {location: available})
        told = payloads.level(record, location, available, self.clock.now())
        self.webhooks.happened("inventory_levels/update", told)

    def publish(self, number, publication=ONLINE_STORE):
        record = self.catalogue.products[number]
        self._touch(number, {"publications": record["publications"] | {publication: self.clock.now()}})

    def unpublish(self, number, publication=ONLINE_STORE):
        kept = dict(self.catalogue.products[number]["publications"])
        kept.pop(publication, None)
        self._touch(number, {"publications": kept})

    def remove(self, number):
        self.catalogue.remove(number)
        self.webhooks.happened("products/delete", payloads.deleted(number))

    def _touch(self, number, fields=None):
        table = self.catalogue.products
        self._note(number, table[number])
        self.catalogue.change(table, number, (fields or {}) | {"updatedAt": self.clock.now()})
        self._tell("products/update", number)

    def _tell(self, topic, number):
        record = self.catalogue.products[number]
        self.webhooks.happened(topic, payloads.product(record, self.catalogue))

    # What is known late, and once

    def _note(self, number, before):
        """Until the index has caught up, searches go by what was before; None if nothing was."""
        if self.search_lag:
            self._not_indexed.setdefault(number, (self.clock.seconds() + self.search_lag, before))

    def indexed(self, record):
        """A product as the search index knows it, None if it does not."""
        due, before = self._not_indexed.get(record["number"], (0, record))
        if due <= self.clock.seconds():
            self._not_indexed.pop(record["number"], None)
            return record
        return before

    def once(self, key, digest, act, mismatch):
        """The outcome of `act` for this idempotency key: the first one, however often it is asked for."""
        if key is None:
            return act()
        known, outcome = self._answered.get(key, (digest, None))
        if known != digest:
            return mismatch()
        if outcome is None:
            outcome = act()
            self._answered[key] = (digest, outcome)
        return outcome

    # Names

    def rename(self, handle):
        """The shop gets another myshopify domain; the old one leads there."""
        old, self.domain = self.domain, f"{handle}.myshopify.com"
        if self.host == old:
            self.host = self.domain
        self.platform.move(self, old)
