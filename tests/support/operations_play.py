"""Phones that obey operations, or do not: a fleet on a clock the test turns, with a store of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from daemon.config.settings import Settings
from daemon.fleet.acts import OperationOrdered
from daemon.fleet.commands import Answer, Command, OnceStored, SendNotify
from daemon.fleet.events import Event, FileFetched, KeepAliveHeard, Registered, ResyncEnded
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import Binding, Contact, Mac
from daemon.fleet.operations.operation import Item, Kind, Operation, Plan, Step
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.store_commands import HoldCommits, ReleaseCommits, StoreCommand
from tests.support.builders import NOW, record, report
from tests.support.playbook import Playbook
from tests.support.remembered import Remembered

FAST = Plan(batch=100, delay=0.0)
# Days pass in these tests, and nobody looks at what a checkpoint writes.
SELDOM = Settings.model_validate({"keep_alive": {"checkpoint": "1h"}})


def macs(count: int) -> tuple[Mac, ...]:
    """So many phones."""
    return tuple(Mac(f"00908f{number:06x}") for number in range(1, count + 1))


class OperationsPlay(Playbook):
    """A fleet of registered phones. `sent`: check-syncs that left, per phone; `commanded`: what their servers got."""

    def __init__(self, count: int = 1, settings: Settings | None = None, *, qualify: bool = False) -> None:
        self.memory = Remembered()
        self.sent = Counter[Mac]()
        self.commanded: list[SendCommand] = []
        self.phones = macs(count)
        records = (record(mac, number=f"2{mac[-6:]}", qualify=qualify) for mac in self.phones)
        super().__init__(*records, settings=settings or SELDOM)
        self.passes(0)  # a large inventory is taken in steps
        for mac in self.phones:
            self.says("registered", mac)
            self.registers_at(mac)

    def hears(self, event: Event) -> list[Command]:
        """Something happens now, and is kept."""
        orders = super().hears(event)
        self.carry_out(orders)
        return orders

    def carry_out(self, orders: Iterable[Command]) -> None:
        """Keep what is to be kept; then let leave what had to wait for that."""
        for order in orders:
            if isinstance(order, StoreCommand) and not isinstance(order, HoldCommits | ReleaseCommits):
                self.memory.handle(order)
            elif isinstance(order, OnceStored) and isinstance(order.order, SendNotify):
                self.leaves(order.order)
            elif isinstance(order, OnceStored) and isinstance(order.order, SendCommand):
                self.commanded.append(order.order)

    def leaves(self, order: SendNotify) -> None:
        """A check-sync leaves."""
        self.sent[order.mac] += 1

    def passes(self, seconds: float) -> None:
        """Time passes."""
        end, idle = self.now + seconds, 0
        while (due := self.fleet.next_deadline()) <= end:
            idle = 0 if due > self.now else idle + 1
            assert idle < 1000, "something is due again and again, and time does not pass"
            self.now = max(self.now, due)
            orders = self.fleet.expire(self.now)
            self.orders += orders
            self.carry_out(orders)
        self.now = end

    def dies(self, settings: Settings | None = None) -> None:
        """The daemon is killed and started again, with what it kept."""
        self.fleet = Fleet(settings or self.fleet.parts.settings, self.memory.snapshot(), self.now)

    def orders_it(
        self,
        kind: Kind,
        plan: Plan = FAST,
        phones: Iterable[Mac] = (),
        said: Mapping[str, str] | None = None,
        **more: str,
    ) -> int:
        """An operator orders something; the operation's id."""
        chosen = tuple(phones) or self.phones
        own: Mapping[Mac, Mapping[str, str]] = {}
        if kind is Kind.RESET_PASSWORDS:
            own = {mac: {"password": f"sealed {mac}"} for mac in chosen}
        orders = self.hears(OperationOrdered(kind, plan, chosen, "ada", {**(said or {}), **more}, own))
        answer = next(order for order in orders if isinstance(order, Answer))
        assert not answer.refused
        return answer.operation

    def operation(self, identity: int = 1) -> Operation:
        """How it stands."""
        return self.fleet.operations.by_id[identity]

    def item(self, mac: Mac | None = None, identity: int = 1) -> Item:
        """How far it is with a phone."""
        return self.fleet.operations.items(identity)[mac or self.phones[0]]

    def steps(self, identity: int = 1) -> dict[Step, int]:
        """How many phones are at which step."""
        return {step: count for step, count in self.fleet.operations.counts(identity).items() if count}

    def says(self, status: str, mac: Mac | None = None, firmware: str = "2.2.16") -> list[Command]:
        """A phone reports itself."""
        said = report(status)
        said = type(said)(**{name: getattr(said, name) for name in said.__slots__} | {"firmware": firmware})
        return self.hears(KeepAliveHeard(mac or self.phones[0], said, "10.1.2.7", with_secret=True))

    def fetches(self, mac: Mac | None = None, *, complete: bool = True) -> None:
        """A phone fetches its file."""
        self.hears(FileFetched(mac or self.phones[0], "config", "10.1.2.7", "", "", complete, with_secret=True))

    def answers_notify(self, mac: Mac | None = None, *, reboot: bool = True, delivered: bool = True) -> None:
        """A phone answers its check-sync."""
        outcome = "answered 200" if delivered else "found no answer"
        self.hears(ResyncEnded(mac or self.phones[0], reboot, delivered, outcome))

    def registers_at(self, mac: Mac) -> None:
        """A phone registers for good, each at a port of its own."""
        port = 10_000 + int(mac[-6:], 16) % 50_000
        contact = Contact(f"sip:x@10.1.2.7:{port}", "10.1.2.7", port, NOW + 1e9)
        self.hears(Registered(mac, (Binding(contact, "call-1", 1),), "pbx-a.example.net", ""))

    def obeys(self, mac: Mac | None = None, firmware: str = "2.2.16") -> None:
        """A phone restarts as it was told, in the order of the vendor's own: fetch, started, registered."""
        mac = mac or self.phones[0]
        self.answers_notify(mac)
        self.fetches(mac)
        self.says("started", mac, firmware)
        self.registers_at(mac)
        self.says("registered", mac, firmware)
