"""Stories of phones that register; 2041 is Alice's number. Who may is `test_authentication`'s."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.settings import Sip
from daemon.fleet.events import Registered, Unregistered
from daemon.fleet.model import Binding, Contact
from daemon.sip.message import Source
from daemon.sip.responses import Reply
from tests.support.sip_messages import ALICE, register
from tests.support.sip_registry import SOURCE, START, Registry

CONTACT = Contact("sip:2041@10.0.0.7:5062", "198.51.100.9", 40000, expires_at=START + 600)
INSTANCE = '+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"'
TWO_HOPS = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKp, SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK77;rport"


def verdict(reply: Reply) -> tuple[int, str]:
    return reply.response.status, reply.refused


def test_a_phone_registers_and_is_reached_where_its_packets_came_from() -> None:
    reply = Registry().hear(register(expires="600", user_agent="AUDC-IPPhone/3.4\t\x1b[0m"))
    binding = Binding(CONTACT, "call-1@192.0.2.7", 1)
    assert reply.events == (Registered(ALICE, (binding,), "pbx.example.net", "AUDC-IPPhone/3.4[0m"),)
    assert reply.response.status == 200
    assert reply.response.first("contact") == "<sip:2041@10.0.0.7:5062>;expires=600"
    assert reply.response.first("date") == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_over_udp_the_contact_remembers_by_which_listener_of_ours_it_came() -> None:
    registry = Registry()
    registry.hear(register(), source=Source("198.51.100.9", 40001, listener="udp://192.0.2.1:5060"))
    contact = registry.phonebook.devices[ALICE].contact
    assert contact
    assert contact.listener == "udp://192.0.2.1:5060"


def test_over_a_stream_the_contact_is_that_very_connection() -> None:
    registry = Registry()
    registry.hear(register(), source=Source("198.51.100.9", 40001, "tls"))
    contact = registry.phonebook.devices[ALICE].contact
    assert contact
    assert (contact.host, contact.port, contact.transport) == ("198.51.100.9", 40001, "tls")


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
    reply = Registry().hear(register(contact, **headers))
    assert reply.response.first("contact").endswith(f";expires={granted}")


def test_too_brief_an_interval_is_refused_with_the_least_we_take() -> None:
    reply = Registry().hear(register(expires="59"))
    assert (reply.response.status, reply.events) == (423, ())
    assert reply.response.first("min-expires") == "60"


def test_an_hour_is_never_too_brief() -> None:
    registry = Registry(Sip(domain="pbx.example.net", min_expires=7200, max_expires=7200))
    assert registry.hear(register(expires="3600")).response.status == 200
    assert registry.hear(register(expires="3599", cseq="2 REGISTER")).response.status == 423


def test_one_contact_that_is_too_brief_spoils_them_all() -> None:
    reply = Registry().hear(register("<sip:a@10.0.0.7>, <sip:b@10.0.0.7>;expires=5"))
    assert (reply.response.status, reply.events) == (423, ())


def test_a_phone_takes_its_registration_back() -> None:
    registry = Registry()
    registry.hear(register())
    reply = registry.hear(register(expires="0", cseq="2 REGISTER"))
    assert reply.events == (Unregistered(ALICE),)
    assert reply.response.status == 200
    assert reply.response.all("contact") == []


def test_a_star_takes_everything_back() -> None:
    registry = Registry()
    registry.hear(register("<sip:a@10.0.0.7>, <sip:b@10.0.0.8>"))
    assert registry.hear(register("*", expires="0", cseq="2 REGISTER")).events == (Unregistered(ALICE),)


def test_a_star_that_was_overtaken_takes_nothing_back() -> None:
    registry = Registry()
    registry.hear(register(cseq="5 REGISTER"))
    assert verdict(registry.hear(register("*", expires="0", cseq="4 REGISTER"))) == (500, "cseq-order")
    assert registry.uris() == ["sip:2041@10.0.0.7:5062"]


@pytest.mark.parametrize(
    ("contact", "expires"),
    [("*", None), ("*", "600"), ("*, <sip:2041@10.0.0.7>", "0"), ("<sip:2041@10.0.0.7>, *", "0")],
)
def test_a_star_stands_alone_and_only_with_expires_0(contact: str, expires: str | None) -> None:
    reply = Registry().hear(register(contact, expires=expires))
    assert (reply.response.status, reply.events, reply.refused) == (400, (), "star")


def test_a_phone_asks_what_is_registered() -> None:
    registry = Registry()
    registry.hear(register(expires="600"))
    registry.hear(register("<sip:2041@10.0.0.8>;q=0.5", expires="300", cseq="2 REGISTER"))
    reply = registry.hear(register(None, call_id="query", cseq="1 REGISTER"), at=100)
    assert reply.events == ()
    assert reply.response.all("contact") == [
        "<sip:2041@10.0.0.8>;expires=200;q=0.5",
        "<sip:2041@10.0.0.7:5062>;expires=500",
    ]


def test_a_static_contact_is_no_registration() -> None:
    registry = Registry()
    registry.phonebook.settle(ALICE, Contact("sip:2041@10.0.0.7", "10.0.0.7", 5060))
    assert registry.hear(register(None)).response.all("contact") == []


def test_what_has_lapsed_is_neither_listed_nor_in_the_way() -> None:
    registry = Registry(Sip(domain="pbx.example.net", max_contacts=1))
    registry.hear(register(expires="60", cseq="7 REGISTER"))
    assert registry.hear(register(None, call_id="query"), at=60).response.all("contact") == []
    assert registry.hear(register("<sip:new@10.0.0.7>", cseq="1 REGISTER"), at=60).response.status == 200
    assert registry.uris() == ["sip:new@10.0.0.7"]


def test_a_retransmission_is_answered_like_the_original() -> None:
    registry = Registry()
    first = registry.hear(register(expires="600"))
    again = registry.hear(register(expires="600"), at=0.5)
    assert again.events == first.events
    assert again.response.status == 200
    registry.hear(register(expires="0", cseq="2 REGISTER"))
    gone = registry.hear(register(expires="0", cseq="2 REGISTER"), at=0.5)
    assert (gone.response.status, gone.events) == (200, (Unregistered(ALICE),))


def test_a_retransmission_from_elsewhere_moves_nothing() -> None:
    registry = Registry()
    registry.hear(register())
    registry.hear(register(), source=Source("203.0.113.66", 5060))
    contact = registry.phonebook.devices[ALICE].contact
    assert contact
    assert contact.host == SOURCE.host


def test_an_older_register_that_arrives_late_undoes_nothing() -> None:
    registry = Registry()
    registry.hear(register(cseq="7 REGISTER"))
    reply = registry.hear(register(cseq="6 REGISTER", expires="0"))
    assert (reply.response.status, reply.events, reply.refused) == (500, (), "cseq-order")


def test_an_older_register_does_not_bring_back_what_was_taken_back() -> None:
    registry = Registry()
    registry.hear(register(cseq="7 REGISTER"))
    registry.hear(register(cseq="8 REGISTER", expires="0"))
    assert verdict(registry.hear(register(cseq="7 REGISTER"), at=1)) == (500, "cseq-order")
    assert len(registry.registrar) == 1
    assert registry.hear(register(cseq="9 REGISTER"), at=33).response.status == 200
    assert len(registry.registrar) == 0


def test_a_rebooted_phone_begins_a_new_call_id_with_a_low_cseq() -> None:
    registry = Registry()
    registry.hear(register(cseq="7000 REGISTER"))
    assert registry.hear(register(call_id="after-boot", cseq="1 REGISTER")).events
    assert len(registry.uris()) == 1


def test_all_contacts_are_kept_the_newest_request_first_and_each_in_its_order() -> None:
    registry = Registry()
    registry.hear(register("<sip:a@10.0.0.7>;q=0.3, <sip:b@10.0.0.7>;q=0.8, <sip:c@10.0.0.7>;q=x"))
    registry.hear(register("<sip:d@10.0.0.7>;q=0.1234567", cseq="2 REGISTER"))
    assert registry.uris() == [f"sip:{user}@10.0.0.7" for user in "dabc"]
    assert [binding.q for binding in registry.phonebook.devices[ALICE].bindings] == [0.123, 0.3, 0.8, 0.0]


def test_removing_a_contact_that_is_not_there_changes_nothing() -> None:
    registry = Registry()
    registry.hear(register())
    reply = registry.hear(register("<sip:2041@10.9.9.9>;expires=0", call_id="other", cseq="1 REGISTER"))
    assert reply.events == ()
    assert reply.response.first("contact").startswith("<sip:2041@10.0.0.7:5062>")


def test_a_moved_phone_removes_the_old_and_adds_the_new_at_once() -> None:
    registry = Registry()
    registry.hear(register("<sip:2041@10.0.0.7>"))
    reply = registry.hear(register("<sip:2041@10.0.0.7>;expires=0, <sip:2041@10.0.0.8>;expires=600", cseq="2 REGISTER"))
    assert [type(event) for event in reply.events] == [Registered]
    assert reply.response.all("contact") == ["<sip:2041@10.0.0.8>;expires=600"]


@pytest.mark.parametrize("contact", ["<sip:a b@c>", "<tel:2041>", '"open <sip:a@b>', '<sip:2041@h>;x="', "<>"])
def test_a_malformed_contact_changes_nothing(contact: str) -> None:
    reply = Registry().hear(register(f"<sip:2041@10.0.0.7>, {contact}"))
    assert (reply.response.status, reply.events) == (400, ())


def test_too_many_contacts_are_refused_in_one_request_and_push_each_other_out_in_several() -> None:
    registry = Registry(Sip(domain="pbx.example.net", max_contacts=2))
    many = ", ".join(f"<sip:{index}@10.0.0.7>" for index in range(5))
    assert verdict(registry.hear(register(many))) == (403, "too-many-contacts")
    assert registry.hear(register("<sip:a@10.0.0.7>, <sip:b@10.0.0.7>")).response.status == 200
    third = registry.hear(register("<sip:c@10.0.0.7>", cseq="2 REGISTER"))
    assert third.response.status == 200
    assert registry.uris() == ["sip:c@10.0.0.7", "sip:a@10.0.0.7"]


def test_a_call_id_that_is_too_long_to_keep_is_refused() -> None:
    assert verdict(Registry().hear(register(call_id="c" * 256))) == (400, "call-id")


def test_an_escaped_number_is_the_same_number() -> None:
    assert Registry().hear(register(to="<sip:%32041@pbx.example.net>")).response.status == 200


def test_headers_in_a_contact_are_kept() -> None:
    registry = Registry()
    registry.hear(register("<sip:2041@10.0.0.7?Route=%3Csip:proxy.example.com%3E>"))
    assert registry.uris() == ["sip:2041@10.0.0.7?Route=%3Csip:proxy.example.com%3E"]


def test_a_path_is_kept_and_said_again_if_the_phone_knows_of_it() -> None:
    registry = Registry()
    path = "<sip:edge.example.net;lr>, <sip:first@inner.example.net;lr;ob>"
    reply = registry.hear(register(supported="path, gruu", path=path))
    assert reply.response.first("path") == path
    contact = registry.phonebook.devices[ALICE].contact
    assert contact
    assert contact.route == ("sip:edge.example.net;lr", "sip:first@inner.example.net;lr;ob")


def test_a_path_the_phone_does_not_know_of_is_passed_over() -> None:
    registry = Registry()
    reply = registry.hear(register(path="<sip:edge.example.net;lr>"))
    assert (reply.response.status, reply.response.all("path")) == (200, [])
    assert registry.phonebook.devices[ALICE].bindings[0].contact.route == ()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("<tel:1>", "uri"),
        ("nonsense here", "name-addr"),
        (", ".join(["<sip:edge.example.net;lr>"] * 20), "path-too-long"),
    ],
)
def test_a_path_that_cannot_be_gone_is_refused(path: str, reason: str) -> None:
    assert verdict(Registry().hear(register(require="path", path=path))) == (400, reason)


def test_a_phone_with_two_flows_has_two_bindings_whatever_their_uris() -> None:
    registry = Registry()
    for number, port, cseq in ((1, 1000, 1), (2, 2000, 2), (1, 3000, 3)):
        contact = f"<sip:2041@10.0.0.7:{port};ob>;reg-id={number};{INSTANCE}"
        reply = registry.hear(register(contact, supported="path, outbound", cseq=f"{cseq} REGISTER"))
        assert reply.response.first("require") == "outbound"
    assert registry.uris() == ["sip:2041@10.0.0.7:3000;ob", "sip:2041@10.0.0.7:2000;ob"]
    assert reply.response.first("contact").endswith(f";expires=3600;{INSTANCE};reg-id=1")


@pytest.mark.parametrize(
    ("params", "supported"),
    [
        (f"reg-id=1;{INSTANCE}", "path"),
        ("reg-id=1", "outbound"),
        (f"reg-id=0;{INSTANCE}", "outbound"),
        (f"reg-id=x;{INSTANCE}", "outbound"),
        ('reg-id=1;+sip.instance="<a\\"b>"', "outbound"),
        (INSTANCE, "outbound"),
    ],
)
def test_a_flow_needs_its_number_its_instance_and_a_phone_that_knows_of_it(params: str, supported: str) -> None:
    registry = Registry()
    reply = registry.hear(register(f"<sip:2041@10.0.0.7>;{params}", supported=supported))
    assert (reply.response.status, reply.response.all("require")) == (200, [])
    binding = registry.phonebook.devices[ALICE].bindings[0]
    assert (binding.instance, binding.reg_id) == ("", 0)


def test_two_flows_in_one_request_are_refused() -> None:
    contacts = f"<sip:a@10.0.0.7>;reg-id=1;{INSTANCE}, <sip:b@10.0.0.7>;reg-id=2;{INSTANCE}"
    assert verdict(Registry().hear(register(contacts, supported="outbound"))) == (400, "reg-id")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (None, 439),
        ("<sip:edge.example.net;lr>", 439),
        ("<sip:edge.example.net;lr;ob>, <sip:inner.example.net;lr>", 439),
        ("<sip:edge.example.net;lr>, <sip:inner.example.net;lr;ob>", 200),
    ],
)
def test_behind_proxies_the_first_hop_must_keep_the_flow(path: str | None, status: int) -> None:
    flow = register(f"<sip:a@h>;reg-id=1;{INSTANCE}", supported="path, outbound", path=path, via=TWO_HOPS)
    assert Registry().hear(flow).response.status == status


CONTACTS = [f"<sip:{user}@10.0.0.7>" for user in "abcd"] + [f"<sip:e@10.0.0.7:{p}>;reg-id=1;{INSTANCE}" for p in (1, 2)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(CONTACTS), max_size=3) | st.just(["*"]),
            st.sampled_from(["0", "5", "60", "600"]),
            st.sampled_from("xy"),
            st.integers(1, 6),
            st.integers(0, 90),
        ),
        max_size=14,
    )
)
def test_whatever_phones_send_the_set_stays_sound(steps: list[tuple[list[str], str, str, int, int]]) -> None:
    """Bounded, changed as a whole or not at all, each binding once, and none replaced by an older request's."""
    registry = Registry(Sip(domain="pbx.example.net", max_contacts=3))
    at = 0.0
    for contacts, expires, call_id, cseq, later in steps:
        at += later
        device = registry.phonebook.devices[ALICE]
        before = device.live_bindings(START + at)
        reply = registry.hear(
            register(
                ", ".join(contacts) or None,
                expires=expires,
                call_id=call_id,
                cseq=f"{cseq} REGISTER",
                supported="outbound",
            ),
            at,
        )
        after = device.live_bindings(START + at)
        assert len(after) <= 3
        assert len({(b.reg_id or b.contact.uri) for b in after}) == len(after)
        if reply.response.status != 200:
            assert (after, reply.events) == (before, ())
            continue
        assert len(reply.response.all("contact")) == len(after)
        newest = {(b.reg_id or b.contact.uri, b.call_id): b.cseq for b in before}
        assert all(b.cseq >= newest.get((b.reg_id or b.contact.uri, b.call_id), 0) for b in after)
