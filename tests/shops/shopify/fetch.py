"""Fetches Shopify's published Admin API schemas: `make .venv/shopify`, which runs this module.

They are in the npm package `@shopify/dev-mcp`, one introspection result for each version, with the access
scopes that types and fields need. They are never in git. What execution needs is kept in `.venv/shopify`;
without the descriptions that is a fifth of a megabyte for a version.
"""

import argparse
import gzip
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import orjson

PACKAGE = "@shopify/dev-mcp@1.16.0"
SHA256 = "4663c79229028e98f825a09d5f04ec6c3736331b740ce50260f9ffac10709474"
FOLDER = Path(__file__).parents[3] / ".venv" / "shopify"
MEMBER = "package/dist/data/admin_"
MISSING = "Shopify's schemas are not here: run `make .venv/shopify`, which needs npm"

_DROPPED = frozenset(
    str.split(
        """
        description componentName accessRestricted accessRestrictedReason gidTypes
        isPrivatelyDocumented requiredAccess isProtected protectedSubject protectedContent
        """
    )
)


def versions():
    """The versions at hand, oldest first; `unstable` is the last. Empty when nothing was fetched."""
    return sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))


def fetch(folder=FOLDER):
    """Ask npm for the package, check that it is the pinned one, and keep the schemas in `folder`."""
    with tempfile.TemporaryDirectory() as place:
        command = ["npm", "pack", "--silent", PACKAGE]
        done = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, timeout=300)
        archive = Path(place) / done.stdout.split()[-1]
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            raise ValueError(f"{PACKAGE} is not the file that was pinned")
        keep(archive, folder)


def keep(archive, folder):
    """Put the schemas of the package's archive into `folder`, all or none."""
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "made"
        made.mkdir()
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.name.startswith(MEMBER):
                    packed = tar.extractfile(member).read()
                    (made / member.name.removeprefix(MEMBER)).write_bytes(_repacked(packed))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(made, folder)


def _repacked(packed):
    published = orjson.loads(gzip.decompress(packed))
    access = [
        (item["typeName"], item.get("fieldName"), item["offlineScopes"], item["requiredAccess"])
        for item in published["offline_scopes"]["items"]
        if item["offlineScopes"]
    ]
    kept = {"schema": _bare(published["data"]["__schema"]), "access": access}
    return gzip.compress(orjson.dumps(kept), mtime=0)


def _bare(node):
    if isinstance(node, dict):
        return {name: _bare(value) for name, value in node.items() if name not in _DROPPED}
    return [_bare(value) for value in node] if isinstance(node, list) else node


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Fetch Shopify's published schemas for the tests.")
    parser.add_argument("--required", action="store_true", help="fail where they cannot be had")
    options = parser.parse_args(arguments)
    try:
        if not shutil.which("npm"):
            raise OSError("npm is not installed")
        fetch()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        told = (getattr(error, "stderr", "") or str(error)).strip()
        sys.stderr.write(f"No schemas of Shopify, tests that need them are skipped: {told}\n")
        return int(options.required)
    return 0


if __name__ == "__main__":
    sys.exit(main())
