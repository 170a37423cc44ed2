"""The GraphQL Admin API of one shop: asked with its token, within its budget.

Source: https://shopify.dev/docs/api/usage, versions, rate limits and response codes. A question that Shopify
refuses or cannot afford may come with status 200; what counts is `errors`.
"""

from collections.abc import Callable
from typing import Any

import orjson

from sync2sys.connectors.base import Secrets
from sync2sys.connectors.line import Line, NotNow
from sync2sys.errors import (
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreNotVerified,
    StoreRedirects,
    StoreRefusedKeys,
    StoreUnreachable,
)
from sync2sys.outbound import Reply

THROTTLED, TOO_COSTLY, DENIED = "THROTTLED", "MAX_COST_EXCEEDED", "ACCESS_DENIED"
#: How long a question waits at most until it can be afforded.
LONGEST_WAIT = 60.0


class TooCostly(StoreError):
    """The question costs more than one may; a smaller one may do."""


class ScopeMissing(StoreError):
    """The app may not ask this, until the shop's owner agrees to more."""

    code = StoreRefusedKeys.code


class Gone(StoreUnreachable):
    """The shop is closed, frozen or locked, until somebody does something about it."""

    retryable = False


class Budget:
    """The points that the shop grants: they come back with time."""

    def __init__(self) -> None:
        self._available = self._rate = 0.0
        self._costs: dict[str, float] = {}

    def note(self, document: str, cost: Any) -> None:
        """What an answer says of its own cost and of what is left."""
        status = cost.get("throttleStatus") if isinstance(cost, dict) else None
        if isinstance(status, dict):
            self._available = _number(status.get("currentlyAvailable"))
            self._rate = _number(status.get("restoreRate"))
            self._costs[document] = _number(cost.get("requestedQueryCost"))

    def wait(self, document: str) -> float:
        """Seconds until this question can be afforded; none where its cost is not known yet."""
        short = self._costs.get(document, 0.0) - self._available
        if short <= 0 or self._rate <= 0:
            return 0.0
        # A point more, for what is there is told in whole points.
        return min(LONGEST_WAIT, (short + 1) / self._rate)


class Admin:
    """A shop's Admin API, of the version that is asked for, such as 2026-10."""

    def __init__(self, line: Line, version: str, secrets: Secrets) -> None:
        self._line = line
        self._url = f"https://{line.host}/admin/api/{version}/graphql.json"
        self._secrets = secrets
        self._budget = Budget()
        #: what the shop answered with, where it is another one than was asked for
        self.answered_version = version

    @property
    def host(self) -> str:
        return self._line.host

    def ask(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of the answer. Raises StoreError for anything but a whole answer.

        TooCostly where a smaller question may do, ScopeMissing where the app may not ask this.
        """
        body = orjson.dumps({"query": document, "variables": variables or {}})
        return self._line.patiently(lambda: self._once(document, body))

    def change(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The same for a mutation, which is not asked for again where it may have been done."""
        body = orjson.dumps({"query": document, "variables": variables})
        return self._line.carefully(lambda: self._once(document, body))

    def _once(self, document: str, body: bytes) -> dict[str, Any]:
        wait = self._budget.wait(document)
        if wait:
            self._line.patience.sleep(wait)
        token = str(self._secrets.current()["access_token"])
        reply = self._send(body, token)
        if reply.status == 401:
            reply = self._send(body, str(self._secrets.after(token)["access_token"]))
        return self._read(document, reply)

    def _send(self, body: bytes, token: str) -> Reply:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Shopify-Access-Token": token,
        }
        return self._line.send("POST", self._url, headers, body)

    def _read(self, document: str, reply: Reply) -> dict[str, Any]:
        if reply.status != 200:
            raise _refusal(reply, self.host)
        try:
            answer = orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise StoreGarbled(f"{self.host} answered something else than JSON.")
        self.answered_version = reply.headers.get("X-Shopify-API-Version", self.answered_version)
        extensions = answer.get("extensions")
        self._budget.note(document, extensions.get("cost") if isinstance(extensions, dict) else None)
        if answer.get("errors"):
            raise _fault(answer["errors"], self.host, self._budget.wait(document))
        if not isinstance(answer.get("data"), dict):
            raise StoreGarbled(f"{self.host} answered without data.")
        data: dict[str, Any] = answer["data"]
        return data


def _refusal(reply: Reply, host: str) -> StoreError:
    if 300 <= reply.status < 400:
        return StoreRedirects(
            f"{host} sends us elsewhere. If the shop has another name by now, connect it by that one."
        )
    if reply.status == 429 or reply.status >= 500:
        kind = NotNow if reply.status == 429 else StoreBusy
        return kind(f"{host} is busy ({reply.status}).", retry_after=reply.retry_after)
    return _REFUSALS.get(reply.status, _unexpected(reply.status))(host)


def _unexpected(status: int) -> Callable[[str], StoreError]:
    return lambda host: StoreGarbled(f"{host} answered with status {status}.")


_REFUSALS: dict[int, Callable[[str], StoreError]] = {
    401: lambda host: StoreRefusedKeys(f"{host} does not take our token any more. Connect it again."),
    402: lambda host: Gone(f"{host} is frozen: its owner has to settle with Shopify."),
    403: lambda host: StoreRefusedKeys(f"{host} does not let the app in. Was it removed? Connect it again."),
    404: lambda host: StoreNotVerified(
        f"There is no shop {host}, or SHOPIFY_API_VERSION is no version of Shopify's API. Check both."
    ),
    423: lambda host: Gone(f"{host} is locked by Shopify. Its owner has to ask Shopify why."),
    430: lambda host: NotNow(f"{host} takes us for a danger at the moment.", retry_after=LONGEST_WAIT),
}


def _fault(errors: Any, host: str, wait: float) -> StoreError:
    """The error that `errors` tell of. Their messages are for developers, and not passed on."""
    found = errors if isinstance(errors, list) else [errors]
    codes = {_code(error) for error in found}
    if THROTTLED in codes:
        return NotNow(f"{host} has no room for more questions at the moment.", retry_after=wait or 1.0)
    if TOO_COSTLY in codes:
        return TooCostly(f"{host} cannot answer so much at once.")
    if DENIED in codes:
        scopes = sorted({_required(error) for error in found if _code(error) == DENIED} - {""})
        named = f" It needs {', '.join(scopes)}." if scopes else ""
        return ScopeMissing(f"The app may not do this in {host}.{named} Connect it again to allow it.")
    return StoreGarbled(
        f"{host} did not understand what it was asked ({', '.join(sorted(codes)) or 'no code'})."
    )


def _code(error: Any) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) and len(code) <= 60 and code.isascii() else ""


def _required(error: dict[str, Any]) -> str:
    """The access that an error says is missing, as `read_products`; "" for anything longer."""
    text = error["extensions"].get("requiredAccess")
    words = text.split("`") if isinstance(text, str) else []
    return words[1] if len(words) > 2 and words[1].replace("_", "").isalpha() and len(words[1]) < 60 else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
