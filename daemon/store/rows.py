"""Nouns to rows and back, one pair of functions per table.

A row is a tuple in the column order of `daemon.store.schema`; what has parts of varying number (sites, placeholders,
a report) is one JSON text. `x_of(x_row(x)) == x` for every noun. Pure: not here are SQL, disk and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from ipaddress import ip_network
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from daemon.fleet.model import (
    NO_PLACEHOLDERS,
    ConnectionKind,
    ConnectionRecord,
    ConnectionState,
    DeviceRecord,
    DeviceState,
    Network,
    Placeholders,
    Presence,
    Reachability,
    Report,
    Server,
    Site,
    Tenant,
    Transition,
)
from daemon.fleet.records import Document, FileVersion, NumberEntry, NumberStatus, Operator, PhoneRequest, Role, User
from daemon.store.texts import bindings_of, bindings_text, compact, contact_of, contact_text, parsed

Row = tuple[Any, ...]
"""Values as SQLite holds them: text, whole numbers, floats, None."""


def tenant_row(tenant: Tenant) -> Row:
    """A tenant, its sites within it."""
    sites = [
        [site.name, _network_text(site.subnet), dict(site.placeholders), *([site.timezone] if site.timezone else [])]
        for site in tenant.sites
    ]
    return (
        tenant.name,
        tenant.description,
        _network_text(tenant.subnet),
        tenant.default,
        compact(sites),
        _mapping_text(tenant.placeholders),
        tenant.authentication,
        tenant.interval,
        tenant.lagged_after,
        " ".join(tenant.rungs),
        " ".join(map(str, tenant.addresses)),
        tenant.unprotected,
        tenant.timezone,
    )


def tenant_of(row: Row) -> Tenant:
    """The tenant of a row."""
    name, description, subnet, default, sites, placeholders, *own = row
    authentication, interval, lagged_after, rungs, addresses, unprotected, timezone = own
    return Tenant(
        name=name,
        description=description,
        subnet=_network(subnet),
        default=bool(default),
        sites=tuple(Site(site, _network(net), _frozen(values), *zone) for site, net, values, *zone in parsed(sites)),
        placeholders=_mapping(placeholders),
        authentication=authentication,
        interval=interval,
        lagged_after=lagged_after,
        rungs=tuple(rungs.split()),
        addresses=tuple(map(ip_network, addresses.split())),
        unprotected=unprotected,
        timezone=timezone,
    )


def server_row(server: Server) -> Row:
    """A SIP server."""
    return (server.name, server.address)


def server_of(row: Row) -> Server:
    """The server of a row."""
    return Server(*row)


def device_row(record: DeviceRecord) -> Row:
    """What operators decided about a device."""
    return (
        record.mac,
        record.model,
        record.tenant,
        record.site,
        record.user,
        record.display_name,
        record.number,
        record.server,
        record.qualify,
        record.lagged_after,
        record.contact,
        record.sip_password,
        _mapping_text(record.placeholders),
        record.approved,
        record.armed_until,
        record.secret_generation,
        record.interval,
        record.template,
        record.firmware,
        record.serial,
        record.nickname,
        record.token_hash,
        record.token_until,
        record.defined_at,
    )


def device_of(row: Row) -> DeviceRecord:
    """The record of a row. Positional, since 30,000 of them are read before the daemon is ready."""
    mac, model, tenant, site, user, display_name, number, server, *rest = row
    qualify, lagged_after, contact, sip_password, placeholders, approved, armed_until, *others = rest
    return DeviceRecord(
        mac,
        model,
        tenant,
        site,
        user,
        display_name,
        number,
        server,
        bool(qualify),
        lagged_after,
        contact,
        sip_password,
        _mapping(placeholders),
        bool(approved),
        armed_until,
        *others,
    )


def state_row(state: DeviceState) -> Row:
    """What became of a device."""
    return (
        state.mac,
        state.presence.value,
        state.presence_reason,
        state.presence_since,
        state.last_seen,
        state.source,
        _report_text(state.report),
        state.reachability.value,
        state.reachability_reason,
        state.reachability_since,
        contact_text(state.contact),
        state.registered_server,
        state.ever_registered,
        bindings_text(state.bindings),
    )


def state_of(row: Row) -> DeviceState:
    """The state of a row. Positional for the same reason."""
    mac, presence, why, since, last_seen, source, report, reachability, because, moved, *rest = row
    contact, server, ever, bindings = rest
    return DeviceState(
        mac,
        Presence(presence),
        why,
        since,
        last_seen,
        source,
        None if report is None else Report(**parsed(report)),
        Reachability(reachability),
        because,
        moved,
        contact_of(contact),
        server,
        bool(ever),
        bindings_of(bindings),
    )


def number_row(entry: NumberEntry) -> Row:
    """A telephone number."""
    return (entry.number, entry.status.value, entry.usage, entry.vendor, entry.device, entry.tag, entry.release_date)


def number_of(row: Row) -> NumberEntry:
    """The number of a row."""
    number, status, *rest = row
    return NumberEntry(number, NumberStatus(status), *rest)


def transition_row(transition: Transition) -> Row:
    """A step of a timeline, without the id that the table gives it."""
    return (transition.key, transition.at, transition.axis, transition.old, transition.new, transition.reason)


def transition_of(row: Row) -> Transition:
    """The step of a row, likewise without its id."""
    return Transition(*row)


def request_row(request: PhoneRequest) -> Row:
    """A request that waits for a phone."""
    return (
        request.id,
        request.mac,
        request.action,
        compact(dict(request.body)),
        request.queued_at,
        request.expires_at,
        request.handed_out_at,
    )


def request_of(row: Row) -> PhoneRequest:
    """The request of a row."""
    identity, mac, action, body, *times = row
    return PhoneRequest(identity, mac, action, MappingProxyType(parsed(body)), *times)


def operator_row(operator: Operator) -> Row:
    """Somebody who may use the operators' listener."""
    return (operator.name, operator.role.value, operator.token_hash, operator.added_at)


def operator_of(row: Row) -> Operator:
    """The operator of a row."""
    name, role, token_hash, added_at = row
    return Operator(name, Role(role), token_hash, added_at)


def user_row(user: User) -> Row:
    """Somebody who has phones, the key in front."""
    return (user.key, user.name, user.tenant, user.display_name, user.number, user.sip_password)


def user_of(row: Row) -> User:
    """The user of a row."""
    return User(*row[1:])


def document_row(document: Document) -> Row:
    """A version of a document, its id in front."""
    return (document.id, document.path, document.version, document.body, document.at, document.by)


def document_of(row: Row) -> Document:
    """The version of a row."""
    return Document(*row[1:])


def file_version_row(version: FileVersion) -> Row:
    """A version of a device's file, the id in front."""
    return (
        version.id,
        version.mac,
        version.number,
        version.digest,
        version.at,
        version.made_by,
        version.body,
    )


def file_version_of(row: Row) -> FileVersion:
    """The version of a row, with its body or without."""
    return FileVersion(*row[1:])


def connection_row(state: ConnectionState) -> Row:
    """A SIP connection and where it stands."""
    record = state.record
    return (
        record.name,
        record.target,
        record.kind.value,
        record.tenant,
        record.site,
        record.qualify,
        record.interval,
        record.lagged_after,
        state.reachability.value,
        state.reachability_reason,
        state.reachability_since,
    )


def connection_of(row: Row) -> ConnectionState:
    """The connection of a row."""
    name, target, kind, tenant, site, qualify, interval, lagged_after, reachability, reason, since = row
    record = ConnectionRecord(name, target, ConnectionKind(kind), tenant, site, bool(qualify), interval, lagged_after)
    return ConnectionState(record, Reachability(reachability), reason, since)


def mark_row(mark: tuple[str, float]) -> Row:
    """A named number of the daemon."""
    return mark


def mark_of(row: Row) -> tuple[str, float]:
    """The name and the number of a row."""
    name, value = row
    return name, value


def mended(row: Row) -> Row:
    """The row with what SQLite cannot hold replaced: half a surrogate pair by "?", a number beyond 64 bits cut."""
    return tuple(map(_mended, row))


_LARGEST = 2**63 - 1
_REPORT_FIELDS = tuple(field.name for field in fields(Report))
_report_values = attrgetter(*_REPORT_FIELDS)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return max(-_LARGEST - 1, min(value, _LARGEST))
    return value


def _report_text(report: Report | None) -> str | None:
    """Only what the phone sent: a usual report has ten of the nineteen fields."""
    if report is None:
        return None
    return compact({name: value for name, value in zip(_REPORT_FIELDS, _report_values(report), strict=True) if value})


def _network_text(network: Network | None) -> str | None:
    return None if network is None else str(network)


def _network(text: str | None) -> Network | None:
    return None if text is None else ip_network(text)


def _mapping_text(values: Placeholders) -> str:
    return compact(dict(values)) if values else "{}"


def _mapping(text: str) -> Placeholders:
    return NO_PLACEHOLDERS if text == "{}" else _frozen(parsed(text))


def _frozen(values: Mapping[str, str]) -> Placeholders:
    return MappingProxyType(dict(values)) if values else NO_PLACEHOLDERS
