"""which offer a refused row is about"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("refused_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key", sa.String(length=200), nullable=False, server_default=""))
        batch_op.create_index("ix_refused_row_key", ["import_id", "key"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("refused_row", schema=None) as batch_op:
        batch_op.drop_index("ix_refused_row_key")
        batch_op.drop_column("key")
