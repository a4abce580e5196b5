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
from daemon.snmp.sending.sender import Sender
from daemon.snmp.sending.traps import Profile, notification_to_trap
from daemon.snmp.v3.engine import Engine
from tests.support.notifications import a_notification, an_alarm
from tests.support.snmp_v3 import ENGINE_ID, PASSWORD, SECRET, a_user
from tests.support.snmptrapd import free_udp_port, snmptrapd

pytestmark = pytest.mark.peer

Kind = Literal["trap", "inform"]
Version = Literal["v2c", "v3"]

ALARMS = (
    an_alarm(description="Registrierung über pbx-a abgelehnt: 403 ☎"),
    an_alarm("deviceUnreachable", description="x|END\n%BEGIN"),
    an_alarm("storeFailure", device=None, tenant="", additional_info=()),
)


# What docs/snmp.md tells an operator to write, for a trap and for an inform.
PASSWORDS = f'SHA-256 "{PASSWORD}" AES "{SECRET}"'
CONF = (f"createUser -e 0x{ENGINE_ID.hex()} noc {PASSWORDS}", f"createUser noc {PASSWORDS}", "authUser log noc priv")


class Row:
    def __init__(self, notification: Notification) -> None:
        self.number = notification.sequence
        self.notification = notification


class Outbox:
    """One manager's rows, in memory."""

    def __init__(self, *notifications: Notification) -> None:
        self.rows = deque(map(Row, notifications))

    async def next(self, receiver: str) -> Row:
        while not self.rows:
            await trio.sleep_forever()
        return self.rows[0]

    def settle(self, entry: Row) -> None:
        self.rows.remove(entry)

    def last_number(self, receiver: str) -> int:
        return 41


def sending(outbox: Outbox, *managers: Manager, boots: int = 1, **fields: float) -> Sender[Row]:
    """A sender that has just started, for the so-manieth time."""
    clock = Clock()
    engine = Engine(ENGINE_ID, boots, clock.now(), salt=boots)
    return Sender(Snmp.model_validate({"managers": managers, "users": (a_user(),), **fields}), outbox, clock, engine)


def dotted(oid: tuple[int, ...]) -> str:
    return ".".join(map(str, oid))


def shown(value: int | bytes | tuple[int, ...], *, address: bool) -> int | bytes | str:
    """A value as the receiver gives it back."""
    if address and isinstance(value, bytes):
        return ".".join(map(str, value))
    return dotted(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("profile", ["ringkeeper", "audiocodes", "paired"])
@pytest.mark.parametrize("kind", ["trap", "inform"])
@pytest.mark.parametrize("version", ["v2c", "v3"])
async def test_snmptrapd_understands_every_varbind_and_our_start_before(
    version: Version, kind: Kind, profile: Profile
) -> None:
    told = [a_notification(number, alarm=alarm) for number, alarm in enumerate(ALARMS, start=1)]
    async with snmptrapd(conf=CONF if version == "v3" else ()) as receiver, trio.open_nursery() as nursery:
        manager = Manager(
            host=receiver.host, port=receiver.port, version=version, user="noc", kind=kind, profile=profile
        )
        await nursery.start(sending(Outbox(*told), manager).run)
        start, *received = await receiver.wait_for(1 + len(told))
        nursery.cancel_scope.cancel()
    assert start.oid == dotted(oids.COLD_START)
    for notification, heard in zip(told, received, strict=True):
        assert (heard.kind, heard.version, heard.community) == (
            "INFORM" if kind == "inform" else "TRAP2",
            version,
            "noc" if version == "v3" else "public",
        )
        trap = notification_to_trap(notification, profile, 32473, 0, notification.sequence)
        assert heard.oid == dotted(trap.oid)
        assert [oid for oid, _ in heard.varbinds] == [dotted(bind.oid) for bind in trap.varbinds]
        assert [value for _, value in heard.varbinds][1:] == [
            shown(bind.value, address=bind.oid == oids.SNMP_TRAP_ADDRESS) for bind in trap.varbinds[1:]
        ]


async def test_snmptrapd_hears_a_heartbeat() -> None:
    async with snmptrapd() as receiver, trio.open_nursery() as nursery:
        manager = Manager(host=receiver.host, port=receiver.port)
        await nursery.start(sending(Outbox(), manager, heartbeat=0.1).run)
        _, beat, _ = await receiver.wait_for(3)
        nursery.cancel_scope.cancel()
    assert beat.oid == dotted(oids.ringkeeper_heartbeat(32473))
    assert beat.value(dotted(oids.ringkeeper_instance(32473, oids.SEQUENCE))) == 41


async def test_v3_traps_of_the_next_start_are_taken_and_those_of_the_last_no_more() -> None:
    """The receiver goes on running: it knows our engine, and that its count of starts only rises."""
    async with snmptrapd(conf=CONF) as receiver:
        manager = Manager(host=receiver.host, port=receiver.port, version="v3", user="noc", kind="trap")
        for count, boots in ((2, 1), (4, 2), (4, 1), (6, 3)):
            async with trio.open_nursery() as nursery:
                outbox = Outbox(a_notification(boots))
                await nursery.start(sending(outbox, manager, boots=boots).run)
                with trio.fail_after(20):
                    while outbox.rows:  # noqa: ASYNC110 - nobody tells
                        await trio.sleep(0.01)
                await receiver.wait_for(count)
                nursery.cancel_scope.cancel()
    sequence = dotted(oids.ringkeeper_instance(32473, oids.SEQUENCE))
    assert [heard.value(sequence) for heard in receiver.received[1::2]] == [1, 2, 3]


@pytest.mark.parametrize(("version", "profile"), [("v2c", "ringkeeper"), ("v2c", "audiocodes"), ("v3", "paired")])
async def test_informs_survive_a_receiver_that_is_down_then_up_then_down_again(
    version: Version, profile: Profile
) -> None:
    own = oids.ringkeeper_instance(32473, oids.SEQUENCE)
    number = dotted(oids.audiocodes_instance(5) if profile == "audiocodes" else own)
    outbox = Outbox(*(a_notification(number) for number in range(1, 401)))
    manager = Manager(host="127.0.0.1", port=free_udp_port(), version=version, user="noc", profile=profile)
    sender = sending(outbox, manager, inform_timeout=0.2, inform_retry_max=0.2)
    conf = CONF if version == "v3" else ()
    async with trio.open_nursery() as nursery:
        await nursery.start(sender.run)
        with trio.fail_after(20):
            while sender.statistics().retries < 2:  # noqa: ASYNC110 - statistics are read, they tell nobody
                await trio.sleep(0.01)
        async with snmptrapd(manager.port, conf=conf) as first:
            await first.wait_for(100)
        async with snmptrapd(manager.port, conf=conf) as second:
            with trio.fail_after(20):
                while outbox.rows:  # noqa: ASYNC110 - as above
                    await trio.sleep(0.01)
        heard = [each for each in (*first.received, *second.received) if each.oid != dotted(oids.COLD_START)]
        sequences = [int(each.value(number)) for each in heard]
        nursery.cancel_scope.cancel()
    # What was told and not acknowledged before the receiver went away is told again: repeated, never missing.
    assert list(dict.fromkeys(sequences)) == list(range(1, 401))
    assert sequences == sorted(sequences)
    assert len(sequences) - 400 <= sender.statistics().retries
    assert first.received
    assert second.received


async def test_snmptrapd_hears_us_over_ipv6() -> None:
    async with snmptrapd(host="::1") as receiver, trio.open_nursery() as nursery:
        manager = Manager(host="::1", port=receiver.port)
        await nursery.start(sending(Outbox(a_notification(1)), manager).run)
        await receiver.wait_for(2)
        nursery.cancel_scope.cancel()
