"""Where urllib3 opens and reuses sockets: each one is the current attempt's, checked and watched.

requests and urllib3 are told the path `/` and nothing of path and query, so that no message or debug log
of theirs can repeat a secret; the real one is put in where the request line is written.
"""

import errno
import logging
import socket
import ssl
from functools import cache
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from sync2sys.outbound.attempt import current

# It warns of malformed headers by printing them, and a shop may well repeat a key in its headers.
logging.getLogger("urllib3.connection").addFilter(lambda record: record.levelno > logging.WARNING)


class _Checked(HTTPConnection):
    peer: str | None = None

    def _new_conn(self) -> socket.socket:
        connection = current().connect()
        self.peer = current().address
        return connection

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None and not current().connected:
            current().reuse(self.sock, self.peer)
        super().putrequest(method, current().target.resource, *args, **kwargs)


class _CheckedTLS(_Checked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _CheckedTLS


class _TLSSocket(ssl.SSLSocket):
    def getpeername(self) -> Any:
        """The first thing asked of a new one. Python forgets to close it if it was reset before that."""
        try:
            return super().getpeername()
        except OSError:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, "reset before the handshake") from None


@cache
def tls_context(verify: str | bool) -> ssl.SSLContext:
    """The authorities to trust: a file or folder, or those that come with requests; False trusts all.

    Read once: it takes longer than everything else at the start of the application.
    """
    context = create_urllib3_context()
    context.sslsocket_class = _TLSSocket
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    place = Path(DEFAULT_CA_BUNDLE_PATH if verify is True else verify)
    context.load_verify_locations(**{"capath" if place.is_dir() else "cafile": str(place)})
    return context


class Adapter(HTTPAdapter):
    """The requests adapter of these connections. It is used without a Session.

    A Session would read `.netrc` and proxy settings, keep cookies, and read the whole body of a redirect,
    inflated and without a limit, even when told not to follow it.
    """

    def __init__(self, verify: str | bool, connections: int) -> None:
        self._context = tls_context(verify)
        super().__init__(pool_connections=32, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True)
        return host, {}

    def cert_verify(self, *args: Any) -> None:
        """The context knows already; requests would read the authorities anew for every connection."""

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        response = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        return response
