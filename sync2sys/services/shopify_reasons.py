"""Why a Shopify shop could not be connected: a fixed list, each with what to do."""

from sync2sys.errors import BadRequest

OVER, FULL = "flow_over", "plan_full"
#: As they stand in the address of the page that tells it -> in words for the person who reads it.
REASONS = {
    "not_configured": "This service has no Shopify app yet. Its operator sets one up, or you give your own.",
    "invalid_request": "The way back from Shopify could not be read. Start again.",
    "invalid_signature": "What came back was not signed with this app's secret. If the secret was changed, "
    "set the new one here; then start again.",
    "expired": "It took too long, or the clock of this server is wrong. Start again.",
    OVER: "This way to Shopify was used already, or is older than ten minutes. If the shop is shown as "
    "connected, all is well; otherwise start again.",
    "wrong_shop": "Another shop came back than the one you started with. Start again with that one.",
    "other_browser": "You started in another browser. Start and finish in the same one.",
    "denied": "The app was not approved in Shopify. Start again and approve it to connect the shop.",
    "missing_scope": "The app may not read products. Give it read_products in its settings and start again.",
    "exchange_failed": "Shopify gave no access. Compare client id, secret and redirect address with those in "
    "the app's settings, then start again.",
    "shop_unreachable": "The shop could not be reached. Try again in some minutes.",
    "shop_taken": "Another organization here has connected this shop. Disconnect it there first.",
    FULL: "Your plan has no room for another product. Remove some, or change the plan, then start again.",
    "channel_gone": "The channel is gone, or another shop has this name now. Connect it as a new one.",
}


class Turned(BadRequest):
    """A shop was not connected; `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason], code=f"SHOPIFY_{reason.upper()}")
        self.reason = reason
