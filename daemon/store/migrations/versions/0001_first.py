"""The first schema: tenants, servers, devices and their states, numbers, alarms, timelines, requests, the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From an empty file."""
    _inventory()
    _device_states()
    _alarms()
    _daemon()


def downgrade() -> None:
    """There was nothing before it."""
    raise NotImplementedError("put a backup of before the upgrade in the database's place")


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, primary_key=primary_key)


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _count(name: str, *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, primary_key=primary_key)


def _inventory() -> None:
    op.create_table(
        "tenants",
        _text("name", primary_key=True),
        _text("description"),
        _text("subnet", nullable=True),
        _flag("is_default"),
        _text("sites"),
        _text("placeholders"),
    )
    op.create_table("servers", _text("name", primary_key=True), _text("address"))
    op.create_table(
        "devices",
        _text("mac", primary_key=True),
        _text("model"),
        _text("tenant"),
        _text("site"),
        _text("user"),
        _text("display_name"),
        _text("number"),
        _text("server"),
        _flag("qualify"),
        _time("lagged_after", nullable=True),
        _text("contact"),
        _text("sip_password"),
        _text("placeholders"),
        _flag("approved"),
        _time("armed_until"),
        _count("secret_generation"),
    )
    op.create_table(
        "numbers",
        _text("number", primary_key=True),
        _text("status"),
        _text("usage"),
        _text("vendor"),
        _text("device", nullable=True),
        _text("tag"),
        _time("release_date", nullable=True),
    )


def _device_states() -> None:
    op.create_table(
        "device_states",
        _text("mac", primary_key=True),
        _text("presence"),
        _text("presence_reason"),
        _time("presence_since"),
        _time("last_seen", nullable=True),
        _text("source"),
        _text("report", nullable=True),
        _text("reachability"),
        _text("reachability_reason"),
        _time("reachability_since"),
        _text("contact", nullable=True),
        _text("registered_server"),
        _flag("ever_registered"),
    )
    op.create_table(
        "transitions",
        _count("id", primary_key=True),
        _text("mac"),
        _time("at"),
        _text("axis"),
        _text("old"),
        _text("new"),
        _text("reason"),
    )
    op.create_index("transitions_by_mac", "transitions", ["mac"])
    op.create_table(
        "requests",
        _count("id", primary_key=True),
        _text("mac"),
        _text("action"),
        _text("body"),
        _time("queued_at"),
        _time("expires_at"),
        _time("handed_out_at", nullable=True),
    )
    op.create_index("requests_by_mac", "requests", ["mac"])


def _alarms() -> None:
    op.create_table(
        "alarms",
        _text("id", primary_key=True),
        _count("sequence"),
        _text("name"),
        _text("source"),
        _text("device", nullable=True),
        _text("tenant"),
        _count("severity"),
        _text("description"),
        _count("event_type"),
        _count("probable_cause"),
        _text("additional_info"),
        _time("raised_at"),
        _time("updated_at"),
    )
    op.create_table("outbox", _count("id", primary_key=True), _text("manager"), _text("notification"))


def _daemon() -> None:
    op.create_table(
        "operators",
        _text("name", primary_key=True),
        _text("role"),
        _text("token_hash"),
        _time("added_at"),
    )
    op.create_table("marks", _text("name", primary_key=True), _time("value"))
