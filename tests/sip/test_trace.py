from __future__ import annotations

import math
import time

import pytest

from daemon.config.settings import TraceLimits
from daemon.errors import Refused
from daemon.fleet.model import Contact
from daemon.sip.message import Source
from daemon.sip.trace import Packet, Trace, Traces, TraceStatistics
from tests.support.sip_messages import ALICE, BOB, Phonebook, register, request

NOW = 1_700_000_000.0
PHONE = Source("10.0.0.7", 5062)
HERE = ("192.0.2.1", 5060)


def received(data: bytes, remote: Source = PHONE) -> Packet:
    return Packet("received", remote, data, HERE)


def traces(**limits: float) -> Traces:
    return Traces(TraceLimits.model_validate(limits), Phonebook())


def texts(trace: Trace | None, after: int = 0) -> list[str]:
    assert trace is not None
    return [entry.text for entry in trace.since(after)]


def test_nothing_is_recorded_until_somebody_starts_a_trace() -> None:
    quiet = traces()
    quiet.note(ALICE, NOW, received(b"x"))
    quiet.remark(ALICE, NOW, "missed: timeout")
    assert not quiet.active
    assert quiet.of(ALICE, NOW) is None
    assert quiet.statistics(NOW) == TraceStatistics(devices=0, bytes=0, recorded=0, pushed_out=0, refused=0)


def test_a_trace_reads_as_a_conversation() -> None:
    one = traces()
    trace = one.start(ALICE, "ada", NOW)
    one.note(ALICE, NOW + 1, Packet("sent", PHONE, b"OPTIONS sip:2041@10.0.0.7 SIP/2.0\r\n\r\n", HERE))
    one.note(ALICE, NOW + 1.0123, received(b"SIP/2.0 200 OK\r\n\r\n"), "round trip 12.3 ms")
    one.note(ALICE, NOW + 2, Packet("received", Source("2001:db8::7", 40000, "tls"), b"\r\n\r\n"), "keep-alive")
    one.remark(ALICE, NOW + 65, "missed: timeout")
    one.note(BOB, NOW + 66, received(b"not traced"))
    assert "\n\n".join(map(str, trace.since())) == (
        "2023-11-14T22:13:21.000Z #1 sent udp 192.0.2.1:5060 -> 10.0.0.7:5062\n"
        "OPTIONS sip:2041@10.0.0.7 SIP/2.0\n\n"
        "2023-11-14T22:13:21.012Z #2 received udp 10.0.0.7:5062 -> 192.0.2.1:5060: round trip 12.3 ms\n"
        "SIP/2.0 200 OK\n\n"
        "2023-11-14T22:13:22.000Z #3 received tls [2001:db8::7]:40000 -> us: keep-alive\n\n"
        "2023-11-14T22:14:25.000Z #4 noted: missed: timeout"
    )


def test_credentials_never_get_into_a_trace() -> None:
    one = traces()
    trace = one.start(ALICE, "ada", NOW)
    one.note(ALICE, NOW, received(register(authorization='Digest nonce="n", response="deadbeef"')))
    assert "deadbeef" not in "".join(texts(trace))
    assert 'nonce="n", response="***"' in "".join(texts(trace))


def test_a_packet_is_its_senders_by_address_and_by_the_aor_it_registers() -> None:
    phonebook = Phonebook()
    phonebook.settle(BOB, Contact("sip:2042@10.0.0.7:5062", *PHONE[:2]))
    one = Traces(TraceLimits(), phonebook)
    stranger = Source("203.0.113.9", 40000)
    for remote, data, whose in [
        (PHONE, b"\r\n\r\n", BOB),
        (PHONE, b"\xff\xfe junk", BOB),
        (PHONE, register(), BOB),
        (stranger, register(), ALICE),
        (stranger, register(to="<sip:2042@pbx.example.net>"), BOB),
        (stranger, register(to=None, t='"Al" <SIP:2041:pw@pbx>'), ALICE),
        (stranger, request("PUBLISH", "sip:2041@pbx"), ALICE),
        (stranger, b"SIP/2.0 401 Unauthorized\r\nTo: <sip:2041@pbx>;tag=1\r\nCSeq: 1 REGISTER\r\n\r\n", ALICE),
        (stranger, register(to="<sip:nobody@pbx.example.net>"), None),
        (stranger, request("OPTIONS"), None),
        (stranger, b"REGISTER sip:pbx SIP/2.0\r\n", None),
        (stranger, b"REGISTER sip:pbx SIP/2.0\r\nTo: sip:\xff@pbx\r\n", None),
        (stranger, b"", None),
    ]:
        assert one.whose(remote, data) == whose, data


@pytest.mark.parametrize("unit", [b"To:\n", b"To: sip:", b"REGISTER \n", b"cseq: 1 ", b"t  ", b"sip:a:"])
def test_no_packet_takes_long_to_assign(unit: bytes) -> None:
    packet = b"REGISTER sip:pbx SIP/2.0\r\nTo: " + unit * (65_000 // len(unit))
    began = time.perf_counter()
    traces().whose(PHONE, packet)
    assert time.perf_counter() - began < 0.5


def test_what_is_overheard_is_kept_for_whom_it_concerns() -> None:
    one = traces()
    trace = one.start(ALICE, "ada", NOW)
    one.overhear(NOW, received(register()), "decided: challenged")
    one.overhear(NOW, received(request("INVITE")))
    assert [entry.remark for entry in trace.since()] == ["decided: challenged"]


def test_the_number_of_messages_is_bounded_and_the_newest_stay() -> None:
    one = traces(messages=10)
    trace = one.start(ALICE, "ada", NOW)
    for number in range(25):
        one.note(ALICE, NOW + number, received(b"%d" % number))
    assert texts(trace) == [str(number) for number in range(15, 25)]
    assert (trace.messages, trace.pushed_out, one.statistics(NOW).pushed_out) == (10, 15, 15)
    assert texts(trace, after=23) == ["23", "24"]
    assert texts(trace, after=25) == []
    assert len(texts(trace, after=3)) == 10


def test_the_bytes_are_bounded() -> None:
    one = traces(bytes=64 * 1024)
    trace = one.start(ALICE, "ada", NOW)
    for _ in range(100):
        one.note(ALICE, NOW, received(b"x" * 10_000))
        assert trace.size <= 64 * 1024
    assert trace.messages == 6


def test_a_trace_ends_by_itself_stays_readable_and_is_forgotten() -> None:
    one = traces(duration=3600.0)
    trace = one.start(ALICE, "ada", NOW, 600)
    assert (one.active, one.next_deadline()) == (True, NOW + 600)
    one.note(ALICE, NOW + 599, received(b"in time"))
    one.note(ALICE, NOW + 600, received(b"too late"))
    assert (one.active, one.next_deadline()) == (False, NOW + 600 + 3600)
    assert texts(one.of(ALICE, NOW + 4199)) == ["in time"]
    one.expire(NOW + 4200)
    assert one.of(ALICE, NOW + 4200) is None
    assert one.next_deadline() == math.inf
    assert trace.ends_at == NOW + 600


def test_messages_older_than_a_trace_may_last_go_while_it_goes_on() -> None:
    one = traces(duration=60.0)
    for minute in range(3):
        trace = one.start(ALICE, "ada", NOW + 50 * minute)
        one.note(ALICE, NOW + 50 * minute, received(b"%d" % minute))
    assert texts(trace) == ["1", "2"]


def test_starting_again_goes_on_with_what_is_there_for_no_longer_than_allowed() -> None:
    one = traces()
    one.start(ALICE, "ada", NOW)
    one.note(ALICE, NOW, received(b"first"))
    again = one.start(ALICE, "bob", NOW + 60, 1e9)
    assert (texts(again), again.began_at, again.ends_at, again.by) == (["first"], NOW, NOW + 60 + 3600, "bob")


def test_a_trace_that_is_stopped_is_forgotten() -> None:
    one = traces()
    one.start(ALICE, "ada", NOW)
    assert one.stop(ALICE, NOW)
    assert not one.active
    assert not one.stop(ALICE, NOW)
    assert one.of(ALICE, NOW) is None


def test_no_more_devices_are_traced_than_the_limit_but_one_that_is_over_makes_room() -> None:
    one = traces(devices=2)
    one.start("a", "ada", NOW, 60)
    one.start("b", "ada", NOW, 600)
    with pytest.raises(Refused, match=r"sip\.trace\.devices allows: a, b"):
        one.start("c", "ada", NOW)
    one.start("b", "ada", NOW, 600)
    one.start("c", "ada", NOW + 61)
    assert one.of("a", NOW + 61) is None
    assert one.statistics(NOW + 61).refused == 1
    assert one.statistics(NOW + 61).devices == 2


def test_a_reload_changes_the_limits_at_once() -> None:
    one = traces()
    trace = one.start(ALICE, "ada", NOW)
    for number in range(20):
        one.note(ALICE, NOW, received(b"%d" % number))
    one.apply(TraceLimits(messages=10))
    one.remark(ALICE, NOW, "after")
    assert trace.messages == 10
