"""Operations, and how far each is with each of its devices."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "operations",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        *_columns(sa.Text, "kind", "plan", "by"),
        *_columns(sa.Float, "created_at"),
        *_columns(sa.Text, "parameters", "state", "reason"),
        *_columns(sa.Float, "ended_at", "next_at"),
        *_columns(sa.Integer, "wave", "forgiven"),
    )
    op.create_table(
        "operation_items",
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        *_columns(sa.Integer, "operation"),
        *_columns(sa.Text, "mac"),
        *_columns(sa.Integer, "place"),
        *_columns(sa.Text, "step", "missing", "stuck", "reason", "way"),
        *_columns(sa.Float, "at", "asked_at", "retry_at"),
        *_columns(sa.Integer, "tries", "request"),
        *_columns(sa.Text, "own"),
    )


def downgrade() -> None:
    """Operations are lost, and nothing else."""
    op.drop_table("operation_items")
    op.drop_table("operations")


def _columns(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]
