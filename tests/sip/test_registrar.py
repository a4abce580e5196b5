"""Stories of phones that register; 2041 is Alice's number."""

from __future__ import annotations

import pytest

from daemon.config.settings import Sip
from daemon.fleet.events import Event, Registered, Unregistered
from daemon.fleet.model import Contact
from daemon.sip.message import Address, Request
from daemon.sip.parser import parse
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Reply, Responder
from tests.support.sip_messages import ALICE, Phonebook, register

SOURCE: Address = ("198.51.100.9", 40000)
START = 1_700_000_000.0


class Desk:
    """A registrar and a fleet that does what the events say."""

    def __init__(self) -> None:
        self.phonebook = Phonebook()
        self.registrar = Registrar(Sip(), self.phonebook, Responder(b"k" * 32, "Ringkeeper"))

    def hear(self, datagram: bytes, at: float = 0.0, source: Address = SOURCE) -> Reply:
        message = parse(datagram)
        assert isinstance(message, Request)
        reply = self.registrar.handle(message, source, START + at)
        for event in reply.events:
            self.take(event)
        return reply

    def take(self, event: Event) -> None:
        if isinstance(event, Registered):
            self.phonebook.settle(event.mac, event.contact)
        elif isinstance(event, Unregistered):
            self.phonebook.settle(event.mac, None)


def test_a_phone_registers_and_is_reached_where_its_packets_came_from() -> None:
    reply = Desk().hear(register(expires="600", user_agent="AUDC-IPPhone/3.4\t\x1b[0m"))
    contact = Contact("sip:2041@10.0.0.7:5062", *SOURCE, expires_at=START + 600)
    assert reply.events == (Registered(ALICE, contact, "pbx.example.net", "AUDC-IPPhone/3.4[0m"),)
    assert reply.response.status == 200
    assert reply.response.first("contact") == "<sip:2041@10.0.0.7:5062>;expires=600"
    assert reply.response.first("date") == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_an_unknown_number_is_not_found() -> None:
    reply = Desk().hear(register(to="<sip:9999@pbx.example.net>"))
    assert (reply.response.status, reply.events, reply.refused) == (404, (), "unknown-user")


@pytest.mark.parametrize(
    ("headers", "contact", "granted"),
    [
        ({}, "<sip:2041@10.0.0.7>", 3600),
        ({"expires": "86400"}, "<sip:2041@10.0.0.7>", 3600),
        ({"expires": "90"}, "<sip:2041@10.0.0.7>;expires=120", 120),
        ({"expires": "1 or 2 or 3 hours"}, "<sip:2041@10.0.0.7>", 3600),
        ({"expires": "4294967296"}, "<sip:2041@10.0.0.7>", 3600),
        ({}, "sip:2041@10.0.0.7;expires=60", 60),  # without brackets the parameter is the header's
    ],
)
def test_the_expiry_is_the_contacts_else_the_headers_else_ours_and_never_too_long(
    headers: dict[str, str | None], contact: str, granted: int
) -> None:
    reply = Desk().hear(register(contact, **headers))
    assert reply.response.first("contact").endswith(f";expires={granted}")


def test_too_brief_an_interval_is_refused_with_the_least_we_take() -> None:
    reply = Desk().hear(register(expires="59"))
    assert (reply.response.status, reply.events) == (423, ())
    assert reply.response.first("min-expires") == "60"


def test_a_phone_takes_its_registration_back() -> None:
    desk = Desk()
    desk.hear(register())
    reply = desk.hear(register(expires="0", cseq="2 REGISTER"))
    assert reply.events == (Unregistered(ALICE),)
    assert reply.response.status == 200
    assert reply.response.all("contact") == []


def test_a_star_takes_everything_back() -> None:
    desk = Desk()
    desk.hear(register())
    assert desk.hear(register("*", expires="0", cseq="2 REGISTER")).events == (Unregistered(ALICE),)


@pytest.mark.parametrize(
    ("contact", "expires"),
    [("*", None), ("*", "600"), ("*, <sip:2041@10.0.0.7>", "0"), ("<sip:2041@10.0.0.7>, *", "0")],
)
def test_a_star_stands_alone_and_only_with_expires_0(contact: str, expires: str | None) -> None:
    reply = Desk().hear(register(contact, expires=expires))
    assert (reply.response.status, reply.events, reply.refused) == (400, (), "star")


def test_a_phone_asks_what_is_registered() -> None:
    desk = Desk()
    desk.hear(register(expires="600"))
    reply = desk.hear(register(None, call_id="query", cseq="1 REGISTER"), at=100)
    assert reply.events == ()
    assert reply.response.first("contact") == "<sip:2041@10.0.0.7:5062>;expires=500"


def test_a_static_contact_is_no_registration() -> None:
    desk = Desk()
    desk.phonebook.settle(ALICE, Contact("sip:2041@10.0.0.7", "10.0.0.7", 5060))
    assert desk.hear(register(None)).response.all("contact") == []


def test_a_retransmission_is_answered_like_the_original() -> None:
    desk = Desk()
    first = desk.hear(register(expires="600"))
    again = desk.hear(register(expires="600"), at=0.5)
    assert again.events == first.events
    assert again.response.status == 200


def test_an_older_register_that_arrives_late_undoes_nothing() -> None:
    desk = Desk()
    desk.hear(register(cseq="7 REGISTER"))
    reply = desk.hear(register("<sip:2041@10.0.0.8>", cseq="6 REGISTER", expires="0"))
    assert (reply.response.status, reply.events, reply.refused) == (500, (), "cseq-order")


def test_a_rebooted_phone_begins_a_new_call_id_with_a_low_cseq() -> None:
    desk = Desk()
    desk.hear(register(cseq="7000 REGISTER"))
    assert desk.hear(register(call_id="after-boot", cseq="1 REGISTER")).events


def test_of_several_contacts_the_most_preferred_is_kept_and_the_newest_request_wins() -> None:
    desk = Desk()
    desk.hear(register("<sip:a@10.0.0.7>;q=0.3, <sip:b@10.0.0.7>;q=0.8, <sip:c@10.0.0.7>;q=0.8"))
    device = desk.phonebook.device(ALICE)
    assert device
    assert device.contact
    assert device.contact.uri == "sip:b@10.0.0.7"
    desk.hear(register("<sip:d@10.0.0.7>;q=0.1", cseq="2 REGISTER"))
    assert device.contact.uri == "sip:d@10.0.0.7"


def test_removing_an_old_contact_leaves_the_present_one() -> None:
    desk = Desk()
    desk.hear(register())
    reply = desk.hear(register("<sip:2041@10.9.9.9>;expires=0", call_id="other", cseq="1 REGISTER"))
    assert reply.events == ()
    assert reply.response.first("contact").startswith("<sip:2041@10.0.0.7:5062>")


def test_a_moved_phone_removes_the_old_and_adds_the_new_at_once() -> None:
    reply = Desk().hear(register("<sip:2041@10.0.0.7>;expires=0, <sip:2041@10.0.0.8>;expires=600"))
    assert [type(event) for event in reply.events] == [Registered]
    assert reply.response.first("contact") == "<sip:2041@10.0.0.8>;expires=600"


@pytest.mark.parametrize("contact", ["<sip:a b@c>", "<tel:2041>", '"open <sip:a@b>', '<sip:2041@h>;x="', "<>"])
def test_a_malformed_contact_changes_nothing(contact: str) -> None:
    reply = Desk().hear(register(f"<sip:2041@10.0.0.7>, {contact}"))
    assert (reply.response.status, reply.events) == (400, ())


def test_an_escaped_number_is_the_same_number() -> None:
    assert Desk().hear(register(to="<sip:%32041@pbx.example.net>")).response.status == 200


def test_lapsed_bindings_are_forgotten() -> None:
    desk = Desk()
    desk.hear(register(expires="60"))
    assert len(desk.registrar) == 1
    desk.hear(register(to="<sip:9999@pbx.example.net>"), at=61)
    assert len(desk.registrar) == 0
