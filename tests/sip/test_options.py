from __future__ import annotations

import pytest

from daemon.sip.message import Request, Response
from daemon.sip.options import OptionsTemplate, match_answer
from daemon.sip.parser import parse
from daemon.sip.refusals import refusal_of
from daemon.sip.responses import Responder

TOKEN = "0123456789abcdef"


def ping(uri: str = "sip:2041@10.1.2.7:5060", host: str = "192.0.2.1") -> Request:
    message = parse(OptionsTemplate((host, 5060), "pbx.example.net", "Ringkeeper").render(uri, TOKEN))
    assert isinstance(message, Request)
    return message


def test_our_ping_is_a_request_we_would_serve_ourselves() -> None:
    assert refusal_of(ping()) is None


def test_our_ping_says_what_phones_want_to_know() -> None:
    request = ping()
    via = request.top_via()
    assert (request.uri, via.host, via.port, via.params["rport"]) == ("sip:2041@10.1.2.7:5060", "192.0.2.1", 5060, "")
    assert request.first("max-forwards") == "70"
    assert request.from_().params["tag"]
    assert request.to().uri == "sip:2041@10.1.2.7:5060"
    assert request.to().params == {}
    assert request.first("call-id") == f"{TOKEN}@pbx.example.net"
    assert [contact.uri for contact in request.contacts()] == ["sip:ringkeeper@192.0.2.1:5060"]
    assert request.first("accept") == "application/sdp"
    assert request.first("user-agent") == "Ringkeeper"


def test_a_socket_on_every_address_names_the_domain_and_ipv6_gets_brackets() -> None:
    assert ping(host="0.0.0.0").top_via().host == "pbx.example.net"
    assert ping(host="2001:db8::1").top_via().host == "[2001:db8::1]"


def test_the_longest_contact_still_gives_a_request_fit_for_udp() -> None:
    uri = f"sip:{'2' * 380}@10.1.2.7:5060"
    assert len(OptionsTemplate(("0.0.0.0", 5060), "pbx.example.net", "Ringkeeper").render(uri, TOKEN)) < 1300


@pytest.mark.parametrize("code", [100, 200, 404, 486, 503])
def test_an_answer_is_recognised_by_its_branch(code: int) -> None:
    answer = Responder(b"k" * 32, "phone").respond(ping(), ("10.1.2.7", 5060), 200)
    datagram = Response(answer.headers, b"", code, "Whatever").render()
    assert match_answer(datagram) == (code, TOKEN)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKother\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n",
        b"SIP/2.0 2x0 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n",
    ],
)
def test_nothing_else_is_taken_for_an_answer(datagram: bytes) -> None:
    assert match_answer(datagram) is None


def test_a_token_cut_short_or_of_odd_bytes_is_just_no_token_of_ours() -> None:
    assert match_answer(b"SIP/2.0 200 OK\r\nVia: z9hG4bKrk\xff\xfe") == (200, "��")
