"""Hypothesis strategies for the nouns of `daemon.fleet.model`, as wild as their types allow."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from daemon.fleet.calls import AlertLevel, CallQuality, QualityAlert, ReportKind, VoiceMetrics
from daemon.fleet.model import (
    NO_PLACEHOLDERS,
    Binding,
    ConnectionKind,
    ConnectionRecord,
    ConnectionState,
    Contact,
    DeviceRecord,
    DeviceState,
    Mac,
    Network,
    Placeholders,
    Presence,
    Reachability,
    Report,
    Server,
    Site,
    Status,
    Tenant,
    Transition,
)
from daemon.fleet.notifications import Alarm, EventType, Notification, Occasion, PastAlarm, Severity, Shelf, Telling
from daemon.fleet.operations.operation import BATCHES, DELAYS, Item, Kind, Operation, OperationState, Plan, Step, Way
from daemon.fleet.records import (
    Document,
    FileVersion,
    NumberEntry,
    NumberStatus,
    Operator,
    PhoneRequest,
    Role,
    StoredFile,
    StoredKind,
    User,
)
from daemon.store.alarm_rows import OutboxEntry

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text("abcdef", min_size=1, max_size=3)
macs = st.integers(0, 5).map(lambda index: Mac(f"00908f{index:06x}"))  # few, so that they meet again
times = st.floats(0, 4e9)
whole = st.integers(0, 2**31)


def _network(value: int) -> Network:
    return IPv4Network((value & 0xFFFFFF00, 24)) if value < 2**32 else IPv6Network((value >> 64 << 64, 64))


def _placeholders(values: dict[str, str]) -> Placeholders:
    return MappingProxyType(values) if values else NO_PLACEHOLDERS


def built(noun: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """`noun` from these strategies, by field name."""
    return st.builds(noun, **fields)


networks = st.none() | st.integers(0, 2**128 - 1).map(_network)
placeholders = st.dictionaries(texts, texts, max_size=2).map(_placeholders)
devices = st.none() | macs
sites = st.lists(built(Site, name=texts, subnet=networks, placeholders=placeholders, timezone=texts), max_size=2).map(
    tuple
)
reports = built(Report, **dict.fromkeys(Report.__dataclass_fields__, texts))
contacts = built(
    Contact,
    uri=texts,
    host=texts,
    port=st.integers(1, 65535),
    expires_at=st.none() | times,
    transport=st.sampled_from(["udp", "tcp", "tls"]),
    route=st.lists(texts, max_size=2).map(tuple),
    listener=texts,
)
bindings = built(
    Binding,
    contact=contacts,
    call_id=texts,
    cseq=whole,
    q=st.sampled_from([0.0, 0.5, 1.0]),
    instance=texts,
    reg_id=st.integers(0, 3),
)

tenants = built(
    Tenant,
    name=names,
    description=texts,
    subnet=networks,
    default=st.booleans(),
    sites=sites,
    placeholders=placeholders,
    authentication=st.sampled_from(["", "passwords", "always", "never"]),
    rungs=st.sampled_from([(), ("window",), ("token", "secret")]),
    addresses=st.lists(networks.filter(bool), max_size=2).map(tuple),
    unprotected=st.sampled_from(["", "stripped", "refused"]),
    timezone=st.sampled_from(["", "Europe/Vienna"]),
)
users = built(User, name=names, tenant=names, **dict.fromkeys(("display_name", "number", "sip_password"), texts))
documents = built(
    Document, path=st.sampled_from(["template/a", "user/b"]), version=st.integers(1, 4), body=texts, at=times, by=texts
)
stored_files = built(
    StoredFile,
    name=names,
    kind=st.sampled_from(StoredKind),
    size=whole,
    uploaded_at=times,
    **dict.fromkeys(("hash", "model", "version", "description", "group", "by"), texts),
)
file_versions = built(
    FileVersion, mac=macs, number=st.integers(1, 4), digest=texts, at=times, made_by=texts, body=texts
)
servers = built(Server, name=names, address=texts)
numbers = built(
    NumberEntry,
    number=names,
    status=st.sampled_from(NumberStatus),
    usage=texts,
    vendor=texts,
    device=devices,
    tag=texts,
    release_date=st.none() | times,
)
alarms = built(
    Alarm,
    id=names,
    sequence=whole,
    name=texts,
    source=texts,
    device=devices,
    tenant=texts,
    severity=st.sampled_from(Severity),
    description=texts,
    event_type=st.sampled_from(EventType),
    probable_cause=whole,
    additional_info=st.lists(texts, max_size=3).map(tuple),
    raised_at=times,
    updated_at=times,
    telling=st.sampled_from(Telling),
    known=st.booleans(),
    peak=st.sampled_from(Severity),
    raises=whole,
    changed=st.booleans(),
    **dict.fromkeys(("acknowledged_at", "ends_at"), st.none() | times),
    **dict.fromkeys(("site", "parent", "acknowledged_by", "note"), texts),
)
past_alarms = built(PastAlarm, id=st.integers(1, 8), alarm=alarms, cleared_at=times, reason=texts)
shelves = built(
    Shelf,
    id=st.integers(1, 4),
    **dict.fromkeys(("tenant", "site", "device", "source", "name", "reason", "by"), texts),
    **dict.fromkeys(("starts_at", "ends_at", "created_at"), times),
)
transitions = built(Transition, key=macs, at=times, axis=texts, old=texts, new=texts, reason=texts)
requests = built(
    PhoneRequest,
    id=st.integers(1, 8),
    mac=macs,
    action=texts,
    body=st.dictionaries(texts, texts, max_size=2).map(MappingProxyType),
    queued_at=times,
    expires_at=times,
    handed_out_at=st.none() | times,
)
operations = built(
    Operation,
    id=st.integers(1, 4),
    kind=st.sampled_from(Kind),
    plan=built(
        Plan,
        batch=st.sampled_from(BATCHES),
        delay=st.sampled_from(DELAYS),
        at=times,
        waves=st.lists(whole, max_size=2).map(tuple),
        budget=st.floats(0, 1),
        quiet_hours=texts,
        patience=times,
    ),
    by=texts,
    created_at=times,
    parameters=st.dictionaries(texts, texts, max_size=2).map(MappingProxyType),
    state=st.sampled_from(OperationState),
    reason=texts,
    ended_at=times,
    next_at=times,
    wave=whole,
    forgiven=whole,
)
operation_items = built(
    Item,
    operation=st.integers(1, 4),
    mac=macs,
    place=whole,
    step=st.sampled_from(Step),
    missing=st.lists(st.sampled_from(Step), max_size=3).map(tuple),
    stuck=texts,
    reason=texts,
    way=st.sampled_from(Way),
    at=times,
    asked_at=times,
    retry_at=times,
    tries=whole,
    request=whole,
    own=st.dictionaries(texts, texts, max_size=2).map(MappingProxyType),
)
operators = built(Operator, name=names, role=st.sampled_from(Role), token_hash=texts, added_at=times)
connections = built(
    ConnectionState,
    record=built(
        ConnectionRecord,
        name=names,
        target=texts,
        kind=st.sampled_from(ConnectionKind),
        tenant=texts,
        site=texts,
        qualify=st.booleans(),
        interval=st.none() | times,
        lagged_after=st.none() | times,
    ),
    reachability=st.sampled_from(Reachability),
    reachability_reason=texts,
    reachability_since=times,
)
metrics = built(
    VoiceMetrics,
    codec=texts,
    mos_lq=st.none() | st.floats(1, 5),
    loss=st.none() | st.floats(0, 100),
    round_trip_ms=st.none() | st.floats(0, 65534),
    mos_computed=st.booleans(),
)
calls = built(
    CallQuality,
    id=names,
    at=times,
    kind=st.sampled_from(ReportKind),
    device=devices,
    **dict.fromkeys(("tenant", "site", "source", "call_id", "local", "remote", "reason", "text"), texts),
    **dict.fromkeys(("started_at", "ended_at"), st.none() | times),
    **dict.fromkeys(("local_metrics", "remote_metrics"), st.none() | metrics),
    mos=st.none() | st.floats(1, 5),
    alerts=st.lists(
        built(QualityAlert, metric=texts, level=st.sampled_from(AlertLevel), direction=texts, at=st.none() | times),
        max_size=2,
    ).map(tuple),
    reports=whole,
    verdict=st.sampled_from(Status),
)
notifications = built(
    Notification, sequence=whole, at=times, alarm=alarms, device_ip=texts, occasion=st.sampled_from(Occasion)
)
entries = built(
    OutboxEntry, id=whole, receiver=names, number=whole, notification=notifications, again_at=st.none() | times
)


def records(mac: st.SearchStrategy[Mac] = macs) -> st.SearchStrategy[DeviceRecord]:
    """What operators decided."""
    of_sip = ("user", "display_name", "number", "server", "contact", "sip_password")
    words = (*of_sip, "model", "tenant", "site", "template", "firmware", "serial", "nickname", "token_hash")
    record: st.SearchStrategy[DeviceRecord] = built(
        DeviceRecord,
        mac=mac,
        **dict.fromkeys(words, texts),
        qualify=st.booleans(),
        lagged_after=st.none() | times,
        placeholders=placeholders,
        approved=st.booleans(),
        armed_until=times,
        secret_generation=whole,
        token_until=times,
        defined_at=times,
    )
    return record


def states(mac: st.SearchStrategy[Mac] = macs) -> st.SearchStrategy[DeviceState]:
    """What became of a device."""
    state: st.SearchStrategy[DeviceState] = built(
        DeviceState,
        mac=mac,
        presence=st.sampled_from(Presence),
        presence_reason=texts,
        presence_since=times,
        last_seen=st.none() | times,
        source=texts,
        report=st.none() | reports,
        reachability=st.sampled_from(Reachability),
        reachability_reason=texts,
        reachability_since=times,
        contact=st.none() | contacts,
        registered_server=texts,
        ever_registered=st.booleans(),
        bindings=st.lists(bindings, max_size=2).map(tuple),
    )
    return state


FIRST_MAC = Mac("00908f000000")


def state_with_report(mac: Mac = FIRST_MAC, last_seen: float = 1.0, **said: str) -> DeviceState:
    """A registered phone that said this of itself."""
    return DeviceState(
        mac=mac,
        presence=Presence.REGISTERED,
        presence_reason="keep-alive",
        presence_since=1.0,
        last_seen=last_seen,
        source="10.1.2.7",
        report=Report(**said),
        reachability=Reachability.OK,
        reachability_reason="answered",
        reachability_since=1.0,
        contact=None,
        registered_server="pbx-a",
        ever_registered=True,
    )
