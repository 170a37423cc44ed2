"""The proof that somebody controls a shop: its own keys open it, and others do not.

Every step is a call to the shop, and all of them share one deadline. Nothing is believed that a cache or
a host that answers everything could have said.
"""

import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from sync2sys.connectors.base import Shop
from sync2sys.connectors.line import MIB, Line, Patience
from sync2sys.connectors.woocommerce import answers, rights, shop
from sync2sys.connectors.woocommerce.answers import Answer
from sync2sys.connectors.woocommerce.auth import Keys, Pairs, Way, ways_for
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.connectors.woocommerce.site import Search, Site
from sync2sys.errors import NotWooCommerce, StoreError, StoreNotVerified, StoreRefusedKeys
from sync2sys.outbound import Outbound

HURRY = Patience(tries=2, seconds=3.0, first=0.5)

#: where a key shows that it works: who may not see the first may well list products
PROOFS: tuple[tuple[str, Pairs], ...] = (
    ("wc/v3/system_status", (("_fields", shop.STATUS_FIELDS),)),
    ("wc/v3/products", (("per_page", "1"), ("_fields", "id"))),
)
NEW_KEYS = (
    "Make new ones under WooCommerce > Settings > Advanced > REST API, with read/write rights, for an "
    "administrator or shop manager."
)
#: seconds by which clocks may differ before WordPress refuses signatures
CLOCK = 15 * 60

_PRINTABLE = re.compile(r"[!-~]{1,200}")


def connect(
    outbound: Outbound,
    origin: str,
    key: str,
    secret: str,
    *,
    deadline: float = 10.0,
    patience: Patience = HURRY,
) -> Shop:
    """Prove by calls that these keys open the shop at `origin`, and learn who it is.

    `origin` is in canonical form. `deadline` is for everything together; facts that did not come in time are
    missing in the answer, and `WooCommerce.shop()` asks for them later. The capabilities of the answer are
    what `WooCommerce` needs to come back in the same way; `advice` among them is for the owner.

    Raises a StoreError whose message tells the owner what to do.
    """
    keys = _well_formed(key, secret)
    host = urlsplit(origin).hostname or origin
    line = Line(outbound, host, total=deadline, max_bytes=8 * MIB, patience=patience)
    site = Search(line, origin).site()
    client, proof = _way_in(line, site, keys)
    _refuses_others(client, proof)
    _may_write(client)
    return shop.facts(
        client,
        index=site.index,
        status=proof.status,
        capabilities={"advice": list(site.advice)},
        hurried=True,
    )


def _well_formed(key: str, secret: str) -> Keys:
    key, secret = key.strip(), secret.strip()
    if key.startswith("cs_") and secret.startswith("ck_"):
        raise StoreRefusedKeys("Consumer key and consumer secret are interchanged: the key begins with ck_.")
    if not _PRINTABLE.fullmatch(key) or not _PRINTABLE.fullmatch(secret):
        raise StoreRefusedKeys(
            "Give a consumer key (ck_…) and a consumer secret (cs_…) as WooCommerce shows them."
        )
    return Keys(key, secret)


class _Proof:
    """Where and with what answer a key proved itself."""

    def __init__(self, route: str, pairs: Pairs, answer: Answer) -> None:
        self.route = route
        self.pairs = pairs
        self.answer = answer

    @property
    def status(self) -> dict[str, Any] | None:
        return self.answer.data if isinstance(self.answer.data, dict) else {}


def _way_in(line: Line, site: Site, keys: Keys) -> tuple[Client, _Proof]:
    """The first way that lets the keys in. Raises what explains best that none does."""
    refused: list[tuple[Client, Answer]] = []
    for way in ways_for(site.root.base):
        client = Client(line, site.root, site.home, way, keys)
        route, pairs = PROOFS[0]
        answer = client.ask(route, _fresh(pairs))
        if _is_proof(route, answer):
            return client, _Proof(route, pairs, answer)
        if _is_known(answer):
            return client, _lesser_proof(client, answer)
        refused.append((client, answer))
        if way in (Way.BASIC, Way.QUERY) and answer.code == answers.BAD_AUTHENTICATION:
            break  # the key is known and its secret was looked at: no other way will help
    raise _diagnosis(refused)


def _fresh(pairs: Pairs) -> list[tuple[str, str]]:
    """With something that no cache has seen."""
    return [*pairs, ("_", secrets.token_hex(8))]


def _is_proof(route: str, answer: Answer) -> bool:
    if not answer.ok:
        return False
    if route != PROOFS[0][0]:
        return isinstance(answer.data, list)
    environment = answer.data.get("environment") if isinstance(answer.data, dict) else None
    return isinstance(environment, dict) and isinstance(environment.get("version"), str)


def _is_known(answer: Answer) -> bool:
    """Whether the shop knew the key, but would not show this: its user may not, or it is not there."""
    return answer.ok or (bool(answer.code) and answer.status in (403, 404))


def _lesser_proof(client: Client, first: Answer) -> _Proof:
    """Proof by listing products, for keys whose user may not see the system's status."""
    route, pairs = PROOFS[1]
    answer = client.ask(route, _fresh(pairs))
    if _is_proof(route, answer):
        return _Proof(route, pairs, answer)
    if answer.code == answers.NO_ROUTE:
        raise NotWooCommerce(f"WooCommerce is not active at {client.host}, or older than version 3.5.")
    if answer.status == 403 and answer.code == answers.UNAUTHENTICATED:
        raise StoreRefusedKeys(
            f"{client.host} knows this key, but its user may not manage the shop, as customers may not. "
            f"{NEW_KEYS}"
        )
    if answer.ok or first.ok:
        raise StoreNotVerified(
            f"{client.host} answers questions about its shop with something else. A cache or a plugin is in "
            "the way: let addresses under /wp-json/ pass it by."
        )
    raise answers.refusal(answer, client.host)


def _diagnosis(refused: list[tuple[Client, Answer]]) -> StoreError:
    """Which of the many causes of a refusal it is."""
    client, answer = refused[-1]
    foreign = next((each for _, each in refused if not each.code), None)
    if foreign is not None and not any(each.code.startswith("woocommerce_") for _, each in refused):
        return answers.refusal(foreign, client.host)
    if answer.code != answers.BAD_AUTHENTICATION:
        return answers.refusal(answer, client.host)
    if not client.way.signs:
        return _write_only(client) or _wrong_secret(client)
    signed = next(pair for pair in refused if pair[0].way is Way.OAUTH)
    return _unknown_key(*signed) or _write_only(client) or _wrong_secret(client)


def _unknown_key(client: Client, answer: Answer) -> StoreError | None:
    """If the shop says the same of a key that it cannot know.

    With signatures, unknown keys and wrong secrets have one code; only the messages differ, in the
    language of the shop. So they are compared with each other, not understood.
    """
    route, pairs = PROOFS[0]
    control = client.posing_as(Keys.bogus()).ask(route, _fresh(pairs))
    if control.code != answer.code or control.message != answer.message:
        return None
    return StoreRefusedKeys(
        f"{client.host} does not know this consumer key. It may be mistyped, revoked, or of another shop. "
        f"{NEW_KEYS}"
    )


def _write_only(client: Client) -> StoreError | None:
    """A key without the right to read is refused like one with a wrong secret, but it may write."""
    if not rights.probe(client).ok:
        return None
    return StoreRefusedKeys(
        f"This key may write to {client.host}, but not read. Give it read/write rights under WooCommerce > "
        "Settings > Advanced > REST API."
    )


def _wrong_secret(client: Client) -> StoreError:
    return StoreRefusedKeys(
        f"{client.host} knows this consumer key, but the consumer secret is not the one that belongs to it. "
        f"{NEW_KEYS}{_doubts_about_the_clock(client)}"
    )


def _doubts_about_the_clock(client: Client) -> str:
    """A signature is also refused for its time, and the shop's clock need not be its web server's."""
    if not client.way.signs:
        return ""
    if abs(client.skew) > CLOCK:
        return (
            f" Its clock and ours differ by {abs(client.skew) / 60:.0f} minutes, which may be a reason too."
        )
    return " If the secret is right, compare the clock of the shop's server with the true time."


def _refuses_others(client: Client, proof: _Proof) -> None:
    """The negative control. Raises StoreNotVerified unless keys that cannot exist are refused."""
    stranger = client.posing_as(Keys.bogus())
    answer = _outcome(stranger, proof)
    if answer is None or answer.status not in (401, 403):
        raise StoreNotVerified(
            f"{client.host} lets in any key, so these prove nothing. A cache or a plugin answers instead "
            "of WooCommerce: let addresses under /wp-json/ pass it by."
        )


def _outcome(stranger: Client, proof: _Proof) -> Answer | None:
    """None for an answer that is no refusal either: a page, a redirect."""
    try:
        return stranger.ask(proof.route, _fresh(proof.pairs))
    except StoreError as error:
        if error.retryable and not isinstance(error, answers.StoreGarbled):
            raise
        return None


def _may_write(client: Client) -> None:
    """Raises ReadOnlyKey."""
    if rights.is_denied(rights.probe(client)):
        raise rights.read_only(client.host)
