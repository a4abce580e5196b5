"""The endpoint over real loopback sockets; a few milliseconds each, nothing sleeps."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Sip
from daemon.fleet.commands import SendNotify, SendProbes
from daemon.fleet.events import (
    Event,
    LifeSign,
    ProbeAnswer,
    ProbeMissed,
    ProbesAnswered,
    Registered,
    ResyncEnded,
)
from daemon.fleet.model import Contact
from daemon.sip import endpoint as module
from daemon.sip import intake as intake_module
from daemon.sip.endpoint import unguessable_tokens
from daemon.sip.tls import load_contexts
from tests.support.certificates import Authority
from tests.support.sip_messages import ALICE, BOB, register, request
from tests.support.sip_wire import LOOPBACK, LOOPBACK_6, Office, Phone, ok, open_office, open_phone, ping
from tests.support.waiting import becomes_true

REPORT = (Path(__file__).parents[1] / "data" / "vq" / "rfc.vq").read_bytes()
QUICK = Qualify(timeout=0.05, lagged_after=0.01)
PLAIN = load_contexts(Sip().tls)
TCP, TCP_6, TLS = Listen("tcp", "127.0.0.1", 0), Listen("tcp", "::1", 0), Listen("tls", "127.0.0.1", 0)


def at(phone: Phone, uri: str = "sip:2041@127.0.0.1") -> SendProbes:
    return ping(Contact(uri, *phone.address))


def answer_in(event: Event) -> ProbeAnswer:
    """The one answer that the event tells of."""
    assert isinstance(event, ProbesAnswered)
    (answer,) = event.answers
    return answer


async def test_a_ping_and_its_answer_become_an_event_with_the_round_trip() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        heard = await phone.hear()
        assert heard.startswith(b"OPTIONS sip:2041@127.0.0.1 SIP/2.0\r\n")
        await phone.say(ok(heard))
        key, code, rtt = answer_in((await office.until(1))[0])
        assert (key, code) == (ALICE, 200)
        assert rtt is not None
        assert 0 <= rtt < 5


async def test_a_round_trip_ends_when_the_answer_arrives_not_when_we_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GATHER", 0.2)
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        await phone.say(ok(await phone.hear()))
        _, _, rtt = answer_in((await office.until(1))[0])
        assert rtt is not None
        assert rtt < 0.1


async def test_answers_that_arrive_together_are_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER", 0.2)
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        contact = Contact("sip:2041@127.0.0.1", *phone.address)
        office.endpoint.submit(ping(*[contact] * 50))
        for _ in range(50):
            await phone.say(ok(await phone.hear()))
        (event,) = await office.until(1)
        assert isinstance(event, ProbesAnswered)
        assert len(event.answers) == 50
        assert office.endpoint.statistics().answered == office.endpoint.statistics().received == 50


async def test_round_trips_survive_a_step_of_the_systems_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        before = time.time
        monkeypatch.setattr(time, "time", lambda: before() + 3600)  # set forward, so that stamps are from the past
        office.endpoint.submit(at(phone))
        await phone.say(ok(await phone.hear()))
        _, _, rtt = answer_in((await office.until(1))[0])
        assert rtt is not None
        assert 0 <= rtt < 1


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"404 Not Found", b"486 Busy Here", b"503 Unavailable"])
async def test_any_final_answer_is_one_and_a_provisional_one_is_none(status: bytes) -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        heard = await phone.hear()
        await phone.say(ok(heard, b"100 Trying"))
        await phone.say(ok(heard, status))
        _, code, _ = answer_in((await office.until(1))[0])
        assert code == int(status[:3])
        await phone.ask(request())
        assert office.endpoint.statistics().refused == {"unmatched": 1}


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
        heard = await phone.hear()
        assert await office.until(1) == [ProbeMissed(ALICE, "timeout")]
        await phone.say(ok(heard))
        assert answer_in((await office.until(2))[1]) == (ALICE, 200, None)
        statistics = office.endpoint.statistics()
        assert (statistics.sent, statistics.missed, statistics.late, statistics.outstanding) == (1, 1, 1, 0)


async def test_a_reload_brings_a_shorter_timeout_into_force_at_once() -> None:
    slow = Qualify(timeout=3600.0, interval=3600.0)
    async with open_office(qualify=slow) as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.endpoint.submit(at(phone))
        office.endpoint.apply(Sip(), QUICK, PLAIN)
        assert await office.until(1) == [ProbeMissed(ALICE, "timeout")]


async def test_a_reload_gives_pings_another_name_without_a_new_socket() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        before = office.endpoint.addresses
        office.endpoint.apply(Sip(user_agent="Night watch", domain="night.example"), Qualify(), PLAIN)
        office.endpoint.submit(at(phone))
        heard = await phone.hear()
        assert b"User-Agent: Night watch\r\n" in heard
        assert b"From: <sip:ringkeeper@night.example>" in heard
        assert office.endpoint.addresses == before
        assert b"\r\nServer: Night watch\r\n" in await phone.ask(request())
        await phone.ask(register(expires="10"))  # below min_expires of the settings it started with
        office.endpoint.apply(Sip(min_expires=5), Qualify(), PLAIN)
        assert b" 200 OK" in await phone.ask(register(expires="10", cseq="2 REGISTER"))


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
        office.endpoint.submit(ping(contact, key=BOB))
        assert await office.until(1) == [ProbeMissed(BOB, "send failed")]
        assert office.endpoint.statistics().refused == {reason: 1}


async def test_a_phone_that_is_switched_off_does_not_poison_the_socket() -> None:
    async with open_office() as office:
        async with open_phone(office.endpoint.addresses[0]) as gone:
            order = at(gone)
        for _ in range(3):
            office.endpoint.submit(order)
        async with open_phone(office.endpoint.addresses[0]) as phone:
            assert b" 200 OK" in await phone.ask(request())
        await office.until(3)


@pytest.mark.parametrize("listen", [LOOPBACK, LOOPBACK_6])
async def test_a_port_where_nobody_listens_is_a_miss_at_once(listen: Listen) -> None:
    async with open_office(listen) as office:
        async with open_phone(office.endpoint.addresses[0]) as gone:
            order = at(gone)
        office.endpoint.submit(order)
        with trio.fail_after(2):  # half the timeout
            assert await office.until(1) == [ProbeMissed(ALICE, "icmp: port unreachable")]
        assert office.endpoint.statistics().refused == {"icmp": 1}
        assert office.endpoint.statistics().outstanding == 0


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
    monkeypatch.setattr(intake_module, "MAX_WAITING", 3)
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
            b"\x00\x02\x00\x00\x21\x12\xa4\x42" + bytes(12),
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
        monkeypatch.setattr(office.phonebook, "mac_of_user", None)
        await phone.say(register())
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
    office.endpoint.submit(ping(Contact("sip:1@127.0.0.1", "127.0.0.1", 5060)))
    assert office.endpoint.statistics().refused == {"no-socket": 1}
    async with trio.open_nursery() as nursery:
        await nursery.start(office.endpoint.run, office.deliver)
        assert await office.until(1) == [ProbeMissed(ALICE, "send failed")]
        nursery.cancel_scope.cancel()


async def test_reports_beyond_the_rate_of_an_address_are_counted_by_that_reason() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        office.phonebook.settle(ALICE, at(phone).targets[0].contact)
        office.endpoint.apply(Sip(quality_reports_per_minute=1), Qualify(), PLAIN)
        answers = []
        for number in range(2):
            about = {"content_type": "application/vq-rtcpxr", "content_length": str(len(REPORT))}
            publish = request("PUBLISH", event="vq-rtcpxr", cseq=f"{number} PUBLISH", call_id=f"{number}@x", **about)
            answers.append(await phone.ask(publish.replace(b"branch=z9hG4bK77", b"branch=z9hG4bK%d" % number) + REPORT))
        assert [answer[8:11] for answer in answers] == [b"200", b"503"]
        assert office.endpoint.statistics().refused == {"publish-rate": 1}


async def test_a_retransmitted_register_hears_the_same_answer_and_is_told_once() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        first = await phone.ask(register())
        assert await phone.ask(register()) == first
        assert len(office.events) == 1
        assert office.endpoint.statistics().servers.replayed == 1


async def test_stun_is_answered_out_of_the_same_socket() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        answer = await phone.ask(struct.pack("!HHI", 1, 0, 0x2112A442) + b"transaction.")
        assert answer[26:28] == (phone.address[1] ^ 0x2112).to_bytes(2, "big")
        assert office.endpoint.statistics().stun == 1


async def test_a_check_sync_goes_out_and_its_answer_comes_in_by_the_same_socket() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        contact = Contact("sip:2041@127.0.0.1", *phone.address)
        office.endpoint.resync(SendNotify(ALICE, contact, "2041", reboot=False))
        notify = await phone.hear()
        assert notify.startswith(b"NOTIFY sip:2041@127.0.0.1 SIP/2.0\r\n")
        await phone.say(ok(notify))
        ended = ResyncEnded(ALICE, reboot=False, delivered=True, outcome="answered 200")
        assert await office.until(1) == [ended]


async def test_addresses_stand_in_the_order_of_the_settings_with_the_ports_they_got(tmp_path: Path) -> None:
    listen = (TCP, LOOPBACK, TLS, LOOPBACK_6, TCP_6, LOOPBACK)
    tls = Authority(tmp_path).issue("pbx.example.net")
    async with open_office(*listen, tls=tls) as office:
        addresses = office.endpoint.addresses
        assert [(one.scheme, one.host) for one in addresses] == [(one.scheme, one.host) for one in listen]
        assert len({(one.scheme, one.host, one.port) for one in addresses}) == len(listen)
        assert all(one.port for one in addresses)
        for one in addresses:
            if one.scheme == "udp":
                async with open_phone(one) as phone:
                    assert b" 200 OK" in await phone.ask(request())
            elif one.scheme == "tcp":
                async with await trio.open_tcp_stream(one.host, one.port) as stream:
                    await stream.send_all(request())
                    assert b" 200 OK" in await stream.receive_some()
    assert office.endpoint.addresses == ()


async def test_a_phone_that_registered_over_tls_is_pinged_over_its_connection_and_nowhere_else(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = authority.issue("pbx.example.net")
    async with open_office(LOOPBACK, TLS, tls=tls) as office:
        listen = office.endpoint.addresses[1]
        trusted = load_contexts(tls.model_copy(update={"ca": authority.path})).client
        plain = await trio.open_tcp_stream(listen.host, listen.port)
        async with trio.SSLStream(plain, trusted, server_hostname="pbx.example.net") as stream:
            await stream.send_all(register("<sip:2041@10.9.9.9:5061;transport=tls>"))
            assert b" 200 OK" in await stream.receive_some()
            event = office.events[0]
            assert isinstance(event, Registered)
            contact = event.bindings[0].contact
            assert (contact.transport, contact.port) == ("tls", plain.socket.getsockname()[1])
            office.endpoint.submit(ping(contact))
            heard = bytes(await stream.receive_some())
            assert b"\r\nVia: SIP/2.0/TLS 127.0.0.1:" in heard
            await stream.send_all(ok(heard))
            key, code, rtt = answer_in((await office.until(2))[1])
            assert (key, code) == (ALICE, 200)
            assert rtt is not None
        await becomes_true(lambda: office.endpoint.statistics().connections.open["tls"] == 0)
        office.endpoint.submit(ping(contact))
        assert (await office.until(3))[2] == ProbeMissed(ALICE, "connection closed")


async def test_a_keep_alive_over_a_connection_is_answered_and_a_sign_of_life() -> None:
    async with open_office(TCP) as office:
        listen = office.endpoint.addresses[0]
        async with await trio.open_tcp_stream(listen.host, listen.port) as stream:
            host, port = stream.socket.getsockname()
            office.phonebook.settle(ALICE, Contact("sip:2041@x", host, port, transport="tcp"))
            await stream.send_all(b"\r\n\r\n")
            assert await stream.receive_some() == b"\r\n"
            assert await office.until(1) == [LifeSign(ALICE, "keep-alive")]


async def test_a_trace_shows_both_sides_of_a_conversation_and_nobody_elses() -> None:
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        trace = office.endpoint.traces.start(ALICE, "ops", time.time())
        await phone.ask(register())
        office.endpoint.submit(at(phone))
        await phone.say(ok(await phone.hear()))
        await office.until(2)
        async with open_phone(office.endpoint.addresses[0]) as other:
            await other.ask(request())
        entries = list(trace.since())
        assert [entry.direction for entry in entries] == ["received", "sent", "sent", "received"]
        assert entries[3].remark.startswith("round trip ")
        remote = "{}:{}".format(*phone.address)
        assert {entry.remote for entry in entries} == {remote}


def test_tokens_are_many_at_once_and_never_the_same() -> None:
    tokens = unguessable_tokens(1000)
    assert len(set(tokens)) == 1000
    assert {len(token) for token in tokens} == {16}
    assert unguessable_tokens(0) == []
