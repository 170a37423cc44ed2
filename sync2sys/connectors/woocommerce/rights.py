"""Whether a key may write."""

from sync2sys.connectors.woocommerce.answers import Answer
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.errors import ReadOnlyKey


def probe(client: Client) -> Answer:
    """What the shop says to an update of nothing, which changes nothing, but needs the right to."""
    return client.ask("wc/v3/products/batch", method="POST", body={"update": []})


def is_denied(answer: Answer) -> bool:
    return answer.status in (401, 403) and answer.code.startswith("woocommerce_")


def read_only(host: str) -> ReadOnlyKey:
    return ReadOnlyKey(
        f"This key may only read at {host}. Give it read/write rights under WooCommerce > "
        "Settings > Advanced > REST API."
    )
