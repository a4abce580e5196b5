"""What else is known of an active alarm, those that are over, shelves, and an outbox that keeps what was told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Columns for alarms, which were all told so far, and two tables."""
    for added in _of_an_alarm():
        op.add_column("alarms", added)
    op.execute("UPDATE alarms SET peak = severity")
    op.create_table(
        "alarm_history",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        *_columns(sa.Text, "alarm"),
        *_columns(sa.Integer, "sequence"),
        *_columns(sa.Text, "name", "source"),
        sa.Column("device", sa.Text),
        *_columns(sa.Text, "tenant"),
        *_columns(sa.Integer, "severity"),
        *_columns(sa.Text, "description"),
        *_columns(sa.Integer, "event_type", "probable_cause"),
        *_columns(sa.Text, "additional_info"),
        *_columns(sa.Float, "raised_at", "updated_at"),
        *(sa.Column(column.name, column.type, nullable=column.nullable) for column in _of_an_alarm()),
        *_columns(sa.Float, "cleared_at"),
        *_columns(sa.Text, "reason"),
    )
    for column in ("device", "source", "tenant"):
        op.create_index(f"alarm_history_by_{column}", "alarm_history", [column])
    op.create_table(
        "shelves",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        *_columns(sa.Text, "tenant", "site", "device", "source", "name"),
        *_columns(sa.Float, "starts_at", "ends_at"),
        *_columns(sa.Text, "reason", "by"),
        *_columns(sa.Float, "created_at"),
    )
    _number_the_outbox()


def downgrade() -> None:
    """The history, shelves, acknowledgements and the journal are lost, and nothing else."""
    op.execute("DELETE FROM outbox WHERE left_at IS NOT NULL")
    for index in ("outbox_by_left_at", "outbox_by_receiver"):
        op.drop_index(index, "outbox")
    for column in ("number", "at", "again_at", "left_at", "end"):
        op.drop_column("outbox", column)
    op.execute("ALTER TABLE outbox RENAME COLUMN receiver TO manager")
    op.drop_table("receivers")
    op.drop_table("shelves")
    op.drop_table("alarm_history")
    for added in _of_an_alarm():
        op.drop_column("alarms", added.name)


def _number_the_outbox() -> None:
    """Every manager was told everything so far, so for each of them its own count goes on from the common one."""
    op.execute("ALTER TABLE outbox RENAME COLUMN manager TO receiver")
    for column in (
        sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        sa.Column("at", sa.Float, nullable=False, server_default="0"),
        sa.Column("again_at", sa.Float),
        sa.Column("left_at", sa.Float),
        sa.Column("end", sa.Text, nullable=False, server_default=""),
    ):
        op.add_column("outbox", column)
    op.execute(
        "UPDATE outbox SET number = json_extract(notification, '$.sequence'), at = json_extract(notification, '$.at')"
    )
    op.create_index("outbox_by_left_at", "outbox", ["left_at"])
    op.create_index("outbox_by_receiver", "outbox", ["receiver", "at"])
    op.create_table(
        "receivers",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        *_columns(sa.Integer, "number"),
    )
    op.execute(
        "INSERT INTO receivers SELECT '', CAST(value AS INTEGER) FROM marks WHERE name = 'notification_sequence'"
    )


def _of_an_alarm() -> list[sa.Column[Any]]:
    return [
        sa.Column("site", sa.Text, nullable=False, server_default=""),
        sa.Column("telling", sa.Text, nullable=False, server_default="told"),
        sa.Column("known", sa.Boolean, nullable=False, server_default="1"),
        sa.Column("peak", sa.Integer, nullable=False, server_default="0"),
        sa.Column("parent", sa.Text, nullable=False, server_default=""),
        sa.Column("raises", sa.Integer, nullable=False, server_default="1"),
        sa.Column("acknowledged_by", sa.Text, nullable=False, server_default=""),
        sa.Column("acknowledged_at", sa.Float),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("changed", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("ends_at", sa.Float),
    ]


def _columns(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]
