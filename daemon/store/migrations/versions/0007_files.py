"""Uploaded files: what is known of them. Their content lies beside the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXTS_BEFORE = ("kind", "hash")
TEXTS_BEHIND = ("model", "version", "description", "group")


def upgrade() -> None:
    """One table."""
    op.create_table(
        "files",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS_BEFORE),
        sa.Column("size", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS_BEHIND),
        sa.Column("uploaded_at", sa.Float, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Which files there are is lost; their content is removed at the next start of a version that knows it."""
    op.drop_table("files")
