"""What is taken in besides answers to pings, with a way back that remembers and a disk that can be held back."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.config.settings import Sip
from daemon.errors import StoreUnavailable
from daemon.fleet.commands import SendNotify
from daemon.fleet.events import (
    Event,
    LifeSign,
    Registered,
    ResyncEnded,
    Unregistered,
)
from daemon.fleet.model import Contact, Mac
from daemon.scheduler.clock import Clock
from daemon.sip import flood
from daemon.sip import intake as module
from daemon.sip.authentication import nobodys_password
from daemon.sip.intake import Intake
from daemon.sip.message import Request, Source
from daemon.sip.publish import Publications
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Responder
from daemon.sip.resyncs import Resyncs
from daemon.sip.uas import UserAgentServer
from tests.support.builders import NOW
from tests.support.sip_messages import ALICE, BOB, Phonebook, register, request
from tests.support.sip_wire import Disk, ok

PHONE = Source("10.0.0.7", 5062)
CONNECTED = Source("10.0.0.7", 40000, "tcp")
SETTINGS = Sip(domain="pbx.example.net")


class Back:
    """The way back to a phone: what it was told."""

    def __init__(self, source: Source = PHONE) -> None:
        self.source = source
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> bool:
        self.sent.append(data)
        return True

    def answer(self, request: Request, data: bytes) -> bool:
        assert request.method
        return self.send(data)

    @property
    def statuses(self) -> list[int]:
        return [int(data[8:11]) for data in self.sent]


class Desk:
    """The intake with the real rules behind it."""

    def __init__(self) -> None:
        self.clock = Clock(wall=NOW)
        self.phonebook, self.disk = Phonebook(), Disk()
        self.events: list[Event] = []
        self.said: list[tuple[Source, bytes]] = []
        self.held: list[tuple[Source, float]] = []
        self.reachable = True
        responder = Responder(b"k" * 32, "Ringkeeper")
        self.intake = Intake(
            SETTINGS,
            UserAgentServer(
                Registrar(SETTINGS, self.phonebook, responder),
                Publications(SETTINGS, self.phonebook, responder),
                responder,
            ),
            Resyncs(SETTINGS, nobodys_password, lambda _: "192.0.2.1:5060", lambda: "token"),
            self.phonebook,
            self.clock,
            say=self._say,
            hold=lambda source, until: self.held.append((source, until)),
        )

    def deliver(self, event: Event) -> Disk:
        self.events.append(event)
        if isinstance(event, Registered):
            self.phonebook.settle(event.mac, event.bindings[0].contact, event.bindings)
        elif isinstance(event, Unregistered):
            self.phonebook.settle(event.mac, None)
        return self.disk

    def hears(self, data: bytes, back: Back | None = None) -> Back:
        back = back or Back()
        self.intake.take(data, back, self.clock.now())
        return back

    async def asked(self, data: bytes, back: Back | None = None) -> Back:
        """The same, and what there is to do for it is done."""
        back = self.hears(data, back)
        await wait_all_tasks_blocked()
        return back

    def _say(self, to: Source, data: bytes) -> bool:
        self.said.append((to, data))
        return self.reachable


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    desk = Desk()
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.intake.run, desk.deliver)
        yield desk
        nursery.cancel_scope.cancel()


async def test_a_request_that_changes_nothing_is_answered_at_once_and_as_often_as_it_comes(
    autojump_clock: MockClock,
) -> None:
    async with open_desk() as desk:
        back = desk.hears(request())
        desk.hears(request(), back)
        assert back.statuses == [200, 200]
        assert back.sent[0] == back.sent[1]
        assert (desk.intake.counts["requests"], len(desk.intake.transactions)) == (2, 0)


async def test_a_register_is_answered_only_when_the_disk_holds_it(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.disk.spinning = trio.Event()
        back = await desk.asked(register())
        (event,) = desk.events
        assert isinstance(event, Registered)
        assert (back.sent, desk.intake.counts["registrations"]) == ([], 0)
        assert desk.hears(request()).statuses == [200]  # meanwhile everybody else is served
        desk.disk.spinning.set()
        await wait_all_tasks_blocked()
        assert (back.statuses, desk.intake.counts["registrations"]) == ([200], 1)


async def test_a_register_that_comes_again_is_served_once_and_hears_the_same_bytes(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.disk.spinning = trio.Event()
        back = await desk.asked(register())
        await desk.asked(register(), back)  # while the first one waits for the disk
        assert (len(desk.events), back.sent) == (1, [])
        desk.disk.spinning.set()
        await wait_all_tasks_blocked()
        await trio.sleep(3)
        await desk.asked(register(), back)
        assert len(desk.events) == 1
        assert back.statuses == [200, 200]
        assert back.sent[0] == back.sent[1]  # Date and all
        statistics = desk.intake.transactions.statistics()
        assert (statistics.new, statistics.silent, statistics.replayed) == (1, 1, 1)


async def test_after_its_time_the_same_register_is_a_new_one(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        await desk.asked(register())
        await trio.sleep(33)
        back = await desk.asked(register())
        assert back.statuses == [200]
        assert desk.intake.transactions.statistics().new == 2


async def test_who_registers_over_a_connection_keeps_it_while_the_registration_lasts(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        await desk.asked(register(expires="600"), Back(CONNECTED))
        ((source, until),) = desk.held
        assert source == CONNECTED
        assert until == pytest.approx(desk.clock.now() + 600, abs=1)
        await desk.asked(register(cseq="2 REGISTER", expires="0"), Back(CONNECTED))
        assert len(desk.held) == 1
        assert isinstance(desk.events[-1], Unregistered)


async def test_what_the_disk_does_not_take_is_not_acknowledged_and_may_come_again(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.disk.full = True
        back = await desk.asked(register())
        assert back.statuses == [503]
        assert b"\r\nRetry-After: 30\r\n" in back.sent[0]
        assert (desk.intake.refused, desk.intake.counts["registrations"]) == ({"store": 1}, 0)
        desk.disk.full = False
        assert (await desk.asked(register())).statuses == [200]


async def test_a_request_that_cannot_be_judged_is_our_fault_and_nothing_changes(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sealed(*_: object) -> None:
        raise StoreUnavailable("no key")

    async with open_desk() as desk:
        with monkeypatch.context() as patch, capture_logs() as log:
            patch.setattr(UserAgentServer, "handle", sealed)
            back = await desk.asked(register())
        assert (back.statuses, desk.events, desk.intake.refused) == ([503], [], {"store": 1})
        assert b"\r\nRetry-After: 30\r\n" in back.sent[0]
        assert [line["log_level"] for line in log if line.get("event_name") == "sip-store"] == ["error"]
        assert (await desk.asked(register())).statuses == [200]


async def test_no_more_answers_wait_for_the_disk_than_there_is_room_for_and_nothing_changes_beyond_it(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    async with open_desk() as desk:
        desk.disk.spinning = trio.Event()
        for number in range(1, 5):  # one is in the hands of the answering task, three wait
            await desk.asked(register(cseq=f"{number} REGISTER"))
        assert (len(desk.intake), len(desk.events)) == (3, 4)
        back = await desk.asked(register(cseq="9 REGISTER"))
        assert (back.statuses, len(desk.events), desk.intake.refused) == ([503], 4, {"overload": 1})
        assert desk.hears(request()).statuses == [200]  # which has nothing to wait for
        desk.disk.spinning.set()
        await wait_all_tasks_blocked()
        assert (await desk.asked(register(cseq="9 REGISTER"))).statuses == [200]


async def test_a_refused_register_is_answered_at_once_and_not_remembered(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        back = desk.hears(register(to="<sip:9999@pbx.example.net>", from_="<sip:9999@pbx.example.net>;tag=1"))
        assert back.statuses == [401]  # whether 9999 exists is not told
        assert (desk.events, len(desk.intake.transactions)) == ([], 0)


@pytest.mark.parametrize("bare", [b"\r\n\r\n", b"\r\n", b""])
async def test_a_bare_keep_alive_of_a_known_phone_is_a_sign_of_life(bare: bytes, autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        assert desk.hears(bare).sent == []
        assert (desk.events, desk.intake.refused) == ([], {"keep-alive-of-stranger": 1})
        desk.phonebook.settle(ALICE, Contact("sip:2041@x", *PHONE[:2]))
        assert desk.hears(bare).sent == []
        assert desk.events == [LifeSign(ALICE, "keep-alive")]
        assert desk.intake.counts["life_signs"] == 1


async def test_stun_is_answered_with_where_it_came_from(autojump_clock: MockClock) -> None:
    asked = struct.pack("!HHI", 1, 0, 0x2112A442) + b"transaction."
    async with open_desk() as desk:
        (answer,) = desk.hears(asked).sent
        assert answer[:2] == b"\x01\x01"
        assert answer[8:20] == b"transaction."
        assert answer[26:28] == (5062 ^ 0x2112).to_bytes(2, "big")
        assert desk.hears(asked[:-1]).sent == []
        assert (desk.intake.counts["stun"], desk.intake.refused) == (2, {"stun": 1})


async def test_an_answer_to_nothing_is_counted_and_not_answered(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        assert desk.hears(ok(request())).sent == []
        assert desk.hears(ok(request(), b"100 Trying")).sent == []
        assert desk.intake.refused == {"unmatched": 2}


@pytest.mark.parametrize(
    ("junk", "reason"),
    [(b"hello", "unfinished"), (b"GET / HTTP/1.1\r\n\r\n", "start-line"), (b"\xff" * 999, "unfinished")],
)
async def test_junk_is_counted_by_its_reason_and_not_answered(
    junk: bytes, reason: str, autojump_clock: MockClock
) -> None:
    async with open_desk() as desk:
        assert desk.hears(junk).sent == []
        assert desk.intake.refused == {reason: 1}


async def test_without_a_via_nothing_changes_and_nothing_is_said(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        assert (await desk.asked(register(via=None))).sent == []
        assert (desk.events, desk.intake.refused) == ([], {"via": 1})


async def test_a_fault_of_ours_costs_one_message_and_whoever_repeats_it_is_served(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        found, desk.phonebook.mac_of_user = desk.phonebook.mac_of_user, None  # type: ignore[method-assign,assignment] # the fault
        with capture_logs() as log:
            assert (await desk.asked(register())).sent == []
        assert [line["log_level"] for line in log] == ["error"]
        desk.phonebook.mac_of_user = found  # type: ignore[method-assign] # repaired
        assert desk.intake.refused == {"internal": 1}
        assert (await desk.asked(register())).statuses == [200]


async def test_not_even_a_directory_that_fails_stops_the_intake(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.phonebook.mac_at = None  # type: ignore[method-assign,assignment] # the fault
        for data in (b"\r\n", request(), b"junk"):
            assert desk.hears(data).sent == []
        assert desk.intake.refused == {"internal": 3}


async def test_a_stranger_who_is_turned_down_too_often_is_not_read_any_more_and_a_known_phone_is(
    autojump_clock: MockClock,
) -> None:
    async with open_desk() as desk:
        scanner, phone = Back(Source("198.51.100.9", 5060)), Back()
        desk.phonebook.settle(ALICE, Contact("sip:2041@x", *PHONE[:2]))
        for _ in range(3 * flood.PER_HOST):
            desk.hears(request("INVITE"), scanner)
            desk.hears(request("INVITE"), phone)
        assert len(scanner.sent) == flood.PER_HOST
        assert len(phone.sent) == 3 * flood.PER_HOST
        assert desk.intake.refused["flood"] == 2 * flood.PER_HOST
        await trio.sleep(1)
        assert desk.hears(request(), scanner).statuses[-1] == 200


async def test_refusals_are_logged_as_often_as_the_settings_allow(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.intake.apply(Sip(log_lines_per_minute=3))
        with capture_logs() as log:
            for _ in range(100):
                desk.hears(b"junk")
        assert [(line["event"], line["reason"], line["source"]) for line in log] == [
            ("refused", "unfinished", "10.0.0.7")
        ] * 3


def resync(mac: Mac = ALICE) -> SendNotify:
    return SendNotify(mac, Contact("sip:2041@10.0.0.7:5062", *PHONE[:2]), "2041", reboot=False)


async def test_a_check_sync_is_sent_and_its_answer_is_told(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.intake.submit(resync())
        ((to, notify),) = desk.said
        assert to == PHONE
        assert notify.startswith(b"NOTIFY sip:2041@10.0.0.7:5062 SIP/2.0\r\n")
        assert desk.hears(ok(notify)).sent == []
        assert desk.events == [ResyncEnded(ALICE, reboot=False, delivered=True, outcome="answered 200")]


async def test_a_check_sync_nobody_answers_is_repeated_and_then_given_up(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.intake.submit(resync(BOB))
        await trio.sleep(40)
        assert len(desk.said) > 5
        assert desk.events == [ResyncEnded(BOB, reboot=False, delivered=False, outcome="found no answer")]


async def test_a_check_sync_that_cannot_leave_is_told_so(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.reachable = False
        desk.intake.submit(resync())
        await trio.sleep(1)
        assert desk.events == [ResyncEnded(ALICE, reboot=False, delivered=False, outcome="could not be sent over udp")]
