"""The migrations make the tables that the code knows, and unmake them."""

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from sync2sys import create_app
from sync2sys.config import BadSetting
from sync2sys.crypto import BadKeys, new_key
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Organization
from sync2sys.services import health
from tests.services import supplied


def differences(app):
    with app.app_context(), db.engine.connect() as connection:
        options = {"compare_type": db.engine.dialect.name == "sqlite"}
        return compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata)


def test_migrating_an_empty_database_gives_the_tables_of_the_models(app):
    assert differences(app) == []


@pytest.mark.mariadb
def test_mariadb_gets_the_same_tables(tmp_path, migrated_mariadb_url):
    app = create_app(tmp_path, DATABASE_URL=migrated_mariadb_url, LOG_LEVEL="ERROR")
    assert differences(app) == []
    with app.app_context():
        collations = db.session.execute(
            db.text(
                "SELECT DISTINCT collation_name FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND table_name != 'alembic_version' "
                "AND collation_name IS NOT NULL"
            )
        ).scalars()
        assert list(collations) == ["utf8mb4_bin"]
        db.engine.dispose()


def test_going_down_leaves_nothing(tmp_path):
    app = create_app(tmp_path, DATABASE_URL="", LOG_LEVEL="ERROR")
    with app.app_context():
        flask_migrate.upgrade()
        flask_migrate.downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        db.engine.dispose()


def test_a_database_of_a_newer_version_is_refused(app, make_app):
    with app.app_context():
        _set_version("9999")
    try:
        with pytest.raises(BadSetting, match="newer"):
            make_app()
    finally:
        with app.app_context():
            _set_version(health.newest_revision())


@transaction
def _set_version(number):
    db.session.execute(db.text("UPDATE alembic_version SET version_num = :number"), {"number": number})


def test_secrets_that_no_key_opens_stop_the_start(app, make_app):
    with app.app_context():
        transaction(_add_sealed)()
    with pytest.raises(BadKeys, match="not set in KEYS"):
        make_app(KEYS=new_key())


def test_a_suppliers_password_that_no_key_opens_stops_the_start_too(app, make_app):
    with app.app_context():
        supplied.supplier_of(
            supplied.organization_of(),
            "https://lists.example/a",
            credentials={"user": "me", "password": "secret"},
        )
    with pytest.raises(BadKeys, match="not set in KEYS"):
        make_app(KEYS=new_key())


def _add_sealed():
    organization = Organization(name="Ours", plan="starter")
    db.session.add(organization)
    db.session.flush()
    channel = Channel(
        organization_id=organization.id, platform="woocommerce", origin="https://a.example", origin_key="0"
    )
    channel.credentials = {"key": "ck_1", "secret": "cs_1"}
    db.session.add(channel)
