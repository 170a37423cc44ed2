"""A WooCommerce shop on a real socket, with everything that goes wrong on the way to one as a switch.

    with WooShop([{"name": "Mug", "regular_price": "9.90"}], version="8.2.2", tls=context) as shop:
        shop.fault("maintenance", times=2)
        pull(shop.url, shop.key, shop.secret)
        assert [request.path for request in shop.requests] == [...]

What a site *is* (behind a proxy, moved to another host, without WooCommerce) are attributes, and last
until changed. What *happens* to single answers are faults, see `FAULTS` and `Faulty.fault`. A mistake of
the shop itself is raised when the `with` block ends.
"""

import dataclasses
import json
import uuid
from email.message import Message

from sync2sys.demo.rest import route_of
from sync2sys.demo.shop import Shop
from sync2sys.demo.web import Answer, Server
from tests.shops.catalogues import few
from tests.shops.faults import SITE_FAULTS, Faulty, page, page_instead, with_headers


class WooShop(Faulty, Shop):
    """`url`, `key`, `secret`; `requests` in the order they came. Options as for `Shop`, and:

    `tls` is the server's SSLContext; `also_http` opens a plain door beside it, at `http_url`; `named` is
    the host in `url` where it is not the address listened on.
    """

    def __init__(
        self, catalogue=None, *, tls=None, also_http=False, host="127.0.0.1", port=0, named=None, **options
    ):
        Faulty.__init__(self, FAULTS)
        Shop.__init__(self, few() if catalogue is None else catalogue, **options)
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

    def before_page(self, number, act, route="products"):
        """Call `act` once, before the `number`th page of the list is answered: `shop.before_page(2, …)`.

        Looks at a single item, as made to learn the total, are not counted.
        """
        seen = iter(range(1, number + 1))

        def is_due(request):
            path = request.target.partition("?")[0].rstrip("/")
            is_page = path.endswith(f"/{route}") and request.query.get("per_page") != "1"
            return is_page and next(seen, None) == number

        self.fault("then", method="GET", when=is_due, act=act)

    # Answering

    def answer(self, request):
        return self.spoilt(request, self._site)

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


# Right answers, spoilt


def warnings(shop, proceed, request, text=None):
    """A plugin prints before the JSON; the status stays 200 and the type JSON."""
    noise = text or (
        '<br />\n<b>Warning</b>:  Undefined array key "x" in '
        "<b>/var/www/html/wp-content/plugins/gallery/init.php</b> on line <b>12</b><br />\n"
    )
    answer = proceed(request)
    return dataclasses.replace(answer, body=noise.encode() + answer.body)


def no_total(shop, proceed, request):
    return with_headers(proceed(request), {"X-WP-Total": None, "X-WP-TotalPages": None})


def wrong_total(shop, proceed, request, total="0"):
    return with_headers(proceed(request), {"X-WP-Total": str(total)})


def empty(shop, proceed, request):
    """All lists are suddenly empty, and say so."""
    answer = proceed(request)
    if "X-WP-Total" not in answer.headers:
        return answer
    return with_headers(
        dataclasses.replace(answer, body=b"[]"), {"X-WP-Total": "0", "X-WP-TotalPages": "0", "Link": None}
    )


def translated(shop, proceed, request):
    """Errors speak the shop's language; only their codes stay."""
    answer = proceed(request)
    if answer.status >= 400:
        data = json.loads(answer.body) | {"message": "Das tut uns leid, das geht leider nicht."}
        answer.body = json.dumps(data).encode()
    return answer


CRITICAL = "<p>There has been a critical error on this website.</p>"

FAULTS = SITE_FAULTS | {
    "maintenance": page_instead(
        503,
        "Briefly unavailable for scheduled maintenance. Check back in a minute.",
        **{"Retry-After": "600"},
    ),
    "fatal_error": page_instead(500, "WordPress › Error", CRITICAL),
    # right answers, spoilt
    "warnings": warnings,
    "no_total": no_total,
    "wrong_total": wrong_total,
    "empty": empty,
    "translated": translated,
}
