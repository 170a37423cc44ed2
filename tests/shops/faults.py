"""What goes wrong on the way to a shop, for the fakes of every platform.

A fault is a function `(shop, proceed, request, **options)` that gives an Answer: its own, or that of
`proceed(request)`, spoilt. `SITE_FAULTS` are those that can befall any web site.
"""

import dataclasses
import functools
import gzip
import json
import socket
import struct
import threading
import zlib

from sync2sys.demo.web import Answer


class Faulty:
    """A site whose answers can be made to go wrong. It keeps the `requests` in the order they came."""

    def __init__(self, kinds):
        self.requests = []
        self._kinds = kinds
        self._faults = []
        self._counting = threading.Lock()

    def fault(self, kind, *, path="", method=None, after=0, times=None, when=None, **options):
        """Let the matching requests go wrong in the way called `kind`. Returns the fault, to `stop` it.

        They match by a part of the target, by method and by `when(request)`; so many go well `after` all,
        and after so many `times` it is over. Faults that were added later see the answers of the earlier.
        """
        fault = Fault(self._kinds[kind], path, method, after, times, options, when)
        self._faults.append(fault)
        return fault

    def asked(self, part):
        """The requests whose target contains `part`."""
        return [request for request in self.requests if part in request.target]

    def spoilt(self, request, proceed):
        """The answer of `proceed`, after the faults that are due have had their way."""
        self.requests.append(dataclasses.replace(request))
        with self._counting:
            due = [fault for fault in self._faults if fault.is_due(request)]
        for fault in due:
            proceed = functools.partial(fault.kind, self, proceed, **fault.options)
        return proceed(request)


class Fault:
    def __init__(self, kind, path, method, after, times, options, when=None):
        self.kind, self.options = kind, options
        self._path, self._method, self._after, self._left = path, method, after, times
        self._matches = when or (lambda request: True)
        #: how many requests it has met
        self.hits = 0

    def is_due(self, request):
        if self._left == 0 or self._path not in request.target or self._method not in (None, request.method):
            return False
        if not self._matches(request):
            return False
        if self._after > 0:
            self._after -= 1
            return False
        if self._left is not None:
            self._left -= 1
        self.hits += 1
        return True

    def stop(self):
        self._left = 0


def page(title, text=""):
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>"
    )


# Answers of somebody else than WordPress


def page_instead(status, title, text="", **fixed):
    """A kind of fault that answers an HTML page; headers may be given with the fault."""

    def answer(shop, proceed, request, **headers):
        named = {name.replace("_", "-").title(): str(value) for name, value in headers.items()}
        return Answer.html(page(title, text), status, **fixed | named)

    return answer


def status(shop, proceed, request, code=500, body="", type="text/html; charset=UTF-8", **headers):
    """Any status with any body."""
    named = {name.replace("_", "-").title(): str(value) for name, value in headers.items()}
    return Answer(code, body.encode(), {"Content-Type": type, **named})


def redirect(shop, proceed, request, to="", code=301):
    """Send this one on to the same path elsewhere."""
    return Answer.html(page("Moved"), code, Location=to + request.target)


# Right answers, spoilt


def bom(shop, proceed, request):
    """A file of the site was saved with a byte order mark."""
    answer = proceed(request)
    return dataclasses.replace(answer, body=b"\xef\xbb\xbf" + answer.body)


def trailer(shop, proceed, request, text="\n<!-- Page generated in 0.4 s -->"):
    """A cache plugin adds its comment to the end of the JSON."""
    answer = proceed(request)
    return dataclasses.replace(answer, body=answer.body + text.encode())


def wrong_type(shop, proceed, request, type="text/html; charset=UTF-8"):
    return with_headers(proceed(request), {"Content-Type": type})


def with_headers(answer, changes):
    headers = {**answer.headers, **changes}
    kept = {name: value for name, value in headers.items() if value is not None}
    return dataclasses.replace(answer, headers=kept)


def distorted(shop, proceed, request, change=lambda item: item):
    """Every object in the answer goes through `change`."""
    answer = proceed(request)
    data = json.loads(answer.body)
    changed = [change(item) for item in data] if isinstance(data, list) else change(data)
    return dataclasses.replace(answer, body=json.dumps(changed).encode())


def garbage(shop, proceed, request, body=b'[{"id":1,"name":"Mu'):
    """200 and JSON by its type, but not by its text."""
    return dataclasses.replace(proceed(request), body=body)


def nested(shop, proceed, request, depth=50_000):
    return dataclasses.replace(proceed(request), body=b"[" * depth + b"]" * depth)


def then(shop, proceed, request, act=None):
    """Something happens in the shop just before it answers."""
    act()
    return proceed(request)


def slow(shop, proceed, request, seconds=0.2):
    shop.pause(seconds)
    return proceed(request)


# Lines that break


class Dripping(Answer):
    every = 0.05

    def send(self, request, line):
        for byte in b"".join(self.wire(request, line.request_version)):
            line.wfile.write(bytes([byte]))
            if line.stopping.wait(self.every):
                line.close_connection = True
                return


class Hanging(Answer):
    def send(self, request, line):
        line.stopping.wait()
        line.close_connection = True


class Cut(Answer):
    at = 0.5

    def send(self, request, line):
        head, body = self.wire(request, line.request_version)
        line.wfile.write(head + body[: int(len(body) * self.at)])
        line.close_connection = True


class Reset(Answer):
    def send(self, request, line):
        line.close_connection = True
        # Lingering for no time at all makes the close a reset.
        line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.connection.close()


def dropped(shop, proceed, request):
    """The line breaks before the shop has done anything."""
    return Reset(200)


def ignored(shop, proceed, request):
    """The shop never gets to it, and the line stays open."""
    return Hanging(200)


def afterwards(shop, proceed, request, code=500):
    """The shop does what it is asked for, and breaks down over the answer."""
    proceed(request)
    return Answer.html(page("Internal Server Error"), code)


class HalfZipped(Answer):
    """The framing is whole, the gzip stream in it is not."""

    def payload(self, request):
        self.headers = {**self.headers, "Content-Encoding": "gzip"}
        whole = gzip.compress(self.body)
        return whole[: len(whole) // 2]


@functools.cache
def _blanks(megabytes):
    packer, block = zlib.compressobj(9, wbits=31), b" " * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


class Bomb(Answer):
    size = 64 << 20

    def payload(self, request):
        self.headers = {**self.headers, "Content-Encoding": "gzip"}
        return _blanks(self.size >> 20)


class Endless(Answer):
    def send(self, request, line):
        head, _ = self.wire(request, line.request_version)
        line.wfile.write(head)
        block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        while not line.stopping.is_set():
            line.wfile.write(block)


def sent_as(kind):
    """A kind of fault that sends the right answer in a wrong way."""

    def answer(shop, proceed, request, **options):
        right = proceed(request)
        broken = kind(right.status, right.body, right.headers, right.chunked)
        for name, value in options.items():
            setattr(broken, name, value)
        return broken

    return answer


SITE_FAULTS = {
    # the host's: 429 needs `retry_after=` to have one, as many have none
    "too_many_requests": page_instead(429, "Too Many Requests"),
    "unavailable": page_instead(503, "503 Service Temporarily Unavailable"),
    "bad_gateway": page_instead(502, "502 Bad Gateway"),
    "gateway_timeout": page_instead(504, "504 Gateway Time-out"),
    "challenge": page_instead(403, "Just a moment...", **{"Cf-Mitigated": "challenge"}),
    "forbidden": page_instead(403, "403 Forbidden"),
    "not_found": page_instead(404, "404 Not Found"),
    "home_page": page_instead(200, "Welcome to our shop"),
    "status": status,
    "redirect": redirect,
    # right answers, spoilt
    "bom": bom,
    "trailer": trailer,
    "wrong_type": wrong_type,
    "distorted": distorted,
    "garbage": garbage,
    "nested": nested,
    "then": then,
    # the line
    "slow": slow,
    "drip": sent_as(Dripping),
    "hang": sent_as(Hanging),
    "ignored": ignored,
    "cut": sent_as(Cut),
    "reset": sent_as(Reset),
    "dropped": dropped,
    "afterwards": afterwards,
    "truncated_gzip": sent_as(HalfZipped),
    "bomb": sent_as(Bomb),
    "endless": sent_as(Endless),
}
