"""what is decided by what suppliers offer"""

import sqlalchemy as sa
from alembic import op

from sync2sys.models import base as types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("product_external_id", sa.String(length=64), nullable=False),
        sa.Column("price", types.Money(length=40), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("availability", sa.String(length=20), nullable=False),
        sa.Column("supplier_id", sa.String(length=36), nullable=True),
        sa.Column("offer_key", sa.String(length=200), nullable=True),
        sa.Column("import_id", sa.String(length=36), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("reasons", types.JsonText(length=4294967295), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("decided_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel_id", "external_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "pricing",
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("suppliers", types.JsonText(length=4294967295), nullable=True),
        sa.Column("policy", types.JsonText(length=4294967295), nullable=False),
        sa.Column("matching", types.JsonText(length=4294967295), nullable=False),
        sa.Column("tax_rates", types.JsonText(length=4294967295), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("summary", types.JsonText(length=4294967295), nullable=False),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("decided_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "quarrel",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("supplier_id", sa.String(length=36), nullable=False),
        sa.Column("offer_key", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("candidates", types.JsonText(length=4294967295), nullable=False),
        sa.Column("message", sa.Text(length=4294967295), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("quarrel", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarrel_channel_id"), ["channel_id"], unique=False)


def downgrade() -> None:
    op.drop_table("quarrel")
    op.drop_table("pricing")
    op.drop_table("decision")
