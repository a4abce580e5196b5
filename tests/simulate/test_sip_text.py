from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.simulate.acts import SendCallReport, SendRegister
from daemon.simulate.calls import make_call
from daemon.simulate.credentials import Proof
from daemon.simulate.plan import plan_fleet
from daemon.simulate.sip_text import (
    SipText,
    answer_to,
    granted_expires,
    number_in,
    publish,
    read_sip,
    register,
    speaker,
)
from tests.support.fake_daemon import OPTIONS, notify

PHONE = plan_fleet(1).phones[0].identity
SPEAKER = speaker(PHONE)
OVER_TCP = replace(PHONE, transport="tcp")
SOURCE = ("127.0.0.1", 5099)
ACT = SendRegister(domain="pbx-a.example.net", user="2001", call_id="c1", cseq=3, expires=120)


def parsed(datagram: bytes | None) -> SipText:
    assert datagram is not None
    message = read_sip(datagram)
    assert message is not None
    return message


def reply(text: str) -> SipText:
    return parsed(text.replace("\n", "\r\n").encode())


def test_an_answer_copies_every_via_in_order_and_fills_in_rport() -> None:
    answer = parsed(answer_to(parsed(OPTIONS), SPEAKER, SOURCE))
    assert answer.first_line == "SIP/2.0 200 OK"
    assert list(answer.all("via")) == [
        "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc;received=127.0.0.1;rport=5099",
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKdef",
    ]


def test_an_answer_copies_from_call_id_and_cseq_and_tags_to() -> None:
    request = parsed(OPTIONS)
    answer = parsed(answer_to(request, SPEAKER, SOURCE))
    for name in ("from", "call-id", "cseq"):
        assert answer.first(name) == request.first(name)
    assert answer.first("to").startswith(f"{request.first('to')};tag=")


def test_a_retransmitted_request_gets_the_same_bytes() -> None:
    assert answer_to(parsed(OPTIONS), SPEAKER, SOURCE) == answer_to(parsed(OPTIONS), SPEAKER, SOURCE)


def test_compact_and_folded_headers_are_understood() -> None:
    request = reply(
        "OPTIONS sip:x SIP/2.0\nv: SIP/2.0/UDP h;branch=1\nf: <sip:a>;tag=1\nt: <sip:b>;TAG=2\ni: id\n"
        "CSeq: 1\n OPTIONS\n\n"
    )
    answer = parsed(answer_to(request, SPEAKER, SOURCE))
    assert answer.first("via") == "SIP/2.0/UDP h;branch=1"
    assert answer.first("to") == "<sip:b>;TAG=2"
    assert answer.first("cseq") == "1 OPTIONS"


def test_other_methods_are_refused_and_ack_is_not_answered() -> None:
    other = parsed(OPTIONS.replace(b"OPTIONS", b"PUBLISH"))
    assert parsed(answer_to(other, SPEAKER, SOURCE)).code == 405
    assert answer_to(parsed(OPTIONS.replace(b"OPTIONS", b"ACK")), SPEAKER, SOURCE) is None


def test_a_request_without_via_cannot_be_answered() -> None:
    assert answer_to(reply("OPTIONS sip:x SIP/2.0\nCSeq: 1 OPTIONS\n\n"), SPEAKER, SOURCE) is None


def test_register_names_the_domain_the_account_and_the_phones_own_socket() -> None:
    request = parsed(register(ACT, PHONE, 5071))
    assert request.first_line == "REGISTER sip:pbx-a.example.net SIP/2.0"
    assert request.first("to") == "<sip:2001@pbx-a.example.net>"
    assert request.first("contact") == f"<sip:2001@{PHONE.address}:5071>"
    assert request.first("expires") == "120"
    assert request.cseq == 3


def test_a_resent_register_keeps_its_branch_and_a_new_one_has_its_own() -> None:
    later = SendRegister("pbx-a.example.net", "2001", "c1", 4, 120, Proof(('Digest realm="r", nonce="n"',), "p", 1))
    assert register(ACT, PHONE, 1) == register(ACT, PHONE, 1)
    assert parsed(register(ACT, PHONE, 1)).first("via") != parsed(register(later, PHONE, 1)).first("via")
    assert parsed(register(later, PHONE, 1)).first("authorization").startswith('Digest username="2001", realm="r", ')


def test_over_tcp_it_registers_a_flow_of_its_own_instance() -> None:
    request = parsed(register(ACT, OVER_TCP, 5060))
    assert request.first("via").startswith("SIP/2.0/TCP ")
    contact = f"<sip:2001@{PHONE.address}:5060;transport=tcp>;reg-id=1"
    assert request.first("contact") == f'{contact};+sip.instance="<urn:uuid:00000000-0000-1000-8000-{PHONE.mac}>"'
    assert request.first("supported") == "path, outbound"


def test_a_published_report_is_counted_in_bytes_and_has_a_call_id_of_its_own() -> None:
    act = SendCallReport(make_call(Random(1), 970.0, 1000.0, poor=False), "pbx-a.example.net", "2001", 7)
    head, body = publish(act, PHONE, 5071).split(b"\r\n\r\n", 1)
    request = parsed(head + b"\r\n\r\n")
    assert request.first_line == "PUBLISH sip:pbx-a.example.net SIP/2.0"
    assert (request.first("event"), request.first("cseq"), request.answers) == ("vq-rtcpxr", "7 PUBLISH", "PUBLISH")
    assert request.first("content-length") == str(len(body))
    assert act.call.id in request.first("call-id")


def test_the_granted_time_is_that_of_the_phones_own_contact() -> None:
    others = f"<sip:1@192.0.2.1:5060>;expires=10, <sip:2001@{PHONE.address}:5071>;expires=77"
    assert granted_expires(reply(f"SIP/2.0 200 OK\nContact: {others}\nExpires: 5\n\n"), PHONE, 5071) == 77
    assert granted_expires(reply("SIP/2.0 200 OK\nExpires: 5\n\n"), PHONE, 5071) == 5
    assert granted_expires(reply("SIP/2.0 200 OK\n\n"), PHONE, 5071) == 0


def test_numbers_that_are_none_count_as_missing() -> None:
    assert number_in(reply("SIP/2.0 423 Too Brief\nMin-Expires: 60\n\n"), "min-expires") == 60
    assert number_in(reply("SIP/2.0 423 Too Brief\nMin-Expires: soon\n\n"), "min-expires") == 0


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: OPTIONS[:150] + tail))
def test_no_datagram_upsets_a_phone(datagram: bytes) -> None:
    message = read_sip(datagram)
    if message is not None:
        _ = (message.code, message.cseq, answer_to(message, SPEAKER, SOURCE), granted_expires(message, PHONE, 1))


@pytest.mark.parametrize(
    ("event", "answered"),
    [("check-sync;reboot=true", "SIP/2.0 200 OK"), ("message-summary", "SIP/2.0 489 Bad Event")],
)
def test_of_notifications_only_a_check_sync_is_taken(event: str, answered: str) -> None:
    assert parsed(answer_to(parsed(notify(event)), SPEAKER, SOURCE)).first_line == answered
