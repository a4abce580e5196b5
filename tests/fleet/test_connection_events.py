"""A SIP connection's life: defined, looked up, pinged address by address, down, back, deleted, and over a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.acts import ConnectionDeleted, InventoryApplied, SettingsChanged
from daemon.fleet.commands import LocateTarget
from daemon.fleet.connection import Connection
from daemon.fleet.events import (
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    TargetLocated,
    TargetNotLocated,
)
from daemon.fleet.model import ConnectionRecord, Contact, Reachability
from daemon.fleet.records import Inventory, Snapshot
from daemon.fleet.store_commands import AppendTransition, DropConnection, SaveConnection
from tests.support.builders import NOW, connected, connection, settings
from tests.support.playbook import Playbook, pinged

KEY = "connection/trunk-a"
NAMED = connection(target="sip:sbc.example.net;transport=tcp")
A, B, C, D = (Contact(NAMED.target, f"10.9.0.{last}", 5060, None, "tcp") for last in (1, 2, 3, 4))


class Line(Playbook):
    """A playbook about one connection; an address that is in `alive` answers."""

    def __init__(self, *records: ConnectionRecord, snapshot: Snapshot | None = None) -> None:
        super().__init__(snapshot=snapshot)
        self.alive: set[str] = set()
        self.asked: list[str] = []
        if records:
            self.hears(InventoryApplied(connected(*records), "test"))

    @property
    def connection(self) -> Connection:
        return self.fleet.connections["trunk-a"]

    def run_to(self, second: float) -> None:
        while (due := self.fleet.next_deadline()) <= NOW + second:
            self.now = max(self.now, due)
            orders = self.fleet.expire(self.now)
            self.orders += orders
            for target in pinged(orders):
                assert target.contact is not None
                self.asked.append(target.contact.host)
                if target.contact.host in self.alive:
                    self.hears(ProbesAnswered((ProbeAnswered(target.key, 200, 0.02),)))
                else:
                    self.hears(ProbeMissed(target.key, "timeout"))
        self.now = NOW + second

    def located(self, *contacts: Contact, ttl: float = 1e9) -> None:
        self.hears(TargetLocated(KEY, contacts, ttl))


def test_one_at_an_address_is_pinged_without_any_look_up_and_says_where_it_answered() -> None:
    line = Line(connection())
    line.alive = {"10.9.0.1"}
    line.run_to(120)
    assert line.moves("reachability") == ["NO_STATUS > OK"]
    assert line.connection.reachability_reason.endswith("round trip 20 ms, at 10.9.0.1 port 5060 over udp")
    assert not list(line.of(LocateTarget))
    saved = list(line.of(SaveConnection))[-1].state
    assert (saved.reachability, saved.reachability_reason) == (Reachability.OK, line.connection.reachability_reason)


def test_a_name_is_looked_up_at_once_and_again_when_its_time_has_come() -> None:
    line = Line(NAMED)
    line.run_to(1)
    assert list(line.of(LocateTarget)) == [LocateTarget(KEY, NAMED.target)]
    line.located(A, ttl=300)
    line.run_to(299)
    assert len(list(line.of(LocateTarget))) == 1
    line.run_to(302)
    assert len(list(line.of(LocateTarget))) == 2


def test_a_look_up_that_was_lost_is_asked_for_again() -> None:
    line = Line(NAMED)
    line.run_to(61)
    assert len(list(line.of(LocateTarget))) == 2


def test_a_name_that_was_found_is_pinged_at_once() -> None:
    line = Line(NAMED)
    line.alive = {"10.9.0.1"}
    line.run_to(1)
    line.located(A, B)
    line.run_to(2)
    assert line.asked == ["10.9.0.1"]
    assert line.connection.reachability is Reachability.OK


def test_a_silent_address_passes_its_turn_and_the_next_one_answers_for_the_connection() -> None:
    line = Line(NAMED)
    line.alive = {"10.9.0.1", "10.9.0.2"}
    line.run_to(1)
    line.located(A, B)
    line.run_to(100)
    line.alive = {"10.9.0.2"}
    line.run_to(300)
    assert line.moves("reachability") == ["NO_STATUS > OK"]
    assert line.asked[-1] == "10.9.0.2"
    assert line.connection.answered_at == B
    assert line.moves("address") == ["10.9.0.1 port 5060 over tcp > 10.9.0.2 port 5060 over tcp"]
    assert line.connection.reachability_reason.endswith("round trip 20 ms, at 10.9.0.2 port 5060 over tcp")
    assert next(reversed(list(line.of(SaveConnection)))).state == line.connection.state()


@pytest.mark.parametrize("addresses", [(A,), (A, B), (A, B, C), (A, B, C, D)])
def test_it_is_down_only_when_every_address_has_been_silent(addresses: tuple[Contact, ...]) -> None:
    line = Line(NAMED)
    line.run_to(1)
    line.located(*addresses)
    line.run_to(20)
    assert line.moves("reachability") == ["NO_STATUS > UNREACHABLE"]
    first_round = line.asked[: max(3, len(addresses))]
    assert set(first_round) == {address.host for address in addresses}
    assert line.told() == [(1, "connectionDown", "CRITICAL")]
    alarm = next(iter(line.fleet.alarms.values()))
    assert (alarm.source, alarm.tenant, alarm.device) == ("Connection/trunk-a", "acme", None)


def test_one_that_is_down_is_asked_at_every_address_again_and_one_answer_brings_it_back() -> None:
    line = Line(NAMED)
    line.run_to(1)
    line.located(A, B, C, D)
    line.run_to(20)
    line.asked.clear()
    line.run_to(300)
    assert set(line.asked) == {"10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4"}
    line.alive = {"10.9.0.4"}
    line.run_to(1200)
    assert line.connection.reachability is Reachability.OK
    assert line.told()[-1] == (2, "connectionDown", "CLEARED")
    assert not line.fleet.alarms


def test_it_becomes_unknown_after_an_hour_and_the_alarm_stays() -> None:
    line = Line(connection())
    line.run_to(3800)
    assert line.connection.reachability is Reachability.UNKNOWN
    assert [alarm.name for alarm in line.fleet.alarms.values()] == ["connectionDown"]


def test_a_name_that_leads_nowhere_is_as_bad_as_silence_and_says_why() -> None:
    line = Line(NAMED)
    line.run_to(1)
    for _ in range(2):  # after a boot DNS may not be up yet
        line.hears(TargetNotLocated(KEY, "sbc.example.net has no address", 30))
        assert line.told() == []
    line.hears(TargetNotLocated(KEY, "sbc.example.net has no address", 30))
    assert line.moves("reachability") == ["NO_STATUS > UNREACHABLE"]
    assert "has no address" in line.connection.reachability_reason
    assert line.told() == [(1, "connectionDown", "CRITICAL")]
    line.hears(TargetNotLocated(KEY, "sbc.example.net has no address", 30))
    assert len(line.told()) == 1
    line.alive = {"10.9.0.1"}
    line.located(A)
    line.run_to(10)
    assert line.connection.reachability is Reachability.OK


def test_addresses_that_are_known_stay_in_use_while_dns_is_broken() -> None:
    line = Line(NAMED)
    line.alive = {"10.9.0.1"}
    line.run_to(1)
    line.located(A)
    line.run_to(10)
    line.hears(TargetNotLocated(KEY, "no DNS server answered", 30))
    line.run_to(200)
    assert line.connection.reachability is Reachability.OK
    assert line.connection.lookup_fault == "no DNS server answered"
    line.located(A)
    assert line.connection.lookup_fault == ""


def test_a_late_answer_does_not_say_from_which_address_it_came() -> None:
    line = Line(NAMED)
    line.run_to(1)
    line.located(A, B)
    line.hears(ProbesAnswered((ProbeAnswered(KEY, 200, None),)))
    assert line.connection.reachability is Reachability.LAGGED
    assert line.connection.answered_at is None


def test_it_has_its_own_interval_and_limit() -> None:
    line = Line(connection(interval=10.0, lagged_after=0.01))
    line.alive = {"10.9.0.1"}
    line.run_to(100)
    assert len(line.asked) == pytest.approx(10, abs=1)
    assert line.connection.reachability is Reachability.LAGGED


def test_new_settings_reach_those_without_limits_of_their_own() -> None:
    line = Line(connection())
    line.hears(SettingsChanged(settings(qualify={"interval": "30s", "lagged_after": "1s"})))
    assert (line.connection.period, line.connection.lagged_after) == (30, 1)


def test_switched_off_it_is_neither_pinged_nor_looked_up() -> None:
    line = Line(replace(NAMED, qualify=False))
    line.run_to(200)
    assert (line.asked, list(line.of(LocateTarget))) == ([], [])
    assert line.connection.reachability is Reachability.UNMONITORED


def test_switching_it_off_ends_its_alarm() -> None:
    line = Line(connection())
    line.run_to(100)
    assert line.fleet.alarms
    line.hears(InventoryApplied(connected(connection(qualify=False)), "test"))
    assert not line.fleet.alarms
    assert line.moves("provisioning") == [" > defined", " > edited"]


def test_a_short_entry_changes_only_what_it_names() -> None:
    line = Line(connection(interval=10.0))
    written = Inventory(
        connections=(ConnectionRecord("trunk-a", "sip:10.9.0.2"),),
        connection_fields={"trunk-a": frozenset({"target"})},
    )
    line.hears(InventoryApplied(written, "test"))
    assert line.connection.record == connection(target="sip:10.9.0.2", interval=10.0)
    assert line.connection.contact is not None
    assert line.connection.contact.host == "10.9.0.2"


def test_the_same_inventory_again_changes_nothing() -> None:
    line = Line(connection())
    line.orders.clear()
    line.hears(InventoryApplied(connected(connection()), "test"))
    assert not list(line.of(AppendTransition))
    assert not list(line.of(SaveConnection))


def test_what_names_no_tenant_or_site_of_ours_is_refused() -> None:
    line = Line(connection())
    wrong = connected(connection("b", tenant="nobody", site=""), connection("c", site="nowhere"))
    assert list(line.fleet.check(wrong).finish().sentences) == [
        "connection b: there is no tenant nobody; define it in the same inventory",
        "connection c: tenant acme has no site nowhere",
    ]


def test_deleting_ends_the_pings_the_alarm_and_the_record() -> None:
    line = Line(connection())
    line.run_to(100)
    line.hears(ConnectionDeleted("trunk-a", "ann"))
    assert list(line.of(DropConnection)) == [DropConnection("trunk-a")]
    assert (dict(line.fleet.connections), dict(line.fleet.alarms)) == ({}, {})
    line.asked.clear()
    line.run_to(1000)
    assert line.asked == []
    answer = line.hears(ConnectionDeleted("trunk-a", "ann"))
    assert getattr(answer[0], "refused", None) == ("there is no such connection",)


def test_what_comes_about_one_that_is_gone_is_nothing() -> None:
    line = Line()
    for event in (
        ProbesAnswered((ProbeAnswered(KEY, 200, 0.1),)),
        ProbeMissed(KEY, "timeout"),
        TargetLocated(KEY, (A,), 60),
        TargetNotLocated(KEY, "why", 60),
    ):
        assert line.hears(event) == []


def test_a_restart_goes_on_with_the_state_and_looks_names_up_again() -> None:
    line = Line(NAMED)
    line.run_to(1)
    line.located(A)
    line.run_to(20)
    kept = list(line.of(SaveConnection))[-1].state
    again = Line(snapshot=Snapshot(connections=(kept,), alarms=tuple(line.fleet.alarms.values())))
    assert again.connection.state() == kept
    assert kept.reachability is Reachability.UNREACHABLE
    again.run_to(1)
    assert list(again.of(LocateTarget)) == [LocateTarget(KEY, NAMED.target)]
    again.alive = {"10.9.0.1"}
    again.located(A)
    again.run_to(5)
    assert again.connection.reachability is Reachability.OK
    assert not again.fleet.alarms


def test_after_a_restart_the_reason_names_the_address_that_answers_now() -> None:
    line = Line(NAMED)
    line.alive = {"10.9.0.1", "10.9.0.2"}
    line.run_to(1)
    line.located(A)
    line.run_to(20)
    kept = list(line.of(SaveConnection))[-1].state
    again = Line(snapshot=Snapshot(connections=(kept,)))
    again.alive = {"10.9.0.2"}
    again.run_to(1)
    again.located(B)
    again.run_to(120)
    assert again.connection.reachability_reason == kept.reachability_reason.replace("10.9.0.1", "10.9.0.2")
    assert again.moves("address") == []


def test_one_that_was_well_before_a_restart_is_not_blamed_for_one_failed_look_up() -> None:
    line = Line(NAMED)
    line.alive = {"10.9.0.1"}
    line.run_to(1)
    line.located(A)
    line.run_to(20)
    again = Line(snapshot=Snapshot(connections=(list(line.of(SaveConnection))[-1].state,)))
    for _ in range(2):
        again.hears(TargetNotLocated(KEY, "no DNS server answered", 30))
    assert again.moves("reachability") == []
    again.hears(TargetNotLocated(KEY, "no DNS server answered", 30))
    assert again.moves("reachability") == ["OK > UNREACHABLE"]


def test_statistics_count_connections_by_state() -> None:
    line = Line(connection(), connection("off", qualify=False))
    assert line.fleet.statistics().connections == {Reachability.NO_STATUS: 1, Reachability.UNMONITORED: 1}
