"""Pings and their answers over real loopback sockets and real connections, without the endpoint around them."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from itertools import count

import pytest
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Sip, TraceLimits
from daemon.fleet.events import (
    NOT_BACK,
    OVERFLOWN,
    Event,
    ProbeMissed,
    ProbesAnswered,
)
from daemon.fleet.model import Contact
from daemon.scheduler.clock import Clock
from daemon.sip.connections import Connections, Ears
from daemon.sip.flow import Flow
from daemon.sip.flows import Flows
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.pinger import Pinger
from daemon.sip.tls import load_contexts
from daemon.sip.trace import Traces
from tests.support.sip_messages import ALICE, BOB, Phonebook
from tests.support.sip_wire import Disk, ok, ping
from tests.support.waiting import becomes_true

QUICK = Qualify(timeout=0.05, lagged_after=0.01)
SOMEWHERE = Source("127.0.0.1", 5060)
SIP = Sip(listen=(Listen("tcp", "127.0.0.1", 0),), domain="pbx.example.net")


class Desk:
    """A pinger with sockets of both families and its connections."""

    def __init__(self, qualify: Qualify) -> None:
        numbers = count(1)
        self.events: list[Event] = []
        self.clock = Clock()
        self.connections = Connections(SIP, load_contexts(SIP.tls), self.clock)
        self.traces = Traces(TraceLimits(), Phonebook())
        self.pinger = Pinger(
            qualify,
            self.connections,
            self.clock,
            lambda wanted: [f"{next(numbers):016x}" for _ in range(wanted)],
            self.traces,
        )

    def deliver(self, event: Event) -> Disk:
        self.events.append(event)
        return Disk()

    def take(self, *datagrams: bytes, source: Source = SOMEWHERE) -> list[int]:
        """They arrive now: the places of those that are no answers."""
        now = self.clock.now()
        return self.pinger.take(datagrams, [now] * len(datagrams), lambda _: source)

    async def told(self, number: int) -> list[Event]:
        """The events, once there are that many."""
        await becomes_true(lambda: len(self.events) >= number)
        return self.events


@asynccontextmanager
async def open_desk(
    qualify: Qualify | None = None, take: Callable[[bytes, Source], object] = lambda *_: None
) -> AsyncIterator[Desk]:
    """`take` gets what comes over a connection."""
    desk = Desk(qualify or Qualify())
    ears = Ears(take, lambda _: None, lambda _: None, desk.pinger.dial_failed)
    with ExitStack() as sockets:
        flows = [Flow(Listen("udp", host, 0)) for host in ("127.0.0.1", "127.0.0.2", "::1")]
        for flow in flows:
            sockets.enter_context(flow.socket)
        async with trio.open_nursery() as nursery:
            await nursery.start(desk.connections.run, ears)
            listen = desk.connections.addresses[0]
            desk.pinger.start(Flows(flows), {"tcp": (listen.host, listen.port)}, SIP, desk.deliver)
            nursery.start_soon(desk.pinger.driver.run)
            yield desk
            nursery.cancel_scope.cancel()


class Phone:
    """A UDP socket that waits a little."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(5)
        self.address: tuple[str, int] = self.socket.getsockname()[:2]

    def contact(self, *, transport: str = "udp", route: tuple[str, ...] = (), listener: str = "") -> Contact:
        host, port = self.address
        uri = f"sip:2041@[{host}]:{port}" if ":" in host else f"sip:2041@{host}:{port}"
        return Contact(uri, host, port, transport=transport, route=route, listener=listener)

    def hear(self) -> bytes:
        return self.socket.recv(65535)


def request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_many_pings_leave_by_the_socket_of_their_family_and_one_event_tells_of_their_answers() -> None:
    four, six = Phone(), Phone("::1")
    with four.socket, six.socket:
        async with open_desk() as desk:
            desk.pinger.submit(ping(*[four.contact(), six.contact()] * 100))
            answers = [ok(phone.hear()) for _ in range(100) for phone in (four, six)]
            assert desk.take(*answers) == []
            (event,) = desk.events
            assert isinstance(event, ProbesAnswered)
            assert {(key, code) for key, code, _ in event.answers} == {(ALICE, 200)}
            assert all(rtt is not None and 0 <= rtt < 5 for _, _, rtt in event.answers)
            assert desk.pinger.counts == {"sent": 200, "answered": 200, "late": 0}
            assert len(desk.pinger.probes) == 0


async def test_a_phone_is_pinged_out_of_the_listener_it_registered_at_with_a_route_and_without() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk() as desk:
            first, second, _ = desk.pinger.flows
            phone.socket.connect(second.address)
            trace = desk.traces.start(ALICE, "ops", desk.clock.now())
            route = ("sip:edge.example;lr",)
            desk.pinger.submit(
                ping(
                    phone.contact(listener=second.listener),
                    phone.contact(listener=second.listener, route=route),
                    phone.contact(listener=first.listener),  # which the connected socket does not hear
                )
            )
            for _ in range(2):
                assert request(phone.hear()).top_via()[1:3] == second.address
            assert desk.pinger.sent_by(Source(*phone.address, listener=second.listener)) == "{}:{}".format(
                *second.address
            )
            ends = [entry.local for entry in trace.since()]
            assert sorted(ends) == sorted([second.listener[6:]] * 2 + [first.listener[6:]])


async def test_each_target_is_pinged_at_its_own_uri_with_a_token_of_its_own() -> None:
    phones = [Phone() for _ in range(5)]
    with ExitStack() as stack:
        for phone in phones:
            stack.enter_context(phone.socket)
        async with open_desk() as desk:
            desk.pinger.submit(ping(*(phone.contact() for phone in phones)))
            heard = [request(phone.hear()) for phone in phones]
            assert [one.uri for one in heard] == [phone.contact().uri for phone in phones]
            assert len({one.top_via().params["branch"] for one in heard}) == 5
            assert len({one.from_().params["tag"] for one in heard}) == 1
            flow = desk.pinger.flow_to(SOMEWHERE)
            assert flow is not None
            assert heard[0].top_via()[1:3] == flow.address


async def test_what_is_no_answer_is_given_back_by_its_place_and_an_answer_to_nothing_is_counted() -> None:
    with Phone().socket:
        async with open_desk() as desk:
            strange = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n"
            assert desk.take(b"REGISTER sip:x SIP/2.0\r\n\r\n", strange, b"\r\n\r\n") == [0, 2]
            assert (desk.events, desk.pinger.refused) == ([], {"unmatched": 1})


async def test_an_answer_that_came_twice_counts_once() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk() as desk:
            desk.pinger.submit(ping(phone.contact()))
            answer = ok(phone.hear())
            desk.take(answer, answer)
            desk.take(answer)
            assert len(desk.events) == 1
            assert desk.pinger.refused == {"unmatched": 2}


async def test_silence_is_missed_and_a_late_answer_tells_of_no_round_trip() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk(QUICK) as desk:
            desk.pinger.submit(ping(phone.contact()))
            assert await desk.told(1) == [ProbeMissed(ALICE, "timeout")]
            desk.take(ok(phone.hear()))
            assert desk.events[1] == ProbesAnswered([(ALICE, 200, None)])
            assert (desk.pinger.counts["late"], desk.pinger.counts["missed"]) == (1, 1)


async def test_silence_is_nobodys_fault_while_our_own_buffer_overflows() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk(QUICK) as desk:
            desk.pinger.submit(ping(phone.contact()))
            desk.pinger.overflown(7)
            assert await desk.told(1) == [ProbeMissed(ALICE, OVERFLOWN)]
            assert desk.pinger.refused == {"overflown": 7}


async def test_a_contact_behind_a_proxy_is_sent_its_route() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk() as desk:
            desk.pinger.submit(ping(phone.contact(route=("sip:edge.example;lr", "sip:core.example;lr"))))
            assert request(phone.hear()).all("route") == ["<sip:edge.example;lr>", "<sip:core.example;lr>"]
            assert desk.pinger.counts["sent"] == 1


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (Contact("sip:1@phone.example", "phone.example", 5060), "unresolvable"),
        (Contact("sip:1@phone.example", "phone.example", 5060, transport="tcp"), "no-connection"),
        (Contact("sip:1@255.255.255.255", "255.255.255.255", 5060), "send-EACCES"),
        (Contact("sip:1@255.255.255.255", "255.255.255.255", 5060, route=("sip:edge.example;lr",)), "send-EACCES"),
        (Contact("sip:1@10.1.2.7", "10.1.2.7", 5060, transport="sctp"), "no-socket"),
    ],
)
async def test_a_ping_that_cannot_leave_is_missed_at_once_and_its_reason_counted(contact: Contact, reason: str) -> None:
    async with open_desk() as desk:
        desk.pinger.submit(ping(contact, key=BOB))
        with trio.fail_after(2):  # half the timeout
            assert await desk.told(1) == [ProbeMissed(BOB, "send failed")]
        assert desk.pinger.refused == {reason: 1}
        assert desk.pinger.counts["sent"] == 0


async def test_without_a_socket_of_that_family_no_ping_leaves() -> None:
    phone = Phone("::1")
    with phone.socket:
        async with open_desk() as desk:
            desk.pinger.start(Flows([*desk.pinger.flows][:1]), {}, SIP, desk.deliver)
            desk.pinger.submit(ping(phone.contact()))
            assert await desk.told(1) == [ProbeMissed(ALICE, "send failed")]
            assert desk.pinger.refused == {"no-socket": 1}
            assert desk.pinger.sent_by(Source("::1", 5060)) is None


async def test_one_that_cannot_leave_does_not_stop_the_others() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk() as desk:
            bad = Contact("sip:1@255.255.255.255", "255.255.255.255", 5060)
            desk.pinger.submit(ping(phone.contact(), bad, phone.contact()))
            assert len({phone.hear(), phone.hear()}) == 2
            assert desk.pinger.counts["sent"] == 2
            assert await desk.told(1) == [ProbeMissed(ALICE, "send failed")]


async def test_a_target_that_lost_its_contact_meanwhile_is_passed_over() -> None:
    async with open_desk() as desk:
        order = ping(Phone.contact(closed := Phone()), closed.contact())
        closed.socket.close()
        for target in order.targets:
            target.contact = None
        desk.pinger.submit(order)
        assert len(desk.pinger.probes) == 0


async def test_icmp_that_quotes_a_ping_of_ours_is_a_miss_at_once_and_nothing_else_is_believed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        closed = Contact("sip:1@127.0.0.1", "127.0.0.1", gone.getsockname()[1])
    async with open_desk() as desk:
        desk.pinger.submit(ping(closed))
        error = next(iter(desk.pinger.flows)).error()
        assert error is not None
        forged = error[0].replace(b"z9hG4bKrk", b"z9hG4bKrkf")
        desk.pinger.got_nowhere(forged, error[1])
        desk.pinger.got_nowhere(b"REGISTER sip:x SIP/2.0", error[1])
        desk.pinger.got_nowhere(error[0], [])
        assert len(desk.pinger.probes) == 1
        desk.pinger.got_nowhere(*error)
        with trio.fail_after(2):
            assert await desk.told(1) == [ProbeMissed(ALICE, "icmp: port unreachable")]
        assert desk.pinger.refused["icmp"] == 4


async def test_a_reload_renames_us_and_judges_the_pings_under_way() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk(Qualify(timeout=3600.0, interval=3600.0)) as desk:
            desk.pinger.submit(ping(phone.contact()))
            phone.hear()
            desk.pinger.introduce(Sip(domain="night.example", user_agent="Night watch"))
            desk.pinger.apply(QUICK)
            assert await desk.told(1) == [ProbeMissed(ALICE, "timeout")]
            desk.pinger.submit(ping(phone.contact()))
            heard = request(phone.hear())
            assert (heard.from_().uri, heard.first("user-agent")) == ("sip:ringkeeper@night.example", "Night watch")


async def test_stopped_no_ping_leaves() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk() as desk:
            desk.pinger.stop()
            desk.pinger.submit(ping(phone.contact()))
            desk.pinger.submit(ping(phone.contact(transport="tcp")))
            assert await desk.told(2) == [ProbeMissed(ALICE, "send failed")] * 2
            assert desk.pinger.refused == {"no-socket": 2}


async def test_a_phone_on_a_connection_is_pinged_over_that_one_and_answers_over_it() -> None:
    heard = list[tuple[bytes, Source]]()
    async with open_desk(take=lambda data, source: heard.append((data, source))) as desk:
        listen = desk.connections.addresses[0]
        async with await trio.open_tcp_stream(listen.host, listen.port) as stream:
            host, port = stream.socket.getsockname()
            source = Source(host, port, "tcp")
            await stream.send_all(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n")
            await becomes_true(lambda: bool(heard))
            assert heard[0][1] == source
            contact = Contact("sip:2041@10.9.9.9:5060;transport=tcp", host, port, expires_at=9e9, transport="tcp")
            desk.pinger.submit(ping(contact))
            data = bytes(await stream.receive_some())
            assert request(data).top_via().transport == "TCP"
            assert request(data).top_via()[1:3] == (listen.host, listen.port)
            assert desk.pinger.sent_by(source) == f"{listen.host}:{listen.port}"
            assert desk.take(ok(data), source=source) == []
            assert isinstance(desk.events[0], ProbesAnswered)
        assert desk.connections.statistics().dialled == {"tcp": 0, "tls": 0}


async def test_a_connection_that_is_gone_is_a_miss_unless_it_ended_with_our_last_run() -> None:
    heard = list[Source]()
    async with open_desk(take=lambda _, source: heard.append(source)) as desk:
        before_our_start = Contact("sip:1@127.0.0.1", "127.0.0.1", free_port(), expires_at=9e9, transport="tcp")
        desk.pinger.submit(ping(before_our_start, key=BOB))
        assert await desk.told(1) == [ProbeMissed(BOB, NOT_BACK)]
        listen = desk.connections.addresses[0]
        async with await trio.open_tcp_stream(listen.host, listen.port) as stream:
            await stream.send_all(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n")
            await becomes_true(lambda: bool(heard))
            desk.connections.hold(heard[0], desk.clock.now() + 60)  # it registered
        await becomes_true(lambda: desk.connections.statistics().closed == {"far-end": 1})
        desk.pinger.submit(ping(Contact("sip:1@x", *heard[0][:2], expires_at=9e9, transport="tcp")))
        assert (await desk.told(2))[1] == ProbeMissed(ALICE, "connection closed")
        assert desk.pinger.refused == {"not-back": 1, "no-connection": 1}
        assert desk.pinger.counts["sent"] == 0


async def test_what_an_operator_wrote_down_is_dialled_and_the_next_ping_takes_the_same_connection() -> None:
    heard = list[bytes]()
    async with open_desk(take=lambda data, _: heard.append(data)) as desk:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listener:
            port = listener.socket.getsockname()[1]
            trunk = Contact(f"sip:127.0.0.1:{port};transport=tcp", "127.0.0.1", port, transport="tcp")
            desk.pinger.submit(ping(trunk))
            async with await listener.accept() as stream:
                first = bytes(await stream.receive_some())
                desk.pinger.submit(ping(trunk))
                second = bytes(await stream.receive_some())
                await stream.send_all(ok(first) + ok(second))
                await becomes_true(lambda: len(heard) == 2)
                assert desk.take(*heard) == []
        assert desk.connections.statistics().dialled == {"tcp": 1, "tls": 0}
        assert desk.pinger.counts["answered"] == 2


async def test_a_trunk_that_takes_no_connection_is_missed_at_once() -> None:
    async with open_desk() as desk:
        port = free_port()
        desk.pinger.submit(ping(Contact(f"sip:127.0.0.1:{port};transport=tcp", "127.0.0.1", port, transport="tcp")))
        with trio.fail_after(2):  # half the timeout
            assert await desk.told(1) == [ProbeMissed(ALICE, "connection failed: connect-ECONNREFUSED")]


async def test_a_dialled_connection_that_fails_when_its_ping_is_long_over_is_nobodys_miss() -> None:
    async with open_desk() as desk:
        desk.pinger.dial_failed(Source("127.0.0.1", 5060, "tcp"), errno.errorcode[errno.ECONNREFUSED])
        assert desk.pinger.probes.next_deadline() > desk.clock.now()


async def test_a_trace_shows_the_ping_its_answer_with_the_round_trip_and_the_miss() -> None:
    phone = Phone()
    with phone.socket:
        async with open_desk(QUICK) as desk:
            trace = desk.traces.start(ALICE, "ops", desk.clock.now())
            desk.pinger.submit(ping(phone.contact()))
            desk.take(ok(phone.hear()), source=Source(*phone.address))
            desk.pinger.submit(ping(phone.contact(route=("sip:edge.example;lr",))))
            await desk.told(2)
            desk.take(ok(phone.hear()), source=Source(*phone.address))
            entries = list(trace.since())
            assert [entry.direction for entry in entries] == ["sent", "received", "sent", "noted", "received"]
            assert entries[0].text.startswith(f"OPTIONS {phone.contact().uri} SIP/2.0")
            assert entries[0].remote == entries[1].remote == "{}:{}".format(*phone.address)
            assert entries[1].remark.startswith("round trip ")
            assert [entry.remark for entry in entries[2:]] == ["", "missed: timeout", "too late"]
