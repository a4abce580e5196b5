"""The receiver over real sockets: what it takes, what it ignores, and when it acknowledges."""

from __future__ import annotations

import random
import socket
from itertools import pairwise

import pytest
import trio
from structlog.testing import capture_logs

from daemon.config.snmp_settings import SnmpUser
from daemon.fleet.events import TrapHeard
from daemon.fleet.notifications import Severity
from daemon.snmp import pdu
from daemon.snmp.pdu import SNMP_TRAPS, PduType
from daemon.snmp.v3.message import MAX_SIZE, Header, ScopedPdu, decode_message, encode_message, encode_scoped_pdu
from daemon.snmp.v3.usm import Level, user_of
from tests.support.snmp_traps import board_trap, board_values, in_v2c, keep_alive, notification
from tests.support.trap_desk import OWN_ENGINE, SBC, People, TrapDesk, a_receiver, trap_desk

KEEP_ALIVE = in_v2c(keep_alive())
INFORM = in_v2c(keep_alive(of=PduType.INFORM))


async def test_a_keep_alive_is_heard() -> None:
    async with trap_desk() as desk:
        await desk.say(KEEP_ALIVE)
        await desk.settled(1)
        assert desk.heard == [TrapHeard(SBC, "127.0.0.1", keep_alive=True)]
        assert desk.receiver.statistics().taken == {"keep_alive": 1}


async def test_an_inform_is_acknowledged_only_when_it_is_durable() -> None:
    async with trap_desk() as desk:
        desk.durable = trio.Event()
        await desk.say(INFORM)
        await desk.settled(1)
        with pytest.raises(trio.TooSlowError):
            await desk.hear(within=0.05)
        desk.durable.set()
        answer = pdu.decode_message(await desk.hear())
        asked = pdu.decode_message(INFORM)
        assert isinstance(answer.pdu, pdu.Pdu)
        assert isinstance(asked.pdu, pdu.Pdu)
        assert answer.pdu.type is PduType.RESPONSE
        assert answer.pdu[1:] == asked.pdu[1:]
        assert desk.receiver.statistics().acknowledged == 1


async def test_an_inform_that_the_disk_did_not_take_is_not_acknowledged() -> None:
    async with trap_desk() as desk:
        desk.failing = True
        await desk.say(INFORM)
        with pytest.raises(trio.TooSlowError):
            await desk.hear(within=0.05)
        assert desk.receiver.statistics().ignored == {"store": 1}


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "truncated"),
        (b"GET / HTTP/1.1", "unexpected_type"),
        (KEEP_ALIVE[:-9], "truncated"),
        (in_v2c(keep_alive(), b"private"), "community"),
        (in_v2c(keep_alive("00908fffffff")), "unknown_device"),
        (in_v2c(notification((*SNMP_TRAPS, 1))), "unknown_device"),
        (in_v2c(notification((*SNMP_TRAPS, 1), of=PduType.GET)), "pdu_type"),
        (in_v2c(pdu.encode_pdu(PduType.TRAP, 1, [])), "no_trap_oid"),
    ],
)
async def test_what_is_not_taken_is_counted_by_its_reason(datagram: bytes, reason: str) -> None:
    async with trap_desk() as desk:
        await desk.say(datagram)
        await desk.settled(1)
        assert desk.heard == []
        assert desk.receiver.statistics().ignored == {reason: 1}


async def test_only_the_tenants_networks_are_believed_and_those_of_the_settings() -> None:
    async with trap_desk(People("10.1.0.0/16")) as desk:
        await desk.say(KEEP_ALIVE)
        await desk.settled(1)
        assert desk.receiver.statistics().ignored == {"not_believed": 1}
        desk.receiver.apply(a_receiver(networks=["127.0.0.0/8"]))
        await desk.say(KEEP_ALIVE)
        await desk.settled(2)
        assert len(desk.heard) == 1


async def test_a_reload_takes_other_communities_at_once() -> None:
    async with trap_desk() as desk:
        desk.receiver.apply(a_receiver(communities=["other", "secret"]))
        await desk.say(KEEP_ALIVE, in_v2c(keep_alive(), b"secret"))
        await desk.settled(2)
        assert desk.receiver.statistics().ignored == {"community": 1}
        assert len(desk.heard) == 1


async def test_a_kind_nobody_understands_is_logged_once_and_counted_always() -> None:
    async with trap_desk(People(at={"127.0.0.1": SBC})) as desk:
        strange = in_v2c(notification((1, 3, 6, 1, 4, 1, 9999, 0, 1)))
        with capture_logs() as logs:
            await desk.say(strange, strange, strange)
            await desk.settled(3)
        assert [line["kind"] for line in logs if line["event_name"] == "trap-unknown"] == ["1.3.6.1.4.1.9999.0.1"]
        assert desk.receiver.statistics().taken == {"unknown": 3}
        assert desk.receiver.statistics().kinds == 1
        assert desk.heard == [TrapHeard(SBC, "127.0.0.1")] * 3  # a sign of life each


async def test_the_same_remark_is_made_once_in_a_while() -> None:
    async with trap_desk(People(at={"127.0.0.1": SBC})) as desk:
        failure = in_v2c(notification((*SNMP_TRAPS, 5)))
        await desk.say(*[failure] * 5)
        await desk.settled(5)
        assert [bool(heard.remark) for heard in desk.heard] == [True, False, False, False, False]


async def test_a_flood_of_strangers_is_dropped_unread_and_hides_no_device() -> None:
    async with trap_desk(max_rate=50) as desk:
        with capture_logs() as logs:
            await desk.say(*[bytes(40)] * 400)
            await desk.settled(400)
            ignored = desk.receiver.statistics().ignored
            desk.people.at["127.0.0.1"] = SBC  # it was heard from there before
            await desk.say(KEEP_ALIVE)
            await desk.settled(401)
        assert ignored["rate"] > 300
        assert len(desk.heard) == 1
        assert len(logs) <= 30


async def test_others_get_their_turn_between_datagrams_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async with trap_desk() as desk:
        now = desk.clock.now()
        monkeypatch.setattr(desk.clock, "now", lambda: now + desk.receiver.statistics().received * 0.004)
        seen: list[int] = []

        async def watch() -> None:
            while True:
                seen.append(desk.receiver.statistics().received)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                for _ in range(60):  # all at once: nobody reads meanwhile
                    own.sendto(KEEP_ALIVE, ("127.0.0.1", desk.port))
            await desk.settled(60)
            nursery.cancel_scope.cancel()
        assert max(after - before for before, after in pairwise(seen)) <= 2 * 3  # it may be its turn twice in between


async def test_ever_new_kinds_do_not_fill_the_log() -> None:
    async with trap_desk(People(at={"127.0.0.1": SBC})) as desk:
        with capture_logs() as logs:
            await desk.say(*[in_v2c(notification((1, 3, 6, 1, 4, 1, 9999, 0, kind))) for kind in range(100)])
            await desk.settled(100)
        assert len(logs) == 30
        assert desk.receiver.statistics().taken == {"unknown": 100}


async def test_an_inform_is_acknowledged_although_its_user_is_taken_away_meanwhile() -> None:
    user = {"name": "sbc", "password": "some-password"}
    async with trap_desk(known=[user], users=["sbc"]) as desk:
        desk.durable = trio.Event()
        header = Header(9, MAX_SIZE, Level.PRIVATE, False, OWN_ENGINE, 1, 0, b"sbc")
        keys = user_of(SnmpUser.model_validate(user)).at(OWN_ENGINE)
        scoped = encode_scoped_pdu(ScopedPdu(OWN_ENGINE, b"", keep_alive(of=PduType.INFORM)))
        await desk.say(encode_message(header, scoped, keys, bytes(8)))
        await desk.settled(1)
        desk.engine.apply([])
        desk.durable.set()
        assert decode_message(await desk.hear()).header.user == b"sbc"


async def test_what_the_kernel_had_no_room_for_is_counted() -> None:
    async with trap_desk() as desk:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            for _ in range(6000):  # all at once: nobody reads meanwhile
                own.sendto(bytes(1400), ("127.0.0.1", desk.port))
        await desk.settled(1)
        overflown = desk.receiver.statistics().overflown
        assert overflown > 0
        await desk.settled(6000 - overflown)


async def test_more_informs_than_can_wait_are_not_promised() -> None:
    async with trap_desk() as desk:
        desk.durable = trio.Event()
        await desk.say(*[INFORM] * 1100)
        await desk.settled(1100)
        statistics = desk.receiver.statistics()
        assert statistics.waiting <= 1024
        assert statistics.ignored["busy"] >= 1100 - 1024 - 1


async def test_damaged_datagrams_are_survived() -> None:
    dice = random.Random(162)
    corpus = [KEEP_ALIVE, INFORM, in_v2c(board_trap(10, board_values(10, Severity.MAJOR)))]
    async with trap_desk() as desk:
        for number in range(600):
            data = bytearray(dice.choice(corpus))
            for _ in range(dice.randint(1, 4)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            await desk.say(bytes(data[: dice.randint(0, 2 * len(data))]))
            if number % 50 == 49:
                await desk.settled(number + 1)
        await desk.say(KEEP_ALIVE)
        await desk.settled(601)
        statistics = desk.receiver.statistics()
        assert "internal" not in statistics.ignored
        assert sum(statistics.ignored.values()) + sum(statistics.taken.values()) == 601
        assert len(statistics.ignored) > 8
        assert desk.heard[-1].keep_alive


async def test_a_port_that_is_taken_is_named() -> None:
    async with trap_desk() as desk:
        listen = f"udp://127.0.0.1:{desk.port}"
        other = TrapDesk(People(), listen=[listen])
        with pytest.raises(OSError, match=f"cannot listen on {listen}"):
            await other.receiver.run(other.deliver)


async def test_an_sbc_is_heard_over_ipv6_too() -> None:
    people = People("::1/128")
    async with trap_desk(people, listen=["udp://[::1]:0"]) as desk:
        await desk.say(KEEP_ALIVE)
        await desk.settled(1)
        assert desk.heard == [TrapHeard(SBC, "::1", keep_alive=True)]
