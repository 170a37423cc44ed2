"""A small internet in a network namespace: run by test_network.py as

    unshare --net --mount python -m tests.outbound.network <probes.json

Public and internal addresses lie on the loopback device, a name server of our own answers for `.test`, and
one listener for each port notes at which of our addresses a connection arrived. Probes are a JSON list of
`{"url", "allow", "times", "bare"}`; printed is a list of `[outcomes, arrivals]`, each with counts. `bare`
asks without the guard, to show that the way is open. Setup that fails prints `{"skip": reason}`.
"""

import contextlib
import itertools
import json
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import trustme

from sync2sys.errors import RemoteError
from sync2sys.outbound import Allowed, Outbound
from tests.faults.server import FaultServer, answer, tls_context

PUBLIC, PUBLIC6 = "93.184.216.34", "2606:2800:220:1::34"
INTERNAL = ["10.1.2.3", "10.1.3.3", "192.168.1.5", "169.254.169.254", "100.64.0.1", "168.63.129.16"]
INTERNAL += ["fd00::1", "fec0::1", "64:ff9b::a9fe:a9fe", "2002:a01:203::1"]
OURS = {"127.0.0.50", "fd00::50"}  # for connections of the bed itself
ZONE = {
    "public.test": [PUBLIC],
    "public6.test": [PUBLIC6],
    "both.test": [PUBLIC, PUBLIC6],
    "private.test": ["10.1.2.3"],
    "metadata.test": ["169.254.169.254"],
    "loop.test": ["127.0.0.1"],
    "loop6.test": ["::1"],
    "zero.test": ["0.0.0.0"],
    "mixed.test": [PUBLIC, "10.1.2.3"],
    "mixed6.test": [PUBLIC, "fd00::1"],
    "mapped.test": ["::ffff:169.254.169.254"],
    "local6.test": ["fd00::1"],
    "site6.test": ["fec0::1"],
    "nat64.test": ["64:ff9b::a9fe:a9fe"],
    "sixtofour.test": ["2002:a01:203::1"],
    "azure.test": ["168.63.129.16"],
    "carrier.test": ["100.64.0.1"],
    "lan.test": ["192.168.1.5"],
}
FLIPPING = itertools.cycle([PUBLIC, "127.0.0.1", PUBLIC, "10.1.2.3"])
VERSIONS = {1: 4, 28: 6}  # of A and AAAA records
TLS_PORTS, PLAIN_PORTS = (443, 8443), (22, 80, 8080, 3128)


def build():
    """Addresses and files of the namespace. Raises where the machine does not have what that takes."""
    _run("ip", "link", "set", "lo", "up")
    for address in [PUBLIC, *INTERNAL, "fd00::50", PUBLIC6]:
        six = ":" in address
        _run(
            "ip",
            "address",
            "add",
            f"{address}/{128 if six else 32}",
            "dev",
            "lo",
            *(["nodad"] if six else []),
        )
    folder = Path(tempfile.mkdtemp())
    for name, text in (("resolv.conf", "nameserver 127.0.0.53\n"), ("nsswitch.conf", "hosts: files dns\n")):
        (folder / name).write_text(text)
        _run("mount", "--bind", str(folder / name), f"/etc/{name}")


def _run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)


def serve_names():
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.53", 53))

    def work():
        while True:
            query, client = listener.recvfrom(512)
            listener.sendto(_name_answer(query), client)

    threading.Thread(target=work, daemon=True).start()


def _name_answer(query):
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode().lower())
        at += 1 + length
    question = query[12 : at + 5]
    kind = struct.unpack("!H", question[-4:-2])[0]
    known = _addresses(".".join(labels), kind)
    found = [address.packed for address in known if address.version == VERSIONS.get(kind)]
    head = query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0, 0)
    records = (struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(data)) + data for data in found)
    return head + question + b"".join(records)


def _addresses(name, kind):
    if name == "flip.test":
        return [ip_address(next(FLIPPING) if kind == 1 else PUBLIC)]
    return [ip_address(address) for address in ZONE.get(name, ())]


class Listeners:
    """On every address, at each port; by TLS with a certificate for all of `.test`, or plain."""

    def __init__(self, stack, context):
        self._all = []
        for port, host in itertools.product(TLS_PORTS + PLAIN_PORTS, ("0.0.0.0", "::")):
            server = FaultServer(host=host, port=port, tls=context if port in TLS_PORTS else None)
            inside = {"Location": "https://10.1.2.3/secret", "Connection": "close"}
            server.on("/", answer(b"ok", headers={"Connection": "close"}))
            server.on("/inside", answer(status=302, headers=inside))
            self._all.append(stack.enter_context(server))

    def arrivals(self):
        """Where connections came in since the last time, but our own.

        Connections are accepted in order: when our own is, so are all that came before.
        """
        came = Counter()
        for server in self._all:
            host = "fd00::50" if server.url.startswith(("http://[", "https://[")) else "127.0.0.50"
            with socket.create_connection((host, server.port)) as mine:
                server.wait_for(mine.getsockname()[1])
            came.update(address for address in server.arrivals if address not in OURS)
            server.arrivals.clear()
        return came


def ask(probe, ca_file):
    if probe.get("bare"):
        return _ask_bare(probe["url"])
    with Outbound(Allowed.parse(probe.get("allow", "")), verify=ca_file, breaker=False) as client:
        try:
            return str(client.get(probe["url"], deadline=5).status)
        except RemoteError as error:
            return type(error).__name__


def _ask_bare(url):
    try:
        with urllib.request.urlopen(url, context=ssl._create_unverified_context(), timeout=5) as reply:
            return str(reply.status)
    except OSError as error:
        return type(error).__name__


def main():
    probes = json.load(sys.stdin)
    try:
        build()
        serve_names()
    except (OSError, subprocess.CalledProcessError) as error:
        print(json.dumps({"skip": f"{error} {getattr(error, 'stderr', '')}"}))
        return
    authority = trustme.CA()
    names = [*ZONE, "flip.test", PUBLIC, PUBLIC6, *INTERNAL, "127.0.0.1", "::1", "localhost"]
    results = []
    with contextlib.ExitStack() as stack:
        ca_file = stack.enter_context(authority.cert_pem.tempfile())
        listeners = Listeners(stack, tls_context(authority.issue_cert(*names)))
        for probe in probes:
            outcomes = Counter(ask(probe, ca_file) for _ in range(probe.get("times", 1)))
            results.append([outcomes, listeners.arrivals()])
    print(json.dumps(results))


if __name__ == "__main__":
    main()
