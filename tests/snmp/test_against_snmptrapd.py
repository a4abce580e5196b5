"""Notifications as net-snmp's own receiver understands them, from the outbox through real sockets."""

from __future__ import annotations

from collections import deque
from typing import Literal

import pytest
import trio

from daemon.config.snmp_settings import Manager, Snmp
from daemon.fleet.notifications import Notification
from daemon.scheduler.clock import Clock
from daemon.snmp import oids
from daemon.snmp.sender import Sender
from daemon.snmp.traps import Profile, notification_to_trap
from tests.support.notifications import a_notification, an_alarm
from tests.support.snmptrapd import free_udp_port, snmptrapd

pytestmark = pytest.mark.peer

Kind = Literal["trap", "inform"]

ALARMS = (
    an_alarm(description="Registrierung über pbx-a abgelehnt: 403 ☎"),
    an_alarm("deviceUnreachable", description="x|END\n%BEGIN"),
    an_alarm("storeFailure", device=None, tenant="", additional_info=()),
)


class Row:
    def __init__(self, notification: Notification) -> None:
        self.notification = notification


class Outbox:
    """One manager's rows, in memory."""

    def __init__(self, *notifications: Notification) -> None:
        self.rows = deque(map(Row, notifications))

    async def next(self, manager: str) -> Row:
        while not self.rows:
            await trio.sleep_forever()
        return self.rows[0]

    def settle(self, entry: Row) -> None:
        self.rows.remove(entry)


def dotted(oid: tuple[int, ...]) -> str:
    return ".".join(map(str, oid))


def shown(value: int | bytes | tuple[int, ...], *, address: bool) -> int | bytes | str:
    """A value as the receiver gives it back."""
    if address and isinstance(value, bytes):
        return ".".join(map(str, value))
    return dotted(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("profile", ["ringkeeper", "audiocodes"])
@pytest.mark.parametrize("kind", ["trap", "inform"])
async def test_snmptrapd_understands_every_varbind(kind: Kind, profile: Profile) -> None:
    told = [a_notification(number, alarm=alarm) for number, alarm in enumerate(ALARMS, start=1)]
    outbox = Outbox(*told)
    async with snmptrapd() as receiver, trio.open_nursery() as nursery:
        manager = Manager(host=receiver.host, port=receiver.port, kind=kind, profile=profile)
        await nursery.start(Sender(Snmp(managers=(manager,)), outbox, Clock()).run)
        received = await receiver.wait_for(len(told))
        nursery.cancel_scope.cancel()
    for notification, heard in zip(told, received, strict=True):
        assert (heard.kind, heard.version, heard.community) == (
            "INFORM" if kind == "inform" else "TRAP2",
            "v2c",
            "public",
        )
        trap = notification_to_trap(notification, profile, 32473, 0)
        assert heard.oid == dotted(trap.oid)
        assert [oid for oid, _ in heard.varbinds] == [dotted(bind.oid) for bind in trap.varbinds]
        assert [value for _, value in heard.varbinds][1:] == [
            shown(bind.value, address=bind.oid == oids.SNMP_TRAP_ADDRESS) for bind in trap.varbinds[1:]
        ]


@pytest.mark.parametrize("profile", ["ringkeeper", "audiocodes"])
async def test_informs_survive_a_receiver_that_is_down_then_up_then_down_again(profile: Profile) -> None:
    instance = {"ringkeeper": oids.ringkeeper_instance(32473, oids.SEQUENCE), "audiocodes": oids.audiocodes_instance(5)}
    outbox = Outbox(*(a_notification(number) for number in range(1, 401)))
    manager = Manager(host="127.0.0.1", port=free_udp_port(), profile=profile)
    sender = Sender(Snmp(managers=(manager,), inform_timeout=0.2, inform_retry_max=0.2), outbox, Clock())
    async with trio.open_nursery() as nursery:
        await nursery.start(sender.run)
        with trio.fail_after(20):
            while sender.statistics().retries < 2:  # noqa: ASYNC110 - statistics are read, they tell nobody
                await trio.sleep(0.01)
        async with snmptrapd(manager.port) as first:
            await first.wait_for(100)
        async with snmptrapd(manager.port) as second:
            with trio.fail_after(20):
                while outbox.rows:  # noqa: ASYNC110 - as above
                    await trio.sleep(0.01)
        sequences = [int(heard.value(dotted(instance[profile]))) for heard in (*first.received, *second.received)]
        nursery.cancel_scope.cancel()
    # What was told and not acknowledged before the receiver went away is told again: repeated, never missing.
    assert list(dict.fromkeys(sequences)) == list(range(1, 401))
    assert sequences == sorted(sequences)
    assert first.received
    assert second.received


async def test_snmptrapd_hears_us_over_ipv6() -> None:
    outbox = Outbox(a_notification(1))
    async with snmptrapd(host="::1") as receiver, trio.open_nursery() as nursery:
        manager = Manager(host="::1", port=receiver.port)
        await nursery.start(Sender(Snmp(managers=(manager,)), outbox, Clock()).run)
        await receiver.wait_for(1)
        nursery.cancel_scope.cancel()
