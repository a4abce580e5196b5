"""When a device was defined: of too many for the licence the newest are blocked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """One column; devices that are there already are the oldest."""
    op.add_column("devices", sa.Column("defined_at", sa.Float, nullable=False, server_default="0"))


def downgrade() -> None:
    """Which device is newer is lost."""
    op.drop_column("devices", "defined_at")
