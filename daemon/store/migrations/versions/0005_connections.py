"""SIP connections: what operators wrote, and where each stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A table more."""
    op.create_table(
        "connections",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("qualify", sa.Boolean, nullable=False),
        sa.Column("interval", sa.Float),
        sa.Column("lagged_after", sa.Float),
        sa.Column("reachability", sa.Text, nullable=False),
        sa.Column("reachability_reason", sa.Text, nullable=False),
        sa.Column("reachability_since", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Connections are lost, and nothing else."""
    op.drop_table("connections")
