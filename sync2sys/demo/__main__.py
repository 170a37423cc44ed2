"""python -m sync2sys.demo: a shop, mirrored and published, in one command.

Everything is real: the shop answers over a socket, the service runs as it would for anybody, and it is
connected and asked through the calls that a plugin makes.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

from sync2sys.config import PREFIX
from sync2sys.demo.shop import Shop, demo_shop
from sync2sys.outbound import Allowed, Outbound
from sync2sys.processes import Supervisor, is_free, web_command, worker_command

#: A folder with this in it was made by the demo, and only such a one is ever emptied.
MARK = "made-by-the-demo"
EMAIL = "admin@fern-and-hollow.example"
FEEDS = (
    ("Google Shopping", "google", "google-shopping-feed"),
    ("All products as CSV", "csv", "all-products-csv"),
    ("All products as JSON", "json", "all-products-json"),
)
START_SECONDS = 60
SYNC_SECONDS = 180


class Failed(Exception):
    """The demo cannot go on; the message is for whoever started it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sync2sys.demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--once", action="store_true", help="stop when everything is published")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(options.host, options.port, options.once)
    except Failed as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        _say("\nThe demo is over.")
    return 0


def _run(host: str, port: int, once: bool) -> None:
    if not is_free(host, port):
        raise Failed(f"Port {port} is taken. Choose another: make demo PORT={port + 1000}")
    folder = _fresh_folder()
    shop = demo_shop()
    shop_url = shop.start("127.0.0.1", port + 1 if is_free("127.0.0.1", port + 1) else 0)
    _say(f"A demo shop is open at {shop_url}/ with {shop.count('product')} products.")
    base = f"http://{host}:{port}"
    with (folder / "demo.log").open("wb") as log:
        supervisor = _start(folder, base, host, port, log)
        try:
            _await_start(base, supervisor, folder)
            _say(f"Sync2Sys is running at {base}/ (log: {folder / 'demo.log'}).")
            token = _connect(base, shop, shop_url)
            _await_sync(base, token)
            feeds = _publish(base, token)
            _invite(base, feeds, shop_url)
            if not once:
                supervisor.watch()
                _say("\nThe demo is over.")
        finally:
            supervisor.stop()
            shop.stop()


def _fresh_folder() -> Path:
    folder = (Path(os.environ.get(f"{PREFIX}INSTANCE") or "instance") / "demo").resolve()
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise Failed(f"{folder} holds something that no demo made. Choose another: make demo INSTANCE=…")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder


def _start(folder: Path, base: str, host: str, port: int, log: IO[bytes]) -> Supervisor:
    # Nothing of the operator's own settings: the demo must work, and must not reach real data.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ |= {
        f"{PREFIX}INSTANCE": str(folder),
        f"{PREFIX}PUBLIC_URL": base,
        f"{PREFIX}OUTBOUND_ALLOW": "127.0.0.1/32",
        f"{PREFIX}SYNC_MINUTES": "1",
    }
    supervisor = Supervisor({"web": web_command(host, port), "worker": worker_command()}, environ, log)
    supervisor.start()
    return supervisor


class Caller:
    """The calls of a plugin, over HTTP, with what it was given."""

    def __init__(self, base: str, token: str | None = None) -> None:
        self._base = base
        self._token = token
        self._outbound = Outbound(Allowed.parse("127.0.0.0/8"), breaker=False)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        reply = self._outbound.request(method, self._base + path, headers=headers, body=body, deadline=30)
        answer: dict[str, Any] = json.loads(reply.body)
        if reply.status >= 400:
            raise Failed(f"{method} {path} answered {reply.status}: {answer.get('message')}")
        return answer


def _await_start(base: str, supervisor: Supervisor, folder: Path) -> None:
    for _ in _until(START_SECONDS):
        dead = supervisor.has_died()
        if dead:
            raise Failed(f"The {dead} process ended at once. The end of its log:\n{_tail(folder)}")
        try:
            Caller(base).get("/healthz")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not up yet
            last = error
            continue
        return
    raise Failed(f"The service did not answer within {START_SECONDS} s: {last}\n{_tail(folder)}")


def _connect(base: str, shop: Shop, shop_url: str) -> str:
    registered = Caller(base).post(
        "/api/auth/register-from-plugin", {"email": EMAIL, "storeUrl": shop_url, "source": "demo"}
    )
    connected = Caller(base, registered["token"]).post(
        "/api/stores/connect",
        {
            "storeUrl": shop_url,
            "consumerKey": shop.key,
            "consumerSecret": shop.secret,
            "email": EMAIL,
            "platform": "woocommerce",
            "pluginVersion": "demo",
        },
    )
    _say(f"The shop is registered and connected as channel {connected['channelId']}.")
    return str(connected["token"])


def _await_sync(base: str, token: str) -> None:
    caller = Caller(base, token)
    for _ in _until(SYNC_SECONDS):
        channel = caller.get("/api/channels")["items"][0]
        if channel["problem"]:
            raise Failed(f"The sync failed: {channel['problem']}")
        if channel["lastSync"]:
            _bar(1, 1)
            _say(f"\nMirrored {channel['productCount']} products.")
            return
        pull = channel["sync"] or {}
        _bar(pull.get("pagesDone", 0), pull.get("pagesTotal") or 0)
    raise Failed(f"The sync did not end within {SYNC_SECONDS} s.")


def _publish(base: str, token: str) -> list[dict[str, Any]]:
    caller = Caller(base, token)
    feeds = [
        caller.post("/api/feeds", {"name": name, "format": form, "slug": slug, "published": True})
        for name, form, slug in FEEDS
    ]
    for feed in feeds:
        for _ in _until(START_SECONDS):
            found = caller.get(f"/api/feeds/{feed['id']}")
            if found.get("render"):
                feed |= found
                break
        else:
            raise Failed(f"The feed {feed['slug']} was not rendered: {found}")
    return feeds


def _invite(base: str, feeds: list[dict[str, Any]], shop_url: str) -> None:
    _say("\nPublished:")
    for feed in feeds:
        render = feed["render"]
        excluded = sum(render["excluded"].values())
        _say(f"  {feed['url']}   {render['items']} items, {excluded} left out with a reason")
    google = feeds[0]["url"]
    _say(
        "\nTry next, in another terminal:\n"
        f"  curl -si {google} | head -20\n"
        f"  curl -si --compressed -o feed.xml -w '%{{http_code}} %{{size_download}} bytes\\n' {google}\n"
        f"  curl -si -H 'If-None-Match: *' {google} | head -1\n"
        f"  curl -s {feeds[1]['url']} | head -3\n"
        f"The shop: {shop_url}/   the API: {base}/api/docs   Ctrl-C ends the demo."
    )


def _until(seconds: float) -> Any:
    """Tick five times a second until the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.2)


def _bar(done: int, of: int) -> None:
    width = 30
    filled = width * done // of if of else 0
    sys.stdout.write(f"\rMirroring [{'#' * filled}{'.' * (width - filled)}] {done}/{of or '?'} pages ")
    sys.stdout.flush()


def _tail(folder: Path) -> str:
    return "\n".join((folder / "demo.log").read_text("utf-8", "replace").splitlines()[-15:])


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
