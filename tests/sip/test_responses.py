from __future__ import annotations

import pytest

from daemon.sip.message import Address, Request
from daemon.sip.parser import parse
from daemon.sip.responses import Responder, reply_address
from tests.support.sip_messages import request

SOURCE: Address = ("198.51.100.9", 40000)
RESPONDER = Responder(b"k" * 32, "Ringkeeper")


def parsed(**headers: str | None) -> Request:
    message = parse(request("OPTIONS", "sip:pbx.example.net", **headers))
    assert isinstance(message, Request)
    return message


def test_a_response_copies_what_the_request_is_known_by() -> None:
    response = RESPONDER.respond(parsed(), SOURCE, 200, ("x-more", "1"))
    assert (response.status, response.reason) == (200, "OK")
    assert response.first("from") == "<sip:2041@pbx.example.net>;tag=f1"
    assert response.first("call-id") == "call-1@192.0.2.7"
    assert response.first("cseq") == "1 OPTIONS"
    assert response.first("x-more") == "1"


def test_every_via_comes_back_in_order_and_the_first_says_where_the_request_came_from() -> None:
    via = "SIP/2.0/UDP 10.0.0.7;rport;received=1.1.1.1;branch=z9hG4bK1, SIP/2.0/UDP a;branch=z9hG4bK2"
    response = RESPONDER.respond(parsed(via=via), SOURCE, 200)
    assert response.listed("via") == [
        "SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK1;received=198.51.100.9;rport=40000",
        "SIP/2.0/UDP a;branch=z9hG4bK2",
    ]


def test_a_to_tag_is_the_same_for_a_retransmission_and_another_for_another_request() -> None:
    def tag(**headers: str | None) -> str:
        return RESPONDER.respond(parsed(**headers), SOURCE, 200).to().params["tag"]

    assert tag() == tag()
    assert tag() != tag(call_id="call-2")
    assert tag(to="<sip:a@b>;tag=mine") == "mine"


@pytest.mark.parametrize(
    ("via", "address"),
    [
        ("SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK1", ("198.51.100.9", 40000)),
        ("SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bK1", ("198.51.100.9", 5062)),
        ("SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK1", ("198.51.100.9", 5060)),
        ("SIP/2.0/UDP 10.0.0.7;maddr=203.0.113.1;branch=z9hG4bK1", ("198.51.100.9", 5060)),
    ],
)
def test_a_response_goes_to_the_host_it_came_from_and_nowhere_else(via: str, address: Address) -> None:
    assert reply_address(parsed(via=via), SOURCE) == address
