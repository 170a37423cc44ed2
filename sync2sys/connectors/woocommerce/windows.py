"""Windows of a list, asked for while the ones before are still being used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

from sync2sys.connectors.woocommerce.answers import HEAVY
from sync2sys.connectors.woocommerce.auth import Pairs
from sync2sys.connectors.woocommerce.client import Client, Listing
from sync2sys.connectors.woocommerce.pace import WIDTH, Pace
from sync2sys.connectors.woocommerce.walk import Walk, Window
from sync2sys.errors import StoreError

A = TypeVar("A")
B = TypeVar("B")

_Coming = deque[tuple[Window, Future[Listing]]]


class Windows:
    """A context: within it at most two questions are under way at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pace = Pace()
        client.line.on_trouble = self._pace.trouble
        self._pool = ThreadPoolExecutor(WIDTH, thread_name_prefix="woocommerce")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def of(self, walk: Walk, route: str, pairs: Pairs = ()) -> Iterator[Listing]:
        """Every window that joins on to the one before, to the end of the walk."""
        coming: _Coming = deque()
        while not walk.ended:
            self._ask_ahead(walk, route, pairs, coming)
            window, future = coming.popleft()
            listing = self._taken(walk, window, future.result)
            if listing is not None:
                yield listing
            else:
                _forget(coming)

    def one_by_one(self, walk: Walk, route: str, pairs: Pairs = ()) -> Iterator[Listing]:
        """The same within one thread, for many short lists side by side."""
        while (window := walk.window()) is not None:
            ask = self._question(walk, route, pairs, window)
            if (listing := self._taken(walk, window, ask)) is not None:
                yield listing

    def side_by_side(self, work: Callable[[A], B], things: Iterable[A]) -> Iterator[B]:
        """The work's results in order, as many at a time as the shop's pace allows."""
        waiting, running = deque(things), deque[Future[B]]()
        while waiting or running:
            while waiting and len(running) < self._pace.width:
                self._rest(bool(running))
                running.append(self._pool.submit(work, waiting.popleft()))
            yield running.popleft().result()

    def _ask_ahead(self, walk: Walk, route: str, pairs: Pairs, coming: _Coming) -> None:
        while len(coming) < self._pace.width:
            window = walk.window(coming[-1][0] if coming else None)
            if window is None:
                break
            self._rest(bool(coming))
            coming.append((window, self._pool.submit(self._question(walk, route, pairs, window))))

    def _rest(self, under_way: bool) -> None:
        if self._pace.pause and not under_way:
            self._client.line.patience.sleep(self._pace.pause)

    def _question(self, walk: Walk, route: str, pairs: Pairs, window: Window) -> Callable[[], Listing]:
        # What is too much for the shop is not asked for again as it was, unless it is little already.
        at_once = HEAVY if walk.can_shrink else ()

        def ask() -> Listing:
            listing = self._client.entries(route, [*window.pairs(), *pairs], at_once=at_once)
            self._pace.note(listing.seconds)
            return listing

        return ask

    def _taken(self, walk: Walk, window: Window, ask: Callable[[], Listing]) -> Listing | None:
        """The window if the walk accepts it; None if it has to be asked for in another way."""
        try:
            listing = ask()
        except HEAVY as error:
            self._endure(walk, error)
            return None
        return listing if walk.accept(window, listing.ids, listing.total) else None

    def _endure(self, walk: Walk, error: StoreError) -> None:
        """Go on with smaller windows after one was too much. Raises the error if they are small already."""
        patience = self._client.line.patience
        wait = max(patience.wait_before(1), error.retry_after or 0.0)
        if wait > patience.seconds or not walk.shrink():
            raise error
        patience.sleep(wait)


def _forget(coming: _Coming) -> None:
    for _, future in coming:
        future.cancel()
    coming.clear()
