"""the first tables"""

import sqlalchemy as sa
from alembic import op

from sync2sys.models import base as types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("live_key", sa.String(length=100), nullable=True),
        sa.Column("payload", types.JsonText(length=4294967295), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", types.Moment(), nullable=False),
        sa.Column("lease_until", types.Moment(), nullable=True),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("finished_at", types.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("live_key"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_due", ["state", "due_at"], unique=False)
        batch_op.create_index("ix_job_subject", ["kind", "subject"], unique=False)

    op.create_table(
        "organization",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("plan", sa.String(length=50), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("active_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "user",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_verified_at", types.Moment(), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "taxonomy_file",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("categories", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(length=4294967295), nullable=False),
        sa.Column("loaded_at", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("started_at", types.Moment(), nullable=False),
        sa.Column("seen_at", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("origin", sa.String(length=2048), nullable=False),
        sa.Column("origin_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("sealed_credentials", sa.Text(length=4294967295), nullable=True),
        sa.Column("capabilities", types.JsonText(length=4294967295), nullable=False),
        sa.Column("plugin_version", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("home", sa.String(length=2048), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("prices_include_tax", sa.Boolean(), nullable=True),
        sa.Column("charges_tax", sa.Boolean(), nullable=True),
        sa.Column("tax_rates", types.JsonText(length=4294967295), nullable=False),
        sa.Column("weight_unit", sa.String(length=10), nullable=False),
        sa.Column("dimension_unit", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=50), nullable=False),
        sa.Column("store_identity", sa.String(length=100), nullable=True),
        sa.Column("key_fingerprint", sa.String(length=100), nullable=True),
        sa.Column("catalog_version", sa.Integer(), nullable=False),
        sa.Column("catalog_changed_at", types.Moment(), nullable=True),
        sa.Column("synced_at", types.Moment(), nullable=True),
        sa.Column("full_synced_at", types.Moment(), nullable=True),
        sa.Column("known_until", types.Moment(), nullable=True),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("problem_code", sa.String(length=50), nullable=False),
        sa.Column("hooks", types.JsonText(length=4294967295), nullable=False),
        sa.Column("hooks_problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("hook_addresses", types.JsonText(length=4294967295), nullable=False),
        sa.Column("hooks_checked_at", types.Moment(), nullable=True),
        sa.Column("heard_at", types.Moment(), nullable=True),
        sa.Column("refused_since", types.Moment(), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.create_index(
            "ix_channel_organization_origin", ["organization_id", "origin_key"], unique=False
        )

    op.create_table(
        "feed",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.String(length=32), nullable=True),
        sa.Column("secret_only", sa.Boolean(), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("sources", types.JsonText(length=4294967295), nullable=True),
        sa.Column("document", types.JsonText(length=4294967295), nullable=False),
        sa.Column("definition", types.JsonText(length=4294967295), nullable=False),
        sa.Column("guard", types.JsonText(length=4294967295), nullable=False),
        sa.Column("live_render_id", sa.String(length=36), nullable=True),
        sa.Column("held_render_id", sa.String(length=36), nullable=True),
        sa.Column("pinned_at", types.Moment(), nullable=True),
        sa.Column("rendered_mark", sa.String(length=64), nullable=False),
        sa.Column("stale_at", types.Moment(), nullable=True),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret"),
        sa.UniqueConstraint("slug"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_feed_stale_at"), ["stale_at"], unique=False)

    op.create_table(
        "membership",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "organization_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "chunk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feed_id", sa.String(length=36), nullable=False),
        sa.Column("input_hash", sa.String(length=32), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("in_stock", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("packed_length", sa.Integer(), nullable=False),
        sa.Column("crc", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("packed_digest", sa.String(length=32), nullable=False),
        sa.Column("excluded", types.JsonText(length=4294967295), nullable=True),
        sa.Column("noted", types.JsonText(length=4294967295), nullable=True),
        sa.Column("prices", types.JsonText(length=4294967295), nullable=False),
        sa.Column("notes", types.JsonText(length=4294967295), nullable=True),
        sa.Column("left_out", types.JsonText(length=4294967295), nullable=True),
        sa.Column("packed", sa.LargeBinary(length=4294967295), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("chunk", schema=None) as batch_op:
        batch_op.create_index("ix_chunk_input", ["feed_id", "input_hash"], unique=False)

    op.create_table(
        "fetch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feed_id", sa.String(length=36), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("at", types.Moment(), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("gzip", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("fetch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fetch_feed_id"), ["feed_id"], unique=False)

    op.create_table(
        "installation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("origin", sa.String(length=2048), nullable=False),
        sa.Column("origin_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=True),
        sa.Column("channel_id", sa.String(length=36), nullable=True),
        sa.Column("store_identity", sa.String(length=100), nullable=True),
        sa.Column("key_fingerprint", sa.String(length=100), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "origin_key"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_installation_channel_id"), ["channel_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_installation_organization_id"), ["organization_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_installation_origin_key"), ["origin_key"], unique=False)

    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(length=4294967295), nullable=False),
        sa.Column("link", sa.Text(length=4294967295), nullable=False),
        sa.Column("description", sa.Text(length=4294967295), nullable=False),
        sa.Column("text", sa.Text(length=4294967295), nullable=False),
        sa.Column("summary", sa.Text(length=4294967295), nullable=False),
        sa.Column("brand", sa.Text(length=4294967295), nullable=False),
        sa.Column("categories", types.JsonText(length=4294967295), nullable=False),
        sa.Column("tags", types.JsonText(length=4294967295), nullable=False),
        sa.Column("images", types.JsonText(length=4294967295), nullable=False),
        sa.Column("attributes", types.JsonText(length=4294967295), nullable=False),
        sa.Column("available_at", types.Moment(), nullable=True),
        sa.Column("meta", types.JsonText(length=4294967295), nullable=False),
        sa.Column("modified_at", types.Moment(), nullable=True),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel_id", "external_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "pull",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", types.Moment(), nullable=True),
        sa.Column("key_fingerprint", sa.String(length=100), nullable=True),
        sa.Column("cursor", types.JsonText(length=4294967295), nullable=True),
        sa.Column("pages_done", sa.Integer(), nullable=False),
        sa.Column("pages_total", sa.Integer(), nullable=True),
        sa.Column("product_total", sa.Integer(), nullable=True),
        sa.Column("variant_total", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(length=4294967295), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("over_limit", sa.Integer(), nullable=False),
        sa.Column("result_hash", sa.String(length=64), nullable=True),
        sa.Column("started_at", types.Moment(), nullable=False),
        sa.Column("touched_at", types.Moment(), nullable=False),
        sa.Column("finished_at", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("pull", schema=None) as batch_op:
        batch_op.create_index("ix_pull_channel", ["channel_id", "started_at"], unique=False)

    op.create_table(
        "render",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("feed_id", sa.String(length=36), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("extension", sa.String(length=10), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("in_stock", sa.Integer(), nullable=False),
        sa.Column("excluded", types.JsonText(length=4294967295), nullable=False),
        sa.Column("noted", types.JsonText(length=4294967295), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("gzip_length", sa.BigInteger(), nullable=False),
        sa.Column("hold", types.JsonText(length=4294967295), nullable=True),
        sa.Column("changed_at", types.Moment(), nullable=False),
        sa.Column("generated_at", types.Moment(), nullable=False),
        sa.Column("superseded_at", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("feed_id", "generation"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "variant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("product_external_id", sa.String(length=64), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("purchasable", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(length=4294967295), nullable=False),
        sa.Column("sku", sa.Text(length=4294967295), nullable=False),
        sa.Column("gtin", sa.String(length=64), nullable=False),
        sa.Column("mpn", sa.Text(length=4294967295), nullable=False),
        sa.Column("description", sa.Text(length=4294967295), nullable=False),
        sa.Column("text", sa.Text(length=4294967295), nullable=False),
        sa.Column("link", sa.Text(length=4294967295), nullable=False),
        sa.Column("image", sa.Text(length=4294967295), nullable=False),
        sa.Column("options", types.JsonText(length=4294967295), nullable=False),
        sa.Column("price", types.Money(length=40), nullable=True),
        sa.Column("sale_price", types.Money(length=40), nullable=True),
        sa.Column("sale_from", types.Moment(), nullable=True),
        sa.Column("sale_to", types.Moment(), nullable=True),
        sa.Column("availability", sa.String(length=20), nullable=False),
        sa.Column("available_at", types.Moment(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("weight", types.Money(length=40), nullable=True),
        sa.Column("length", types.Money(length=40), nullable=True),
        sa.Column("width", types.Money(length=40), nullable=True),
        sa.Column("height", types.Money(length=40), nullable=True),
        sa.Column("taxable", sa.Boolean(), nullable=False),
        sa.Column("tax_class", sa.String(length=100), nullable=False),
        sa.Column("modified_at", types.Moment(), nullable=True),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("product_hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel_id", "external_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.create_index(
            "ix_variant_scan",
            [
                "channel_id",
                "product_external_id",
                "external_id",
                "content_hash",
                "product_hash",
                "sale_price",
                "sale_from",
                "sale_to",
            ],
            unique=False,
        )

    op.create_table(
        "webhook_delivery",
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel_id", "delivery_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhook_delivery_received_at"), ["received_at"], unique=False)

    op.create_table(
        "pull_item",
        sa.Column("pull_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("record", sa.LargeBinary(length=4294967295), nullable=True),
        sa.ForeignKeyConstraint(["pull_id"], ["pull.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pull_id", "kind", "external_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "render_chunk",
        sa.Column("render_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chunk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunk.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["render_id"], ["render.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("render_id", "no"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("render_chunk", schema=None) as batch_op:
        batch_op.create_index("ix_render_chunk_chunk", ["chunk_id"], unique=False)

    op.create_table(
        "render_shard",
        sa.Column("render_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_chunk", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("gzip_etag", sa.String(length=64), nullable=False),
        sa.Column("crc", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("gzip_length", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["render_id"], ["render.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("render_id", "no"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "told_chunk",
        sa.Column("render_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chunk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunk.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["render_id"], ["render.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("render_id", "no"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("told_chunk", schema=None) as batch_op:
        batch_op.create_index("ix_told_chunk_chunk", ["chunk_id"], unique=False)

    op.create_table(
        "token",
        sa.Column("jti", sa.String(length=32), nullable=False),
        sa.Column("typ", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("proved", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("installation_id", sa.String(length=36), nullable=True),
        sa.Column("organization_id", sa.String(length=36), nullable=True),
        sa.Column("family", sa.String(length=32), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("used_at", types.Moment(), nullable=False),
        sa.Column("expires_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["installation_id"], ["installation.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("jti"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_token_family"), ["family"], unique=False)
        batch_op.create_index(batch_op.f("ix_token_installation_id"), ["installation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_token_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "lock_row",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("until", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "shopify_flow",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=True),
        sa.Column("domain", sa.String(length=100), nullable=False),
        sa.Column("scopes", types.JsonText(length=4294967295), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("sealed_secret", sa.Text(length=4294967295), nullable=True),
        sa.Column("browser_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("expires_at", types.Moment(), nullable=False),
        sa.Column("consumed_at", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("state_hash"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("shopify_flow", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shopify_flow_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("shopify_flow")
    op.drop_table("lock_row")
    op.drop_table("token")
    op.drop_table("told_chunk")
    op.drop_table("render_shard")
    op.drop_table("render_chunk")
    op.drop_table("pull_item")
    op.drop_table("webhook_delivery")
    op.drop_table("variant")
    op.drop_table("render")
    op.drop_table("pull")
    op.drop_table("product")
    op.drop_table("installation")
    op.drop_table("fetch")
    op.drop_table("chunk")
    op.drop_table("membership")
    op.drop_table("feed")
    op.drop_table("channel")
    op.drop_table("worker")
    op.drop_table("taxonomy_file")
    op.drop_table("user")
    op.drop_table("organization")
    op.drop_table("job")
