"""Messages, held against pysnmp's reading and writing of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.notifications import EventType, Notification, Severity
from daemon.snmp.ber import Syntax
from daemon.snmp.pdu import PduType
from daemon.snmp.sending.encode import NotificationType, Response, decode_response, encode_notification, encode_trap
from daemon.snmp.sending.traps import Profile, Trap, Varbind, notification_to_trap
from daemon.snmp.v3.usm import user_of
from tests.support import oracle
from tests.support.notifications import a_notification, an_alarm
from tests.support.snmp_v3 import NOW, a_user, an_engine

PROFILES: tuple[Profile, ...] = ("ringkeeper", "audiocodes", "paired")
KINDS: tuple[NotificationType, ...] = (PduType.TRAP, PduType.INFORM)
LONGEST = a_user("u" * 32, "SHA-512")
NAMED_AT_LENGTH = user_of(LONGEST)
ENGINE = an_engine(LONGEST, boots=2**31 - 2, uptime=1e9)

# Texts with surrogates too: a phone's JSON may hold "\ud800".
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
NOTIFICATIONS = st.builds(
    a_notification,
    st.integers(0, 2**40),
    alarm=st.builds(
        an_alarm,
        st.sampled_from(["IPPhoneRegisterFailure", "deviceUnreachable", "something else"]) | TEXTS,
        severity=st.sampled_from(Severity),
        source=TEXTS,
        description=TEXTS,
        event_type=st.sampled_from(EventType),
        probable_cause=st.integers(),
        additional_info=st.lists(TEXTS, max_size=5).map(tuple),
        device=st.none() | st.just("00908f4867af"),
        tenant=TEXTS,
    ),
    at=st.floats(0, 4e9),
    device_ip=st.sampled_from(["", "10.1.2.7", "2001:db8::7", "fe80::1%eth0", "no address"]),
)


@settings(max_examples=60)
@given(NOTIFICATIONS, st.sampled_from(PROFILES), st.sampled_from(KINDS), st.integers(0, 2**31 - 1))
def test_every_notification_is_the_bytes_that_pysnmp_writes(
    notification: Notification, profile: Profile, pdu: NotificationType, request_id: int
) -> None:
    trap = notification_to_trap(notification, profile, 32473, 12.5, 7)
    ours = encode_notification(trap, pdu, request_id, b"public")
    assert ours == oracle.notification(trap, pdu, request_id, b"public")
    assert list(oracle.varbinds(ours)) == [bind.oid for bind in trap.varbinds]


@settings(max_examples=60)
@given(NOTIFICATIONS, st.sampled_from(PROFILES))
def test_the_largest_notification_fits_one_ethernet_frame(notification: Notification, profile: Profile) -> None:
    trap = notification_to_trap(notification, profile, 2**31 - 1, 12.5, 7)
    assert len(encode_notification(trap, PduType.INFORM, 2**31 - 1, b"c" * 32)) <= 1472


def test_a_notification_of_the_longest_texts_fits_one_ethernet_frame() -> None:
    alarm = an_alarm(
        "n" * 999, source="s" * 999, description="d" * 999, additional_info=("i" * 999,) * 3, tenant="t" * 999
    )
    for profile in PROFILES:
        trap = notification_to_trap(a_notification(2**32 - 1, alarm=alarm), profile, 2**31 - 1, 1e9, 2**32 - 1)
        assert len(encode_notification(trap, PduType.INFORM, 2**31 - 1, b"c" * 32)) <= 1472
        pdu = encode_trap(trap, PduType.INFORM, 2**31 - 1)
        assert len(ENGINE.notify(NAMED_AT_LENGTH, pdu, 2**31 - 1, NOW)) <= 1472


def test_a_small_trap_octet_by_octet() -> None:
    trap = Trap((1, 3, 6), (Varbind((1, 3, 6, 1), Syntax.TIME_TICKS, 128),))
    assert encode_notification(trap, PduType.TRAP, 5, b"public").hex(" ") == (
        "30 23 02 01 01 04 06 70 75 62 6c 69 63"  # v2c, "public"
        " a7 16 02 01 05 02 01 00 02 01 00"  # trap 5
        " 30 0b 30 09 06 03 2b 06 01 43 02 00 80"
    )


@settings(max_examples=60)
@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 18), st.binary(max_size=200))
def test_every_response_that_pysnmp_writes_is_read(request_id: int, error_status: int, community: bytes) -> None:
    whole = oracle.response(request_id, error_status, community)
    assert decode_response(whole) == Response(request_id, error_status)


@given(st.binary(max_size=200))
def test_whatever_comes_in_is_a_response_or_a_bad_message(datagram: bytes) -> None:
    _read_or_refuse(datagram)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_response_is_a_response_or_a_bad_message(data: st.DataObject) -> None:
    damaged = bytearray(oracle.response(77))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refuse(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


def _read_or_refuse(datagram: bytes) -> None:
    try:
        assert isinstance(decode_response(datagram), Response)
    except BadMessage as refusal:
        assert refusal.reason  # noqa: PT017 - either outcome is right; a refusal must be countable


def test_every_cut_of_a_response_is_refused_and_trailing_octets_do_no_harm() -> None:
    whole = oracle.response(77, 5)
    for size in range(len(whole)):
        with pytest.raises(BadMessage):
            decode_response(whole[:size])
    assert decode_response(whole + b"trailing") == Response(77, 5)


def test_other_versions_and_other_pdus_are_refused_by_name() -> None:
    whole = oracle.response(77)
    version = whole.index(b"\x02\x01\x01") + 2
    with pytest.raises(BadMessage, match="version"):
        decode_response(whole[:version] + b"\x00" + whole[version + 1 :])
    told = notification_to_trap(a_notification(), "ringkeeper", 1, 0, 7)
    trap = encode_notification(told, PduType.TRAP, 77, b"public")
    with pytest.raises(BadMessage, match="unexpected_type"):
        decode_response(trap)
