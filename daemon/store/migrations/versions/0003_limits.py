"""Devices and tenants with limits of their own; timelines of more than devices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """None is what it was before: as `qualify` says."""
    op.add_column("devices", sa.Column("interval", sa.Float))
    op.add_column("tenants", sa.Column("interval", sa.Float))
    op.add_column("tenants", sa.Column("lagged_after", sa.Float))
    op.drop_index("transitions_by_mac", "transitions")
    op.execute('ALTER TABLE transitions RENAME COLUMN mac TO "key"')
    op.create_index("transitions_by_key", "transitions", ["key"])


def downgrade() -> None:
    """The older version would ping everybody alike, and nobody would be told."""
    raise NotImplementedError("put a backup of before the upgrade in the database's place")
