from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.model import Contact
from daemon.sip import locate
from daemon.sip.locate import Endpoint, Naptr, Service, Srv
from daemon.sip.uri import parse_sip_uri

UDP = Service("udp", "_sip._udp.example.net")
TCP = Service("tcp", "_sip._tcp.example.net")
TLS = Service("tls", "_sips._tcp.example.net")


@pytest.mark.parametrize(
    ("text", "host", "port", "transport"),
    [
        ("sip:10.1.2.3", "10.1.2.3", 5060, "udp"),
        ("sip:10.1.2.3:5070;transport=tcp", "10.1.2.3", 5070, "tcp"),
        ("sip:10.1.2.3;transport=tls", "10.1.2.3", 5061, "tls"),
        ("sips:10.1.2.3", "10.1.2.3", 5061, "tls"),
        ("sips:10.1.2.3;transport=tcp", "10.1.2.3", 5061, "tls"),
        ("sip:[2001:db8::1]", "2001:db8::1", 5060, "udp"),
        ("sip:10.1.2.3;maddr=192.0.2.66", "10.1.2.3", 5060, "udp"),
    ],
)
def test_an_address_leads_to_itself_and_never_to_maddr(text: str, host: str, port: int, transport: str) -> None:
    contact = locate.numeric_contact(parse_sip_uri(text), text)
    assert contact == Contact(text, host, port, None, transport)


def test_a_name_leads_nowhere_by_itself() -> None:
    assert locate.numeric_contact(parse_sip_uri("sip:sbc.example.net"), "") is None


@pytest.mark.parametrize("text", ["sip:a.example;transport=sctp", "sip:a.example;transport=ws", "sips:a;transport=udp"])
def test_transports_that_are_not_spoken_are_refused(text: str) -> None:
    with pytest.raises(BadMessage, match="transport"):
        locate.transport_of(parse_sip_uri(text))


@pytest.mark.parametrize(
    ("text", "by_srv"),
    [("sip:example.net", True), ("sip:example.net:5060", False), ("sip:10.1.2.3", False), ("sips:example.net", True)],
)
def test_srv_is_for_names_without_a_port(text: str, by_srv: bool) -> None:
    assert locate.goes_by_srv(parse_sip_uri(text)) is by_srv


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sip:example.net", (UDP, TCP, TLS)),
        ("sip:example.net;transport=tcp", (TCP,)),
        ("sip:example.net;transport=tls", (TLS,)),
        ("sips:example.net", (TLS,)),
    ],
)
def test_srv_names_follow_the_transport(text: str, wanted: tuple[Service, ...]) -> None:
    assert locate.services(parse_sip_uri(text)) == wanted


def test_naptr_decides_by_order_and_preference_and_what_we_do_not_speak_is_left_out() -> None:
    naptr = [
        Naptr(20, 10, "s", "SIP+D2U", "_sip._udp.example.net"),
        Naptr(10, 20, "S", "sips+d2t", "_sips._tcp.example.net"),
        Naptr(10, 10, "s", "SIP+D2S", "_sip._sctp.example.net"),
        Naptr(5, 5, "u", "E2U+sip", "."),
    ]
    assert locate.services(parse_sip_uri("sip:example.net"), naptr) == (TLS, UDP)
    assert locate.services(parse_sip_uri("sip:example.net"), naptr[2:]) == (UDP, TCP, TLS)


def test_without_srv_the_name_itself_is_reached_at_the_usual_port() -> None:
    assert locate.direct(parse_sip_uri("sip:a.example")) == Endpoint("a.example", 5060, "udp")
    assert locate.direct(parse_sip_uri("sips:a.example")) == Endpoint("a.example", 5061, "tls")
    assert locate.direct(parse_sip_uri("sip:a.example:5080;transport=tcp")) == Endpoint("a.example", 5080, "tcp")


def test_the_smallest_priority_comes_first_whatever_the_weights() -> None:
    records = [Srv(20, 100, 5060, "c"), Srv(10, 0, 5060, "a"), Srv(10, 50, 5060, "b")]
    for seed in range(20):
        hosts = [record.host for record in locate.in_order(records, Random(seed).random)]
        assert hosts[2] == "c"
        assert sorted(hosts[:2]) == ["a", "b"]


def test_weights_are_shares_of_the_first_place() -> None:
    records = [Srv(1, 60, 5060, "a"), Srv(1, 30, 5060, "b"), Srv(1, 10, 5060, "c"), Srv(1, 0, 5060, "zero")]
    share = Random(7).random
    first = Counter(locate.in_order(records, share)[0].host for _ in range(20_000))
    assert first["a"] / 20_000 == pytest.approx(0.60, abs=0.03)
    assert first["b"] / 20_000 == pytest.approx(0.30, abs=0.03)
    assert first["c"] / 20_000 == pytest.approx(0.10, abs=0.03)
    assert 0 < first["zero"] < 500  # RFC 2782: "a very small chance"


@settings(max_examples=100)
@given(
    st.lists(st.builds(Srv, st.integers(0, 3), st.integers(0, 65535), st.just(5060), st.sampled_from("abcdefgh"))),
    st.floats(0, 1, exclude_max=True),
)
def test_every_record_is_tried_exactly_once(records: list[Srv], share: float) -> None:
    ordered = locate.in_order(records, lambda: share)
    assert Counter(ordered) == Counter(records)
    assert [record.priority for record in ordered] == sorted(record.priority for record in records)


def test_a_lone_root_says_that_the_service_is_not_offered() -> None:
    assert locate.in_order([Srv(0, 0, 0, "")], Random(1).random) == []


@pytest.mark.parametrize(
    ("host", "name"),
    [("sbc.example.net", True), ("sbc", True), ("_sip.x", True), ("10.1.2.3", False), ("a..b", False), ("-a.b", False)],
)
def test_what_dns_can_be_asked_for(host: str, name: bool) -> None:
    assert locate.is_name(host) is name


def test_a_long_run_of_letters_is_judged_at_once() -> None:
    assert not locate.is_name("a" * 250 + "!")
    assert not locate.is_name(".".join(["a" * 63] * 4))
