"""What an operator does at the server: accounts, keys, backups, a look at everything."""

import logging
import os
import pty
import sqlite3
import sys

import click
import pytest

from sync2sys import logs
from sync2sys.crypto import new_key
from sync2sys.database import transaction
from sync2sys.extensions import db, limiter
from sync2sys.models import Channel, Membership, Organization, User
from tests.conftest import ON_MARIADB
from tests.plugin import Plugin
from tests.shops.woocommerce import WooShop

PASSWORD = ["--password", "correct horse battery"]


@pytest.fixture
def flask(app):
    """Run a `flask …` command; gives its exit code and what it printed."""

    def run(*words):
        result = app.test_cli_runner().invoke(args=list(words))
        return result.exit_code, result.output

    return run


@pytest.fixture
def shop():
    with WooShop() as shop:
        yield shop


def connect(flask, shop, email="you@example.com"):
    return flask("stores", "connect", shop.url, "--email", email, "--key", shop.key, "--secret", shop.secret)


def test_a_created_account_may_sign_in(flask, client):
    assert flask("users", "create", "You@Example.com", *PASSWORD)[0] == 0
    signed_in = client.post("/api/auth/login", json={"email": "you@example.com", "password": PASSWORD[1]})
    assert signed_in.status_code == 200
    assert "you@example.com\tmay sign in\texample.com" in flask("users", "list")[1]


def test_a_second_account_of_that_name_and_a_short_password_are_refused(flask):
    assert flask("users", "create", "you@example.com", "--password", "short")[0] == 1
    flask("users", "create", "you@example.com", *PASSWORD)
    code, output = flask("users", "create", "you@example.com", *PASSWORD)
    assert (code, "flask users password" in output) == (1, True)
    assert flask("users", "create", "nobody", *PASSWORD)[0] == 1


def test_a_new_password_replaces_the_old_one(flask, client):
    flask("users", "create", "you@example.com", *PASSWORD)
    assert flask("users", "password", "you@example.com", "--password", "another long one")[0] == 0
    body = {"email": "you@example.com", "password": PASSWORD[1]}
    assert client.post("/api/auth/login", json=body).status_code == 401


def test_a_store_connects_into_the_accounts_own_organization(app, flask, shop):
    flask("users", "create", "you@example.com", *PASSWORD)
    code, output = connect(flask, shop)
    assert code == 0, output
    with app.app_context():
        channel = db.session.query(Channel).one()
        assert db.session.query(Membership).one().organization_id == channel.organization_id
    assert shop.url in flask("stores", "list")[1]


def test_a_store_in_a_private_network_is_refused_with_what_to_do(make_app, shop):
    words = ["stores", "connect", shop.url, "--email", "you@example.com", "--key", "ck_1", "--secret", "cs_1"]
    told = make_app(OUTBOUND_ALLOW="").test_cli_runner().invoke(args=words)
    assert (told.exit_code, "SYNC2SYS_OUTBOUND_ALLOW" in told.output) == (1, True)


def test_a_store_connects_without_an_account_too(app, flask, shop):
    assert connect(flask, shop)[0] == 0
    with app.app_context():
        assert db.session.query(Organization).one().name == shop.name


def test_a_store_that_refuses_is_told_in_words(app, flask, shop):
    shop.secret = "cs_" + "1" * 40
    code, output = connect(flask, shop)
    assert (code, "secret" in output) == (1, True)
    with app.app_context():
        assert db.session.query(Channel).count() == 0


def test_an_account_joins_a_plugins_organization_only_when_told(app, client, flask, shop):
    Plugin(client, "you@example.com", shop).connect()
    flask("users", "create", "you@example.com", *PASSWORD)
    with app.app_context():
        organization = db.session.query(Channel).one().organization_id
    assert flask("users", "join", "you@example.com", organization)[0] == 0
    assert flask("users", "join", "you@example.com", "none")[0] == 1
    with app.app_context():
        user = db.session.query(User).one()
        assert {membership.state for membership in user.memberships} == {"active"}
        assert len(user.memberships) == 2


def test_a_rotated_key_opens_what_the_old_one_sealed(make_app, shop):
    old, new = new_key(), new_key()
    Plugin(make_app(KEYS=old).test_client(), shop=shop).connect()
    result = make_app(KEYS=f"{new},{old}").test_cli_runner().invoke(args=["keys", "rotate"])
    assert result.exit_code == 0, result.output
    app = make_app(KEYS=new)
    with app.app_context():
        assert db.session.query(Channel).one().credentials["secret"] == shop.secret


def test_the_doctor_says_what_is_wrong_and_ends_with_1(flask, client, shop):
    code, output = flask("doctor")
    assert (code, "WRONG  worker: none is running" in output) == (1, True)
    Plugin(client, shop=shop).connect()
    assert f"store {shop.url}: connected" in flask("doctor")[1]


@pytest.mark.skipif(ON_MARIADB, reason="about SQLite")
def test_a_restored_backup_is_what_was_backed_up(app, flask, instance, tmp_path):
    flask("users", "create", "you@example.com", *PASSWORD)
    target = tmp_path / "backup.db"
    assert flask("backup", str(target))[0] == 0
    assert flask("backup", str(target))[0] == 1, "an existing file is not overwritten"
    flask("users", "create", "later@example.com", *PASSWORD)
    code, output = flask("restore", str(target))
    assert code == 0, output
    with app.app_context():
        assert [user.email for user in db.session.query(User)] == ["you@example.com"]
        db.session.remove()
    kept = next(path for path in instance.glob("sync2sys.db.*") if path.suffix[1:9].isdigit())
    with sqlite3.connect(kept) as connection:
        assert connection.execute("SELECT count(*) FROM user").fetchone() == (2,)
    connection.close()


@pytest.mark.skipif(ON_MARIADB, reason="about SQLite")
@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_backup_is_refused_and_nothing_changes(app, flask, tmp_path, content):
    flask("users", "create", "you@example.com", *PASSWORD)
    source = tmp_path / "source.db"
    source.write_bytes(content)
    code, output = flask("restore", str(source))
    assert (code, "not a backup" in output or "damaged" in output) == (1, True)
    with app.app_context():
        assert db.session.query(User).count() == 1


@pytest.mark.skipif(ON_MARIADB, reason="about SQLite")
def test_a_backup_of_a_newer_version_is_refused(app, flask, tmp_path):
    source = tmp_path / "source.db"
    flask("backup", str(source))
    with sqlite3.connect(source) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    code, output = flask("restore", str(source))
    assert (code, "newer version" in output) == (1, True)


def test_readiness_tells_its_reasons_to_the_operator_only(make_app):
    client = make_app(ADMIN_TOKEN="open sesame", ENV="production", KEYS=new_key()).test_client()
    assert client.get("/readyz").json == {"status": "ready"}
    details = client.get("/readyz", headers={"Authorization": "Bearer open sesame"}).json["details"]
    assert set(details) == {"database", "schema", "disk", "worker", "queue"}
    assert client.get("/metrics").status_code == 403
    metrics = client.get("/metrics", headers={"Authorization": "Bearer open sesame"})
    assert b'sync2sys_feeds{state="published"} 0.0' in metrics.data
    assert b"sync2sys_rate_limit_outages{" not in metrics.data


def test_an_outage_of_redis_shows_in_the_metrics(make_app):
    client = make_app().test_client()
    limiter.storage.file.note_outage("redis")
    assert b'sync2sys_rate_limit_outages{state="redis"} 1.0' in client.get("/metrics").data


def test_a_database_that_cannot_be_written_is_not_ready(app, client):
    with app.app_context():
        transaction(lambda: db.session.execute(db.text("DROP TABLE worker")))()
    try:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json["error"]) == (503, "Service Unavailable")
        assert "database" in answer.json["details"]
    finally:
        with app.app_context():
            db.metadata.tables["worker"].create(db.engine)


# Shopify ------------------------------------------------------------------------------------------


def test_shopify_status_prints_what_to_enter_there(make_app):
    app = make_app(
        PUBLIC_URL="https://feeds.example.com", SHOPIFY_CLIENT_ID="abc", SHOPIFY_CLIENT_SECRET="hidden"
    )
    printed = app.test_cli_runner().invoke(args=["shopify", "status"]).output
    for line in (
        "Client id:         abc",
        "Access scopes:     read_inventory, read_products",
        "App address:       https://feeds.example.com/sales-channels",
        "Redirect address:  https://feeds.example.com/api/shopify/oauth/callback",
        "Webhook address:   https://feeds.example.com/api/webhooks/shopify",
        "Compliance topics: customers/data_request, customers/redact, shop/redact",
    ):
        assert line in printed.splitlines()
    assert "hidden" not in printed


def test_shopify_status_says_what_is_missing(flask):
    printed = flask("shopify", "status")[1]
    assert "No app is set up: set SYNC2SYS_SHOPIFY_CLIENT_ID" in printed
    assert "set PUBLIC_URL" in printed


@pytest.mark.parametrize(
    ("level", "command", "logged"),
    [("INFO", "sync", False), ("INFO", "worker", True), ("INFO", "serve", True), ("DEBUG", "sync", True)],
)
def test_on_a_terminal_a_command_has_the_word(app, monkeypatch, level, command, logged):
    ours, ends = logging.getLogger("sync2sys"), pty.openpty()
    with os.fdopen(ends[0], "rb", 0) as screen, os.fdopen(ends[1], "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(ours, "handlers", [])
        logs.configure(level, "text")
        assert app.cli.get_command(click.Context(app.cli), command) is not None
        ours.info("what happens")
        ours.warning("what is wrong")
        terminal.flush()
        shown = b""
        while b"what is wrong" not in shown:  # A terminal gives one line after the other.
            shown += screen.read(4096)
    monkeypatch.undo()
    ours.setLevel(logging.INFO)
    assert (b"what happens" in shown) == logged


def test_what_is_piped_is_logged_as_ever(app, monkeypatch):
    ours = logging.getLogger("sync2sys")
    monkeypatch.setattr(ours, "level", logging.INFO)
    assert app.cli.get_command(click.Context(app.cli), "sync") is not None
    assert ours.level == logging.INFO
