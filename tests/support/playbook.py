"""Conversations with a fleet: at this second this happens, and that is ordered. Time is a plain number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from daemon.config.settings import Settings
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.commands import Command, Decided, SendProbes
from daemon.fleet.device import Device
from daemon.fleet.events import (
    Event,
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    Registered,
)
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import AppendTransition, Notify
from daemon.fleet.target import Target
from tests.support.builders import MAC, NOW, binding, inventory

Order = TypeVar("Order", bound=Command)


class Playbook:
    """A fleet with a clock that the test turns. Pings are answered as `answers` says, once `run_to` comes to them."""

    def __init__(
        self, *records: DeviceRecord, settings: Settings | None = None, snapshot: Snapshot | None = None
    ) -> None:
        self.now = NOW
        self.orders: list[Command] = []
        self.fleet = Fleet(settings or Settings(), snapshot or Snapshot(), self.now)
        self.answers: dict[Mac, float] = {}  # round trip in seconds; a device that is not here is silent
        if records:
            self.hears(InventoryApplied(inventory(*records), "test"))
            self.orders += self.fleet.finish_intake(self.now)

    def hears(self, event: Event) -> list[Command]:
        """Something happens now."""
        orders = self.fleet.handle(event, self.now)
        self.orders += orders
        return orders

    def run_to(self, second: float) -> None:
        """Let time pass until `second` after the start; every ping is answered, or missed, as `answers` says."""
        while (due := self.fleet.next_deadline()) <= NOW + second:
            self.now = max(self.now, due)
            orders = self.fleet.expire(self.now)
            self.orders += orders
            for target in pinged(orders):
                self._outcome(target.key)
        self.now = NOW + second

    def registers(self, mac: Mac = MAC, domain: str = "pbx-a.example.net", expires: float = 1e9) -> None:
        """A phone registers, by default for good."""
        self.hears(Registered(mac, (binding(expires_at=self.now + expires),), domain, "AUDC-IPPhone/2.2.16"))

    def device(self, mac: Mac = MAC) -> Device:
        """The live device."""
        device = self.fleet.device(mac)
        assert device is not None
        return device

    def told(self) -> list[tuple[int, str, str]]:
        """What managers were told: sequence, alarm name, severity."""
        notifications = (order.notification for order in self.of(Notify))
        return [(n.sequence, n.alarm.name, n.alarm.severity.name) for n in notifications]

    def moves(self, axis: str) -> list[str]:
        """The timeline of an axis as text: "NO_STATUS > OK"."""
        moves = (order.transition for order in self.of(AppendTransition))
        return [f"{moved.old} > {moved.new}" for moved in moves if moved.axis == axis]

    def decisions(self) -> list[Decided]:
        """Every decision so far."""
        return list(self.of(Decided))

    def of(self, kind: type[Order]) -> Iterator[Order]:
        """All orders of one kind so far."""
        return (order for order in self.orders if isinstance(order, kind))

    def _outcome(self, key: str) -> None:
        rtt = self.answers.get(Mac(key))
        self.hears(ProbeMissed(key, "timeout") if rtt is None else ProbesAnswered((ProbeAnswered(key, 200, rtt),)))


def pinged(orders: Iterable[Command]) -> list[Target]:
    """Who is to be pinged by these orders."""
    return [target for order in orders if isinstance(order, SendProbes) for target in order.targets]
