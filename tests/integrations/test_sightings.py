from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.model import Contact
from daemon.integrations.sightings import LONGEST_USER, Sighting, learn, newest, transport_of
from daemon.sip.uri import contact_from_uri

URI = "sip:2041@10.1.2.7:5060"


def where(**said: str) -> tuple[str, int, str]:
    contact = learn(Sighting(**{"user": "2041", "uri": URI, **said}), contact_from_uri).contact  # type: ignore[arg-type]
    return contact.host, contact.port, contact.transport


def test_a_contact_of_another_server_never_expires_here() -> None:
    learned = learn(Sighting("2041", URI), contact_from_uri)
    assert (learned.user, learned.contact) == ("2041", Contact(URI, "10.1.2.7", 5060, math.inf))
    assert learned.contact.learned


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({}, ("10.1.2.7", 5060, "udp")),
        ({"received": "sip:198.51.100.7:40001"}, ("198.51.100.7", 40001, "udp")),
        ({"received": "sip:198.51.100.7:40001;transport=TCP"}, ("198.51.100.7", 40001, "tcp")),
        (
            {"uri": "sip:2041@10.1.2.7;transport=tls", "received": "sip:198.51.100.7:40001"},
            ("198.51.100.7", 40001, "tls"),
        ),
        ({"uri": "sips:2041@10.1.2.7"}, ("10.1.2.7", 5061, "tls")),
        ({"via": "10.1.2.99:5070"}, ("10.1.2.7", 5060, "udp")),
        ({"uri": "sip:2041@phone.local", "via": "10.1.2.99:5070"}, ("10.1.2.99", 5070, "udp")),
        ({"uri": "sip:2041@phone.local;transport=tcp", "via": "[2001:db8::7]:5070"}, ("2001:db8::7", 5070, "tcp")),
        ({"path": "<sip:10.0.0.9:5080;lr>,<sip:10.0.0.8;lr>"}, ("10.0.0.9", 5080, "udp")),
    ],
)
def test_packets_go_to_the_path_else_to_where_it_came_from_else_to_the_uri(
    said: dict[str, str], place: tuple[str, int, str]
) -> None:
    assert where(**said) == place


def test_the_path_is_the_route() -> None:
    sighting = Sighting("2041", URI, path="<sip:10.0.0.9:5080;lr>;p=1, <sip:10.0.0.8;lr>")
    assert learn(sighting, contact_from_uri).contact.route == ("sip:10.0.0.9:5080;lr", "sip:10.0.0.8;lr")


@pytest.mark.parametrize(
    ("sighting", "reason"),
    [
        (Sighting("", URI), "user"),
        (Sighting("x" * (LONGEST_USER + 1), URI), "user"),
        (Sighting("2041", "mailto:a@b"), "uri"),
        (Sighting("2041", URI, received="198.51.100.7"), "uri"),
        (Sighting("2041", URI, path="sip:10.0.0.9"), "path"),
        (Sighting("2041", URI, path="<sip:10.0.0.9>," * 9), "path"),
        (Sighting("2041", URI, path="<" * 2000), "path"),
        (Sighting("2041", URI, path="<sip:10.0.0.9;lr>,<sip:10.0.0.8\r\nX: y>"), "uri"),
        (Sighting("2041", "sip:" + "x" * 1000 + "@h"), "contact-too-long"),
    ],
)
def test_what_is_no_contact_is_refused_by_its_reason(sighting: Sighting, reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        learn(sighting, contact_from_uri)
    assert refused.value.reason == reason


@settings(max_examples=200)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.text("<>,;sip:@1", max_size=60))
def test_no_text_can_do_more_than_be_refused(uri: str, received: str, via: str, path: str) -> None:
    for sighting in (Sighting("u", uri, received, via, path), Sighting("u", URI, received, via, path)):
        try:
            learn(sighting, contact_from_uri)
        except BadMessage:
            continue


def test_of_a_users_contacts_the_freshest_counts_and_of_those_of_one_second_the_last() -> None:
    found = newest([Sighting("a", "1", freshness=1), Sighting("a", "2", freshness=2), Sighting("a", "3", freshness=2)])
    assert found["a"].uri == "3"


@pytest.mark.parametrize(
    ("uri", "transport"),
    [("sip:a@b;transport=UDP", "udp"), ("sip:a@b;transport=ws;x", "ws"), ("sip:a@b;xtransport=ws", "udp")],
)
def test_the_transport_stands_in_the_uri(uri: str, transport: str) -> None:
    assert transport_of(uri) == transport
