"""How a channel stands, in a word and a tone, for whoever looks at a page."""

from dataclasses import dataclass
from datetime import timedelta

from sync2sys.models.base import now
from sync2sys.services import holds
from sync2sys.services.overviews import Overview

#: A sync that is due so soon is as good as begun.
SOON = timedelta(seconds=30)


@dataclass(frozen=True)
class Standing:
    """`tone` is good, busy, warn, bad or off."""

    word: str
    tone: str


NOT_CONNECTED = {
    "auth_failed": Standing("Reconnect needed", "bad"),
    "disconnected": Standing("Disconnected", "off"),
    "moved": Standing("Moved", "off"),
}


def standing(overview: Overview) -> Standing:
    """What matters most about it now."""
    channel = overview.channel
    if channel.state in NOT_CONNECTED:
        return NOT_CONNECTED[channel.state]
    if is_syncing(overview):
        return Standing("Syncing", "busy")
    if channel.problem_code == holds.CODE:
        return Standing("Waiting for you", "warn")
    if channel.problem:
        return Standing("Connected, with a problem", "warn")
    return Standing("Connected", "good")


def is_syncing(overview: Overview) -> bool:
    """Whether a sync runs or is about to, so that looking again soon is worth it."""
    sync = overview.sync
    if sync is None or overview.channel.state != "connected":
        return False
    return sync.state == "running" or sync.due_at <= now() + SOON
