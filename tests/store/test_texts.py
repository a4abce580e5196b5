"""Contacts and bindings come back from their texts; the usual ones are short."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from daemon.fleet.model import Binding, Contact, DeviceState
from daemon.store.texts import bindings_of, bindings_text, contact_of, contact_text
from tests.support import nouns

USUAL = Contact("sip:2041@10.1.2.7:5060", "10.1.2.7", 5060, 100.0)
OVER_TLS = Contact("sip:2041@10.1.2.7", "198.51.100.7", 40001, 100.0, "tls", ("sip:edge.example.net;lr",))

AT_OURS = replace(USUAL, listener="udp://192.0.2.1:5060")


@settings(max_examples=50)
@given(nouns.states())
def test_what_a_device_registered_comes_back(state: DeviceState) -> None:
    assert contact_of(contact_text(state.contact)) == state.contact
    assert bindings_of(bindings_text(state.bindings)) == state.bindings


def test_transport_and_route_are_written_only_where_they_are_not_the_usual_ones() -> None:
    assert contact_text(USUAL) == '["sip:2041@10.1.2.7:5060","10.1.2.7",5060,100.0]'
    assert contact_of(contact_text(OVER_TLS)) == OVER_TLS


def test_the_listener_of_ours_comes_back_beside_a_route_and_without_one() -> None:
    assert contact_text(AT_OURS) == '["sip:2041@10.1.2.7:5060","10.1.2.7",5060,100.0,"udp://192.0.2.1:5060"]'
    for contact in (AT_OURS, replace(AT_OURS, route=("sip:edge.example.net;lr",))):
        assert contact_of(contact_text(contact)) == contact


def test_a_thousand_contacts_share_the_text_of_their_listener() -> None:
    one, other = contact_of(contact_text(AT_OURS)), contact_of(contact_text(AT_OURS))
    assert one is not None
    assert other is not None
    assert one.listener is other.listener


def test_a_binding_of_outbound_keeps_its_instance() -> None:
    plain = Binding(USUAL, "a@b", 7)
    outbound = Binding(OVER_TLS, "c@d", 8, 0.5, "<urn:uuid:1>", 2)
    assert bindings_of(bindings_text((plain, outbound))) == (plain, outbound)
    assert bindings_text(()) == ""


def test_no_contact_is_no_text() -> None:
    assert contact_text(None) is None
    assert contact_of(None) is None
