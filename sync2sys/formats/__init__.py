"""Channel formats: items in, bytes out. Pure; nothing here knows a database or a request."""

from sync2sys.formats import (
    acp,
    ceneo,
    generic,
    google,
    heureka,
    idealo,
    kelkoo,
    meta,
    microsoft,
    openai,
    pinterest,
    pricerunner,
    skroutz,
    tiktok,
)
from sync2sys.formats.base import Format

#: Every channel's file. A new channel is one more here.
CHANNELS = (
    google,
    meta,
    pinterest,
    tiktok,
    microsoft,
    openai,
    acp,
    heureka,
    skroutz,
    idealo,
    kelkoo,
    pricerunner,
    ceneo,
    generic,
)
#: Every format by its name.
FORMATS: dict[str, Format] = {format.name: format for channel in CHANNELS for format in channel.FORMATS}
