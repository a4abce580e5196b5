"""One REGISTER makes a new set of the old one, whole or not at all."""

from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.fleet.model import Binding, Contact
from daemon.sip.bindings import Wish, changed, made_by, without_all
from daemon.sip.uri import parse_sip_uri


def bound(uri: str, cseq: int = 1, call_id: str = "a", reg_id: int = 0, instance: str = "<urn:uuid:1>") -> Binding:
    contact = Contact(uri, "192.0.2.1", 5060, 100.0)
    return Binding(contact, call_id, cseq, instance=instance if reg_id else "", reg_id=reg_id)


def wish(uri: str, cseq: int = 2, expires: int = 60, **fields: object) -> Wish:
    return Wish(bound(uri, cseq, **fields), parse_sip_uri(uri), expires)  # type: ignore[arg-type]


A, B = bound("sip:x@10.0.0.1"), bound("sip:x@10.0.0.2")


def test_a_new_contact_comes_first_and_the_others_stay() -> None:
    new = wish("sip:x@10.0.0.3")
    assert changed((A, B), [new], 10) == (new.binding, A, B)


@pytest.mark.parametrize("uri", ["sip:x@10.0.0.1", "sip:%78@10.0.0.1", "SIP:x@10.0.0.1;ob"])
def test_a_contact_is_the_same_by_the_rules_of_uris(uri: str) -> None:
    assert changed((A, B), [wish(uri, expires=0)], 10) == (B,)


@pytest.mark.parametrize(
    "uri", ["sip:X@10.0.0.1", "sip:x@10.0.0.1:5060", "sip:x@10.0.0.1;transport=tcp", "sips:x@10.0.0.1"]
)
def test_and_is_another_by_them(uri: str) -> None:
    assert changed((A, B), [wish(uri, expires=0)], 10) == (A, B)


def test_a_flow_is_the_same_by_its_instance_and_number_whatever_the_uri() -> None:
    flow = bound("sip:x@10.0.0.1:1000", reg_id=1)
    new = wish("sip:x@10.0.0.1:2000", reg_id=1)
    second = wish("sip:x@10.0.0.1:1000", reg_id=2)
    plain = wish("sip:x@10.0.0.1:1000")
    stranger = wish("sip:x@10.0.0.1:1000", reg_id=1, instance="<urn:uuid:2>")
    assert changed((flow,), [new], 10) == (new.binding,)
    for other in (second, plain, stranger):
        assert changed((flow,), [other], 10) == (other.binding, flow)


def test_of_two_that_are_the_same_in_one_request_the_last_counts() -> None:
    first, last = wish("sip:x@10.0.0.3"), wish("sip:%78@10.0.0.3")
    assert changed((A,), [first, last], 10) == (last.binding, A)
    assert changed((A,), [wish("sip:x@10.0.0.1"), wish("sip:x@10.0.0.1", expires=0)], 10) == ()


@pytest.mark.parametrize("cseq", [0, 1])
def test_a_request_that_was_overtaken_changes_nothing(cseq: int) -> None:
    with pytest.raises(BadMessage, match="cseq-order"):
        changed((A, B), [wish("sip:x@10.0.0.9", cseq), wish("sip:x@10.0.0.2", cseq)], 10)
    with pytest.raises(BadMessage, match="cseq-order"):
        without_all((A, B), "a", cseq)
    assert changed((A,), [wish("sip:x@10.0.0.1", cseq, call_id="other", expires=0)], 10) == ()
    assert without_all((A, B), "other", cseq) == ()


def test_the_set_is_bounded_and_may_always_shrink() -> None:
    with pytest.raises(BadMessage, match="too-many-contacts"):
        changed((A, B), [wish("sip:x@10.0.0.3"), wish("sip:x@10.0.0.4"), wish("sip:x@10.0.0.5")], 2)
    third = wish("sip:x@10.0.0.3")
    assert changed((A, B), [third], 2) == (third.binding, A)  # what was left behind longest ago makes room
    assert len(changed((A, B), [wish("sip:x@10.0.0.3"), wish("sip:x@10.0.0.1", expires=0)], 2)) == 2
    assert changed((A, B), [wish("sip:x@10.0.0.1", expires=0)], 1) == (B,)


def test_the_request_that_made_a_binding_is_known_again() -> None:
    assert made_by((A, B), "a", 1)
    assert not made_by((A, B), "a", 2)
    assert not made_by((A, B), "b", 1)
