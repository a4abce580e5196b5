from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.sip.message import CSeq, Message, Request, Response, parse_via


def test_a_header_can_be_asked_for_by_its_full_name_as_lines_or_as_a_list() -> None:
    message = Message((("contact", "<sip:a@b>, <sip:c@d>"), ("x-mine", "1"), ("contact", "<sip:e@f>")))
    assert message.all("contact") == ["<sip:a@b>, <sip:c@d>", "<sip:e@f>"]
    assert message.listed("contact") == ["<sip:a@b>", "<sip:c@d>", "<sip:e@f>"]
    assert [contact.uri for contact in message.contacts()] == ["sip:a@b", "sip:c@d", "sip:e@f"]
    assert (message.first("x-mine"), message.first("absent")) == ("1", "")


@pytest.mark.parametrize(
    ("text", "transport", "host", "port"),
    [
        ("SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1;rport", "UDP", "192.0.2.7", 5062),
        ("SIP / 2.0 / udp   phone.example ; branch = x", "UDP", "phone.example", None),
        ("SIP/2.0/TLS [2001:db8::7]:5061", "TLS", "[2001:db8::7]", 5061),
    ],
)
def test_a_via_is_read_with_and_without_spaces(text: str, transport: str, host: str, port: int | None) -> None:
    via = parse_via(text)
    assert (via.transport, via.host, via.port) == (transport, host, port)


@pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "HTTP/1.1/UDP x", "SIP/2.0/UDP x:0", "SIP/2.0/UDP x:99999", "x"])
def test_a_broken_via_is_named_as_such(text: str) -> None:
    with pytest.raises(BadMessage, match="via"):
        parse_via(text)


def test_a_cseq_is_a_small_number_and_a_method() -> None:
    assert Message((("cseq", "0009 \t INVITE"),)).cseq() == CSeq(9, "INVITE")
    for wrong in ("", "1", "INVITE", "2147483648 OPTIONS", "-1 OPTIONS", "1 OPT IONS"):
        with pytest.raises(BadMessage, match="cseq"):
            Message((("cseq", wrong),)).cseq()


def test_every_via_is_read_or_none() -> None:
    message = Message((("via", "SIP/2.0/UDP a, SIP/2.0/TCP [::1]:5070"), ("via", "SIP/2.0/TLS b;branch=x")))
    assert [(via.transport, via.host, via.port) for via in message.vias()] == [
        ("UDP", "a", None),
        ("TCP", "[::1]", 5070),
        ("TLS", "b", None),
    ]
    for wrong in ("", " , ", "SIP/2.0/UDP a, ;"):
        with pytest.raises(BadMessage, match="via"):
            Message((("via", wrong),)).vias()


def test_challenges_of_all_lines_come_one_by_one() -> None:
    lines = 'Digest realm="a, b",algorithm=SHA-256, Digest realm="a, b",algorithm=MD5', 'Basic realm="c"'
    message = Message(tuple(("www-authenticate", line) for line in lines))
    assert message.challenges("www-authenticate") == [
        'Digest realm="a, b", algorithm=SHA-256',
        'Digest realm="a, b", algorithm=MD5',
        'Basic realm="c"',
    ]


def test_a_media_type_has_no_case_and_no_parameters() -> None:
    assert Message((("content-type", "Application/SDP ; charset=utf-8"),)).media_type() == "application/sdp"
    assert Message().media_type() == ""


def test_two_lengths_that_contradict_are_none() -> None:
    assert Message((("content-length", "5"), ("content-length", "5"))).content_length() == 5
    with pytest.raises(BadMessage, match="content-length"):
        Message((("content-length", "5"), ("content-length", "6"))).content_length()


def test_a_response_is_written_with_the_usual_spelling_and_its_length() -> None:
    response = Response((("call-id", "1"), ("cseq", "1 OPTIONS"), ("x-odd", "é\udcff")), b"hi", 404, "Not Found")
    assert response.render() == (
        b"SIP/2.0 404 Not Found\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nX-Odd: \xc3\xa9\xff\r\nContent-Length: 2\r\n\r\nhi"
    )


def test_a_request_is_written_with_its_true_length() -> None:
    sent = Request(
        (("content-length", "99"), ("www-authenticate", "Digest"), ("to", "<sip:a@b>")), b"hi", "NOTIFY", "sip:a@b"
    )
    assert sent.render() == (
        b"NOTIFY sip:a@b SIP/2.0\r\nWWW-Authenticate: Digest\r\nTo: <sip:a@b>\r\nContent-Length: 2\r\n\r\nhi"
    )
