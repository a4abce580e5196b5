"""The endpoint over real loopback sockets; a few milliseconds each, nothing sleeps."""

from __future__ import annotations

import pytest
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Sip
from daemon.fleet.commands import SendProbe
from daemon.fleet.events import LifeSign, ProbeAnswered, ProbeMissed, Registered
from daemon.fleet.model import Contact
from daemon.sip import endpoint as module
from tests.support.sip_messages import ALICE, BOB, register, request
from tests.support.sip_wire import LOOPBACK, LOOPBACK_6, Office, Phone, ok, open_office, open_phone

QUICK = Qualify(timeout=0.05, lagged_after=0.01)


def at(phone: Phone, uri: str = "sip:2041@127.0.0.1") -> SendProbe:
    return SendProbe(ALICE, Contact(uri, *phone.address))


async def test_a_ping_and_its_answer_become_an_event_with_the_round_trip() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        ping = await phone.hear()
        assert ping.startswith(b"OPTIONS sip:2041@127.0.0.1 SIP/2.0\r\n")
        await phone.say(ok(ping))
        event = (await office.until(1))[0]
        assert isinstance(event, ProbeAnswered)
        assert (event.key, event.code) == (ALICE, 200)
        assert event.rtt is not None
        assert 0 <= event.rtt < 5


async def test_a_round_trip_ends_when_the_answer_arrives_not_when_we_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GATHER", 0.2)
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        await phone.say(ok(await phone.hear()))
        event = (await office.until(1))[0]
        assert isinstance(event, ProbeAnswered)
        assert event.rtt is not None
        assert event.rtt < 0.1


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"404 Not Found", b"486 Busy Here", b"503 Unavailable"])
async def test_any_final_answer_is_one_and_a_provisional_one_is_none(status: bytes) -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        ping = await phone.hear()
        await phone.say(ok(ping, b"100 Trying"))
        await phone.say(ok(ping, status))
        event = (await office.until(1))[0]
        assert isinstance(event, ProbeAnswered)
        assert event.code == int(status[:3])
        assert office.endpoint.statistics().refused == {"provisional": 1}


async def test_an_answer_counts_once_and_an_invented_one_never() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        answer = ok(await phone.hear())
        await phone.say(answer)
        await phone.say(answer)
        await phone.say(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n")
        await phone.say(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKsomebody\r\n\r\n")
        await phone.ask(request())
        assert len(office.events) == 1
        assert office.endpoint.statistics().refused == {"unmatched": 3}


async def test_silence_is_missed_and_what_comes_later_counts_as_late() -> None:
    async with open_office(qualify=QUICK) as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        ping = await phone.hear()
        assert await office.until(1) == [ProbeMissed(ALICE, "timeout")]
        await phone.say(ok(ping))
        assert (await office.until(2))[1] == ProbeAnswered(ALICE, 200, None)
        statistics = office.endpoint.statistics()
        assert (statistics.sent, statistics.missed, statistics.late, statistics.outstanding) == (1, 1, 1, 0)


async def test_a_reload_brings_a_shorter_timeout_into_force_at_once() -> None:
    slow = Qualify(timeout=3600.0, interval=3600.0)
    async with open_office(qualify=slow) as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        office.endpoint.apply(Sip(), QUICK)
        assert await office.until(1) == [ProbeMissed(ALICE, "timeout")]


async def test_a_reload_gives_pings_another_name_without_a_new_socket() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        before = office.endpoint.addresses
        office.endpoint.apply(Sip(user_agent="Night watch", domain="night.example"), Qualify())
        office.endpoint.submit(at(phone))
        ping = await phone.hear()
        assert b"User-Agent: Night watch\r\n" in ping
        assert b"From: <sip:ringkeeper@night.example>" in ping
        assert office.endpoint.addresses == before


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (Contact("sip:1@phone.example", "phone.example", 5060), "unresolvable"),
        (Contact("sip:1@[::1]", "::1", 5060), "no-socket"),
        (Contact("sip:1@255.255.255.255", "255.255.255.255", 5060), "send-EACCES"),
    ],
)
async def test_a_ping_that_cannot_leave_is_missed_and_its_reason_counted(contact: Contact, reason: str) -> None:
    async with open_office() as office:
        office.endpoint.submit(SendProbe(BOB, contact))
        assert await office.until(1) == [ProbeMissed(BOB, "send failed")]
        assert office.endpoint.statistics().refused == {reason: 1}


async def test_a_phone_that_is_switched_off_does_not_poison_the_socket() -> None:
    async with open_office(qualify=QUICK) as office:
        async with open_phone(office.endpoint.addresses[0]) as gone:
            order = at(gone)
        for _ in range(3):
            office.endpoint.submit(order)
        async with open_phone(office.endpoint.addresses[0]) as phone:
            assert b" 200 OK" in await phone.ask(request())
        await office.until(3)


async def test_a_register_is_answered_only_when_the_disk_holds_it() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.disk.spinning = trio.Event()
        await phone.say(register())
        event = (await office.until(1))[0]
        assert isinstance(event, Registered)
        assert (event.bindings[0].contact.host, event.bindings[0].contact.port) == phone.address
        assert b"200 OK" in await phone.ask(request())  # meanwhile everybody else is served
        assert office.endpoint.statistics().registrations == 0
        office.disk.spinning.set()
        assert (await phone.hear()).startswith(b"SIP/2.0 200 OK\r\n")
        assert office.endpoint.statistics().registrations == 1


async def test_what_the_disk_does_not_take_is_not_acknowledged() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.disk.full = True
        answer = await phone.ask(register())
        assert answer.startswith(b"SIP/2.0 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 30\r\n" in answer
        office.disk.full = False
        assert b"200 OK" in await phone.ask(register())  # the retransmission


async def test_no_more_answers_wait_for_the_disk_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.disk.spinning = trio.Event()
        for number in range(1, 5):  # one is in the hands of the answering task, three wait
            await phone.say(register(cseq=f"{number} REGISTER"))
            await office.until(number)
        assert b" 503 " in await phone.ask(register(cseq="9 REGISTER"))
        assert len(office.events) == 4
        assert office.endpoint.statistics().refused == {"overload": 1}


async def test_a_bare_keep_alive_of_a_known_phone_is_a_sign_of_life() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        await phone.say(b"\r\n\r\n")
        await phone.ask(request())
        assert office.events == []
        office.phonebook.settle(ALICE, Contact("sip:2041@x", *phone.address))
        await phone.say(b"\r\n\r\n")
        assert await office.until(1) == [LifeSign(ALICE, "keep-alive")]
        assert office.endpoint.statistics().refused == {"keep-alive-of-stranger": 1}


async def test_junk_is_counted_by_reason_and_not_answered() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        for junk in (
            b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
            b"GET / HTTP/1.1\r\n\r\n",
            b"hello",
            b"\xff" * 999,
        ):
            await phone.say(junk)
        assert b"SIP/2.0 200 OK" in await phone.ask(request())  # the first thing it ever hears
        refused = office.endpoint.statistics().refused
        assert refused == {"stun": 1, "start-line": 1, "unfinished": 2}


async def test_other_methods_are_turned_down_properly() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        answer = await phone.ask(request("INVITE"))
        assert answer.startswith(b"SIP/2.0 405 Method Not Allowed\r\n")
        assert b"\r\nAllow: OPTIONS, REGISTER, PUBLISH\r\n" in answer
        assert office.endpoint.statistics().refused == {"method": 1}


async def test_an_answer_without_rport_goes_to_the_port_of_the_via() -> None:
    async with (
        open_office() as office,
        open_phone(office.endpoint.addresses[0]) as phone,
        open_phone(office.endpoint.addresses[0]) as other,
    ):
        await phone.say(request(via=f"SIP/2.0/UDP 192.0.2.7:{other.address[1]};branch=z9hG4bK1"))
        assert b";received=127.0.0.1" in await other.hear()


async def test_each_address_family_has_its_own_socket() -> None:
    async with open_office(LOOPBACK, LOOPBACK_6) as office:
        assert [listen.host for listen in office.endpoint.addresses] == ["127.0.0.1", "::1"]
        async with open_phone(office.endpoint.addresses[1]) as phone:
            office.endpoint.submit(at(phone, "sip:2041@[::1]"))
            await phone.say(ok(await phone.hear()))
            await office.until(1)
            await phone.ask(register("<sip:2041@[::1]>"))
            event = office.events[1]
            assert isinstance(event, Registered)
            assert event.bindings[0].contact.host == "::1"


async def test_a_fault_of_ours_costs_one_datagram_and_not_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        monkeypatch.setattr(office.phonebook, "mac_at", None)
        await phone.say(b"\r\n\r\n")
        assert b" 200 OK" in await phone.ask(request())
        assert office.endpoint.statistics().refused == {"internal": 1}


async def test_an_address_in_use_stops_the_start_with_its_name() -> None:
    async with open_office() as office:
        taken = office.endpoint.addresses[0]
        second = Office(Listen("udp", taken.host, taken.port))
        with pytest.raises(OSError, match=f"cannot listen on udp://127.0.0.1:{taken.port}"):
            await second.endpoint.run(second.deliver)


async def test_pinging_before_the_socket_is_there_is_only_missed() -> None:
    office = Office()
    office.endpoint.submit(SendProbe(ALICE, Contact("sip:1@127.0.0.1", "127.0.0.1", 5060)))
    assert office.endpoint.statistics().refused == {"no-socket": 1}
    async with trio.open_nursery() as nursery:
        await nursery.start(office.endpoint.run, office.deliver)
        assert await office.until(1) == [ProbeMissed(ALICE, "send failed")]
        nursery.cancel_scope.cancel()
