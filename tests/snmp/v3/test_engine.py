"""Our engine as others meet it: whom it believes, and what it tells those it does not (RFC 3414, section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.snmp_settings import SnmpUser
from daemon.errors import BadMessage
from daemon.snmp import oids
from daemon.snmp.pdu import PduType, decode_pdu, value_of
from daemon.snmp.v3.engine import Engine, NotAccepted
from daemon.snmp.v3.message import Header, ScopedPdu, decode_message, encode_message, encode_scoped_pdu
from daemon.snmp.v3.usm import MOST_BOOTS, Keys, Level, Refusal, user_of
from tests.support.snmp_v3 import ENGINE_ID, NOW, SALT, THEIR_ID, a_header, a_pdu, a_user, an_engine, read, write

USERS = (a_user(), a_user("writer", private=False), a_user("guest", "none"))
BY_NAME = {user.name: user for user in USERS}
LEVELS = {"noc": Level.PRIVATE, "writer": Level.AUTHENTICATED, "guest": Level.PLAIN}


def asked(user: str = "noc", pdu: bytes | None = None, **said: Any) -> bytes:
    """A question as pysnmp writes it, by somebody who knows the passwords of that user."""
    header = a_header(user, said.pop("level", LEVELS.get(user, Level.PRIVATE)), **said)
    speaker = BY_NAME.get(user, USERS[0])
    return write(header, pdu or a_pdu(), USERS[0] if speaker.password is None else speaker, ENGINE_ID)


def refusal(engine: Engine, datagram: bytes, now: float = NOW) -> NotAccepted:
    with pytest.raises(NotAccepted) as refused:
        engine.receive(datagram, now)
    return refused.value


def reported(refused: NotAccepted, user: SnmpUser = USERS[0]) -> tuple[Header, Refusal, int, int]:
    """The Report as pysnmp reads it: its header, what it counts and how far, and the request-id."""
    assert refused.report
    report = read(refused.report, user)
    pdu = decode_pdu(report.pdu)
    assert pdu.type is PduType.REPORT
    (varbind,) = pdu.varbinds
    assert varbind.oid[:-2] == oids.USM_STATS
    count = value_of(varbind)
    assert isinstance(count, int)
    return report.header, Refusal(varbind.oid[-2]), count, pdu.request_id


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_a_question_is_believed_and_its_answer_is_as_protected(user: SnmpUser) -> None:
    engine = an_engine(*USERS)
    received = engine.receive(asked(user.name), NOW)
    assert (received.user, received.pdu, received.context_engine_id) == (user.name, decode_pdu(a_pdu()), ENGINE_ID)
    answer = read(engine.reply(received, a_pdu(PduType.RESPONSE), NOW + 1), user)
    assert answer.pdu == a_pdu(PduType.RESPONSE)
    assert answer.header == a_header(user.name, LEVELS[user.name], time=101, reportable=False)


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_a_trap_of_ours_is_believed_by_pysnmp(user: SnmpUser) -> None:
    engine = an_engine(*USERS)
    ours = engine.users.get(user.name.encode())
    assert ours
    trap = read(engine.notify(ours, a_pdu(PduType.TRAP), 9, NOW), user)
    assert trap.pdu == a_pdu(PduType.TRAP)
    assert trap.header == a_header(user.name, LEVELS[user.name], reportable=False, message_id=9)


def test_who_asks_for_our_engine_is_told_it() -> None:
    engine = an_engine(*USERS)
    nobody = a_header("", Level.PLAIN, engine_id=b"", boots=0, time=0)
    refused = refusal(engine, write(nobody, a_pdu(), USERS[2], b""))
    header, reason, count, request_id = reported(refused)
    assert (reason, count, request_id) == (Refusal.UNKNOWN_ENGINE, 1, 5)
    assert header == a_header("", Level.PLAIN, reportable=False)  # our id and clock
    assert refusal(engine, asked(engine_id=THEIR_ID)).refusal is Refusal.UNKNOWN_ENGINE


def test_who_does_not_know_our_clock_is_told_it_provably() -> None:
    engine = an_engine(*USERS)
    header, reason, count, request_id = reported(refusal(engine, asked(boots=0, time=0)))
    assert (reason, count) == (Refusal.NOT_IN_TIME_WINDOW, 1)
    assert header == a_header(level=Level.AUTHENTICATED, reportable=False)  # pysnmp has checked the MAC
    assert request_id == 0  # the question was not even deciphered


@pytest.mark.parametrize(
    ("boots", "time", "believed"),
    [(7, 100, True), (7, 250, True), (7, 0, True), (7, 251, False), (6, 100, False), (8, 100, False)],
)
def test_the_time_window_is_150_seconds_wide_on_both_sides(boots: int, time: int, *, believed: bool) -> None:
    engine = an_engine(*USERS)
    if believed:
        engine.receive(asked(boots=boots, time=time), NOW)
    else:
        assert refusal(engine, asked(boots=boots, time=time)).refusal is Refusal.NOT_IN_TIME_WINDOW


def test_a_replay_is_refused_once_it_is_old() -> None:
    engine = an_engine(*USERS)
    datagram = asked()
    engine.receive(datagram, NOW)
    assert refusal(engine, datagram, NOW + 151).refusal is Refusal.NOT_IN_TIME_WINDOW


def test_an_engine_that_cannot_count_its_starts_any_further_believes_nobody() -> None:
    engine = an_engine(*USERS, boots=MOST_BOOTS)
    assert refusal(engine, asked(boots=MOST_BOOTS)).refusal is Refusal.NOT_IN_TIME_WINDOW


@pytest.mark.parametrize(
    ("datagram", "reason", "request_id"),
    [
        (asked("stranger"), Refusal.UNKNOWN_USER, 0),
        (asked("guest", level=Level.PRIVATE), Refusal.UNSUPPORTED_LEVEL, 0),
        (asked("noc", level=Level.AUTHENTICATED), Refusal.UNSUPPORTED_LEVEL, 5),  # weaker than the passwords allow
        (asked("noc", level=Level.PLAIN), Refusal.UNSUPPORTED_LEVEL, 5),
        (asked("writer", level=Level.PRIVATE), Refusal.UNSUPPORTED_LEVEL, 0),
    ],
)
def test_each_fault_has_its_report(datagram: bytes, reason: Refusal, request_id: int) -> None:
    engine = an_engine(*USERS)
    for times in (1, 2):
        header, reported_reason, count, about = reported(refusal(engine, datagram))
        assert (reported_reason, count, about, header.level) == (reason, times, request_id, Level.PLAIN)
    assert engine.statistics().refused == {each.name.lower(): 2 if each is reason else 0 for each in Refusal}


def test_a_wrong_password_is_a_wrong_digest() -> None:
    stranger = replace(user_of(a_user()), key=b"x" * 32)
    header, scoped = a_header(), encode_scoped_pdu(ScopedPdu(ENGINE_ID, b"", a_pdu()))
    datagram = encode_message(header, scoped, stranger.at(ENGINE_ID), SALT)
    assert reported(refusal(an_engine(*USERS), datagram))[1] is Refusal.WRONG_DIGEST


def test_a_wrong_privacy_password_is_a_decryption_error() -> None:
    keys = user_of(a_user()).at(ENGINE_ID)
    other = Keys(keys.hash, keys.authentication, b"x" * 16)
    datagram = encode_message(a_header(), encode_scoped_pdu(ScopedPdu(ENGINE_ID, b"", a_pdu())), other, SALT)
    assert reported(refusal(an_engine(*USERS), datagram))[1] is Refusal.DECRYPTION


def test_who_asks_for_no_report_gets_none() -> None:
    assert refusal(an_engine(*USERS), asked("stranger", reportable=False)).report is None


def test_what_cannot_be_read_is_a_bad_message_and_nothing_is_sent_back() -> None:
    with pytest.raises(BadMessage) as refused:
        an_engine(*USERS).receive(asked("writer", b"\xa0\x03\x02\x01\x05"), NOW)
    assert not isinstance(refused.value, NotAccepted)


def trap_of_theirs(user: str = "noc", kind: PduType = PduType.TRAP, boots: int = 3, time: int = 1000) -> bytes:
    header = a_header(user, LEVELS[user], engine_id=THEIR_ID, boots=boots, time=time, reportable=False)
    return write(header, a_pdu(kind), BY_NAME[user], THEIR_ID)


def test_a_trap_of_another_engine_is_believed_by_its_clock() -> None:
    engine = an_engine(*USERS)
    received = engine.receive(trap_of_theirs(), NOW)
    assert (received.pdu.type, received.context_engine_id, received.header.engine_id) == (
        PduType.TRAP,
        THEIR_ID,
        THEIR_ID,
    )
    engine.receive(trap_of_theirs(time=1100), NOW + 100)
    assert refusal(engine, trap_of_theirs(time=1000), NOW + 200).refusal is Refusal.NOT_IN_TIME_WINDOW
    assert refusal(engine, trap_of_theirs(boots=2, time=1200), NOW + 200).report is None
    engine.receive(trap_of_theirs(boots=4, time=0), NOW + 300)
    assert engine.statistics().known == 1


def test_only_who_has_a_key_makes_us_remember_an_engine() -> None:
    engine = an_engine(*USERS)
    engine.receive(trap_of_theirs("guest"), NOW)
    with pytest.raises(NotAccepted):
        engine.receive(trap_of_theirs()[:-1] + b"x", NOW)
    with pytest.raises(BadMessage, match="not_ours"):
        engine.receive(trap_of_theirs(kind=PduType.GET), NOW)
    assert engine.statistics().known == 0


def test_new_passwords_count_from_the_next_message_on() -> None:
    engine = an_engine(*USERS)
    engine.receive(asked(), NOW)
    engine.receive(trap_of_theirs(), NOW)
    engine.apply([a_user(algorithm="SHA-512")])
    assert refusal(engine, asked()).refusal is Refusal.WRONG_DIGEST
    assert refusal(engine, trap_of_theirs()).refusal is Refusal.WRONG_DIGEST
    engine.receive(write(a_header(), a_pdu(), a_user(algorithm="SHA-512"), ENGINE_ID), NOW)


@pytest.mark.parametrize("users", [[], [a_user(private=False)], [a_user(algorithm="none")]])
def test_an_answer_is_as_protected_as_its_question_was_even_after_a_reload(users: list[SnmpUser]) -> None:
    engine = an_engine(*USERS)
    received = engine.receive(asked(), NOW)
    engine.apply(users)
    answer = read(engine.reply(received, a_pdu(PduType.RESPONSE), NOW), a_user())
    assert answer.header.level is Level.PRIVATE


def test_nothing_leaves_before_the_count_of_starts_is_stored() -> None:
    engine = an_engine(*USERS)
    engine.usable = False
    with pytest.raises(BadMessage, match="boots_not_stored"):
        engine.receive(asked(), NOW)


def test_no_two_messages_have_the_same_salt() -> None:
    engine = an_engine(*USERS)
    user = engine.users.get(b"noc")
    assert user
    salts = {decode_message(engine.notify(user, a_pdu(PduType.TRAP), 1, NOW)).salt for _ in range(100)}
    assert len(salts) == 100
    assert Engine(ENGINE_ID, 1, NOW, salt=2**64 - 1).next_salt() == bytes(8)


QUESTIONS = (*(asked(user.name) for user in USERS), trap_of_theirs())


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_message_is_refused_and_a_report_is_all_that_it_causes(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(QUESTIONS)))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    _survives(bytes(damaged[: data.draw(st.integers(at + 1, len(damaged)))]))


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_junk_is_refused(datagram: bytes) -> None:
    _survives(datagram)


def _survives(datagram: bytes) -> None:
    engine = an_engine(*USERS)
    try:
        received = engine.receive(datagram, NOW)
    except NotAccepted as refused:
        assert refused.report is None or decode_message(refused.report)  # noqa: PT017 - either outcome is right
    except BadMessage as refused:
        assert refused.reason  # noqa: PT017 - as above
    else:
        assert received.header.level is Level.PLAIN  # what has a MAC cannot be changed
    assert engine.statistics().known <= 1
