"""Shopify's published schemas: fetched with npm and checked, or told to be missing."""

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from graphql import parse, validate

from tests.shops.shopify import fetch, schema
from tests.shops.shopify.platform import VERSIONS
from tests.shops.test_shopify_catalogue import MIRROR

ROOT = fetch.FOLDER.parents[1]


@pytest.fixture
def run(tmp_path):
    """Run the fetching with only what is in `tmp_path` to find programs in."""

    def fetching(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "tests.shops.shopify.fetch", *arguments],
            env=os.environ | {"PATH": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return fetching


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--required",), 1)])
def test_without_npm_tests_are_skipped_unless_they_are_required(run, arguments, code):
    before = fetch.versions()
    done = run(*arguments)
    assert (done.returncode, fetch.versions()) == (code, before)
    assert "npm is not installed" in done.stderr


def test_a_package_that_is_not_the_pinned_one_is_not_taken(run, tmp_path):
    before = fetch.versions()
    npm = tmp_path / "npm"
    npm.write_text(f"#!{sys.executable}\nopen('made.tgz', 'w').write('other')\nprint('made.tgz')\n")
    npm.chmod(0o755)
    done = run("--required")
    assert (done.returncode, fetch.versions()) == (1, before)
    assert "is not the file that was pinned" in done.stderr


def test_of_the_package_only_the_schemas_are_kept_without_their_texts(tmp_path, monkeypatch):
    published = {
        "data": {"__schema": {"types": [{"kind": "OBJECT", "name": "Shop", "description": "Long."}]}},
        "offline_scopes": {
            "items": [
                {
                    "typeName": "Shop",
                    "fieldName": "a",
                    "offlineScopes": ["read_a"],
                    "requiredAccess": "`read_a`",
                },
                {"typeName": "Shop", "fieldName": "b", "offlineScopes": [], "requiredAccess": ""},
            ]
        },
    }
    archive = tmp_path / "made.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in {
            "data/admin_2026-10.json.gz": published,
            "data/customer_2026-10.json.gz": {},
        }.items():
            packed = gzip.compress(json.dumps(content).encode())
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(packed)
            tar.addfile(member, io.BytesIO(packed))
    folder = tmp_path / "kept"
    fetch.keep(archive, folder)
    assert [path.name for path in folder.iterdir()] == ["2026-10.json.gz"]
    assert json.loads(gzip.decompress((folder / "2026-10.json.gz").read_bytes())) == {
        "schema": {"types": [{"kind": "OBJECT", "name": "Shop"}]},
        "access": [["Shop", "a", ["read_a"], "`read_a`"]],
    }


@pytest.mark.shopify
def test_the_schemas_of_all_versions_know_what_a_mirror_asks():
    assert set(VERSIONS) <= set(fetch.versions())
    spoken = schema.load("2026-10")
    assert validate(spoken.graphql, parse(MIRROR)) == []
    assert spoken.access["Product", None].scopes == {"read_products"}
    assert spoken.access["Mutation", "inventorySetQuantities"].scopes == {"write_inventory"}


def test_a_schema_that_was_not_fetched_says_how_to_get_it():
    with pytest.raises(schema.Missing, match="1999-01"):
        schema.load("1999-01")
