"""suppliers and what they offer"""

import sqlalchemy as sa
from alembic import op

from sync2sys.models import base as types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("sealed_credentials", sa.Text(length=4294967295), nullable=True),
        sa.Column("shape", types.JsonText(length=4294967295), nullable=True),
        sa.Column("mapping", types.JsonText(length=4294967295), nullable=True),
        sa.Column("guard", types.JsonText(length=4294967295), nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.String(length=36), nullable=True),
        sa.Column("applied_import_id", sa.String(length=36), nullable=True),
        sa.Column("held_import_id", sa.String(length=36), nullable=True),
        sa.Column("pinned_at", types.Moment(), nullable=True),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("etag", sa.String(length=500), nullable=False),
        sa.Column("last_modified", sa.String(length=100), nullable=False),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("problem_code", sa.String(length=50), nullable=False),
        sa.Column("fetched_at", types.Moment(), nullable=True),
        sa.Column("imported_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("supplier", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_supplier_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "offer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("supplier_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("gtin_key", sa.String(length=14), nullable=False),
        sa.Column("sku_key", sa.String(length=200), nullable=False),
        sa.Column("part_key", sa.String(length=200), nullable=False),
        sa.Column("gone_at", types.Moment(), nullable=True),
        sa.Column("record", types.JsonText(length=4294967295), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("supplier_id", "key"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index("ix_offer_gtin", ["supplier_id", "gtin_key"], unique=False)
        batch_op.create_index("ix_offer_part", ["supplier_id", "part_key"], unique=False)
        batch_op.create_index("ix_offer_sku", ["supplier_id", "sku_key"], unique=False)

    op.create_table(
        "supplier_file",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("supplier_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("supplier_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_supplier_file_supplier_id"), ["supplier_id"], unique=False)

    op.create_table(
        "supplier_import",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("supplier_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("profile", types.JsonText(length=4294967295), nullable=True),
        sa.Column("hold", types.JsonText(length=4294967295), nullable=True),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("started_at", types.Moment(), nullable=False),
        sa.Column("touched_at", types.Moment(), nullable=False),
        sa.Column("finished_at", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("supplier_import", schema=None) as batch_op:
        batch_op.create_index("ix_supplier_import_supplier", ["supplier_id", "started_at"], unique=False)

    op.create_table(
        "offer_change",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("before", types.JsonText(length=4294967295), nullable=True),
        sa.Column("before_import_id", sa.String(length=36), nullable=True),
        sa.Column("before_line", sa.Integer(), nullable=True),
        sa.Column("before_hash", sa.String(length=32), nullable=True),
        sa.Column("before_gtin_key", sa.String(length=14), nullable=True),
        sa.Column("before_sku_key", sa.String(length=200), nullable=True),
        sa.Column("before_part_key", sa.String(length=200), nullable=True),
        sa.Column("after", types.JsonText(length=4294967295), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["supplier_import.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "key"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "refused_row",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("field", sa.String(length=50), nullable=False),
        sa.Column("value", sa.Text(length=4294967295), nullable=False),
        sa.Column("message", sa.Text(length=4294967295), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["supplier_import.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "no"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "staged_offer",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("terms_hash", sa.String(length=32), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("gtin_key", sa.String(length=14), nullable=False),
        sa.Column("sku_key", sa.String(length=200), nullable=False),
        sa.Column("part_key", sa.String(length=200), nullable=False),
        sa.Column("record", types.JsonText(length=4294967295), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["supplier_import.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "key"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "supplier_file_part",
        sa.Column("file_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.LargeBinary(length=4294967295), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["supplier_file.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "no"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    op.drop_table("supplier_file_part")
    op.drop_table("staged_offer")
    op.drop_table("refused_row")
    op.drop_table("offer_change")
    op.drop_table("supplier_import")
    op.drop_table("supplier_file")
    op.drop_table("offer")
    op.drop_table("supplier")
