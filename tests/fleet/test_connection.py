from __future__ import annotations

from daemon.fleet.connection import Connection, ConnectionBook
from daemon.fleet.model import Contact, Reachability
from tests.support.builders import NOW, connection

A, B, C = (Contact("sip:sbc.example.net", f"10.9.0.{last}", 5060, None, "tcp") for last in (1, 2, 3))


def live(*addresses: Contact) -> Connection:
    each = Connection(connection(target="sip:sbc.example.net"), NOW)
    each.settle(addresses)
    return each


def test_the_best_address_is_pinged_first_and_the_turn_goes_round() -> None:
    each = live(A, B, C)
    turns = []
    for _ in range(4):
        turns.append(each.contact)
        each.pass_turn()
    assert turns == [A, B, C, A]
    assert each.silent == 4


def test_an_address_that_stands_alone_keeps_the_turn() -> None:
    each = live(A)
    each.pass_turn()
    assert each.contact == A


def test_a_round_under_way_is_not_begun_again_because_the_same_addresses_come_in_another_order() -> None:
    each = live(A, B, C)
    each.pass_turn()
    each.settle((C, A, B))
    assert (each.contact, each.silent, each.addresses) == (B, 1, (A, B, C))


def test_other_addresses_begin_anew_with_the_best() -> None:
    each = live(A, B)
    each.pass_turn()
    each.settle((C, B))
    assert (each.contact, each.silent) == (C, 0)


def test_nothing_is_pinged_while_the_name_leads_nowhere() -> None:
    each = live(A)
    each.settle(())
    assert each.contact is None
    each.pass_turn()
    assert each.contact is None


def test_what_is_remembered_comes_back() -> None:
    each = live(A)
    each.reachability, each.reachability_reason, each.reachability_since = Reachability.OK, "answers", NOW - 5
    again = Connection(each.record, NOW)
    again.restore(each.state())
    assert again.state() == each.state()


def test_the_book_finds_by_key() -> None:
    book = ConnectionBook()
    each = book.by_name["trunk-a"] = live(A, B)
    assert book.with_key("connection/trunk-a") is each
    assert book.with_key("00908f4867af") is None
