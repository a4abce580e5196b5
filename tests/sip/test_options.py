"""How our pings look, and how their answers are told from everything else."""

from __future__ import annotations

import pytest

from daemon.fleet.model import Contact
from daemon.sip.message import Request, Response
from daemon.sip.options import OptionsTemplate, match_answers, quoted_token
from daemon.sip.parser import parse
from daemon.sip.refusals import refusal_of
from daemon.sip.responses import Responder

TOKEN = "0123456789abcdef"
URI = "sip:2041@10.1.2.7:5060"


def template(host: str = "192.0.2.1", transport: str = "udp") -> OptionsTemplate:
    return OptionsTemplate((host, 5060), "pbx.example.net", "Ringkeeper", "ourtag", transport)


def to(uri: str = URI, host: str = "10.1.2.7", route: tuple[str, ...] = ()) -> Contact:
    return Contact(uri, host, 5060, route=route)


def ping(uri: str = URI, host: str = "192.0.2.1", transport: str = "udp", route: tuple[str, ...] = ()) -> Request:
    message = parse(template(host, transport).render(to(uri, route=route), TOKEN).encode("ascii"))
    assert isinstance(message, Request)
    return message


def test_our_ping_is_a_request_we_would_serve_ourselves() -> None:
    assert refusal_of(ping()) is None
    assert refusal_of(ping(transport="tls", route=("sip:edge.example;lr",))) is None


def test_our_ping_says_what_phones_want_to_know() -> None:
    request = ping()
    via = request.top_via()
    assert (request.uri, via.host, via.port, via.params["rport"]) == (URI, "192.0.2.1", 5060, "")
    assert (via.transport, via.params["branch"]) == ("UDP", f"z9hG4bKrk{TOKEN}")
    assert request.first("max-forwards") == "70"
    assert request.from_().params["tag"] == "ourtag"
    assert request.to().uri == URI
    assert request.to().params == {}
    assert request.first("call-id") == f"{TOKEN}@pbx.example.net"
    assert [contact.uri for contact in request.contacts()] == ["sip:ringkeeper@192.0.2.1:5060"]
    assert request.first("accept") == "application/sdp"
    assert request.first("user-agent") == "Ringkeeper"
    assert request.content_length() == 0


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_over_a_stream_the_ping_says_so(transport: str) -> None:
    request = ping(transport=transport)
    assert request.top_via().transport == transport.upper()
    assert [contact.uri for contact in request.contacts()] == [f"sip:ringkeeper@192.0.2.1:5060;transport={transport}"]


def test_a_path_becomes_route_headers_in_its_order() -> None:
    hops = ("sip:edge.example;lr", "sip:core.example:5080;lr;transport=tcp")
    request = ping(route=hops)
    assert request.all("route") == [f"<{hop}>" for hop in hops]
    assert request.uri == URI
    assert ping().all("route") == []


def test_headers_within_a_contact_do_not_get_into_the_request_line() -> None:
    request = ping("sip:2041@10.1.2.7?Subject=hello")
    assert request.uri == request.to().uri == "sip:2041@10.1.2.7"


def test_a_socket_on_every_address_names_the_domain_and_ipv6_gets_brackets() -> None:
    assert ping(host="0.0.0.0").top_via().host == "pbx.example.net"
    assert ping(host="::").top_via().host == "pbx.example.net"
    assert ping(host="2001:db8::1").top_via().host == "[2001:db8::1]"
    assert template("2001:db8::1").sent_by == "[2001:db8::1]:5060"


def test_many_at_once_look_as_each_alone() -> None:
    contacts = [to(f"sip:{number}@10.1.2.{number}:5060", f"10.1.2.{number}") for number in range(5)]
    tokens = [f"{number:016x}" for number in range(5)]
    alone = [template().render(contact, token) for contact, token in zip(contacts, tokens, strict=True)]
    assert template().render_all(contacts, tokens) == alone


def test_the_longest_contact_still_gives_a_request_fit_for_udp() -> None:
    uri = f"sip:{'2' * 380}@10.1.2.7:5060"
    longest = OptionsTemplate(("0.0.0.0", 5060), "pbx.example.net", "Ringkeeper", TOKEN)
    assert len(longest.render(to(uri), TOKEN)) < 1300


def answer(code: int, reason: str = "Whatever") -> bytes:
    copied = Responder(b"k" * 32, "phone").respond(ping(), ("10.1.2.7", 5060), 200)
    return Response(copied.headers, b"", code, reason).render()


@pytest.mark.parametrize("code", [200, 302, 404, 486, 503, 699])
def test_a_final_answer_is_recognised_by_its_branch(code: int) -> None:
    assert match_answers([answer(code)])[0] == (code, TOKEN)
    assert match_answers([answer(code, "")])[0] == (code, TOKEN)


@pytest.mark.parametrize("code", [100, 180, 199])
def test_a_provisional_answer_only_promises_one(code: int) -> None:
    assert match_answers([answer(code)])[0] is None


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKother\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n",
        b"SIP/2.0 2x0 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n",
        b"SIP/2.0 700 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n",
        b"SIP/2.0 2000 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrk0123456789abcdef\r\n\r\n",
    ],
)
def test_nothing_else_is_taken_for_an_answer(datagram: bytes) -> None:
    assert match_answers([datagram])[0] is None


def test_a_token_cut_short_or_of_odd_bytes_is_just_no_token_of_ours() -> None:
    assert match_answers([b"SIP/2.0 200 OK\r\nVia: z9hG4bKrk\xff\xfe"])[0] == (200, "\xff\xfe")


def test_a_ping_that_comes_back_quoted_names_its_token() -> None:
    text = template().render(to(), TOKEN).encode("ascii")
    assert quoted_token(text) == TOKEN
    assert quoted_token(text[:150]) == TOKEN  # RFC 792 promises eight bytes of it, Linux gives all
    assert quoted_token(answer(200)) is None
    assert quoted_token(b"OPTIONS sip:x SIP/2.0\r\n\r\n") is None
    assert quoted_token(b"") is None
