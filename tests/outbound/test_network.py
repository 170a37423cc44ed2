"""The guard against real addresses, real name servers and real TLS, in a network namespace of its own.

Where that is not allowed these are skipped, with the reason; test_guard.py has what loopback can show.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC, PUBLIC6 = "93.184.216.34", "2606:2800:220:1::34"
LAN = "192.168.1.0/24,lan.test=10.1.2.0/24"

REFUSED_TABLE = """
    https://10.1.2.3/ https://192.168.1.5/ https://169.254.169.254/latest/meta-data/ https://100.64.0.1/
    https://168.63.129.16/ https://127.0.0.1/ https://127.255.255.254/ https://0.0.0.0/ https://localhost/
    https://[::]/ https://[::1]/ https://[fd00::1]/ https://[fec0::1]/ https://[64:ff9b::a9fe:a9fe]/
    https://[::ffff:10.1.2.3]/ https://[::ffff:a9fe:a9fe]/ https://[::169.254.169.254]/ https://[2002:a01:203::1]/
    https://167838211/ https://0x0a010203/ https://012.1.2.3/ https://10.66051/ https://10.1.515/ https://2852039166/
    https://private.test/ https://metadata.test/ https://loop.test/ https://loop6.test/ https://zero.test/
    https://mixed.test/ https://mixed6.test/ https://mapped.test/ https://local6.test/ https://site6.test/
    https://nat64.test/ https://sixtofour.test/ https://azure.test/ https://carrier.test/ https://lan.test/
    https://private.test./ https://PRIVATE.TEST/ https://private.test:8443/ http://private.test/
    https://public.test@10.1.2.3/ https://10.1.2.3@public.test/ https://10.1.2.3#@public.test/
    https://１０.1.2.3/ https://10。1。2。3/ https://ⓟrivate.test/
    http://public.test/ http://93.184.216.34/ http://public.test:8080/ https://public.test:22/ https://public.test:3128/
"""
REFUSED = REFUSED_TABLE.split()
ANSWERED = {
    "https://public.test/": PUBLIC,
    "https://PUBLIC.test.:443/": PUBLIC,
    "https://public.test:8443/": PUBLIC,
    "https://ⓟublic.test/": PUBLIC,
    "https://93.184.216.34/": PUBLIC,
    "https://public6.test/": PUBLIC6,
    "https://[2606:2800:220:1::34]/": PUBLIC6,
}
OPEN_BARE = {  # the same bed, asked by plain requests: the listeners do hear
    "https://private.test/": "10.1.2.3",
    "https://metadata.test/": "169.254.169.254",
    "https://loop.test/": "127.0.0.1",
    "https://zero.test/": "127.0.0.1",
    "https://2852039166/": "169.254.169.254",
    "https://[::ffff:10.1.2.3]/": "10.1.2.3",
    "https://nat64.test/": "64:ff9b::a9fe:a9fe",
    "https://local6.test/": "fd00::1",
    "http://public.test:8080/": PUBLIC,
}
ALLOWED = {
    "http://192.168.1.5:8080/": {"192.168.1.5": 1},
    "https://192.168.1.5/": {"192.168.1.5": 1},
    "http://192.168.1.5:22/": {"192.168.1.5": 1},
    "https://public.test/": {PUBLIC: 1},
    "https://10.1.3.3/": {},
    "https://10.1.2.3/": {},
    "https://private.test/": {},
    "https://loop.test/": {},
    "https://metadata.test/": {},
    "http://public.test/": {},
}

PROBES = {
    **{("refused", url): {"url": url} for url in REFUSED},
    **{("answered", url): {"url": url} for url in ANSWERED},
    **{("bare", url): {"url": url, "bare": True} for url in OPEN_BARE},
    **{("allowed", url): {"url": url, "allow": LAN} for url in ALLOWED},
    "flip": {"url": "https://flip.test/", "times": 200},
    "redirect": {"url": "https://public.test/inside"},
    "unknown": {"url": "https://nobody.test/"},
}


@pytest.fixture(scope="module")
def seen():
    """What came of each probe: outcomes and arrivals."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("needs unshare and ip")
    rootless = [] if os.geteuid() == 0 else ["--map-root-user"]
    bed = ["unshare", *rootless, "--net", "--mount", sys.executable, "-m", "tests.outbound.network"]
    done = subprocess.run(
        bed,
        input=json.dumps(list(PROBES.values())),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=os.environ | {"no_proxy": ""},
    )
    if done.returncode and done.stderr.startswith("unshare:"):
        pytest.skip(f"namespaces are not allowed here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    if isinstance(results, dict):
        pytest.skip(f"no network of our own: {results['skip']}")
    return dict(zip(PROBES, results, strict=True))


@pytest.mark.parametrize("url", REFUSED)
def test_nothing_arrives_anywhere_when_it_is_refused(seen, url):
    assert seen["refused", url] == [{"AddressRefused": 1}, {}]


@pytest.mark.parametrize(("url", "address"), ANSWERED.items())
def test_public_addresses_are_asked(seen, url, address):
    assert seen["answered", url] == [{"200": 1}, {address: 1}]


@pytest.mark.parametrize(("url", "address"), OPEN_BARE.items())
def test_the_listeners_hear_what_is_not_guarded(seen, url, address):
    assert address in {arrived.removeprefix("::ffff:") for arrived in seen["bare", url][1]}


@pytest.mark.parametrize(("url", "arrivals"), ALLOWED.items())
def test_only_what_the_operator_allowed_is_opened(seen, url, arrivals):
    assert seen["allowed", url] == [{"200" if arrivals else "AddressRefused": 1}, arrivals]


def test_two_hundred_times_a_name_that_changes_its_mind_never_leads_inside(seen):
    outcomes, arrivals = seen["flip"]

    assert outcomes == {"200": 100, "AddressRefused": 100}
    assert arrivals == {PUBLIC: 100}


def test_a_redirect_inside_is_an_answer_and_not_followed(seen):
    assert seen["redirect"] == [{"302": 1}, {PUBLIC: 1}]


def test_a_name_that_nobody_has_is_unreachable(seen):
    assert seen["unknown"] == [{"Unreachable": 1}, {}]
