"""offers that are gone are found by the time; none is found by its maker's number"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: The columns that were written and never asked.
UNUSED = (("offer", "part_key"), ("staged_offer", "part_key"), ("offer_change", "before_part_key"))


def upgrade() -> None:
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.drop_index("ix_offer_part")
    for table, column in UNUSED:
        op.drop_column(table, column)
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index("ix_offer_gone", ["gone_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.drop_index("ix_offer_gone")
    for table, column in UNUSED:
        nullable = column.startswith("before")
        given = None if nullable else ""
        op.add_column(
            table, sa.Column(column, sa.String(length=200), nullable=nullable, server_default=given)
        )
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index("ix_offer_part", ["supplier_id", "part_key"], unique=False)
