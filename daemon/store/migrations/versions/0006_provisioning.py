"""Users, documents, versions of files; what tenants say of first contact, and devices of template, firmware, token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXTS = {
    "tenants": ("rungs", "addresses", "unprotected", "timezone"),
    "devices": ("template", "firmware", "serial", "nickname", "token_hash"),
}


def upgrade() -> None:
    """Three tables and ten columns more."""
    for table, names in TEXTS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("devices", sa.Column("token_until", sa.Float, nullable=False, server_default="0"))
    op.create_table(
        "users",
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("sip_password", sa.Text, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_index("documents_by_path", "documents", ["path", "version"])
    op.create_table(
        "file_versions",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("file_versions_by_mac", "file_versions", ["mac", "number"])


def downgrade() -> None:
    """Users, documents, the history of files and those columns are lost, and nothing else."""
    op.drop_table("file_versions")
    op.drop_table("documents")
    op.drop_table("users")
    op.drop_column("devices", "token_until")
    for table, names in TEXTS.items():
        for name in names:
            op.drop_column(table, name)
