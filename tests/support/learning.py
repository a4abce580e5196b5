"""A fleet that learns from other servers, in memory: what a connector's edge needs around it."""

from __future__ import annotations

from typing import Any

from daemon.config.settings import Connector, Settings
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.commands import Command
from daemon.fleet.device import Device
from daemon.fleet.events import Event
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import SaveState
from daemon.integrations.connectors import Connectors, ConnectorStatistics
from daemon.integrations.telling import Telling
from daemon.scheduler.clock import Clock
from daemon.sip.uri import contact_from_uri
from tests.support.ami_peer import SECRET, USER
from tests.support.builders import inventory
from tests.support.phones import Outcome


class Learner:
    """The fleet with its deliveries; made inside a running Trio. With `disk_full` nothing is stored."""

    def __init__(self, *records: DeviceRecord, snapshot: Snapshot | None = None) -> None:
        self.clock = Clock()
        self.fleet = Fleet(Settings(), snapshot or Snapshot(), self.clock.now())
        self.events: list[Event] = []
        self.orders: list[Command] = []
        self.disk_full = False
        if records:
            self.deliver(InventoryApplied(inventory(*records), "test"))
            self.orders += self.fleet.finish_intake(self.clock.now())

    def deliver(self, event: Event) -> Outcome:
        self.events.append(event)
        self.orders += self.fleet.handle(event, self.clock.now())
        return Outcome(None, self.disk_full, [])

    def saved(self) -> int:
        """How many states were to be written so far."""
        return sum(isinstance(order, SaveState) for order in self.orders)

    def telling(self, server: str = "pbx-a") -> Telling:
        return Telling(server, self.deliver, self.fleet, contact_from_uri)

    def connectors(self, *settings: Connector) -> Connectors:
        return Connectors(
            settings,
            self.deliver,
            directory=self.fleet,
            clock=self.clock,
            parse=contact_from_uri,
            chance=lambda: 0.0,
        )

    def by_number(self, number: str) -> Device:
        device = self.fleet.device(self.fleet.mac_of_user(number) or "")  # type: ignore[arg-type]
        assert device is not None
        return device

    def address(self, number: str) -> tuple[str, int] | None:
        """Where the phone with this number is pinged."""
        contact = self.by_number(number).contact
        return (contact.host, contact.port) if contact else None


def asterisk(port: int, **changed: Any) -> Connector:
    """A connector to the scripted Asterisk."""
    written = {"server": "pbx-a", "kind": "asterisk", "host": "127.0.0.1", "port": port, "user": USER, "secret": SECRET}
    return Connector.model_validate(written | changed)


def of_kamailio(url: str, **changed: Any) -> Connector:
    """A connector to a Kamailio."""
    return Connector.model_validate({"server": "pbx-a", "kind": "kamailio", "url": url, "refresh": "200ms"} | changed)


def only(connectors: Connectors) -> ConnectorStatistics:
    """How the one connector fares."""
    [statistics] = connectors.statistics()
    return statistics
