"""What a device registered (several contacts, with the requests they were made by), and tenants' own authentication."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Registrations of before have no bindings: they end by their time, or are renewed with one."""
    op.add_column("device_states", sa.Column("bindings", sa.Text, nullable=False, server_default=""))
    op.add_column("tenants", sa.Column("authentication", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """The older version would not know whose REGISTER is the newest."""
    raise NotImplementedError("put a backup of before the upgrade in the database's place")
