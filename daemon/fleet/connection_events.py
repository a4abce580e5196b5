"""What the fleet does about SIP connections: defined, located, pinged, deleted; and what follows when one moves.

A connection goes through the same machine as a phone (`reachability`, `qualify`). What is its own stands here: the
turn passes from a silent address to the next before silence counts, a name that leads nowhere is as bad as silence,
and the alarm is `connectionDown`. Not here: the live record (`connection`), DNS, sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from daemon.errors import BadMessage
from daemon.fleet import reachability
from daemon.fleet.acts import ConnectionDeleted
from daemon.fleet.alarms.catalogue import CONNECTION_DOWN
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Answer, Command, Decided, LocateTarget
from daemon.fleet.connection import Connection
from daemon.fleet.events import ProbeAnswered, ProbeMissed, TargetLocated, TargetNotLocated
from daemon.fleet.model import ConnectionRecord, ConnectionState, Contact, Reachability, Tenant, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.reachability import ALIVE, Stimulus
from daemon.fleet.records import Inventory
from daemon.fleet.store_commands import AppendTransition, DropConnection, SaveConnection
from daemon.sip.locate import numeric_contact
from daemon.sip.uri import parse_sip_uri

# If a look-up is lost (a queue was full), the name is looked up again after this; longer than any answer takes.
LOOK_UP_AGAIN = 60.0

# States that leave the alarm as it is: an UNKNOWN connection is as down as it was when it was UNREACHABLE.
_UP = frozenset({*ALIVE, Reachability.UNMONITORED, Reachability.NO_STATUS})


def answered(parts: Parts, event: ProbeAnswered, now: float) -> list[Command]:
    """A ping of a connection came back."""
    connection = parts.connections.with_key(event.key)
    if connection is None:
        return []
    outcome = parts.pinging.answered(connection, event, now)
    before = connection.answered_at
    if connection.misses == 0:  # it counted as life; one that `qualify.accept` turns down was a miss
        connection.silent = 0
        if event.rtt is not None:  # a late answer may be that of the address before
            connection.answered_at = connection.contact
    if outcome is None and connection.answered_at != before:
        return _moved_over(connection, before, now)
    return _follow(parts, connection, outcome, now)


def missed(parts: Parts, event: ProbeMissed, now: float) -> list[Command]:
    """A ping of a connection did not come back: the turn passes, and only a whole round of silence counts as down."""
    connection = parts.connections.with_key(event.key)
    if connection is None:
        return []
    qualify = parts.settings.qualify
    connection.pass_turn()
    if connection.misses + 1 >= qualify.misses and connection.silent < len(connection.addresses):
        connection.steady = False
        parts.pinging.ask_again(connection, now + qualify.confirm_after)
        return [Decided("qualify", "address silent, the next one is tried", connection.key)]
    outcome = parts.pinging.missed(connection, event.cause, now)
    if connection.misses >= qualify.misses:
        connection.silent = 0
    return _follow(parts, connection, outcome, now)


def silent_for_long(parts: Parts, key: str, now: float) -> list[Command]:
    """A connection stayed unreachable until we give it up."""
    connection = parts.connections.with_key(key)
    return _follow(parts, connection, parts.pinging.silent_for_long(connection, now), now) if connection else []


def located(parts: Parts, event: TargetLocated, now: float) -> list[Command]:
    """The name of a connection leads somewhere; one that is not known to answer is pinged at once."""
    connection = parts.connections.with_key(event.key)
    if connection is None:
        return []
    parts.connections.lookups.set(event.key, now + event.ttl)
    connection.lookup_fault = ""
    known = set(connection.addresses)
    connection.settle(event.contacts)
    if known == set(event.contacts):
        return []
    moved = watch(parts, connection, now)
    woken = parts.pinging.wake(connection, now)
    return [*_follow(parts, connection, moved, now), *([woken] if woken else [])]


def not_located(parts: Parts, event: TargetNotLocated, now: float) -> list[Command]:
    """The name could not be looked up. Addresses that are known stay in use (RFC 8767); without any it is down."""
    connection = parts.connections.with_key(event.key)
    if connection is None:
        return []
    parts.connections.lookups.set(event.key, now + event.ttl)
    connection.lookup_fault = event.why
    if connection.addresses or not connection.monitored:
        return [Decided("lookup", "failed, known addresses stay in use", connection.key)]
    connection.misses += 1
    if connection.reachability is not Reachability.UNREACHABLE and connection.misses < parts.settings.qualify.misses:
        return [Decided("lookup", "failed, to be confirmed", connection.key)]  # after a boot DNS may not be up yet
    moved = reachability.step(connection, Stimulus.NOT_LOCATED, now, event.why)
    return _follow(parts, connection, moved, now) or [Decided("lookup", "failed again", connection.key)]


def look_up(parts: Parts, now: float) -> list[Command]:
    """The names whose time has come."""
    book, orders = parts.connections, list[Command]()
    for key in book.lookups.expire(now):
        connection = book.with_key(key)
        if connection and connection.monitored:
            book.lookups.set(key, now + LOOK_UP_AGAIN)
            orders.append(LocateTarget(key, connection.record.target))
    return orders


def deleted(parts: Parts, event: ConnectionDeleted, now: float) -> list[Command]:
    """Forget a connection; its alarm ends, and managers are told."""
    connection = parts.connections.by_name.pop(event.name, None)
    if connection is None:
        return [Answer(refused=("there is no such connection",))]
    parts.pinging.forget(connection.key)
    parts.connections.lookups.cancel(connection.key)
    gone = Transition(connection.key, now, "provisioning", "defined", "deleted", f"by {event.by}")
    return [DropConnection(event.name), *_end_alarm(parts, connection, now), AppendTransition(gone)]


def restore(parts: Parts, state: ConnectionState, now: float) -> None:
    """Go on with a connection after a restart."""
    connection = Connection(state.record, now)
    connection.restore(state)
    parts.connections.by_name[connection.name] = connection
    _place(parts, connection)
    watch(parts, connection, now)


def watch(parts: Parts, connection: Connection, now: float) -> Transition | None:
    """Begin, resume or end pinging a connection, by its own limits or those of the settings."""
    record, settings = connection.record, parts.settings.qualify
    connection.monitored = record.qualify
    connection.lagged_after = record.lagged_after or settings.lagged_after
    connection.period = max(record.interval or settings.interval, settings.timeout)
    if connection.named and connection.monitored and connection.key not in parts.connections.lookups:
        parts.connections.lookups.set(connection.key, now)
    return parts.pinging.watch(connection, now)


def rewatch(parts: Parts, now: float) -> list[Command]:
    """New settings are in force: all connections by their limits."""
    return [
        order
        for connection in parts.connections.by_name.values()
        for order in _follow(parts, connection, watch(parts, connection, now), now)
    ]


def define(parts: Parts, inventory: Inventory, by: str, now: float) -> list[Command]:
    """Take up the connections of an inventory, as far as they are new or different."""
    orders: list[Command] = []
    for record in merged(inventory, parts.connections.by_name):
        connection = parts.connections.by_name.get(record.name)
        if connection is None:
            connection = parts.connections.by_name[record.name] = Connection(record, now)
            told = Transition(record.key, now, "provisioning", "", "defined", f"by {by}")
            _place(parts, connection)
        elif record == connection.record:
            continue
        else:
            moves_on = record.target != connection.record.target
            connection.record = record
            told = Transition(record.key, now, "provisioning", "", "edited", f"by {by}")
            if moves_on:
                _place(parts, connection)
        moved = watch(parts, connection, now)
        orders += [AppendTransition(told), SaveConnection(connection.state())]
        orders += _follow(parts, connection, moved, now)
    return orders


def merged(inventory: Inventory, known: Mapping[str, Connection]) -> Iterator[ConnectionRecord]:
    """The records as they will be: fields the inventory names, over what is known already."""
    every = frozenset(field.name for field in fields(ConnectionRecord))
    for entry in inventory.connections:
        before = known.get(entry.name)
        written = inventory.connection_fields.get(entry.name, every)
        yield replace(before.record, **{name: getattr(entry, name) for name in written}) if before else entry


def faults(inventory: Inventory, known: Mapping[str, Connection], tenants: Mapping[str, Tenant]) -> Iterator[str]:
    """Why these connections cannot be taken, one sentence each; `tenants` as they will be."""
    for record in merged(inventory, known):
        tenant = tenants.get(record.tenant)
        if record.tenant and tenant is None:
            yield f"connection {record.name}: there is no tenant {record.tenant}; define it in the same inventory"
        if record.site and (tenant is None or tenant.site_named(record.site) is None):
            yield f"connection {record.name}: tenant {record.tenant or '(none)'} has no site {record.site}"


def _place(parts: Parts, connection: Connection) -> None:
    """Where a connection is, if its target says so itself; a name is to be looked up first."""
    connection.silent, connection.answered_at, connection.lookup_fault = 0, None, ""
    try:
        contact = numeric_contact(parse_sip_uri(connection.record.target), connection.record.target)
    except BadMessage:  # inventories are checked, so this is a row that somebody else wrote
        contact = None
    connection.named = contact is None
    connection.settle((contact,) if contact else ())
    parts.connections.lookups.cancel(connection.key)


def _follow(parts: Parts, connection: Connection, outcome: Transition | Decided | None, now: float) -> list[Command]:
    """All that a step of a connection brings about."""
    if outcome is None:
        return []
    if isinstance(outcome, Decided):
        return [outcome]
    moved = _saying_where(connection, outcome)
    alarm: list[Command] = []
    if connection.reachability is Reachability.UNREACHABLE:
        alarm = parts.alarms.report(
            Trouble.of(CONNECTION_DOWN, moved.reason),
            None,
            connection.source,
            now,
            connection.record.tenant,
            site=connection.record.place,
        )
    elif connection.reachability in _UP:
        alarm = _end_alarm(parts, connection, now)
    return [AppendTransition(moved), SaveConnection(connection.state()), *alarm]


def _moved_over(connection: Connection, before: Contact | None, now: float) -> list[Command]:
    """Another address answers while the state stays: its reason says so, and its timeline unless we just started."""
    new = _where(connection.answered_at) if connection.answered_at else ""
    told = connection.reachability_reason
    connection.reachability_reason = f"{told.partition(', at ')[0]}, at {new}"
    if connection.reachability_reason == told:
        return []
    orders: list[Command] = [SaveConnection(connection.state())]
    if before:
        step = Transition(connection.key, now, "address", _where(before), new, "another of its addresses answers")
        orders.append(AppendTransition(step))
    return orders


def _where(contact: Contact) -> str:
    return f"{contact.host} port {contact.port} over {contact.transport}"


def _saying_where(connection: Connection, moved: Transition) -> Transition:
    """The same step with the address that answered in its reason."""
    where = connection.answered_at
    if connection.reachability not in ALIVE or where is None:
        return moved
    connection.reachability_reason = f"{moved.reason}, at {_where(where)}"
    return replace(moved, reason=connection.reachability_reason)


def _end_alarm(parts: Parts, connection: Connection, now: float) -> list[Command]:
    identity = Trouble.of(CONNECTION_DOWN).identity(connection.source)
    return parts.alarms.clear(identity, now, None) if identity in parts.alarms.active else []
