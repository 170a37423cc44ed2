"""A supplier's web server on a real socket: a list that can change, with all that goes wrong with one."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Wholesaler:
    """Serves one file at `url`. `requests` are the headers of each call."""

    def __init__(self, content=b"", **facts):
        self.begin(content, **facts)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def begin(self, content=b"", *, etag=None, modified=None, user=None, content_type="text/csv"):
        """Be as a new one is."""
        self.content, self.etag, self.modified = content, etag, modified
        self.user, self.content_type = user, content_type
        #: an answer in the place of the list: (status, headers, body)
        self.instead = None
        #: bytes after which the connection breaks
        self.breaks_after = None
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/lists/prices.csv"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, headers):
        """Status, headers and body for a request with these headers."""
        if self.instead is not None:
            return self.instead
        expected = self.user and "Basic " + base64.b64encode(":".join(self.user).encode()).decode()
        if expected and headers.get("Authorization") != expected:
            return 401, {"WWW-Authenticate": "Basic"}, b"no"
        known = {}
        if self.etag:
            known["ETag"] = self.etag
        if self.modified:
            known["Last-Modified"] = self.modified
        asked = headers.get("If-None-Match"), headers.get("If-Modified-Since")
        if (self.etag and asked[0] == self.etag) or (self.modified and asked[1] == self.modified):
            return 304, known, b""
        return 200, known | {"Content-Type": self.content_type}, self.content

    def _handler(self):
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                shop.requests.append(dict(self.headers))
                status, headers, body = shop.answer(self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if shop.breaks_after is not None and status == 200:
                    self.wfile.write(body[: shop.breaks_after])
                    self.wfile.flush()
                    self.connection.close()
                    self.close_connection = True
                elif status != 304:
                    self.wfile.write(body)

            def log_message(self, *words):
                pass

        return Handler
