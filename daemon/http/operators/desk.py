"""What the operators' application needs of the rest of the program: the desk it sits at.

The composition root fills it in; tests fill it with a fleet of their own. Not here: anything HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from daemon.config.settings import Settings
from daemon.fleet.delivery import Deliver
from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac, Presence, Reachability, Server, Status, Tenant, Transition
from daemon.fleet.notifications import Alarm, Severity
from daemon.fleet.records import Inventory, NumberEntry, NumberStatus, Operator, PhoneRequest
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
    def operators(self) -> Mapping[str, Operator]:
        """Operators by name."""

    def device(self, mac: Mac) -> Device | None:
        """The device with this MAC."""

    def devices(self) -> Collection[Device]:
        """All devices."""

    def requests_of(self, mac: Mac) -> tuple[PhoneRequest, ...]:
        """What waits for a device, or was handed to it."""

    def statistics(self) -> Totals:
        """The fleet counted, now."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything at hand; `settings` gives the settings in force, so a reload needs no word here."""

    directory: Directory
    deliver: Deliver
    clock: Clock
    settings: Callable[[], Settings]
    timeline: Callable[[Mac, int], Awaitable[Sequence[Transition]]]  # newest first
    parse: Callable[[str], Inventory]  # YAML text; raises ConfigError. Pure: it runs in a thread
    check: Callable[[Inventory], Sequence[str]]  # why the fleet would refuse it, one sentence each
    export: Callable[
        [Iterable[Tenant], Iterable[Server], Iterable[DeviceRecord], Iterable[NumberEntry]], str
    ]  # YAML text that `parse` reads back. Pure: it runs in a thread
    metrics: Callable[[], bytes]  # Prometheus' text format
    ready: Callable[[], tuple[bool, tuple[str, ...]]]  # with the reasons when not


async def _desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk_of)]
