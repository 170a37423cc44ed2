import gc
import gzip
import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from sync2sys.readers import child
from sync2sys.readers.base import Limits, Refused, Row, Shape, Unreadable
from sync2sys.readers.child import Confines, guess_apart, read_apart
from sync2sys.readers.guesses import guess
from tests.readers.workbooks import workbook

MB = 1024 * 1024


@pytest.fixture
def upload(tmp_path):
    def uploaded(data):
        path = tmp_path / "größe list"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return uploaded


def children():
    """The processes that this one started and that are still there."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_a_child_reads_as_we_do(upload):
    path = upload("sku;title\n" + "".join(f"{n};Größe {n}\n" for n in range(1200)) + "x\n")
    found = guess_apart(path)
    assert found == guess(path)
    batches = list(read_apart(path, found.shape))
    assert [len(batch) for batch in batches] == [500, 500, 201]
    assert batches[0][0] == Row(2, {"sku": "0", "title": "Größe 0"})
    assert batches[-1][-1] == Refused(
        1202, "wrong_number_of_cells", "The row has 1 cells, and there are 2 columns.", {"sku": "x"}
    )


def test_long_rows_come_in_small_batches(upload):
    path = upload("a\n" + ("x" * 400_000 + "\n") * 7)
    assert [len(batch) for batch in read_apart(path, Shape())] == [3, 3, 1]


def test_what_a_child_cannot_read_is_told_as_by_us(upload):
    path = upload("<!DOCTYPE a><a/>")
    with pytest.raises(Unreadable) as ours:
        guess(path)
    with pytest.raises(Unreadable) as theirs:
        guess_apart(path)
    assert (theirs.value.code, theirs.value.message) == (ours.value.code, ours.value.message)


def test_rows_come_before_the_refusal(upload):
    path = upload(gzip.compress(b"a\n" + b"1\n" * 400_000)[:-8])
    found = read_apart(path, Shape(compression="gzip"))
    assert next(found)[0] == Row(2, {"a": "1"})
    with pytest.raises(Unreadable) as caught:
        list(found)
    assert caught.value.code == "FILE_TRUNCATED"


def test_closing_the_rows_ends_the_child(upload):
    path = upload("a\n" + "1\n" * 500_000)
    before = children()
    found = read_apart(path, Shape())
    next(found)
    assert len(children()) == len(before) + 1
    found.close()
    assert children() == before


def test_forgetting_the_rows_ends_the_child(upload):
    path = upload("a\n" + "1\n" * 500_000)
    before = children()
    next(read_apart(path, Shape()))
    gc.collect()
    assert children() == before


def test_a_child_that_needs_too_much_memory_says_so(upload):
    path = upload('{"a": [' + ('{"b": "' + "x" * 900_000 + '"},') * 9 + "{}]}")
    with pytest.raises(Unreadable) as caught:
        list(read_apart(path, Shape("json", item_path="a"), confines=Confines(memory=24 * MB)))
    assert caught.value.code in ("FILE_TOO_LARGE", "FILE_UNREADABLE")


def test_a_child_that_computes_too_long_is_ended(upload):
    path = upload("a,b\n" + "1,2\n" * 3_000_000)
    with pytest.raises(Unreadable) as caught:
        for _ in read_apart(path, Shape(), Limits(rows=10**9), Confines(seconds=1)):
            pass
    assert caught.value.code == "FILE_TOO_SLOW"


def test_a_child_that_says_nothing_is_not_waited_for(upload, monkeypatch):
    sleepy = upload("import sys, time\ntime.sleep(60)\n")
    monkeypatch.setattr(child, "_MAIN", sleepy)
    began = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        list(read_apart(sleepy, Shape(), confines=Confines(wait=0.3)))
    assert caught.value.code == "FILE_TOO_SLOW"
    assert time.monotonic() - began < 50


@pytest.mark.parametrize(
    "last", ["os.kill(os.getpid(), 9)", "1 / 0", "sys.stdout.buffer.write(b'\\0\\0\\0\\x09{')"]
)
def test_a_child_that_dies_is_told_and_logged(upload, monkeypatch, caplog, last):
    dying = upload(f"import os, sys\nsys.stdin.read()\n{last}\n")
    monkeypatch.setattr(child, "_MAIN", dying)
    with caplog.at_level(logging.ERROR), pytest.raises(Unreadable) as caught:
        guess_apart(dying)
    assert caught.value.code == "FILE_UNREADABLE"
    assert "A reader ended with" in caplog.text


def confined(code):
    """What Python says that does this after it was confined as a reader is."""
    start = f"import os, runpy, socket, subprocess; runpy.run_path({str(child._MAIN)!r}, run_name='other')\n"
    start += "from sync2sys.readers.confined import confine; confine(2**30, 10, 10**6)\n"
    command = [sys.executable, "-I", "-c", start + code]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize(
    "code",
    [
        "socket.create_connection(('127.0.0.1', 1))",
        "socket.getaddrinfo('localhost', 80)",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_a_reader_has_no_network_and_starts_nothing(code):
    assert "PermissionError: A reader does not use" in confined(code)


def test_a_reader_writes_no_large_files():
    code = "import tempfile; file = tempfile.TemporaryFile(buffering=0)\n"
    code += "file.write(bytes(10**6)); file.write(b'x')"
    assert "File too large" in confined(code)


def test_a_child_gets_nothing_of_our_environment_and_does_not_load_the_service(upload, monkeypatch):
    monkeypatch.setenv("SYNC2SYS_SECRET", "hush")
    spy = (
        "import os, sys, runpy\nsys.stdin = open('/dev/null')\n"
        f"sys.path.insert(0, {str(Path(child.__file__).parents[2])!r})\n"
        f"runpy.run_path({str(child._MAIN)!r}, run_name='seen')\n"
        "loaded = ['flask' in sys.modules, 'sqlalchemy' in sys.modules]\n"
        "print(sorted(os.environ), *loaded, file=sys.stderr)\n"
        "1 / 0\n"
    )
    monkeypatch.setattr(child, "_MAIN", upload(spy))
    records = []
    monkeypatch.setattr(child.log, "error", lambda *arguments: records.append(arguments[-1]))
    with pytest.raises(Unreadable):
        guess_apart(upload(spy))
    environment, loaded = records[0].splitlines()[0].split("] ")
    assert "SYNC2SYS" not in environment
    assert loaded == "False False"


# Attacks: refused below 50 MB more than a reader needs for nothing, and in five seconds of processor time.

SECONDS = 5
#: Whoever else is on the machine makes processor time longer, too; what grows with the square of a file takes
#: hours every time.
ATTEMPTS = 3
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
MANY = " ".join(f"a{n}=''" for n in range(90_000))
ITEMS = "<products><product><t>{}</t></product></products>"
XML = {"format": "xml", "item_path": "products/product"}
#: What each writes into a file, made when it is its turn, and the shape that it claims.
ATTACKS = {
    "outside file": (
        lambda: '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + ITEMS.format("&x;"),
        XML,
    ),
    "outside address": (lambda: '<!DOCTYPE p SYSTEM "http://127.0.0.1:1/a.dtd">' + ITEMS.format("1"), XML),
    "billion laughs": (lambda: f'<!DOCTYPE p [<!ENTITY l0 "ha">{LAUGHS}]>' + ITEMS.format("&l11;"), XML),
    "quadratic blow-up": (
        lambda: f'<!DOCTYPE p [<!ENTITY x "{"x" * 99_999}">]>' + ITEMS.format("&x;" * 99_999),
        XML,
    ),
    "huge entity": (lambda: f'<!DOCTYPE p [<!ENTITY x "{"x" * 20_000_000}">]>' + ITEMS.format("1"), XML),
    "deep elements": (lambda: "<products><product>" + "<a>" * 2_000_000, XML),
    "huge text": (lambda: ITEMS.format("x" * 20_000_000), XML),
    "huge attribute": (lambda: f'<products><product a="{"x" * 20_000_000}"/></products>', XML),
    "many attributes": (lambda: f"<products><product {MANY}/></products>", XML),
    "many elements": (lambda: f"<products><product>{'<a/>' * 1_000_000}</product></products>", XML),
    "huge comment": (lambda: f"<products><!--{'x' * 20_000_000}", XML),
    "huge JSON text": (lambda: f'[{{"a": "{"x" * 20_000_000}"}}]', {"format": "json"}),
    "deep JSON": (lambda: '{"a":' * 2_000_000, {"format": "json", "item_path": "b"}),
    "deep JSON item": (lambda: f'[{{"a": {"[" * 1_000_000}{"]" * 1_000_000}}}]', {"format": "json"}),
    "many keys": (lambda: "[{" + ",".join(f'"k{n}":1' for n in range(200_000)) + "}]", {"format": "json"}),
    "huge field": (lambda: "a,b\n1," + "x" * 20_000_000, {}),
    "huge quoted field": (lambda: 'a,b\n1,"' + "x\n" * 10_000_000, {}),
    "NUL": (lambda: b"a,b\n" + b"\0" * 20_000_000, {}),
    "many cells": (lambda: "a,b\n" + "," * 4_000_000, {}),
    "gzip bomb": (
        lambda: gzip.compress(b"a,b\n" + (b"1" * 499 + b",1\n") * 400_000),
        {"compression": "gzip"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What a reader says of a file, its peak memory in bytes and its processor seconds."""
    folder = tmp_path_factory.mktemp("measured")
    driver = folder / "driver.py"
    driver.write_text(
        "import re, resource, runpy, sys\n"
        "try: runpy.run_path(sys.argv[1], run_name='__main__')\n"
        "finally:\n"
        "    peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]\n"
        "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    print(int(peak) * 1024, used.ru_utime + used.ru_stime, file=sys.stderr)\n"
    )

    def measure(data, shape, do="read"):
        path = folder / "list"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        asked = {"do": do, "shape": Shape(**shape).as_dict(), "path": str(path), "limits": asdict(Limits())}
        asked |= {"memory": 512 * MB, "seconds": 60, "name": "", "content_type": ""}
        command = [sys.executable, "-I", str(driver), str(child._MAIN)]
        for _ in range(ATTEMPTS):
            done = subprocess.run(
                command, input=json.dumps(asked).encode(), capture_output=True, env={}, check=True
            )
            peak, seconds = done.stderr.split()
            if float(seconds) < SECONDS:
                break
        return done.stdout, int(peak), float(seconds)

    return measure


@pytest.fixture(scope="module")
def least(measured):
    """The memory that a reader needs for a list of one row."""
    said, peak, _ = measured("a\n1\n", {})
    assert b'[2,{"a":"1"}]' in said
    return peak


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_takes_neither_memory_nor_time(measured, least, name):
    write, shape = ATTACKS[name]
    data = write()
    said, peak, seconds = measured(data, shape)
    assert b"FILE_" in said
    assert b"[2,{" not in said or name == "gzip bomb"
    assert peak - least < 50 * MB
    assert seconds < SECONDS
    said, peak, seconds = measured(data, shape, "guess")
    assert b"FILE_" in said or b"cannot be read" in said or b'"guess"' in said
    assert peak - least < 50 * MB
    assert seconds < SECONDS


def test_a_workbook_that_is_a_bomb_takes_neither_memory_nor_time(measured, least):
    bomb = workbook([], sheet_xml="<worksheet><sheetData>" + "<row><c><v>1</v></c></row>" * 8_400_000)
    assert len(bomb) < 1.5 * MB
    said, peak, seconds = measured(bomb, {"format": "xlsx"})
    assert b"FILE_BOMB" in said
    assert peak - least < 50 * MB
    assert seconds < SECONDS


@pytest.mark.parametrize("format", ["csv", "xml", "json", "jsonl", "xlsx"])
def test_memory_does_not_grow_with_a_list(measured, least, format):
    count = 30_000
    rows = [{"sku": f"SKU-{n}", "title": f"{n} {'x' * 300}"} for n in range(count)]
    shape = {"format": format}
    if format == "csv":
        data = "sku,title\n" + "".join(f"{row['sku']},{row['title']}\n" for row in rows)
    elif format == "xml":
        inner = "".join(f"<i><sku>{row['sku']}</sku><title>{row['title']}</title></i>" for row in rows)
        data, shape["item_path"] = f"<l>{inner}</l>", "l/i"
    elif format == "json":
        data = json.dumps(rows)
    elif format == "jsonl":
        data = "\n".join(map(json.dumps, rows))
    else:
        data = workbook([["sku", "title"], *(row.values() for row in rows)])
    said, peak, _ = measured(data, shape)
    assert said.count(b"SKU-") == count
    assert peak - least < 12 * MB
