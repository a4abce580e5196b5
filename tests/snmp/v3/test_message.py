"""Messages of SNMPv3 as pysnmp reads and writes them, and damaged ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.snmp import ber
from daemon.snmp.ber import Syntax
from daemon.snmp.v3.message import (
    Header,
    Message,
    ScopedPdu,
    decode_message,
    decode_scoped_pdu,
    encode_message,
    encode_scoped_pdu,
)
from daemon.snmp.v3.usm import HASHES, Keys, Level, user_of
from tests.support.snmp_v3 import ENGINE_ID, SALT, Algorithm, a_header, a_pdu, a_user, read, write

SCOPED = ScopedPdu(ENGINE_ID, b"", a_pdu())
NUMBERS = st.integers(0, 2**31 - 1)


def a_message(level: Level = Level.PRIVATE) -> bytes:
    keys = user_of(a_user()).at(ENGINE_ID) if level else Keys()
    return encode_message(a_header(level=level), encode_scoped_pdu(SCOPED), keys, SALT)


@pytest.mark.parametrize("algorithm", HASHES)
@settings(max_examples=5, deadline=None)
@given(message_id=NUMBERS, boots=NUMBERS, time=NUMBERS, level=st.sampled_from(Level), reportable=st.booleans())
def test_pysnmp_reads_what_we_write_and_writes_what_we_read(
    algorithm: Algorithm, message_id: int, boots: int, time: int, level: Level, *, reportable: bool
) -> None:
    user = a_user(algorithm=algorithm)
    header = a_header(level=level, boots=boots, time=time, message_id=message_id, reportable=reportable)
    keys = user_of(user).at(ENGINE_ID)
    ours = encode_message(header, encode_scoped_pdu(SCOPED), keys, SALT)
    theirs = read(ours, user)
    assert (theirs.header, theirs.context_engine_id, theirs.pdu) == (header, ENGINE_ID, SCOPED.pdu)

    message = decode_message(write(header, SCOPED.pdu, user, ENGINE_ID))
    assert message.header == header
    data = message.data
    if level:
        assert keys.authentic(message.signed, message.mac)
    if level is Level.PRIVATE:
        data = keys.decrypt(data, boots, time, message.salt)
    assert decode_scoped_pdu(data) == SCOPED


@pytest.mark.parametrize("level", Level)
def test_every_cut_of_a_message_is_refused_and_what_follows_it_is_not_part_of_it(level: Level) -> None:
    whole = a_message(level)
    for size in range(len(whole)):
        with pytest.raises(BadMessage):
            decode_message(whole[:size])
    assert decode_message(whole + b"trailing") == decode_message(whole)


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_message_is_a_message_or_refused_with_a_reason(data: st.DataObject) -> None:
    damaged = bytearray(a_message(data.draw(st.sampled_from(Level))))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = decode_message(bytes(damaged))
    except BadMessage as refusal:
        assert refusal.reason  # noqa: PT017 - either outcome is right; a refusal must be countable
    else:
        assert isinstance(message, Message)


@given(st.binary(max_size=200))
def test_whatever_comes_in_is_a_message_or_refused(datagram: bytes) -> None:
    with pytest.raises(BadMessage):
        decode_message(datagram)


@given(st.binary(max_size=100))
def test_whatever_was_deciphered_is_a_scoped_pdu_or_refused(data: bytes) -> None:
    try:
        assert isinstance(decode_scoped_pdu(data), ScopedPdu)
    except BadMessage as refusal:
        assert refusal.reason  # noqa: PT017 - as above


def _with(flags: bytes = b"\x04", model: int = 3, max_size: int = 65507, engine_id: bytes = ENGINE_ID) -> bytes:
    about = (ber.integer(77), ber.integer(max_size), ber.wrap(Syntax.OCTETS, flags), ber.integer(model))
    nothing = ber.wrap(Syntax.OCTETS, b"")
    parameters = (ber.wrap(Syntax.OCTETS, engine_id), ber.integer(0), ber.integer(0), nothing, nothing, nothing)
    return ber.sequence(
        (
            ber.integer(3),
            ber.sequence(about),
            ber.wrap(Syntax.OCTETS, ber.sequence(parameters)),
            encode_scoped_pdu(SCOPED),
        )
    )


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (_with(flags=b"\x02"), "flags"),  # privacy without authentication
        (_with(flags=b""), "flags"),
        (_with(flags=b"\x04\x04"), "flags"),
        (_with(model=1), "security_model"),
        (_with(max_size=483), "max_size"),
        (_with(engine_id=bytes(33)), "security_parameters"),
        (ber.sequence((ber.integer(1), ber.wrap(Syntax.OCTETS, b"public"))), "version"),
    ],
)
def test_what_the_rfc_forbids_is_refused_by_name(datagram: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        decode_message(datagram)
    assert refused.value.reason == reason


def test_flags_of_a_later_version_do_no_harm() -> None:
    assert decode_message(_with(flags=b"\xfc")).header == Header(77, 65507, Level.PLAIN, True, ENGINE_ID, 0, 0, b"")


def test_a_private_message_without_a_salt_of_eight_octets_is_refused() -> None:
    whole = bytearray(a_message())
    at = whole.index(b"\x04\x08" + SALT)
    shorter = bytes(whole[:at]) + b"\x04\x07" + SALT[:7] + b"\x00" + bytes(whole[at + 10 :])
    with pytest.raises(BadMessage):
        decode_message(shorter)
