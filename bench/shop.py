"""A shop in a process of its own that takes as long for a page as a real one was measured to take."""

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

PRODUCTS = 2_000
#: Every eighth product has variations: as many of them as products, in all.
VARIABLE_EVERY, VARIATIONS = 8, 8
#: Seconds that a page of 100 took one connection, on a real shop of that size.
PAGES = {"/products": 0.410, "/variations": 0.250}
SMALL = 0.045
WORDS = str.split(
    "waterproof trail running shoe with cushioned sole light upper reflective details recycled materials "
    "tested over five hundred kilometres in alpine terrain comfortable breathable machine washable"
)


class PacedShop:
    """The shop as its client sees it, and how long it was at work."""

    def __init__(self, control: Connection) -> None:
        self._control = control
        self.url, self.key, self.secret = control.recv()

    def forget(self) -> None:
        self._control.send("forget")
        self._control.recv()

    def busy_seconds(self) -> float:
        """How long at least one request was being answered."""
        self._control.send("busy")
        seconds: float = self._control.recv()
        return seconds

    def close(self) -> None:
        self._control.send("close")


@contextmanager
def running() -> Iterator[PacedShop]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    shop = PacedShop(ours)
    try:
        yield shop
    finally:
        shop.close()
        process.join(10)


def _serve(control: Connection) -> None:
    from sync2sys.demo.shop import Shop

    spans: list[tuple[float, float]] = []

    class Paced(Shop):
        def answer(self, request):
            began = time.monotonic()
            answer = super().answer(request)
            time.sleep(max(0.0, began + _seconds(request.target) - time.monotonic()))
            spans.append((began, time.monotonic()))
            return answer

    shop = Paced()
    _fill(shop)
    control.send((shop.start(), shop.key, shop.secret))
    while (word := control.recv()) != "close":
        if word == "forget":
            spans.clear()
        control.send(_covered(spans))
    shop.stop()


def _seconds(target: str) -> float:
    """What a real shop would take: half as long where only ids are wanted."""
    if "per_page=1&" in target or "per_page=" not in target:
        return SMALL
    whole = next((seconds for route, seconds in PAGES.items() if f"{route}?" in target), SMALL)
    return whole / 2 if "_fields=" in target else whole


def _covered(spans: list[tuple[float, float]]) -> float:
    """The length of the union."""
    total, end = 0.0, 0.0
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, end))
        end = max(end, ended)
    return total


def _fill(shop) -> None:
    chance = random.Random(1)
    for number in range(PRODUCTS):
        name = f"{' '.join(chance.sample(WORDS, 4)).title()} {number}"
        fields = {
            "name": name,
            "description": "".join(f"<p>{' '.join(chance.choices(WORDS, k=40))}.</p>\n" for _ in range(8)),
            "short_description": f"<p>{' '.join(chance.choices(WORDS, k=12))}</p>",
            "categories": ["Shoes"],
            "images": [f"/wp-content/uploads/{number}-{view}.jpg" for view in range(3)],
            "sku": f"SKU-{number}",
        }
        if number % VARIABLE_EVERY:
            shop.add(fields | {"type": "simple", "regular_price": "49.90"})
        else:
            sizes = [{"regular_price": "59.90", "sku": f"SKU-{number}-{size}"} for size in range(VARIATIONS)]
            shop.add(fields | {"type": "variable", "variations": sizes})
