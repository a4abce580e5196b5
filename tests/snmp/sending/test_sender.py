"""The sender against managers on loopback that answer, lose, garble or are not there. Time is a mock clock's."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from pydantic import SecretStr
from trio.testing import MockClock

from daemon.config.snmp_settings import Manager, Snmp
from daemon.fleet.notifications import Notification
from daemon.scheduler.clock import Clock
from daemon.snmp import oids
from daemon.snmp.ber import Oid
from daemon.snmp.pdu import PduType, encode_pdu, encode_varbind, value_of
from daemon.snmp.sending.association import RESOLVE_AGAIN
from daemon.snmp.sending.sender import Sender
from daemon.snmp.v3.engine import Engine, NotAccepted
from daemon.snmp.v3.message import ScopedPdu, decode_message, encode_message, encode_scoped_pdu
from daemon.snmp.v3.usm import Keys, Level, Refusal
from tests.support import oracle
from tests.support.notifications import WEDNESDAY, a_notification
from tests.support.snmp_v3 import THEIR_ID, a_user, an_engine

SEQUENCE = oids.ringkeeper_instance(32473, oids.SEQUENCE)


class Row:
    """One notification that waits for one manager."""

    def __init__(self, manager: str, notification: Notification) -> None:
        self.manager = manager
        self.number = notification.sequence
        self.notification = notification


class Outbox:
    """The outbox's promises, in memory."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.settled: list[int] = []
        self.given: dict[str, int] = {}
        self._more = trio.Event()

    def put(self, manager: Manager, *sequences: int) -> None:
        self.rows += [Row(manager.name, a_notification(sequence)) for sequence in sequences]
        self.given[manager.name] = sequences[-1]
        self._changed()

    async def next(self, receiver: str) -> Row:
        while True:
            for row in self.rows:
                if row.manager == receiver:
                    return row
            await self._more.wait()

    def last_number(self, receiver: str) -> int:
        return self.given.get(receiver, 0)

    def settle(self, entry: Row) -> None:
        if entry in self.rows:
            self.rows.remove(entry)
            self.settled.append(entry.notification.sequence)
            self._changed()

    async def wait_settled(self, count: int) -> None:
        with trio.fail_after(24 * 3600):
            while len(self.settled) < count:
                await self._more.wait()

    def _changed(self) -> None:
        self._more.set()
        self._more = trio.Event()


class FakeManager:
    """A UDP port that notes what comes and answers informs as `answers` says.

    It hears v2c; a manager of v3 is given `understand`, which makes varbinds of a datagram, or None.
    """

    def __init__(self, bound: trio.socket.SocketType, port: int) -> None:
        self.port = port
        self.heard: list[tuple[float, int]] = []  # seconds since the test began, sequence number
        self.starts: list[float] = []  # coldStarts
        self.beats: list[tuple[float, int]] = []
        self.datagrams: list[bytes] = []
        self.understand: Callable[[bytes], dict[Oid, Any] | None] = oracle.varbinds
        self.answers: Callable[[bytes], list[bytes]] = lambda datagram: [oracle.answer(datagram)]
        self._socket = bound

    async def run(self) -> None:
        begun = trio.current_time()
        while True:
            datagram, sender = await self._socket.recvfrom(65535)
            self.datagrams.append(datagram)
            if varbinds := self.understand(datagram):
                self._note(varbinds, trio.current_time() - begun)
            for reply in self.answers(datagram):
                await self._socket.sendto(reply, sender)

    def _note(self, varbinds: dict[Oid, Any], when: float) -> None:
        identity = tuple(varbinds[oids.SNMP_TRAP_OID])
        if identity == oids.COLD_START:
            self.starts.append(when)
        elif identity == oids.ringkeeper_heartbeat(32473):
            self.beats.append((when, int(varbinds[SEQUENCE])))
        else:
            self.heard.append((when, int(varbinds[SEQUENCE])))

    @property
    def sequences(self) -> list[int]:
        return [sequence for _, sequence in self.heard]


@asynccontextmanager
async def a_manager(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[FakeManager]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with trio.socket.socket(family, socket.SOCK_DGRAM) as bound:
        await bound.bind((host, port))
        fake = FakeManager(bound, bound.getsockname()[1])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fake.run)
            yield fake
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def sending(
    outbox: Outbox, *managers: Manager, started: bool = False, **fields: Any
) -> AsyncIterator[Sender[Row]]:
    """A sender that has run for a while; or one that has just `started`, and says so first."""
    settings = Snmp(managers=managers, users=(a_user(),), **fields)
    sender = Sender(settings if started else Snmp(), outbox, Clock(WEDNESDAY), an_engine())
    async with trio.open_nursery() as nursery:
        await nursery.start(sender.run)
        sender.apply(settings)
        yield sender
        nursery.cancel_scope.cancel()


def at(fake: FakeManager, **fields: Any) -> Manager:
    return Manager(**{"host": "127.0.0.1", "port": fake.port, **fields})


async def test_acknowledged_informs_are_settled_in_order(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        outbox.put(at(fake), 1, 2, 3)
        await outbox.wait_settled(3)
        assert fake.sequences == outbox.settled == [1, 2, 3]
        statistics = sender.statistics()
    assert (statistics.sent, statistics.acknowledged, statistics.retries, statistics.rejected) == (3, 3, 0, 0)
    assert (statistics.failures, statistics.ignored, statistics.oldest) == ({}, {}, {})


async def test_an_inform_is_repeated_at_doubling_pauses_and_the_next_waits_for_it(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        fake.answers = lambda _: []
        outbox.put(at(fake), 1, 2)
        await trio.sleep(200)
        assert [round(when) for when, _ in fake.heard] == [0, 5, 15, 35, 75, 135, 195]
        assert set(fake.sequences) == {1}
        assert len(set(fake.datagrams)) == 1  # the same request-id, so an answer to any of them counts
        assert sender.statistics().failures == {"timeout": 6}
        assert sender.statistics().oldest == {at(fake).name: pytest.approx(200, abs=0.1)}
        fake.answers = lambda datagram: [oracle.answer(datagram)]
        await outbox.wait_settled(2)
        assert fake.sequences[-2:] == [1, 2]
    assert sender.statistics().acknowledged == 2
    assert sender.statistics().retries == 7


async def test_a_trap_is_settled_once_sent_and_nothing_is_waited_for(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake:
        fake.answers = lambda _: []
        manager = at(fake, kind="trap")
        async with sending(outbox, manager) as sender:
            outbox.put(manager, *range(1, 51))
            await outbox.wait_settled(50)
            await trio.testing.wait_all_tasks_blocked()
            assert fake.sequences == list(range(1, 51))
            assert sender.statistics().sent == 50
            assert sender.statistics().acknowledged == 0


async def test_an_error_status_is_an_acknowledgement_that_is_counted(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        fake.answers = lambda datagram: [oracle.answer(datagram, error_status=5)]
        outbox.put(at(fake), 1)
        await outbox.wait_settled(1)
        assert (sender.statistics().acknowledged, sender.statistics().rejected) == (1, 1)


async def test_junk_and_answers_to_other_informs_are_counted_and_acknowledge_nothing(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        fake.answers = lambda datagram: [b"", b"junk", oracle.answer(datagram, request_id_off_by=1), datagram]
        outbox.put(at(fake), 1)
        await trio.sleep(4)
        assert outbox.settled == []
        assert sender.statistics().ignored == {"truncated": 1, "unexpected_type": 2, "other_request": 1}


async def test_an_answer_from_somebody_else_acknowledges_nothing(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, a_manager() as stranger, sending(outbox, at(fake)):

        async def reply_from_elsewhere(datagram: bytes, port: int) -> None:
            await stranger._socket.sendto(oracle.answer(datagram), ("127.0.0.1", port))

        fake.answers = lambda _: []
        outbox.put(at(fake), 1)
        await trio.sleep(1)
        for port in _udp_ports_connected_to(fake.port):
            await reply_from_elsewhere(fake.datagrams[0], port)
        await trio.sleep(3)
        assert outbox.settled == []


def _udp_ports_connected_to(port: int) -> list[int]:
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    found = [int(row[1].split(":")[1], 16) for row in rows if int(row[2].split(":")[1], 16) == port]
    assert found
    return found


async def test_a_closed_port_is_tried_again_until_somebody_listens(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as gone:
        port = gone.port
    manager = Manager(host="127.0.0.1", port=port)
    async with sending(outbox, manager) as sender:
        outbox.put(manager, 1, 2, 3)
        await trio.sleep(20)
        assert sender.statistics().failures == {"refused": 2}
        async with a_manager(port=port) as fake:
            await outbox.wait_settled(3)
            assert fake.sequences == [1, 2, 3]


async def test_traps_to_a_closed_port_are_not_all_fired_into_the_void(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as gone:
        manager = at(gone, kind="trap")
    async with sending(outbox, manager) as sender:
        outbox.put(manager, *range(100))
        await trio.sleep(60)
        assert len(outbox.settled) < 20
        assert sender.statistics().failures["refused"] > 5


class Resolver(trio.abc.HostnameResolver):
    """A name service that says what it is told to."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0

    async def getaddrinfo(self, host: Any, port: Any, *_: Any, **__: Any) -> Any:
        self.asked += 1
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, port)) for address in self.addresses]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> Any:
        raise NotImplementedError


async def test_a_name_that_does_not_resolve_is_tried_again(autojump_clock: MockClock) -> None:
    outbox, resolver = Outbox(), Resolver()
    trio.socket.set_custom_hostname_resolver(resolver)
    async with a_manager() as fake:
        manager = at(fake, host="nms.example.net")
        async with sending(outbox, manager) as sender:
            outbox.put(manager, 1)
            await trio.sleep(20)
            assert sender.statistics().failures == {"unresolved": 2}
            resolver.addresses = ["127.0.0.1"]
            await outbox.wait_settled(1)
    assert fake.sequences == [1]


async def test_a_name_that_can_be_none_is_a_failure_like_any_other(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    manager = Manager(host="x" * 70 + ".example.net")
    async with sending(outbox, manager) as sender:
        outbox.put(manager, 1)
        await trio.sleep(6)
        assert sender.statistics().failures == {"unresolved": 1}


async def test_a_name_with_several_addresses_is_tried_at_each(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    trio.socket.set_custom_hostname_resolver(Resolver("127.0.0.2", "127.0.0.1"))
    async with a_manager() as fake:
        manager = at(fake, host="nms.example.net")
        async with sending(outbox, manager) as sender:
            outbox.put(manager, 1, 2)
            await outbox.wait_settled(2)
            assert fake.sequences == [1, 2]
            assert sender.statistics().failures == {"refused": 1}


async def test_a_manager_that_moves_to_another_address_is_found(autojump_clock: MockClock) -> None:
    outbox, resolver = Outbox(), Resolver("127.0.0.1")
    trio.socket.set_custom_hostname_resolver(resolver)
    async with a_manager("127.0.0.1") as old, a_manager("127.0.0.2", old.port) as new:
        manager = at(old, host="nms.example.net")
        async with sending(outbox, manager):
            outbox.put(manager, 1)
            await outbox.wait_settled(1)
            resolver.addresses = ["127.0.0.2"]
            outbox.put(manager, 2)
            await outbox.wait_settled(2)
            assert resolver.asked == 1  # one look-up serves a minute of notifications
            await trio.sleep(RESOLVE_AGAIN + 1)
            outbox.put(manager, 3)
            await outbox.wait_settled(3)
            assert (old.sequences, new.sequences) == ([1, 2], [3])


async def test_a_name_that_stops_to_resolve_and_comes_back_costs_nothing_but_time(autojump_clock: MockClock) -> None:
    outbox, resolver = Outbox(), Resolver("127.0.0.1")
    trio.socket.set_custom_hostname_resolver(resolver)
    async with a_manager() as fake:
        manager = at(fake, host="nms.example.net")
        async with sending(outbox, manager) as sender:
            outbox.put(manager, 1)
            await outbox.wait_settled(1)
            resolver.addresses = []
            await trio.sleep(RESOLVE_AGAIN + 1)
            outbox.put(manager, 2, 3)
            await trio.sleep(3600)
            assert outbox.settled == [1]
            assert 60 < sender.statistics().failures["unresolved"] < 70  # once a minute, in the end
            resolver.addresses = ["127.0.0.1"]
            await outbox.wait_settled(3)
            assert fake.sequences == [1, 2, 3]


async def test_a_manager_is_reached_over_ipv6(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager("::1") as fake:
        manager = at(fake, host="::1")
        async with sending(outbox, manager):
            outbox.put(manager, 1)
            await outbox.wait_settled(1)


async def test_one_managers_silence_does_not_hold_up_another(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as silent, a_manager() as alert:
        silent.answers = lambda _: []
        async with sending(outbox, at(silent), at(alert)):
            outbox.put(at(silent), 1)
            outbox.put(at(alert), 1, 2, 3)
            await outbox.wait_settled(3)
            assert alert.sequences == [1, 2, 3]


async def test_a_reload_begins_with_new_managers_and_lets_go_of_old_ones(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as old, a_manager() as new:
        old.answers = lambda _: []
        async with sending(outbox, at(old)) as sender:
            outbox.put(at(old), 1)
            outbox.put(at(new), 2)
            await trio.sleep(1)
            sender.apply(Snmp(managers=(at(new),)))
            await outbox.wait_settled(1)
            assert new.sequences == [2]
            await trio.sleep(3600)
            assert old.sequences == [1]
            assert sender.statistics().oldest == {}


async def test_a_reload_leaves_the_others_alone_but_with_new_timeouts(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        fake.answers = lambda _: []
        outbox.put(at(fake), 1)
        await trio.sleep(1)
        sender.apply(Snmp(managers=(at(fake),), inform_timeout=1.0, inform_retry_max=1.0))
        await trio.sleep(9.5)
        assert [round(when) for when, _ in fake.heard] == [0, 5, 6, 7, 8, 9, 10]


async def test_a_manager_taken_out_and_put_back_goes_on_where_it_was(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        fake.answers = lambda _: []
        outbox.put(at(fake), 1, 2)
        await trio.sleep(1)
        sender.apply(Snmp())
        sender.apply(Snmp(managers=(at(fake),)))
        fake.answers = lambda datagram: [oracle.answer(datagram)]
        await outbox.wait_settled(2)
        assert outbox.settled == [1, 2]


async def test_a_changed_community_is_used_for_what_still_waits(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)) as sender:
        fake.answers = lambda _: []
        outbox.put(at(fake), 1)
        await trio.sleep(1)
        fake.answers = lambda datagram: [oracle.answer(datagram)]
        sender.apply(Snmp(managers=(at(fake, community=SecretStr("s3cret")),)))
        await outbox.wait_settled(1)
        assert b"public" in fake.datagrams[0]
        assert b"s3cret" in fake.datagrams[1]


async def test_the_uptime_counts_from_the_start_of_the_daemon(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake)):
        await trio.sleep(3600)
        outbox.put(at(fake), 1)
        await outbox.wait_settled(1)
        assert int(oracle.varbinds(fake.datagrams[-1])[oids.SYS_UP_TIME]) == pytest.approx(360_000, abs=10)


async def test_a_start_is_told_before_anything_else_and_insistently(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake:
        fake.answers = lambda _: []
        outbox.put(at(fake), 1, 2)
        async with sending(outbox, at(fake), started=True) as sender:
            await trio.sleep(16)
            assert [round(when) for when in fake.starts] == [0, 5, 15]
            assert fake.heard == []
            assert sender.statistics().oldest == {at(fake).name: pytest.approx(16, abs=0.1)}
            assert sender.statistics().cold_starts == 0
            fake.answers = lambda datagram: [oracle.answer(datagram)]
            await outbox.wait_settled(2)
            assert (fake.sequences, len(fake.starts)) == ([1, 2], 4)
            assert sender.statistics().cold_starts == 1


async def test_a_start_is_told_once_whatever_reloads_come(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, a_manager() as new:
        fake.answers = lambda _: []
        async with sending(outbox, at(fake), started=True) as sender:
            await trio.sleep(1)
            fake.answers = lambda datagram: [oracle.answer(datagram)]
            changed = at(fake, community=SecretStr("s3cret"))
            sender.apply(Snmp(managers=(changed, at(new))))  # it has not heard of our start yet
            await trio.sleep(1)
            assert len(fake.starts) == 2
            sender.apply(Snmp(managers=(at(fake), at(new))))
            await trio.sleep(1)
            assert (len(fake.starts), new.starts) == (2, [])  # to whoever comes later, we are just there


async def test_a_manager_that_nothing_is_told_gets_heartbeats_with_its_last_number(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake), heartbeat=60.0) as sender:
        await trio.sleep(70)
        outbox.put(at(fake), 1, 2)
        await outbox.wait_settled(2)
        await trio.sleep(150)
        assert [(round(when), number) for when, number in fake.beats] == [(60, 0), (130, 2), (190, 2)]
        assert sender.statistics().heartbeats == 3
        sender.apply(Snmp(managers=(at(fake),), heartbeat=10.0))
        await trio.sleep(60)
        assert sender.statistics().heartbeats >= 6


async def test_a_heartbeat_that_nobody_answers_holds_nothing_up(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, at(fake), heartbeat=60.0) as sender:
        fake.answers = lambda _: []
        await trio.sleep(130)
        assert [round(when) for when, _ in fake.beats] == [60, 120]
        assert sender.statistics().failures == {"timeout": 2}
        assert sender.statistics().oldest == {}
        fake.answers = lambda datagram: [oracle.answer(datagram)]
        outbox.put(at(fake), 1)
        await outbox.wait_settled(1)
        assert [round(when) for when, _ in fake.heard] == [130]


class V3Peer:
    """A manager with an engine of its own, in a `FakeManager`'s place."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._replies: list[bytes] = []

    def understand(self, datagram: bytes) -> dict[Oid, Any] | None:
        now = WEDNESDAY + trio.current_time()
        self._replies = []
        try:
            received = self.engine.receive(datagram, now)
        except NotAccepted as refused:
            self._replies = [refused.report] if refused.report else []
            return None
        if received.pdu.type is PduType.INFORM:
            answer = encode_pdu(PduType.RESPONSE, received.pdu.request_id, ())
            self._replies = [self.engine.reply(received, answer, now)]
        return {varbind.oid: value_of(varbind) for varbind in received.pdu.varbinds}

    def answers(self, _: bytes) -> list[bytes]:
        return self._replies


def speaking_v3(fake: FakeManager, engine: Engine | None = None) -> V3Peer:
    peer = V3Peer(engine or an_engine(engine_id=THEIR_ID))
    fake.understand, fake.answers = peer.understand, peer.answers
    return peer


def v3_at(fake: FakeManager, **fields: Any) -> Manager:
    return at(fake, **{"version": "v3", "user": "noc", **fields})


async def test_v3_informs_find_the_managers_engine_and_go_on_in_order(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, v3_at(fake)) as sender:
        speaking_v3(fake)
        outbox.put(v3_at(fake), 1, 2, 3)
        await outbox.wait_settled(3)
        assert fake.sequences == [1, 2, 3]
        statistics = sender.statistics()
    assert (statistics.sent, statistics.acknowledged, statistics.retries) == (5, 3, 0)
    assert statistics.reports == {"unknown_engine": 1, "not_in_time_window": 1}


async def test_a_v3_manager_that_restarts_or_is_replaced_loses_nothing(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, v3_at(fake)) as sender:
        for boots, engine_id in ((7, THEIR_ID), (8, THEIR_ID), (1, THEIR_ID), (1, THEIR_ID + b"2")):
            speaking_v3(fake, an_engine(engine_id=engine_id, boots=boots))
            outbox.put(v3_at(fake), boots)
            await outbox.wait_settled(len(outbox.settled) + 1)
            await trio.sleep(10)
        assert fake.sequences == [7, 8, 1, 1]
        assert sender.statistics().failures == {}


async def test_a_v3_manager_that_does_not_know_our_user_is_asked_again_until_it_does(
    autojump_clock: MockClock,
) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, v3_at(fake)) as sender:
        peer = speaking_v3(fake, an_engine(a_user("somebody"), engine_id=THEIR_ID))
        outbox.put(v3_at(fake), 1)
        await trio.sleep(20)
        assert sender.statistics().failures == {"unknown_user": 2}
        peer.engine.apply([a_user()])
        await outbox.wait_settled(1)
        assert sender.statistics().reports["unknown_user"] == 3


async def test_a_v3_manager_that_changes_its_mind_for_ever_is_not_followed_at_its_pace(
    autojump_clock: MockClock,
) -> None:
    outbox, engines = Outbox(), iter(range(10**6))
    async with a_manager() as fake, sending(outbox, v3_at(fake)) as sender:
        peer = speaking_v3(fake)

        def another(datagram: bytes) -> dict[Oid, Any] | None:
            peer.engine = an_engine(engine_id=THEIR_ID + next(engines).to_bytes(3, "big"))
            return peer.understand(datagram)

        fake.understand = another
        outbox.put(v3_at(fake), 1)
        await trio.sleep(4)
        assert len(fake.datagrams) == 3
        await trio.sleep(2)
        assert sender.statistics().failures == {"unknown_engine": 1}


async def test_reports_of_every_kind_are_counted_and_the_order_is_kept(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, v3_at(fake)) as sender:
        peer, reports = speaking_v3(fake), cycle(range(9))

        def nonsense(datagram: bytes) -> list[bytes]:
            asked = decode_message(datagram).header
            varbind = encode_varbind((*oids.USM_STATS, next(reports), 0), b"\x41\x01\x01")
            scoped = encode_scoped_pdu(ScopedPdu(THEIR_ID, b"", encode_pdu(PduType.REPORT, 0, [varbind])))
            plain = asked._replace(level=Level.PLAIN, reportable=False, engine_id=THEIR_ID, user=b"")
            report = encode_message(plain, scoped, Keys(), b"")
            return [
                bytes(60_000),
                report[:-1],
                encode_message(plain._replace(message_id=0), scoped, Keys(), b""),
                report,
            ]

        fake.understand, fake.answers = lambda _: None, nonsense
        outbox.put(v3_at(fake), 1, 2)
        await trio.sleep(1800)
        statistics = sender.statistics()
        assert {refusal.name.lower() for refusal in Refusal} - {"not_in_time_window"} < set(statistics.reports)
        assert set(statistics.ignored) == {"unexpected_type", "truncated", "other_request", "unauthenticated"}
        assert len(fake.datagrams) < 60  # at the pace of repeats, whatever comes back
        fake.understand, fake.answers = peer.understand, peer.answers
        await outbox.wait_settled(2)
        assert fake.sequences == [1, 2]


async def test_v3_traps_bear_our_own_engine_and_wait_until_its_start_is_stored(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, v3_at(fake, kind="trap")) as sender:
        peer = speaking_v3(fake)
        sender._engine.usable = False
        outbox.put(v3_at(fake, kind="trap"), 1, 2)
        await trio.sleep(6)
        assert sender.statistics().failures == {"boots_not_stored": 1}
        sender._engine.usable = True
        await outbox.wait_settled(2)
        await trio.testing.wait_all_tasks_blocked()
        assert fake.sequences == [1, 2]
        assert peer.engine.statistics().known == 1


async def test_a_new_password_is_used_for_what_still_waits(autojump_clock: MockClock) -> None:
    outbox = Outbox()
    async with a_manager() as fake, sending(outbox, v3_at(fake)) as sender:
        speaking_v3(fake, an_engine(a_user(algorithm="SHA-512"), engine_id=THEIR_ID))
        outbox.put(v3_at(fake), 1)
        await trio.sleep(6)
        assert sender.statistics().failures == {"wrong_digest": 1}
        sender.apply(Snmp(managers=(v3_at(fake),), users=(a_user(algorithm="SHA-512"),)))
        await outbox.wait_settled(1)
