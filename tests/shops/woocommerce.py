"""A WooCommerce shop on a real socket, with everything that goes wrong on the way to one as a switch.

    with WooShop([{"name": "Mug", "regular_price": "9.90"}], version="8.2.2", tls=context) as shop:
        shop.fault("maintenance", times=2)
        pull(shop.url, shop.key, shop.secret)
        assert [request.path for request in shop.requests] == [...]

What a site *is* (behind a proxy, moved to another host, without WooCommerce) are attributes, and last
until changed. What *happens* to single answers are faults, see `FAULTS`; each takes `path` (a part of the
target it is for), `method`, `after` (let so many pass first) and `times` (then it is over). Faults that
were added later see the answers of the earlier ones. A mistake of the shop itself is raised when the
`with` block ends.
"""

import dataclasses
import functools
import gzip
import json
import socket
import struct
import threading
import uuid
import zlib
from email.message import Message

from sync2sys.demo.rest import route_of
from sync2sys.demo.shop import Shop
from sync2sys.demo.web import Answer, Server
from tests.shops.catalogues import few


class WooShop(Shop):
    """`url`, `key`, `secret`; `requests` in the order they came. Options as for `Shop`, and:

    `tls` is the server's SSLContext; `also_http` opens a plain door beside it, at `http_url`; `named` is
    the host in `url` where it is not the address listened on.
    """

    def __init__(
        self, catalogue=None, *, tls=None, also_http=False, host="127.0.0.1", port=0, named=None, **options
    ):
        super().__init__(few() if catalogue is None else catalogue, **options)
        self.requests = []
        self.url = self.http_url = None
        #: TLS ends at a proxy, and WordPress takes every request for plain http
        self.behind_proxy = False
        #: the web server drops the Authorization header
        self.loses_authorization = False
        #: a page cache, or a fool, answers every GET as if the key were right
        self.accepts_any_key = False
        #: a plugin lets only people in who are logged in
        self.login_required = False
        #: every request is sent on to this address, by this status
        self.redirect_to = None
        self.redirect_status = 301
        #: the one right scheme and host; requests for others are sent on to it
        self.canonical = None
        #: parameters that some plugin overrules, such as `offset`, `page`, `orderby`
        self.deaf_to = set()
        self._door = (host, port, tls, also_http, named)
        self._plain = None
        self._faults = []
        self._counting = threading.Lock()

    # Opening and closing

    def __enter__(self):
        host, port, tls, also_http, named = self._door
        self.url = self._renamed(self.start(host, port, tls), host, named)
        if also_http:
            self._plain = Server(self.answer, host)
            self._plain.start()
            self.http_url = self._renamed(f"http://{host}:{self._plain.port}{self.path}", host, named)
        return self

    @staticmethod
    def _renamed(url, host, named):
        return url.replace(f"//{host}:", f"//{named}:") if named else url

    def __exit__(self, kind, error, trace):
        servers = [server for server in (self._server, self._plain) if server]
        self.stop()
        if self._plain:
            self._plain.stop()
        crashes = [crash for server in servers for crash in server.crashes]
        if crashes and kind is None:
            raise crashes[0]

    @property
    def port(self):
        return self._server.port

    @property
    def active(self):
        """Whether the WooCommerce plugin is switched on."""
        return self.has("woocommerce")

    @active.setter
    def active(self, wanted):
        features = {"woocommerce", "all_variations", "analytics"}
        self.features = self.features | features if wanted else self.features - features

    def become_another(self):
        """The address changes hands: another shop stands there now, with other keys and identity."""
        self.key_ring.clear()
        key = self.add_key()
        self.key, self.secret = key.key, key.secret
        self.store_id = str(uuid.uuid4())
        self.name = f"{self.name} under new ownership"

    # Faults

    def fault(self, kind, *, path="", method=None, after=0, times=None, **options):
        """Let the matching requests go wrong in the way called `kind`. Returns the fault, to `stop` it."""
        fault = Fault(FAULTS[kind], path, method, after, times, options)
        self._faults.append(fault)
        return fault

    def before_page(self, number, act, route="products"):
        """Call `act` once, before the `number`th page of the list is answered: `shop.before_page(2, …)`.

        Looks at a single item, as made to learn the total, are not counted.
        """
        seen = iter(range(1, number + 1))

        def is_due(request):
            path = request.target.partition("?")[0].rstrip("/")
            is_page = path.endswith(f"/{route}") and request.query.get("per_page") != "1"
            return is_page and next(seen, None) == number

        self._faults.append(Fault(then, "", "GET", 0, None, {"act": act}, is_due))

    def asked(self, part):
        """The requests whose target contains `part`."""
        return [request for request in self.requests if part in request.target]

    # Answering

    def answer(self, request):
        self.requests.append(dataclasses.replace(request))
        proceed = self._site
        with self._counting:
            due = [fault for fault in self._faults if fault.is_due(request)]
        for fault in due:
            proceed = functools.partial(fault.kind, self, proceed, **fault.options)
        return proceed(request)

    def _site(self, request):
        here = f"{'https' if request.tls else 'http'}://{request.host}"
        target = self.redirect_to or (self.canonical if self.canonical not in (None, here) else None)
        if target:
            return Answer.html(page("Moved"), self.redirect_status, Location=target + request.target)
        answer = super().answer(request)
        return self._behind_login(request, answer) if self.login_required else answer

    def _behind_login(self, request, answer):
        """Only who has proved to hold a key, or has failed to, gets to see the answer."""
        if route_of(self, request) is None:
            return Answer.html("", 302, Location=f"{self.address(request)}/wp-login.php")
        if "Cache-Control" in answer.headers or b"rest_authentication" in answer.body:
            return answer
        body = {"message": "You are not currently logged in.", "data": {"status": 401}}
        return Answer.json({"code": "rest_not_logged_in", **body}, 401)

    def sees_tls(self, request):
        return request.tls and not self.behind_proxy

    def authenticate(self, request):
        if self.loses_authorization:
            kept = Message()
            for name, value in request.headers.items():
                if name.lower() != "authorization":
                    kept[name] = value
            bare = dataclasses.replace(request, headers=kept)
        else:
            bare = request
        if self.accepts_any_key and request.method in ("GET", "HEAD"):
            key = self.key_ring[self.key]
        else:
            key = super().authenticate(bare)
        for name in self.deaf_to:
            request.query.pop(name, None)
        return key

    def pause(self, seconds):
        """Wait, but not beyond the shop's end."""
        self._server.stopping.wait(seconds)


class Fault:
    def __init__(self, kind, path, method, after, times, options, is_match=None):
        self.kind, self.options = kind, options
        self._path, self._method, self._after, self._left = path, method, after, times
        self._is_match = is_match or (lambda request: True)
        #: how many requests it has met
        self.hits = 0

    def is_due(self, request):
        if self._left == 0 or self._path not in request.target or self._method not in (None, request.method):
            return False
        if not self._is_match(request):
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


def warnings(shop, proceed, request, text=None):
    """A plugin prints before the JSON; the status stays 200 and the type JSON."""
    noise = text or (
        '<br />\n<b>Warning</b>:  Undefined array key "x" in '
        "<b>/var/www/html/wp-content/plugins/gallery/init.php</b> on line <b>12</b><br />\n"
    )
    answer = proceed(request)
    return dataclasses.replace(answer, body=noise.encode() + answer.body)


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


def no_total(shop, proceed, request):
    return with_headers(proceed(request), {"X-WP-Total": None, "X-WP-TotalPages": None})


def wrong_total(shop, proceed, request, total="0"):
    return with_headers(proceed(request), {"X-WP-Total": str(total)})


def with_headers(answer, changes):
    headers = {**answer.headers, **changes}
    kept = {name: value for name, value in headers.items() if value is not None}
    return dataclasses.replace(answer, headers=kept)


def empty(shop, proceed, request):
    """All lists are suddenly empty, and say so."""
    answer = proceed(request)
    if "X-WP-Total" not in answer.headers:
        return answer
    return with_headers(
        dataclasses.replace(answer, body=b"[]"), {"X-WP-Total": "0", "X-WP-TotalPages": "0", "Link": None}
    )


def distorted(shop, proceed, request, change=lambda item: item):
    """Every object in the answer goes through `change`."""
    answer = proceed(request)
    data = json.loads(answer.body)
    changed = [change(item) for item in data] if isinstance(data, list) else change(data)
    return dataclasses.replace(answer, body=json.dumps(changed).encode())


def translated(shop, proceed, request):
    """Errors speak the shop's language; only their codes stay."""
    answer = proceed(request)
    if answer.status >= 400:
        data = json.loads(answer.body) | {"message": "Das tut uns leid, das geht leider nicht."}
        answer.body = json.dumps(data).encode()
    return answer


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


class HalfZipped(Answer):
    """The framing is whole, the gzip stream in it is not."""

    def payload(self, request):
        self.headers = {**self.headers, "Content-Encoding": "gzip"}
        whole = gzip.compress(self.body)
        return whole[: len(whole) // 2]


class Bomb(Answer):
    size = 64 << 20

    def payload(self, request):
        self.headers = {**self.headers, "Content-Encoding": "gzip"}
        packer, block = zlib.compressobj(9, wbits=31), b" " * (1 << 20)
        return b"".join(packer.compress(block) for _ in range(self.size >> 20)) + packer.flush()


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


CRITICAL = "<p>There has been a critical error on this website.</p>"

FAULTS = {
    # the host's: 429 needs `retry_after=` to have one, as many have none
    "too_many_requests": page_instead(429, "Too Many Requests"),
    "maintenance": page_instead(
        503,
        "Briefly unavailable for scheduled maintenance. Check back in a minute.",
        **{"Retry-After": "600"},
    ),
    "unavailable": page_instead(503, "503 Service Temporarily Unavailable"),
    "bad_gateway": page_instead(502, "502 Bad Gateway"),
    "gateway_timeout": page_instead(504, "504 Gateway Time-out"),
    "fatal_error": page_instead(500, "WordPress › Error", CRITICAL),
    "challenge": page_instead(403, "Just a moment...", **{"Cf-Mitigated": "challenge"}),
    "forbidden": page_instead(403, "403 Forbidden"),
    "not_found": page_instead(404, "404 Not Found"),
    "home_page": page_instead(200, "Welcome to our shop"),
    "status": status,
    "redirect": redirect,
    # right answers, spoilt
    "warnings": warnings,
    "bom": bom,
    "trailer": trailer,
    "wrong_type": wrong_type,
    "no_total": no_total,
    "wrong_total": wrong_total,
    "empty": empty,
    "distorted": distorted,
    "translated": translated,
    "garbage": garbage,
    "nested": nested,
    "then": then,
    # the line
    "slow": slow,
    "drip": sent_as(Dripping),
    "hang": sent_as(Hanging),
    "cut": sent_as(Cut),
    "reset": sent_as(Reset),
    "truncated_gzip": sent_as(HalfZipped),
    "bomb": sent_as(Bomb),
    "endless": sent_as(Endless),
}
