"""The time of day at Shopify, which a test can move."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Runs with the real time, or stands still where it is set to `now`; `advance` moves either."""

    def __init__(self, now=None):
        self._now = now
        self._ahead = timedelta()

    def now(self):
        return (self._now or datetime.now(UTC)) + self._ahead

    def seconds(self):
        """The same as seconds since 1970."""
        return self.now().timestamp()

    def advance(self, seconds):
        self._ahead += timedelta(seconds=seconds)
