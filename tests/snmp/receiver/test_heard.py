"""What notifications of others are understood to say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.events import Alert, TrapHeard
from daemon.fleet.model import Mac
from daemon.fleet.notifications import EventType, Severity
from daemon.snmp import ber
from daemon.snmp.ber import Syntax
from daemon.snmp.oids import SNMP_TRAP_ADDRESS, SNMP_TRAP_OID, SYS_UP_TIME
from daemon.snmp.pdu import SNMP_TRAPS, Pdu, PduType, RawVarbind, encode_varbind
from daemon.snmp.receiver.heard import Heard, understand
from daemon.snmp.receiver.heard_table import ALARM_VARBINDS, BOARD_TRAPS, IF_INDEX, KEEP_ALIVE
from tests.support.snmp_traps import (
    LINK_TEXT,
    board_trap,
    board_values,
    keep_alive,
    notification,
    read,
    varbind,
)

MAC = Mac("00908f4867af")
LINK = board_values(10, Severity.MAJOR)


@pytest.mark.parametrize(
    "told", ["00908f4867af", "00:90:8F:48:67:AF", "00-90-8f-48-67-af", "0090.8f48.67af", " 00908F4867AF\0"]
)
def test_a_keep_alive_names_the_device_in_any_spelling(told: str) -> None:
    assert understand(read(keep_alive(told))) == Heard(KEEP_ALIVE, MAC, "", keep_alive=True)


def test_a_keep_alive_without_a_mac_is_one_all_the_same() -> None:
    heard = understand(read(keep_alive("")))
    assert (heard.mac, heard.keep_alive) == (None, True)


@pytest.mark.parametrize("instance", [(0,), ()])
def test_a_board_trap_describes_its_alarm(instance: tuple[int, ...]) -> None:
    heard = understand(read(board_trap(10, LINK, instance)))
    assert heard.alert == Alert(
        "acBoardEthernetLinkAlarm", LINK_TEXT, Severity.MAJOR, EventType.EQUIPMENT, 56, "", "", ()
    )
    assert heard.part == "Board#1/EthernetLink#1"
    assert heard.event(MAC, "10.1.2.9") == TrapHeard(MAC, "10.1.2.9", alert=heard.alert, part=heard.part)


def test_a_board_trap_newer_than_our_table_is_named_by_its_number() -> None:
    heard = understand(read(board_trap(132, board_values(132, Severity.WARNING))))
    assert heard.alert is not None
    assert heard.alert.name == "acBoardTrap132"


def test_a_board_trap_that_nobody_takes_back_is_a_remark() -> None:
    heard = understand(read(board_trap(5, board_values(5, Severity.CRITICAL, text="resetting"))))
    assert (heard.remark, heard.alert) == ("acBoardEvResettingBoard: resetting", None)


def test_the_varbinds_of_the_alarm_mib_say_the_same_in_another_order() -> None:
    values: list[int | str] = [99, "", 9, "LAN down", "Board#1", 5, 4, 56, "why", "", ""]
    bound = [varbind((*ALARM_VARBINDS, arc, 0), value) for arc, value in enumerate(values, start=1)]
    heard = understand(read(notification((*ALARM_VARBINDS, 0, 1), *bound)))
    assert heard.alert == Alert(
        "acBoardEthernetLinkAlarm", "LAN down", Severity.CRITICAL, EventType.EQUIPMENT, 56, "", "", ("why",)
    )


@pytest.mark.parametrize(("arc", "severity"), [(3, Severity.MAJOR), (4, Severity.CLEARED)])
def test_a_link_that_goes_down_and_comes_up_is_one_alarm(arc: int, severity: Severity) -> None:
    heard = understand(read(notification((*SNMP_TRAPS, arc), varbind((*IF_INDEX, 3), 3))))
    assert heard.alert is not None
    assert (heard.alert.name, heard.alert.severity, heard.part) == ("linkDown", severity, "Interface#3")


@pytest.mark.parametrize("arc", [1, 2, 5])
def test_a_start_and_a_wrong_community_are_remarks(arc: int) -> None:
    heard = understand(read(notification((*SNMP_TRAPS, arc))))
    assert heard.known
    assert heard.remark
    assert heard.alert is None


def test_the_address_a_notification_is_about_is_read() -> None:
    bound = encode_varbind(SNMP_TRAP_ADDRESS, ber.wrap(Syntax.IP_ADDRESS, bytes((10, 1, 2, 9))))
    assert understand(read(notification((*SNMP_TRAPS, 1), bound))).address == "10.1.2.9"
    nobody = encode_varbind(SNMP_TRAP_ADDRESS, ber.wrap(Syntax.IP_ADDRESS, bytes(4)))
    assert understand(read(notification((*SNMP_TRAPS, 1), nobody))).address == ""


def test_what_is_in_no_table_is_said_to_be_unknown() -> None:
    assert not understand(read(notification((1, 3, 6, 1, 4, 1, 9999, 0, 1)))).known
    assert not understand(read(board_trap(10, [9, "no severity"]))).known
    assert not understand(read(board_trap(10, [*board_values(10, Severity.MAJOR)[:3], 77]))).known


def test_texts_are_cut_short_and_fit_to_be_shown() -> None:
    values = board_values(10, Severity.MAJOR, text="x\x1b[31m" + "y" * 500, source="s" * 500)
    heard = understand(read(board_trap(10, values)))
    assert heard.alert is not None
    assert heard.alert.description == ("x[31m" + "y" * 500)[:199]
    assert len(heard.part) == 100


def test_numbers_of_other_scales_become_other() -> None:
    values = board_values(10, Severity.MAJOR)
    values[5], values[6] = 99, -4
    heard = understand(read(board_trap(10, values)))
    assert heard.alert is not None
    assert (heard.alert.event_type, heard.alert.probable_cause) == (EventType.OTHER, 0)


NAMES = st.builds(
    lambda root, arc, rest: (*root, arc, *rest),
    st.sampled_from([(*BOARD_TRAPS[:-2], 1), ALARM_VARBINDS, IF_INDEX, SNMP_TRAP_ADDRESS]),
    st.integers(0, 14),
    st.lists(st.integers(0, 2**32 - 1), max_size=2),
)
RAW = st.builds(RawVarbind, NAMES, st.sampled_from([2, 4, 5, 6, 0x40, 0x41, 0x46, 0x80, 0x99]), st.binary(max_size=12))


@settings(max_examples=100)
@given(st.sampled_from([KEEP_ALIVE, (*BOARD_TRAPS, 10), (*SNMP_TRAPS, 3), (1, 3)]), st.lists(RAW, max_size=12))
def test_whatever_the_varbinds_are_something_bounded_is_understood(kind: ber.Oid, varbinds: list[RawVarbind]) -> None:
    head = RawVarbind(SYS_UP_TIME, Syntax.TIME_TICKS, b"\0"), RawVarbind(SNMP_TRAP_OID, 6, ber.oid_content(kind))
    heard = understand(Pdu(PduType.TRAP, 1, 0, 0, (*head, *varbinds)))
    assert heard.kind == kind
    assert len(heard.part) <= 100
    assert len(heard.remark) <= 300


def test_a_notification_without_an_identity_is_none() -> None:
    with pytest.raises(BadMessage, match="no_trap_oid"):
        understand(Pdu(PduType.TRAP, 1, 0, 0, ()))
