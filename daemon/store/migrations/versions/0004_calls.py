"""How calls sounded: one row per call, or piece of one between two holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXTS = ("kind", "tenant", "site", "source", "call_id", "local", "remote", "alerts", "verdict", "reason", "text")


def upgrade() -> None:
    """A table more, and the two orders it is looked through in."""
    text = {name: sa.Column(name, sa.Text, nullable=False) for name in _TEXTS}
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        text["kind"],
        sa.Column("device", sa.Text),
        *(text[name] for name in ("tenant", "site", "source", "call_id", "local", "remote")),
        sa.Column("started_at", sa.Float),
        sa.Column("ended_at", sa.Float),
        sa.Column("local_metrics", sa.Text),
        sa.Column("remote_metrics", sa.Text),
        sa.Column("mos", sa.Float),
        text["alerts"],
        sa.Column("reports", sa.Integer, nullable=False),
        *(text[name] for name in ("verdict", "reason", "text")),
    )
    op.create_index("calls_by_at", "calls", ["at", "id"])
    op.create_index("calls_by_device", "calls", ["device", "at", "id"])


def downgrade() -> None:
    """Calls are lost, and nothing else."""
    op.drop_table("calls")
