"""How many questions a shop is asked at a time, and how fast."""

import threading

#: A small host has fewer workers than we have patience: two connections halve the time, four only double
#: the shop's own.
WIDTH = 2
#: an answer that took so many times as long as the best one, and so many seconds, tells of a shop in need
SLOWER, SLOW_SECONDS = 3.0, 2.0
LONGEST_PAUSE = 5.0
CALM = 5


class Pace:
    """Two at a time while the shop is well; one, with pauses, while it is slow or says it is busy."""

    def __init__(self, width: int = WIDTH) -> None:
        self._most = width
        self._best = float("inf")
        self._calm = 0
        self._lock = threading.Lock()
        self.width = width
        #: seconds to leave the shop alone before the next question
        self.pause = 0.0

    def note(self, seconds: float) -> None:
        """An answer came after so many seconds."""
        with self._lock:
            self._best = min(self._best, seconds)
            if seconds > SLOW_SECONDS and seconds > SLOWER * self._best:
                self._slow_down(min(LONGEST_PAUSE, seconds / 2))
                return
            self._calm += 1
            if self._calm >= CALM:
                self.width, self.pause = self._most, 0.0

    def trouble(self, _error: object = None) -> None:
        """The shop was busy or broke down. The wait before the next try is the asker's own."""
        with self._lock:
            self._slow_down(self.pause)

    def _slow_down(self, pause: float) -> None:
        self.width, self.pause, self._calm = 1, pause, 0
