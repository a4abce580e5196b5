"""The tables of what is understood, held against the numbers that the vendor printed."""

from __future__ import annotations

from daemon.fleet.notifications import Severity
from daemon.snmp.receiver import heard_table
from daemon.snmp.receiver.heard_table import BOARD_NAMES, GENERIC, KEEP_ALIVE, PASSING


def test_the_keep_alive_is_the_sixteenth_board_trap() -> None:
    assert ".".join(map(str, KEEP_ALIVE)) == "1.3.6.1.4.1.5003.9.10.1.21.2.0.16"
    assert heard_table.board_name(16) == "acKeepAlive"


def test_every_passing_trap_has_a_name_and_no_name_stands_twice() -> None:
    assert set(BOARD_NAMES) >= PASSING
    assert len(set(BOARD_NAMES.values())) == len(BOARD_NAMES)


def test_whatever_is_raised_by_a_generic_trap_is_ended_by_one() -> None:
    raised = {generic.name for generic in GENERIC.values() if generic.severity}
    ended = {generic.name for generic in GENERIC.values() if generic.severity is Severity.CLEARED}
    assert raised == ended == {"linkDown"}


def test_both_groups_have_a_place_for_everything_and_none_twice() -> None:
    for group in heard_table.GROUPS:
        arcs = [group.name, group.text, group.source, group.severity, group.event_type, group.cause]
        arcs += [group.infos + slot for slot in range(3)]
        assert len(set(arcs)) == 9
        assert max(arcs) <= 11
