"""The fleet: one synchronous object that turns facts and the passing of time into orders.

`handle` looks the event's handler up in a table, `expire` asks every book what is due; both return commands and
touch nothing outside. There is no await anywhere beneath, so each step is atomic without a lock. Not here: the rules
themselves (the modules beside this one), clocks, sockets, disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from daemon.config.settings import Settings
from daemon.fleet import (
    connection_events,
    connector_events,
    document_events,
    file_events,
    first_contact_events,
    inventory_events,
    lagging,
    licence_events,
    number_supply,
    operator_events,
    output_events,
    phone_command_events,
    phone_events,
    quality_events,
    quarantine,
    receiver_events,
    resync_events,
    server_events,
    sip_events,
    swap_events,
    trap_events,
    user_events,
)
from daemon.fleet.acts import (
    AlarmAcknowledged,
    AlarmDeleted,
    ConnectionDeleted,
    DeviceArmed,
    DeviceDeleted,
    DeviceSwapped,
    DocumentsWritten,
    FileEdited,
    FileRemoved,
    FileStored,
    InventoryApplied,
    OperationDropped,
    OperationOrdered,
    OperationSteered,
    OperatorAdded,
    OperatorRemoved,
    RequestQueued,
    ResyncAsked,
    SecretRenewed,
    SettingsChanged,
    ShelfClosed,
    ShelfOpened,
    TenantDeleted,
    TokenIssued,
    UserDeleted,
    UserWritten,
)
from daemon.fleet.alarms import events as alarm_events
from daemon.fleet.alarms.book import AlarmBook
from daemon.fleet.call_book import CallBook
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.connection import Connection
from daemon.fleet.consequences import expect_report, refresh_status
from daemon.fleet.device import Device
from daemon.fleet.documents import DocumentBook
from daemon.fleet.events import (
    AlertsHeard,
    CertificatesRead,
    CommandEnded,
    ConnectorFailed,
    ConnectorRecovered,
    ConnectorsConfigured,
    ContactsLearned,
    ContactsLost,
    Event,
    FileFetched,
    FileMade,
    KeepAliveHeard,
    LifeSign,
    LoadMeasured,
    OutboxDrained,
    OutboxFilling,
    OutputFailed,
    OutputRecovered,
    OutputsConfigured,
    ProbeMissed,
    ProbesAnswered,
    QualityReported,
    Registered,
    ResyncEnded,
    StoreFailed,
    StoreRecovered,
    TargetLocated,
    TargetNotLocated,
    TokenUsed,
    TrapHeard,
    UnknownPhoneHeard,
    Unregistered,
    UserLinesHeard,
)
from daemon.fleet.file_book import FileBook
from daemon.fleet.file_history import FileHistory
from daemon.fleet.intake import MUST_WAIT, IntakeProgress
from daemon.fleet.inventory_check import Check
from daemon.fleet.licence import LicenceBook, LicenceStatus
from daemon.fleet.model import Contact, DeviceState, Mac
from daemon.fleet.notifications import Alarm, Shelf
from daemon.fleet.numbers import NumberBook
from daemon.fleet.operations import events as operation_events
from daemon.fleet.operations.book import OperationBook
from daemon.fleet.parts import Parts
from daemon.fleet.qualify import Pinging
from daemon.fleet.records import Inventory, NumberEntry, PhoneRequest, Snapshot
from daemon.fleet.requests import RequestBook
from daemon.fleet.roster import FleetStatistics, Roster
from daemon.fleet.sip_events import watch
from daemon.fleet.store_commands import SaveLastSeen, SaveMark

ALIVE_AT = "alive_at"  # the mark that tells, after a start, how long we were away

# An event class -> who handles it. The value's event type is narrower than Event, which a mapping cannot say.
HANDLERS: dict[type[Event], Callable[[Parts, Any, float], list[Command]]] = {
    ProbesAnswered: sip_events.probes_answered,
    ProbeMissed: sip_events.probe_missed,
    Registered: sip_events.registered,
    Unregistered: sip_events.unregistered,
    LifeSign: sip_events.life_sign,
    QualityReported: quality_events.quality_reported,
    KeepAliveHeard: phone_events.keep_alive_heard,
    AlertsHeard: phone_events.alerts_heard,
    TrapHeard: trap_events.trap_heard,
    FileFetched: phone_events.file_fetched,
    FileMade: phone_events.file_made,
    UnknownPhoneHeard: quarantine.unknown_phone_heard,
    InventoryApplied: inventory_events.inventory_applied,
    TenantDeleted: operator_events.tenant_deleted,
    UserWritten: user_events.user_written,
    UserDeleted: user_events.user_deleted,
    DocumentsWritten: document_events.documents_written,
    FileStored: file_events.file_stored,
    FileEdited: file_events.file_edited,
    FileRemoved: file_events.file_removed,
    UserLinesHeard: file_events.user_lines_heard,
    DeviceDeleted: operator_events.device_deleted,
    DeviceArmed: operator_events.device_armed,
    TokenIssued: first_contact_events.token_issued,
    SecretRenewed: first_contact_events.secret_renewed,
    TokenUsed: first_contact_events.token_used,
    RequestQueued: operator_events.request_queued,
    ResyncAsked: resync_events.resync_asked,
    ResyncEnded: resync_events.resync_ended,
    CommandEnded: phone_command_events.command_ended,
    OperationOrdered: operation_events.ordered,
    OperationSteered: operation_events.steered,
    OperationDropped: operation_events.dropped,
    DeviceSwapped: swap_events.device_swapped,
    TargetLocated: connection_events.located,
    TargetNotLocated: connection_events.not_located,
    ConnectionDeleted: connection_events.deleted,
    ContactsLearned: connector_events.contacts_learned,
    ContactsLost: connector_events.contacts_lost,
    ConnectorFailed: connector_events.connector_failed,
    ConnectorRecovered: connector_events.connector_recovered,
    ConnectorsConfigured: connector_events.connectors_configured,
    OutputFailed: output_events.output_failed,
    OutputRecovered: output_events.output_recovered,
    OutputsConfigured: output_events.outputs_configured,
    OperatorAdded: operator_events.operator_added,
    OperatorRemoved: operator_events.operator_removed,
    SettingsChanged: operator_events.settings_changed,
    AlarmAcknowledged: alarm_events.acknowledged,
    AlarmDeleted: alarm_events.deleted,
    ShelfOpened: alarm_events.shelf_opened,
    ShelfClosed: alarm_events.shelf_closed,
    StoreFailed: operator_events.store_failed,
    StoreRecovered: operator_events.store_recovered,
    LoadMeasured: server_events.load_measured,
    CertificatesRead: server_events.certificates_read,
    OutboxFilling: receiver_events.outbox_filling,
    OutboxDrained: receiver_events.outbox_drained,
}


class Fleet:
    """All live state. Reading it is free at any time; only `handle` and `expire` change it."""

    def __init__(self, settings: Settings, snapshot: Snapshot, now: float) -> None:
        outage = max(0.0, now - snapshot.marks.get(ALIVE_AT, now))
        roster = Roster(snapshot)
        self.parts = Parts(
            settings=settings,
            roster=roster,
            pinging=Pinging(settings.qualify, now),
            alarms=AlarmBook(snapshot, settings.alarms, roster, now),
            numbers=NumberBook(snapshot.numbers, settings.numbers),
            requests=RequestBook(
                snapshot.requests,
                settings.requests,
                max((item.request for item in snapshot.operation_items), default=0),
            ),
            operations=OperationBook(
                snapshot.operations, snapshot.operation_items, settings.operations, settings.keep_alive, now
            ),
            documents=DocumentBook(snapshot.documents, settings.provisioning),
            files_given=FileHistory(snapshot.file_versions, settings.provisioning),
            files=FileBook(snapshot.files, settings.files),
            calls=CallBook(snapshot.calls, settings.quality, now),
            licence=LicenceBook(settings.licence, snapshot.records, now),
            graced_until=now + settings.keep_alive.period if outage > settings.keep_alive.period else 0.0,
        )
        self.roster = self.parts.roster
        self.device = self.roster.device
        self.devices = self.roster.devices
        self.default_tenant = self.roster.default_tenant
        self.mac_of_user = self.roster.mac_of_user
        self.mac_at = self.roster.mac_at
        self.learned_servers, self.learned_users = self.parts.learned.servers, self.parts.learned.users
        self.requests_of: Callable[[Mac], tuple[PhoneRequest, ...]] = self.parts.requests.of
        self.users = self.roster.users
        self.documents = self.parts.documents.newest
        self.file_given = self.parts.files_given.newest
        self.files = self.parts.files.by_name
        self.tenants, self.servers, self.operators = self.roster.tenants, self.roster.servers, self.roster.operators
        self.calls = self.parts.calls
        self.operations = self.parts.operations
        self._checkpoint_at = now
        self._restore(snapshot, outage, now)

    @property
    def connections(self) -> Mapping[str, Connection]:
        """The SIP connections by name."""
        return self.parts.connections.by_name

    @property
    def numbers(self) -> Mapping[str, NumberEntry]:
        """All numbers."""
        return self.parts.numbers.entries

    @property
    def alarms(self) -> Mapping[str, Alarm]:
        """The active alarms by id."""
        return self.parts.alarms.active

    @property
    def shelves(self) -> Mapping[int, Shelf]:
        """What operators do not want to hear of, by id."""
        return self.parts.alarms.shelves.by_id

    def handle(self, event: Event, now: float) -> list[Command]:
        """A fact: what is to be done about it."""
        if self.parts.intake is not None and type(event) in MUST_WAIT:
            return [Answer(refused=(self.parts.intake.refusal(),)), Decided("enrolment", "must wait for an intake")]
        orders = HANDLERS[type(event)](self.parts, event, now)
        if type(event) in MUST_WAIT:
            self.parts.roster.edition += 1
            self.parts.licence.due = now
        return orders

    def next_deadline(self) -> float:
        """When `expire` must be called."""
        parts = self.parts
        if parts.intake is not None:
            return parts.intake.due
        return min(
            parts.pinging.next_deadline(),
            parts.absences.next_deadline(),
            parts.laggards.next_deadline(),
            parts.licence.next_deadline(),
            parts.connections.lookups.next_deadline(),
            parts.calls.next_deadline(),
            parts.alarms.next_deadline(),
            parts.numbers.releases.next_deadline(),
            parts.requests.expiries.next_deadline(),
            parts.operations.next_deadline(),
            self._checkpoint_at,
        )

    def expire(self, now: float) -> list[Command]:
        """Time has passed: what is due by `now`, pings no faster than `qualify.max_rate`."""
        parts, orders = self.parts, inventory_events.take_step(self.parts, now)
        orders += parts.pinging.due(now)
        for key in parts.pinging.registrations.expire(now):
            orders += sip_events.registration_expired(parts, Mac(key), now)
        for key in parts.pinging.long_silences.expire(now):
            orders += sip_events.unreachable_for_long(parts, Mac(key), now)
        for mac in parts.absences.expire(now):
            orders += phone_events.silent(parts, mac, now)
        for mac in parts.laggards.expire(now):
            orders += sip_events.lagged_for_long(parts, mac, now)
        orders += connection_events.look_up(parts, now)
        orders += quality_events.expire(parts, now)
        orders += alarm_events.expire(parts, now)
        orders += parts.numbers.release(now)
        orders += parts.requests.expire(now)
        orders += operation_events.expire(parts, now)
        orders += licence_events.review(parts, now)
        return orders + self.checkpoint(now) if now >= self._checkpoint_at else orders

    @property
    def intake(self) -> IntakeProgress | None:
        """How far a large inventory has come, while one is being taken."""
        return self.parts.intake.progress if self.parts.intake else None

    def finish_intake(self, now: float) -> list[Command]:
        """Take all that is left of it at once: at a start or an end, when nobody else has to be served."""
        orders = list[Command]()
        while self.parts.intake is not None:
            orders += inventory_events.take_step(self.parts, now)
        return orders

    def licence(self, now: float) -> LicenceStatus:
        """How the licence stands."""
        return licence_events.status(self.parts, now)

    def check(self, inventory: Inventory) -> Check:
        """Whether this inventory would be taken, still to be looked at."""
        return Check(self.parts, inventory)

    def statistics(self) -> FleetStatistics:
        """How many of what."""
        reachability, presence, status = self.roster.census()
        return FleetStatistics(
            devices=len(self.devices()),
            unapproved=self.roster.unapproved,
            reachability=dict(reachability),
            presence=dict(presence),
            status=dict(status),
            numbers=dict(Counter(entry.status for entry in self.numbers.values())),
            connections=dict(Counter(connection.reachability for connection in self.connections.values())),
            alarms=dict(Counter(alarm.severity for alarm in self.alarms.values())),
        )

    def checkpoint(self, now: float) -> list[Command]:
        """Write down who was heard lately, and that we are alive; one transaction, whatever the fleet's size."""
        self._checkpoint_at = now + self.parts.settings.keep_alive.checkpoint
        supply = number_supply.review(self.parts, now)
        heard = [device for mac in self.parts.heard if (device := self.device(mac))]
        self.parts.heard.clear()
        seen = [SaveLastSeen(device.mac, device.last_seen) for device in heard if device.last_seen is not None]
        return [*seen, SaveMark(ALIVE_AT, now), *supply]

    def _restore(self, snapshot: Snapshot, outage: float, now: float) -> None:
        """Go on as if there had been no restart: nobody is blamed for what we could not hear meanwhile."""
        for connection in snapshot.connections:
            connection_events.restore(self.parts, connection, now)
        states = {state.mac: state for state in snapshot.states}
        for record in snapshot.records:
            device = Device(record, now)
            device.blocked = self.parts.licence.blocked.get(record.mac, "")
            if state := states.get(record.mac):
                device.restore(_excused(state, outage))
            if device.contact is None and record.contact:
                device.contact = sip_events.static_contact(record.contact)
            self.roster.add(device)
            connector_events.restore(self.parts, device)
            watch(self.parts, device, now)
            expect_report(self.parts, device)
            lagging.arm(self.parts, device)
            refresh_status(self.parts, device)
        quality_events.restore(self.parts, now)


def _excused(state: DeviceState, outage: float) -> DeviceState:
    """A registration could not be renewed while we were away, so the outage does not count against it."""
    if not outage:
        return state
    bindings = tuple(replace(binding, contact=_prolonged(binding.contact, outage)) for binding in state.bindings)
    return replace(state, contact=state.contact and _prolonged(state.contact, outage), bindings=bindings)


def _prolonged(contact: Contact, seconds: float) -> Contact:
    return contact if contact.expires_at is None else replace(contact, expires_at=contact.expires_at + seconds)
