from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.model import Contact
from daemon.sip.uri import contact_from_uri, parse_scheme, parse_sip_uri, request_uri


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:2041@10.1.2.7:5062", "2041", "10.1.2.7", 5062),
        ("SIP:Alice@PBX.Example.NET", "Alice", "pbx.example.net", None),
        ("sips:al%69ce@pbx", "alice", "pbx", None),
        ("sip:2041:secret@[2001:DB8::7]:5060;transport=udp", "2041", "2001:db8::7", 5060),
        ("sip:user;par=u%40example.net@example.com", "user;par=u@example.net", "example.com", None),
        ("sip:pbx.example.net?Route=%3Csip:x%3E", "", "pbx.example.net", None),
        ("sip:null-%00-null@example.com", "null-\0-null", "example.com", None),
        ("sip:[2001:db8::10:5070]", "", "2001:db8::10:5070", None),
        ("sip:u@[2001:db8:::192.0.2.1]", "u", "2001:db8::c000:201", None),  # RFC 5118 section 4.10
    ],
)
def test_uris_are_read_into_comparable_form(text: str, user: str, host: str, port: int | None) -> None:
    uri = parse_sip_uri(text)
    assert (uri.user, uri.host, uri.port) == (user, host, port)


@pytest.mark.parametrize(
    "text",
    ["", "sip:", "tel:+15550133", "sip:a b@c", "sip:a@b:0", "sip:a@b:65536", "sip:a%4@b", "sip:a@[::zz]", "sip:a@[1:2]",
     "sip:a@b\r\nX: y", "<sip:a@b>", "sip:é@b", "sip:a@b@c", "sip:" + "a" * 1100],
)  # fmt: skip
def test_what_is_no_sip_uri_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_sip_uri(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [  # after the examples of RFC 3261 section 19.1.4
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("SIP:ALICE@AtLanTa.CoM", "sip:alice@AtLanTa.CoM", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;newparam=6", False),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=x", False),
    ],
)
def test_uris_are_compared_by_the_rules(one: str, other: str, same: bool) -> None:
    assert parse_sip_uri(one).matches(parse_sip_uri(other)) is same


def test_an_operators_contact_is_static_and_has_a_port() -> None:
    assert contact_from_uri("sip:2041@10.1.2.7") == Contact("sip:2041@10.1.2.7", "10.1.2.7", 5060, None)
    assert contact_from_uri("sip:2041@[::1]:6000", 9.0) == Contact("sip:2041@[::1]:6000", "::1", 6000, 9.0)


def test_a_contact_that_would_not_fit_into_a_ping_is_refused() -> None:
    with pytest.raises(BadMessage, match="contact-too-long"):
        contact_from_uri(f"sip:{'1' * 500}@10.1.2.7")


def test_headers_of_a_contact_do_not_go_into_the_request_line() -> None:
    assert request_uri("sip:2041@10.1.2.7?Route=%3Csip:x%3E") == "sip:2041@10.1.2.7"
    assert request_uri("sip:what?@10.1.2.7") == "sip:what?@10.1.2.7"


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.from_regex(r"sips?:[a-z0-9;=?%@:\[\].\-]{0,40}", fullmatch=True)))
def test_any_text_is_a_uri_or_a_bad_message(text: str) -> None:
    for read in (parse_sip_uri, parse_scheme, contact_from_uri):
        with suppress(BadMessage):
            read(text)
