"""The service in this process, on a real socket with TLS, and a worker: led by threads of the test."""

import ssl
import threading
from contextlib import contextmanager, suppress

from werkzeug.serving import ThreadedWSGIServer

from sync2sys.worker import Worker

IDLE_SECONDS = 10


class Server(ThreadedWSGIServer):
    """Each connection is greeted in its own thread: browsers open some that they never use."""

    def __init__(self, app, context):
        super().__init__("127.0.0.1", 0, app)
        self.context = context

    def process_request_thread(self, request, client_address):
        request.settimeout(IDLE_SECONDS)
        with suppress(OSError):
            request = self.context.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)


@contextmanager
def serving(app, authority, name):
    """The application at an https address by that name; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, "127.0.0.1").configure_cert(context)
    server = Server(app, context)
    with running(server.serve_forever, server.shutdown):
        yield server.port
    server.server_close()


@contextmanager
def working(app):
    """A worker for the application."""
    worker = Worker(app)
    with running(worker.run, worker.stop.set):
        yield


@contextmanager
def running(work, stop):
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
