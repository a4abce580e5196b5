"""The tables. The newest shape; `migrations/versions` says how a file gets there.

Columns stand in the order of the tuples of `daemon.store.rows`. A test holds the tables and the migrations together.
Not here: SQL (`statements`), what a row means (`rows`).
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

tenants = Table(
    "tenants",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("subnet", Text),
    Column("is_default", Boolean, nullable=False),
    Column("sites", Text, nullable=False),  # JSON: [[name, subnet, {placeholder: value}, timezone], ...]
    Column("placeholders", Text, nullable=False),  # JSON object
    Column("authentication", Text, nullable=False, server_default=""),
    Column("interval", Float),
    Column("lagged_after", Float),
    Column("rungs", Text, nullable=False, server_default=""),  # separated by spaces
    Column("addresses", Text, nullable=False, server_default=""),  # networks, likewise
    Column("unprotected", Text, nullable=False, server_default=""),
    Column("timezone", Text, nullable=False, server_default=""),
)

servers = Table(
    "servers",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("address", Text, nullable=False),
)

devices = Table(
    "devices",
    METADATA,
    Column("mac", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("qualify", Boolean, nullable=False),
    Column("lagged_after", Float),
    Column("contact", Text, nullable=False),
    Column("sip_password", Text, nullable=False),  # sealed
    Column("placeholders", Text, nullable=False),  # JSON object
    Column("approved", Boolean, nullable=False),
    Column("armed_until", Float, nullable=False),
    Column("secret_generation", Integer, nullable=False),
    Column("interval", Float),
    Column("template", Text, nullable=False, server_default=""),
    Column("firmware", Text, nullable=False, server_default=""),
    Column("serial", Text, nullable=False, server_default=""),
    Column("nickname", Text, nullable=False, server_default=""),
    Column("token_hash", Text, nullable=False, server_default=""),
    Column("token_until", Float, nullable=False, server_default="0"),
    Column("defined_at", Float, nullable=False, server_default="0"),
)

device_states = Table(
    "device_states",
    METADATA,
    Column("mac", Text, primary_key=True),
    Column("presence", Text, nullable=False),
    Column("presence_reason", Text, nullable=False),
    Column("presence_since", Float, nullable=False),
    Column("last_seen", Float),
    Column("source", Text, nullable=False),
    Column("report", Text),  # JSON object, only what was sent
    Column("reachability", Text, nullable=False),
    Column("reachability_reason", Text, nullable=False),
    Column("reachability_since", Float, nullable=False),
    Column("contact", Text),  # JSON: [uri, host, port, expires_at, transport, [route, ...]]
    Column("registered_server", Text, nullable=False),
    Column("ever_registered", Boolean, nullable=False),
    # a JSON list of [contact, call_id, cseq, q], or of [contact, call_id, cseq, q, instance, reg_id]
    Column("bindings", Text, nullable=False, server_default=""),
)

numbers = Table(
    "numbers",
    METADATA,
    Column("number", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("usage", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("device", Text),
    Column("tag", Text, nullable=False),
    Column("release_date", Float),
)

alarms = Table(
    "alarms",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("device", Text),
    Column("tenant", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_type", Integer, nullable=False),
    Column("probable_cause", Integer, nullable=False),
    Column("additional_info", Text, nullable=False),  # JSON list
    Column("raised_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("site", Text, nullable=False, server_default=""),
    Column("telling", Text, nullable=False, server_default="told"),
    Column("known", Boolean, nullable=False, server_default="1"),
    Column("peak", Integer, nullable=False, server_default="0"),
    Column("parent", Text, nullable=False, server_default=""),
    Column("raises", Integer, nullable=False, server_default="1"),
    Column("acknowledged_by", Text, nullable=False, server_default=""),
    Column("acknowledged_at", Float),
    Column("note", Text, nullable=False, server_default=""),
    Column("changed", Boolean, nullable=False, server_default="0"),
    Column("ends_at", Float),
)

alarm_history = Table(
    "alarm_history",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("alarm", Text, nullable=False),  # the id that it had; what follows are the columns of `alarms`
    *(Column(each.name, each.type, nullable=each.nullable) for each in list(alarms.columns)[1:]),
    Column("cleared_at", Float, nullable=False),
    Column("reason", Text, nullable=False),
    # SQLite ends every index with the id, so these also give their alarms newest first.
    Index("alarm_history_by_device", "device"),
    Index("alarm_history_by_source", "source"),
    Index("alarm_history_by_tenant", "tenant"),
)

shelves = Table(
    "shelves",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("starts_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

transitions = Table(
    "transitions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("axis", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # SQLite ends every index with the id, so this one also gives a device's steps in their order.
    Index("transitions_by_key", "key"),
)

requests = Table(
    "requests",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("mac", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON object
    Column("queued_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("handed_out_at", Float),
    Index("requests_by_mac", "mac"),
)

operations = Table(
    "operations",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("plan", Text, nullable=False),  # JSON object, only what is not as usual
    Column("by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("parameters", Text, nullable=False),  # JSON object; passwords are sealed
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Float, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("forgiven", Integer, nullable=False),
)

operation_items = Table(
    "operation_items",
    METADATA,
    Column("key", Text, primary_key=True),  # operation/mac
    Column("operation", Integer, nullable=False),
    Column("mac", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("missing", Text, nullable=False),  # steps, separated by spaces
    Column("stuck", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("retry_at", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("request", Integer, nullable=False),
    Column("own", Text, nullable=False),  # JSON object; passwords are sealed
)

operators = Table(
    "operators",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("added_at", Float, nullable=False),
)

users = Table(
    "users",
    METADATA,
    Column("key", Text, primary_key=True),  # tenant/name
    Column("name", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("sip_password", Text, nullable=False),  # sealed
)

documents = Table(
    "documents",
    METADATA,
    Column("id", Text, primary_key=True),  # path@version
    Column("path", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),  # sealed; "": removed
    Column("at", Float, nullable=False),
    Column("by", Text, nullable=False),
    Index("documents_by_path", "path", "version"),
)

files = Table(
    "files",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("uploaded_at", Float, nullable=False),
    Column("by", Text, nullable=False),
)

file_versions = Table(
    "file_versions",
    METADATA,
    Column("id", Text, primary_key=True),  # mac@number
    Column("mac", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("body", Text, nullable=False),  # packed and sealed
    Index("file_versions_by_mac", "mac", "number"),
)

connections = Table(
    "connections",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("qualify", Boolean, nullable=False),
    Column("interval", Float),
    Column("lagged_after", Float),
    Column("reachability", Text, nullable=False),
    Column("reachability_reason", Text, nullable=False),
    Column("reachability_since", Float, nullable=False),
)

calls = Table(
    "calls",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("device", Text),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("local", Text, nullable=False),
    Column("remote", Text, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("local_metrics", Text),  # JSON object, only what was measured
    Column("remote_metrics", Text),
    Column("mos", Float),
    Column("alerts", Text, nullable=False),  # JSON: [[metric, level, direction, at], ...]
    Column("reports", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("calls_by_at", "at", "id"),
    Index("calls_by_device", "device", "at", "id"),
)

marks = Table(
    "marks",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Float, nullable=False),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("receiver", Text, nullable=False),
    Column("number", Integer, nullable=False),  # counts what this receiver got
    Column("at", Float, nullable=False),
    Column("notification", Text, nullable=False),  # JSON object
    Column("again_at", Float),
    Column("left_at", Float),  # NULL: it waits
    Column("end", Text, nullable=False, server_default=""),
    # What waits, and what left the longest ago.
    Index("outbox_by_left_at", "left_at"),
    Index("outbox_by_receiver", "receiver", "at"),
)

receivers = Table(
    "receivers",
    METADATA,
    Column("name", Text, primary_key=True),  # "": whoever is not here yet
    Column("number", Integer, nullable=False),  # the last one given
)
