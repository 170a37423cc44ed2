"""what is written to shops"""

import sqlalchemy as sa
from alembic import op

from sync2sys.models import base as types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standing",
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=10), nullable=False),
        sa.Column("wanted", types.Money(length=40), nullable=True),
        sa.Column("base", types.Money(length=40), nullable=True),
        sa.Column("based_at", types.Moment(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("noted_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel_id", "external_id", "field"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "write_run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("undoes", sa.String(length=36), nullable=True),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("variants", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("counts", types.JsonText(length=4294967295), nullable=False),
        sa.Column("hold", types.JsonText(length=4294967295), nullable=True),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("planned_at", types.Moment(), nullable=False),
        sa.Column("started_at", types.Moment(), nullable=True),
        sa.Column("finished_at", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("write_run", schema=None) as batch_op:
        batch_op.create_index("ix_write_run_channel", ["channel_id", "planned_at"], unique=False)

    op.create_table(
        "writing",
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("policy", types.JsonText(length=4294967295), nullable=False),
        sa.Column("ceiling", types.JsonText(length=4294967295), nullable=False),
        sa.Column("count_stock", sa.Boolean(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("problem_code", sa.String(length=50), nullable=False),
        sa.Column("planned_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "write_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("product_external_id", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=10), nullable=False),
        sa.Column("before", types.Money(length=40), nullable=True),
        sa.Column("after", types.Money(length=40), nullable=True),
        sa.Column("found", types.Money(length=40), nullable=True),
        sa.Column("supplier_id", sa.String(length=36), nullable=True),
        sa.Column("offer_key", sa.String(length=200), nullable=True),
        sa.Column("import_id", sa.String(length=36), nullable=True),
        sa.Column("import_line", sa.Integer(), nullable=True),
        sa.Column("reasons", types.JsonText(length=4294967295), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("message", sa.Text(length=4294967295), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=True),
        sa.Column("sent_at", types.Moment(), nullable=True),
        sa.Column("settled_at", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["write_run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("write_line", schema=None) as batch_op:
        batch_op.create_index(
            "ix_write_line_run", ["run_id", "state", "product_external_id", "external_id"], unique=False
        )
        batch_op.create_index("ix_write_line_key", ["key"], unique=False)
        batch_op.create_index("ix_write_line_state", ["channel_id", "state"], unique=False)
        batch_op.create_index("ix_write_line_variant", ["channel_id", "external_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("write_line")
    op.drop_table("writing")
    op.drop_table("write_run")
    op.drop_table("standing")
