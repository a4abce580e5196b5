"""What managers are told, varbind by varbind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.notifications import EventType, Severity
from daemon.snmp import oids
from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.sending.traps import (
    Profile,
    Trap,
    Varbind,
    clip,
    cold_start,
    date_and_time,
    heartbeat,
    notification_to_trap,
)
from tests.support.notifications import WEDNESDAY, a_notification, an_alarm

AC: Oid = (1, 3, 6, 1, 4, 1, 5003, 9)
RK: Oid = (1, 3, 6, 1, 4, 1, 32473, 1)
WEDNESDAY_OCTETS = bytes.fromhex("07ea 03 04 09 0f 02 01 2b 00 00")


def by_oid(trap: Trap) -> dict[Oid, int | bytes | Oid]:
    return {bind.oid: bind.value for bind in trap.varbinds}


def test_the_ringkeeper_profile_says_everything_in_the_order_of_the_mib() -> None:
    trap = notification_to_trap(a_notification(), "ringkeeper", 32473, 12.345, 7)
    assert trap == Trap(
        (*RK, 0, 4),
        (
            Varbind((1, 3, 6, 1, 2, 1, 1, 3, 0), Syntax.TIME_TICKS, 1234),
            Varbind((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), Syntax.OID, (*RK, 0, 4)),
            Varbind((*RK, 1, 1, 0), Syntax.UNSIGNED, 7),
            Varbind((*RK, 1, 2, 0), Syntax.OCTETS, WEDNESDAY_OCTETS),
            Varbind((*RK, 1, 3, 0), Syntax.OCTETS, b"IPPhone#1/00908f4867af/IPPhoneRegisterFailure/5"),
            Varbind((*RK, 1, 4, 0), Syntax.OCTETS, b"IPPhoneRegisterFailure"),
            Varbind((*RK, 1, 5, 0), Syntax.OCTETS, b"SIP registration failed"),
            Varbind((*RK, 1, 6, 0), Syntax.OCTETS, b"IPPhone#1/00908f4867af"),
            Varbind((*RK, 1, 7, 0), Syntax.INTEGER, 3),  # ITU: critical
            Varbind((*RK, 1, 8, 0), Syntax.INTEGER, 2),  # IANA: communicationsAlarm
            Varbind((*RK, 1, 9, 0), Syntax.INTEGER, 504),  # IANA: communicationsProtocolError
            Varbind((*RK, 1, 10, 0), Syntax.OCTETS, b"acme"),
            Varbind((*RK, 1, 11, 0), Syntax.OCTETS, bytes.fromhex("00908f4867af")),
            Varbind((*RK, 1, 12, 0), Syntax.OCTETS, b"10.1.2.7"),
            Varbind((*RK, 1, 13, 0), Syntax.OCTETS, b"pbx-a refused it"),
            Varbind((1, 3, 6, 1, 6, 3, 18, 1, 3, 0), Syntax.IP_ADDRESS, bytes((10, 1, 2, 7))),
        ),
    )


def test_the_audiocodes_profile_sends_the_eleven_varbinds_of_a_board_trap() -> None:
    trap = notification_to_trap(a_notification(), "audiocodes", 32473, 12.345, 7)
    assert trap == Trap(
        (*AC, 20, 3, 2, 0, 39),
        (
            Varbind((1, 3, 6, 1, 2, 1, 1, 3, 0), Syntax.TIME_TICKS, 1234),
            Varbind((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), Syntax.OID, (*AC, 20, 3, 2, 0, 39)),
            Varbind((*AC, 10, 1, 21, 1, 1, 0), Syntax.INTEGER, 38),  # the trap's last arc, less one
            Varbind((*AC, 10, 1, 21, 1, 2, 0), Syntax.OCTETS, b"SIP registration failed"),
            Varbind((*AC, 10, 1, 21, 1, 3, 0), Syntax.OCTETS, b"IPPhone#1/00908f4867af"),
            Varbind((*AC, 10, 1, 21, 1, 4, 0), Syntax.INTEGER, 5),
            Varbind((*AC, 10, 1, 21, 1, 5, 0), Syntax.INTEGER, 7),
            Varbind((*AC, 10, 1, 21, 1, 6, 0), Syntax.INTEGER, 1),
            Varbind((*AC, 10, 1, 21, 1, 7, 0), Syntax.INTEGER, 5),
            Varbind((*AC, 10, 1, 21, 1, 8, 0), Syntax.OCTETS, b"pbx-a refused it"),
            Varbind((*AC, 10, 1, 21, 1, 9, 0), Syntax.OCTETS, b""),
            Varbind((*AC, 10, 1, 21, 1, 10, 0), Syntax.OCTETS, b""),
            Varbind((*AC, 10, 1, 21, 1, 11, 0), Syntax.OCTETS, WEDNESDAY_OCTETS),
        ),
    )


@pytest.mark.parametrize(
    ("name", "profile", "identity"),
    [
        ("deviceUnreachable", "ringkeeper", (*RK, 0, 1)),
        ("deviceDisconnected", "ringkeeper", (*RK, 0, 2)),
        ("storeFailure", "ringkeeper", (*RK, 0, 3)),
        ("IPPhoneGeneralLocalEvent", "ringkeeper", (*RK, 0, 4)),
        ("IPPhoneGeneralLocalEvent", "audiocodes", (*AC, 20, 3, 2, 0, 57)),
        ("deviceUnreachable", "audiocodes", (*RK, 0, 1)),
        ("an alarm of next year's firmware", "audiocodes", (*RK, 0, 4)),
    ],
)
def test_every_alarm_has_its_identity(name: str, profile: Profile, identity: Oid) -> None:
    trap = notification_to_trap(a_notification(alarm=an_alarm(name)), profile, 32473, 0, 7)
    assert trap.oid == identity
    assert by_oid(trap)[oids.SNMP_TRAP_OID] == identity


def test_a_clear_is_the_same_trap_with_severity_cleared() -> None:
    clear = a_notification(alarm=an_alarm(severity=Severity.CLEARED))
    ringkeeper = notification_to_trap(clear, "ringkeeper", 32473, 0, 7)
    audiocodes = notification_to_trap(clear, "audiocodes", 32473, 0, 7)
    assert ringkeeper.oid == notification_to_trap(a_notification(), "ringkeeper", 32473, 0, 7).oid
    assert by_oid(ringkeeper)[oids.ringkeeper_instance(32473, oids.SEVERITY)] == 1
    assert by_oid(audiocodes)[oids.audiocodes_instance(4)] == 0


def test_an_alarm_of_no_phone_has_empty_fields_and_no_trap_address() -> None:
    alarm = an_alarm("storeFailure", device=None, tenant="", additional_info=(), source="store")
    values = by_oid(notification_to_trap(a_notification(alarm=alarm, device_ip=""), "ringkeeper", 32473, 0, 7))
    for wanted in (oids.TENANT, oids.DEVICE_MAC, oids.DEVICE_ADDRESS, oids.ADDITIONAL_INFO):
        assert values[oids.ringkeeper_instance(32473, wanted)] == b""
    assert oids.SNMP_TRAP_ADDRESS not in values


@pytest.mark.parametrize(
    ("device_ip", "shown"), [("2001:DB8:0::7", b"2001:db8::7"), ("phone-7", b""), ("10.1.2.999", b"")]
)
def test_only_an_ipv4_address_becomes_a_trap_address(device_ip: str, shown: bytes) -> None:
    values = by_oid(notification_to_trap(a_notification(device_ip=device_ip), "ringkeeper", 32473, 0, 7))
    assert values[oids.ringkeeper_instance(32473, oids.DEVICE_ADDRESS)] == shown
    assert oids.SNMP_TRAP_ADDRESS not in values


def test_causes_that_nobody_lists_are_other() -> None:
    alarm = an_alarm(probable_cause=4711, event_type=EventType.OTHER)
    ringkeeper = by_oid(notification_to_trap(a_notification(alarm=alarm), "ringkeeper", 32473, 0, 7))
    assert ringkeeper[oids.ringkeeper_instance(32473, oids.PROBABLE_CAUSE)] == 1024
    audiocodes = by_oid(notification_to_trap(a_notification(alarm=alarm), "audiocodes", 32473, 0, 7))
    assert audiocodes[oids.audiocodes_instance(7)] == 4711


@pytest.mark.parametrize("cause", [-1, 2**31])
def test_a_cause_that_no_integer_of_the_vendor_holds_is_other(cause: int) -> None:
    alarm = an_alarm(probable_cause=cause)
    audiocodes = by_oid(notification_to_trap(a_notification(alarm=alarm), "audiocodes", 32473, 0, 7))
    assert audiocodes[oids.audiocodes_instance(7)] == 0


@pytest.mark.parametrize(
    ("sequence", "unique"), [(0, 0), (32_000, 32_000), (32_001, 0), (2**32 + 5, (2**32 + 5) % 32_001)]
)
def test_the_unique_id_stays_within_the_vendors_range(sequence: int, unique: int) -> None:
    values = by_oid(notification_to_trap(a_notification(), "audiocodes", 32473, 0, sequence))
    assert values[oids.audiocodes_instance(5)] == unique


def test_the_number_is_the_managers_own_and_not_the_notifications() -> None:
    values = by_oid(notification_to_trap(a_notification(99), "ringkeeper", 32473, 0, 2**32 + 4))
    assert values[oids.ringkeeper_instance(32473, oids.SEQUENCE)] == 4


def test_the_paired_profile_has_one_identity_for_the_raise_and_another_for_the_clear() -> None:
    alarms = [an_alarm("deviceUnreachable", severity=severity) for severity in (Severity.MINOR, Severity.CLEARED)]
    raised, cleared = (notification_to_trap(a_notification(alarm=alarm), "paired", 32473, 0, 7) for alarm in alarms)
    assert (raised.oid, cleared.oid) == ((*RK, 0, 1002), (*RK, 0, 1003))
    ours = notification_to_trap(a_notification(alarm=alarms[0]), "ringkeeper", 32473, 0, 7)
    assert raised.varbinds[2:] == ours.varbinds[2:]
    unnamed = notification_to_trap(a_notification(), "paired", 32473, 0, 7)
    assert unnamed.oid == (*RK, 0, *oids.paired_arcs(oids.OWN_NOTIFICATIONS[oids.DEVICE_ALARM])[:1])


def test_the_start_is_the_standards_cold_start() -> None:
    assert cold_start(12.345) == Trap(
        (1, 3, 6, 1, 6, 3, 1, 1, 5, 1),
        (
            Varbind(oids.SYS_UP_TIME, Syntax.TIME_TICKS, 1234),
            Varbind(oids.SNMP_TRAP_OID, Syntax.OID, (1, 3, 6, 1, 6, 3, 1, 1, 5, 1)),
        ),
    )


def test_a_heartbeat_says_when_and_what_was_last_said() -> None:
    assert heartbeat(41, WEDNESDAY, 32473, 12.345) == Trap(
        (*RK, 0, 20),
        (
            Varbind(oids.SYS_UP_TIME, Syntax.TIME_TICKS, 1234),
            Varbind(oids.SNMP_TRAP_OID, Syntax.OID, (*RK, 0, 20)),
            Varbind((*RK, 1, 1, 0), Syntax.UNSIGNED, 41),
            Varbind((*RK, 1, 2, 0), Syntax.OCTETS, WEDNESDAY_OCTETS),
        ),
    )


def test_long_texts_of_a_board_trap_are_cut_where_the_vendor_cuts_them() -> None:
    alarm = an_alarm(source="s" * 101, description="d" * 201, additional_info=("i" * 101, "second", "third", "fourth"))
    values = by_oid(notification_to_trap(a_notification(alarm=alarm), "audiocodes", 32473, 0, 7))
    assert [values[oids.audiocodes_instance(arc)] for arc in (2, 3, 8, 9, 10)] == [
        b"d" * 200,
        b"s" * 100,
        b"i" * 100,
        b"second",
        b"third",
    ]


def test_additional_information_is_joined_without_its_empty_parts() -> None:
    alarm = an_alarm(additional_info=("TLS connection failure", "", "NTP server error"))
    values = by_oid(notification_to_trap(a_notification(alarm=alarm), "ringkeeper", 32473, 0, 7))
    assert values[oids.ringkeeper_instance(32473, oids.ADDITIONAL_INFO)] == b"TLS connection failure; NTP server error"


def test_the_uptime_wraps_as_time_ticks_do() -> None:
    trap = notification_to_trap(a_notification(), "ringkeeper", 32473, 2**32 / 100 + 1, 7)
    assert trap.varbinds[0].value == 100


@given(st.text(), st.integers(0, 40))
def test_cutting_never_splits_a_character(text: str, limit: int) -> None:
    cut = clip(text, limit)
    assert len(cut) <= limit
    assert text.startswith(cut.decode())
    assert len(cut) > limit - 4 or cut == text.encode()


def test_what_utf8_cannot_say_becomes_a_question_mark() -> None:
    assert clip("a\ud800b", 10) == b"a?b"


def test_a_time_is_utc_and_says_so() -> None:
    assert date_and_time(WEDNESDAY) == WEDNESDAY_OCTETS
    assert date_and_time(0) == bytes.fromhex("07b2 01 01 00 00 00 00 2b 00 00")
