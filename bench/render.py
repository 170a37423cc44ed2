"""How fast feeds are rendered, as ratios of what hand-written code could do at best.

The limit is one f-string that writes the same Google items from the same raw rows: no rule is
checked, no text is cleaned, no address is looked at; only `&`, `<` and `>` are escaped. It makes the
same bytes as the real renderer on this clean catalogue, which is asserted before anything is
measured, and both are cut into the same chunks and packed alike.
"""

import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import orjson

from bench import turns
from sync2sys.formats import FORMATS, chunks, parts
from sync2sys.formats.base import Context, Item
from sync2sys.formats.markets import Market
from sync2sys.formats.renderer import Renderer

Make = Callable[[list[tuple]], bytes]
Groups = Iterable[list[tuple]]
Result = tuple[str, str, str, bool]

#: Of all formats these.
SHOWN = ("google", "meta", "openai", "csv", "json")
#: What the owner of a feed says of the shop.
SETTINGS = {
    "sellerName": "Demo shop",
    "sellerUrl": "https://shop.example/",
    "returnPolicy": "https://shop.example/returns",
}
ITEMS, MILLION = 20_000, 1_000_000

#: The columns that the formats here read are the first ones.
COLUMNS = len(Item._fields) - len(Item._field_defaults)
#: The column that a sale begins in; the next one is when it ends.
BEGIN = Item._fields.index("sale_from")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTEXT = Context(
    "Demo shop", "https://shop.example/", "Products", NOW, SETTINGS, market=Market("DE"), is_plain=True
)
SALE = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
WORDS = str.split(
    "waterproof trail running shoe with cushioned sole light upper reflective details made from recycled "
    "materials & tested over five hundred kilometres in alpine terrain für Damen und Herren comfortable "
    "breathable machine washable at 30 degrees delivered in a box without plastic"
)
BRANDS = ("Acme", "Nordwand", "Brise & Söhne", "Kettle", "Lumen")
COLORS = ("Blue", "Red", "Forest Green", "Black", "Sand")


def gtin(number: int) -> str:
    digits = f"400{number:09d}"
    return digits + str(-sum((3 if place % 2 else 1) * int(digit) for place, digit in enumerate(digits)) % 10)


def catalogue(count: int, variants: int = 4) -> Iterator[tuple]:
    """Raw rows in the order of `Item`, sorted by key, the same every time.

    Products of so many variants with 500 to 1,000 characters of description and four images. Every row
    is made of new objects, as one from a database is.
    """
    chance = random.Random(variants)
    for product in range(count // variants):
        base = f"https://shop.example/product/{product}"
        description = " ".join(chance.choices(WORDS, k=chance.randint(70, 140)))
        brand = chance.choice(BRANDS)
        title = " ".join(chance.choices(WORDS, k=6)).title()
        for n in range(variants):
            number = product * variants + n
            price = f"{chance.randint(1000, 40000) / 100:.2f}"
            on_sale = number % 8 == 0
            color, size = chance.choice(COLORS), str(38 + n)
            images = [f"https://shop.example/wp-content/uploads/2026/{product}-{n}.jpg" for n in range(4)]
            yield (
                f"{number:09d}", f"p{product}", int(variants > 1), _new(title), f"{color} / {size}",
                _new(description), f"{base}/?attribute_pa_color={color[:2]}&attribute_pa_size={size}",
                f"https://shop.example/wp-content/uploads/2026/{product}-{n % 4}.jpg",
                orjson.dumps(images).decode(), _new(brand),
                orjson.dumps(["Shoes", f"Shoes > Running > Series {product % 50}"]).decode(),
                gtin(number), "", f"SKU-{number}", orjson.dumps({"Color": color, "Size": size}).decode(),
                price, f"{float(price) * 0.8:.2f}" if on_sale else None, *(SALE if on_sale else (None, None)),
                "EUR", "in_stock" if number % 5 else "out_of_stock", number % 7, "0.8", "kg", 1, 1, 1,
                "variable", "[]",
            )  # fmt: skip


def _new(text: str) -> str:
    """An equal text that nothing has been worked out about."""
    return text[:1] + text[1:]


def escaped(text: str) -> str:
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def by_hand(rows: Iterable[tuple], *, simple: bool = False) -> bytes:
    """The limit: Google items of one chunk."""
    items = []
    for (
        key, group, _, title, _, description, link, image, images, brand, categories, code, _, sku, options,
        price, sale, begin, end, currency, availability, _, weight, unit, _, _, _, _, _,
    ) in rows:  # fmt: skip
        told = orjson.loads(options)
        more = "".join(
            [
                f"<g:additional_image_link>{escaped(each)}</g:additional_image_link>\n"
                for each in orjson.loads(images)
                if each != image
            ]
        )
        reduced = (
            f"<g:sale_price>{sale} {currency}</g:sale_price>\n"
            f"<g:sale_price_effective_date>{begin:%Y-%m-%dT%H:%M}+0000/{end:%Y-%m-%dT%H:%M}+0000"
            "</g:sale_price_effective_date>\n"
            if sale
            else ""
        )
        if simple:
            told_title, in_group = escaped(title), ""
        else:
            told_title = f"{escaped(title)}, {escaped(told['Color'])}, {escaped(told['Size'])}"
            in_group = (
                f"<g:item_group_id>{escaped(group)}</g:item_group_id>\n"
                f"<g:item_group_title>{escaped(title)}</g:item_group_title>\n"
            )
        items.append(
            f"<item>\n<g:id>{escaped(key)}</g:id>\n"
            f"<title>{told_title}</title>\n"
            f"<description>{escaped(description)}</description>\n<link>{escaped(link)}</link>\n"
            f"<g:image_link>{escaped(image)}</g:image_link>\n{more}"
            f"<g:availability>{availability}</g:availability>\n<g:price>{price} {currency}</g:price>\n"
            f"{reduced}<g:brand>{escaped(brand)}</g:brand>\n<g:gtin>{code}</g:gtin>\n"
            f"<g:mpn>{escaped(sku)}</g:mpn>\n<g:condition>new</g:condition>\n"
            f"{in_group}<g:color>{escaped(told['Color'])}</g:color>\n<g:size>{escaped(told['Size'])}</g:size>\n"
            f"<g:product_type>{escaped(orjson.loads(categories)[-1])}</g:product_type>\n"
            f"<g:shipping_weight>{weight} {unit}</g:shipping_weight>\n</item>\n"
        )
    return "".join(items).encode()


def rendered(renderer: Renderer, rows: Iterable[tuple]) -> bytes:
    """What the real thing makes of one chunk of raw rows."""
    return renderer.chunk(rows)[0]


def packing(makers: dict[str, Make]) -> dict[str, Callable[[list[tuple]], parts.Part]]:
    """The same, packed as they are stored."""

    def and_pack(make: Make) -> Callable[[list[tuple]], parts.Part]:
        return lambda group: parts.pack(make(group))

    return {name: and_pack(make) for name, make in makers.items()}


def run() -> Iterator[Result]:
    """Yield (what, measured, requirement, whether it is met)."""
    yield memory(MILLION)
    for variants in (4, 1):
        yield from speed(ITEMS, variants)


def speed(count: int, variants: int) -> Iterator[Result]:
    """Google with gzip from rows of SQLite; prints the other formats, and all with rows in memory."""
    makers: dict[str, Make] = {"limit": partial(by_hand, simple=variants == 1)}
    for name in SHOWN:
        makers[name] = partial(rendered, Renderer(FORMATS[name], CONTEXT))

    def in_memory() -> Groups:
        return list(grouped(catalogue(count, variants)))

    for group in list(in_memory())[:200]:
        assert makers["google"](group) == makers["limit"](group), "the limit does not write the same"
    report("rows in memory, no gzip", count, turns.seconds(makers, in_memory))
    report("rows in memory, with gzip", count, turns.seconds(packing(makers), in_memory))
    with stored(catalogue(count, variants)) as rows:
        taken = turns.seconds(packing(makers), lambda: grouped(rows()))
    report("rows from SQLite, with gzip", count, taken)
    ratio = taken["limit"] / taken["google"]
    what = f"rendering Google RSS with gzip, variants a product: {variants}"
    yield what, f"{ratio:.2f} of the f-string limit", "0.6", ratio >= 0.6


def report(title: str, count: int, taken: dict[str, float]) -> None:
    ratios = ", ".join(
        f"{name} {taken['limit'] / each:.2f}" for name, each in taken.items() if name != "limit"
    )
    print(f"    {title}: limit {count / taken['limit']:,.0f} items/s; {ratios}", flush=True)


def grouped(rows: Iterable[tuple]) -> Groups:
    """Chunks of the usual size."""
    rows = iter(rows)
    return iter(lambda: list(islice(rows, chunks.LONGEST)), [])


@contextmanager
def stored(rows: Iterator[tuple]) -> Iterator[Callable[[], Iterator[tuple]]]:
    """A function that reads the rows anew from an SQLite file."""
    columns = Item._fields[:COLUMNS]
    names = ", ".join(columns)
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/rows")) as database:
        database.execute(f"CREATE TABLE item ({names}, PRIMARY KEY (key)) WITHOUT ROWID")
        places = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO item VALUES ({places})", map(_without_times, rows))
        yield lambda: map(_with_times, database.execute(f"SELECT {names} FROM item ORDER BY key"))


def _without_times(row: tuple) -> tuple:
    return (*row[:BEGIN], *(time and 1 for time in row[BEGIN : BEGIN + 2]), *row[BEGIN + 2 :])


def _with_times(row: tuple) -> tuple:
    return (*row[:BEGIN], *SALE, *row[BEGIN + 2 :]) if row[BEGIN] else row


def memory(count: int) -> Result:
    """Peak memory of a process of its own that renders and packs without keeping anything."""
    # To be asked first: Linux counts the peak of whoever starts a process as its own.
    command = [sys.executable, "-m", "bench.render", str(count)]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return f"peak memory of rendering {count} items", f"{peak} MB", "150 MB", peak < 150


def stream(count: int) -> int:
    """Render a feed, pack it and forget it; the peak memory in MB."""
    renderer = Renderer(FORMATS["google"], CONTEXT)
    parts.total(parts.pack(rendered(renderer, group)).extent for group in grouped(catalogue(count)))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    print(stream(int(sys.argv[1])))
