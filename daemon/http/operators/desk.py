"""What the operators' application needs of the rest of the program: the desk it sits at.

The composition root fills it in; tests fill it with a fleet of their own. Not here: anything HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from daemon.config.settings import Settings
from daemon.fleet.call_book import CallBook
from daemon.fleet.calls import CallQuality, CallsWanted
from daemon.fleet.connection import Connection
from daemon.fleet.delivery import Deliver
from daemon.fleet.device import Device
from daemon.fleet.licence import LicenceStatus
from daemon.fleet.model import (
    ConnectionRecord,
    DeviceRecord,
    Mac,
    Presence,
    Reachability,
    Server,
    Status,
    Tenant,
    Transition,
)
from daemon.fleet.notifications import Alarm, PastAlarm, PastAlarmsWanted, Severity, Shelf, Told, ToldWanted
from daemon.fleet.operations.book import OperationBook
from daemon.fleet.records import (
    Checked,
    Document,
    FileVersion,
    Inventory,
    NumberEntry,
    NumberStatus,
    Operator,
    PhoneRequest,
    StoredFile,
    User,
)
from daemon.http.operators.output_desk import NoOutputs, OutputsDesk, Queues
from daemon.provisioning.making import FileMaker
from daemon.scheduler.clock import Clock


class Totals(Protocol):
    """The fleet counted: devices by each axis, numbers by status, alarms by severity."""

    @property
    def reachability(self) -> Mapping[Reachability, int]:
        """Devices by what pings say."""

    @property
    def presence(self) -> Mapping[Presence, int]:
        """Devices by what their reports say."""

    @property
    def status(self) -> Mapping[Status, int]:
        """Devices by what operators look at first."""

    @property
    def numbers(self) -> Mapping[NumberStatus, int]:
        """Telephone numbers by status."""

    @property
    def connections(self) -> Mapping[Reachability, int]:
        """SIP connections by what pings say."""

    @property
    def alarms(self) -> Mapping[Severity, int]:
        """Active alarms by severity."""

    @property
    def devices(self) -> int:
        """All devices."""

    @property
    def unapproved(self) -> int:
        """Those of them that nobody has defined."""


class Directory(Protocol):
    """The reading side of the fleet, as far as operators look."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """Tenants by name."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """SIP servers by name."""

    @property
    def numbers(self) -> Mapping[str, NumberEntry]:
        """Telephone numbers by themselves."""

    @property
    def alarms(self) -> Mapping[str, Alarm]:
        """Active alarms by id."""

    @property
    def shelves(self) -> Mapping[int, Shelf]:
        """What operators do not want to hear of, by id."""

    @property
    def connections(self) -> Mapping[str, Connection]:
        """SIP connections by name."""

    @property
    def users(self) -> Mapping[str, User]:
        """Users by key."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The newest version of every document by path."""

    @property
    def files(self) -> Mapping[str, StoredFile]:
        """Uploaded files by name."""

    @property
    def operations(self) -> OperationBook:
        """What is being done to many devices."""

    @property
    def calls(self) -> CallBook:
        """The calls of the last window."""

    @property
    def operators(self) -> Mapping[str, Operator]:
        """Operators by name."""

    @property
    def intake(self) -> IntakeProgress | None:
        """How far a large inventory has come, while one is being taken."""

    def device(self, mac: Mac) -> Device | None:
        """The device with this MAC."""

    def devices(self) -> Collection[Device]:
        """All devices."""

    def default_tenant(self) -> Tenant | None:
        """Whose new phones are, if nothing else says so."""

    def licence(self, now: float) -> LicenceStatus:
        """How the licence stands."""

    def requests_of(self, mac: Mac) -> tuple[PhoneRequest, ...]:
        """What waits for a device, or was handed to it."""

    def statistics(self) -> Totals:
        """The fleet counted, now."""


class TraceEntry(Protocol):
    """One packet of a traced device, or one remark; as text it is what a person reads of it."""

    @property
    def number(self) -> int:
        """Counts from 1."""

    @property
    def at(self) -> float:
        """When it passed."""

    @property
    def direction(self) -> str:
        """Which way: "received" or "sent"; "noted" is a remark without a packet."""

    @property
    def transport(self) -> str:
        """Over what: "udp", "tcp" or "tls"."""

    @property
    def local(self) -> str:
        """Our end, `host:port`."""

    @property
    def remote(self) -> str:
        """The other end, likewise."""

    @property
    def text(self) -> str:
        """The packet, credentials masked."""

    @property
    def remark(self) -> str:
        """What came of it."""


class Trace(Protocol):
    """What is kept of the messages of one device."""

    @property
    def by(self) -> str:
        """Who started it."""

    @property
    def began_at(self) -> float:
        """Since when."""

    @property
    def ends_at(self) -> float:
        """Until when it records."""

    @property
    def messages(self) -> int:
        """Entries kept."""

    @property
    def size(self) -> int:
        """Bytes kept."""

    @property
    def pushed_out(self) -> int:
        """Entries that made room for newer ones."""

    def since(self, number: int = 0) -> Iterator[TraceEntry]:
        """Entries with a higher number, oldest first."""


class Traces(Protocol):
    """The traces of devices, by MAC."""

    def start(self, key: str, by: str, now: float, seconds: float | None = None) -> Trace:
        """Record from now on, for so long; `Refused` when too many others are traced."""

    def stop(self, key: str, now: float) -> bool:
        """End and forget; whether there was one."""

    def of(self, key: str, now: float) -> Trace | None:
        """What there is of a device."""


class ConnectorStatus(Protocol):
    """How the asking of a server for its registrations fares; times are UTC seconds."""

    @property
    def server(self) -> str:
        """Its name."""

    @property
    def kind(self) -> str:
        """What it is: "asterisk" or "kamailio"."""

    @property
    def up(self) -> bool:
        """Whether its last list came whole, and nothing went wrong since."""

    @property
    def since(self) -> float:
        """Since when that is so."""

    @property
    def refreshed_at(self) -> float | None:
        """When a whole list last came."""

    @property
    def contacts(self) -> int:
        """Devices that are registered there."""

    @property
    def unknown(self) -> int:
        """Registered users that no device has as its number."""

    @property
    def last_error(self) -> str:
        """The last failure in words, "" if there was none."""


class Taken(Protocol):
    """Uploaded content that is durable."""

    @property
    def hash(self) -> str:
        """SHA-256, hex."""

    @property
    def size(self) -> int:
        """Bytes."""


class Contents(Protocol):
    """The content of uploaded files."""

    def taking(self, pieces: AsyncIterator[bytes], declared: int = 0) -> AbstractAsyncContextManager[Taken]:
        """Make it durable; within the block its record is to become so, too. `BadMessage`, `StoreUnavailable`."""

    def path(self, digest: str) -> Path | None:
        """Where content lies."""

    async def sweep(self) -> None:
        """Remove content that no record names any more."""

    async def look(self) -> Mapping[str, int]:
        """The files that were put into the folder by hand: name -> bytes."""


class Export(Protocol):
    """Makes an inventory of what is given, as YAML text that `parse` reads back. Pure: it runs in a thread."""

    def __call__(
        self,
        tenants: Iterable[Tenant],
        servers: Iterable[Server],
        devices: Iterable[DeviceRecord],
        numbers: Iterable[NumberEntry],
        connections: Iterable[ConnectionRecord] = (),
        *,
        users: Iterable[User] = (),
        open_secret: Callable[[str], str] | None = None,
    ) -> str:
        """`open_secret` opens sealed passwords; None leaves them out."""


class Check(Protocol):
    """The check of an inventory against the running fleet; no slice of it holds anybody up."""

    def step(self) -> bool:
        """Look at a slice; whether it is over."""

    @property
    def checked(self) -> Checked:
        """What came of it, once it is over."""


class IntakeProgress(Protocol):
    """How far a large inventory has come."""

    @property
    def total(self) -> int:
        """Its entries."""

    @property
    def done(self) -> int:
        """Those taken so far."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything at hand; `settings` gives the settings in force, so a reload needs no word here."""

    directory: Directory
    deliver: Deliver
    clock: Clock
    settings: Callable[[], Settings]
    timeline: Callable[[str, int], Awaitable[Sequence[Transition]]]  # by MAC or connection/<name>; newest first
    calls: Callable[[CallsWanted], Awaitable[Sequence[CallQuality]]]  # newest first, without their texts
    call: Callable[[str], Awaitable[CallQuality | None]]  # by id, with its text
    past_alarms: Callable[[PastAlarmsWanted], Awaitable[Sequence[PastAlarm]]]  # newest first
    queues: Callable[[], Queues]  # of the receivers of alarms
    journal: Callable[[ToldWanted], Awaitable[Sequence[Told]]]  # what one was told, or is to be; newest first
    resync: Callable[[str, float, float], Awaitable[int]]  # receiver, from, to -> how many are sent again; `Refused`
    parse: Callable[[str], Inventory]  # YAML text; raises ConfigError. Pure: it runs in a thread
    check: Callable[[Inventory], Check]  # whether the fleet would take it
    export: Export
    metrics: Callable[[], bytes]  # Prometheus' text format
    ready: Callable[[], tuple[bool, tuple[str, ...]]]  # with the reasons when not
    probe: Callable[[str, str, float, bool], Awaitable[bytes]]  # target, module, seconds, debug -> Prometheus' text
    traces: Traces
    contents: Contents
    seal: Callable[[str], str]  # closes a text for the disk
    open_text: Callable[[str], str]  # opens it; `StoreUnavailable` if it cannot be opened
    versions: Callable[[str, int], Awaitable[Sequence[Document]]]  # of a document by path; newest first
    maker: Callable[[], FileMaker]  # of phones' files, by what is in force
    prepare: Callable[[Device], object]  # makes its file and keeps it; `ConfigError` if it cannot be made
    address: Callable[[], str]  # how phones address us: a host, perhaps with a port
    file_versions: Callable[[Mac, int], Awaitable[Sequence[FileVersion]]]  # what a phone was given; newest first
    connectors: Callable[[], Sequence[ConnectorStatus]] = tuple  # in the order of the settings
    outputs: OutputsDesk = field(default_factory=NoOutputs)


async def _desk_of(request: Request) -> Desk:
    desk: Desk = request.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk_of)]
