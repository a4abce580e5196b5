"""Finding a manager's engine, following its clock, and what its answers are worth. The manager is an engine of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.snmp import oids
from daemon.snmp.pdu import PduType, encode_pdu, encode_varbind
from daemon.snmp.v3.engine import Engine, NotAccepted
from daemon.snmp.v3.manager_engine import Acknowledged, Answer, Learnt, ManagerEngine, Refused
from daemon.snmp.v3.message import ScopedPdu, encode_message, encode_scoped_pdu
from daemon.snmp.v3.usm import Keys, Level, User, user_of
from tests.support.snmp_v3 import NOW, SALT, THEIR_ID, a_header, a_pdu, a_user, an_engine, read

INFORM, RESPONSE = a_pdu(PduType.INFORM), a_pdu(PduType.RESPONSE)
USER = user_of(a_user())


def their_engine(boots: int = 3, uptime: float = 1000.0) -> Engine:
    return an_engine(a_user(), engine_id=THEIR_ID, boots=boots, uptime=uptime)


def told(theirs: Engine, datagram: bytes, now: float = NOW) -> bytes:
    """What a manager with that engine sends back."""
    try:
        received = theirs.receive(datagram, now)
    except NotAccepted as refused:
        assert refused.report  # noqa: PT017 - what a manager sends back is no failure here
        return refused.report
    assert received.pdu.type is PduType.INFORM
    return theirs.reply(received, RESPONSE, now)


def exchange(ours: ManagerEngine, theirs: Engine, user: User = USER, number: int = 9, now: float = NOW) -> Answer:
    return ours.receive(told(theirs, ours.request(user, INFORM, number, SALT, now), now), user, number, now)


@pytest.fixture
def acquainted() -> tuple[ManagerEngine, Engine]:
    """Ours, which knows theirs."""
    ours, theirs = ManagerEngine(), their_engine()
    assert [type(exchange(ours, theirs)) for _ in range(3)] == [Learnt, Learnt, Acknowledged]
    return ours, theirs


def test_the_engine_is_found_then_its_clock_then_the_inform_is_acknowledged() -> None:
    ours, theirs = ManagerEngine(), their_engine()
    assert exchange(ours, theirs) == Learnt("unknown_engine")
    assert exchange(ours, theirs) == Learnt("not_in_time_window")
    assert exchange(ours, theirs) == Acknowledged(0)


def test_the_question_for_the_engine_is_what_pysnmp_reads_as_one() -> None:
    asked = read(ManagerEngine().request(USER, INFORM, 9, SALT, NOW), a_user(algorithm="none"))
    assert asked.header == a_header("", Level.PLAIN, engine_id=b"", boots=0, time=0, message_id=9)


def test_a_user_without_passwords_needs_no_clock() -> None:
    guest = a_user(algorithm="none")
    ours, theirs = ManagerEngine(), an_engine(guest, engine_id=THEIR_ID)
    assert exchange(ours, theirs, user_of(guest)) == Learnt("unknown_engine")
    assert exchange(ours, theirs, user_of(guest)) == Acknowledged(0)


@pytest.mark.parametrize(("boots", "uptime"), [(4, 0.0), (2, 50.0)])
def test_a_manager_that_was_restarted_is_believed_even_if_its_count_went_back(
    acquainted: tuple[ManagerEngine, Engine], boots: int, uptime: float
) -> None:
    ours, _ = acquainted
    theirs = their_engine(boots, uptime)
    assert exchange(ours, theirs) == Learnt("not_in_time_window")
    assert exchange(ours, theirs) == Acknowledged(0)


def test_a_manager_in_anothers_place_is_found_anew(acquainted: tuple[ManagerEngine, Engine]) -> None:
    ours, _ = acquainted
    other = an_engine(a_user(), engine_id=THEIR_ID + b"2")
    assert exchange(ours, other) == Learnt("unknown_engine")
    assert [type(exchange(ours, other)) for _ in range(2)] == [Learnt, Acknowledged]


def test_its_clock_is_followed_while_nothing_is_said(acquainted: tuple[ManagerEngine, Engine]) -> None:
    ours, theirs = acquainted
    assert exchange(ours, theirs, now=NOW + 86400) == Acknowledged(0)


def test_what_the_manager_holds_against_us_is_told_by_its_name(acquainted: tuple[ManagerEngine, Engine]) -> None:
    ours, theirs = acquainted
    assert exchange(ours, theirs, user_of(a_user("stranger"))) == Refused("unknown_user")
    assert exchange(ours, theirs, user_of(a_user(algorithm="SHA-512"))) == Refused("wrong_digest")
    assert exchange(ours, theirs, user_of(a_user(private=False))) == Refused("unsupported_level")


def test_a_report_that_nobody_knows_is_a_refusal_too(acquainted: tuple[ManagerEngine, Engine]) -> None:
    ours, _ = acquainted
    strange = encode_pdu(PduType.REPORT, 5, [encode_varbind((*oids.USM_STATS, 9, 0), b"\x41\x01\x01")])
    header = a_header(level=Level.PLAIN, engine_id=THEIR_ID, message_id=9)
    for pdu in (strange, encode_pdu(PduType.REPORT, 5, ())):
        report = encode_message(header, encode_scoped_pdu(ScopedPdu(THEIR_ID, b"", pdu)), Keys(), b"")
        assert ours.receive(report, USER, 9, NOW) == Refused("other_report")


@pytest.mark.parametrize("named", [THEIR_ID, b"four", b""])
def test_an_engine_that_does_not_know_itself_is_a_refusal(
    acquainted: tuple[ManagerEngine, Engine], named: bytes
) -> None:
    """Else the two would talk about it for ever."""
    ours, _ = acquainted
    unknown = encode_pdu(PduType.REPORT, 5, [encode_varbind((*oids.USM_STATS, 4, 0), b"\x41\x01\x01")])
    header = a_header(level=Level.PLAIN, engine_id=named, message_id=9)
    report = encode_message(header, encode_scoped_pdu(ScopedPdu(named, b"", unknown)), Keys(), b"")
    assert ours.receive(report, USER, 9, NOW) == Refused("unknown_engine")


def refused(ours: ManagerEngine, datagram: bytes, number: int = 9, now: float = NOW) -> str:
    with pytest.raises(BadMessage) as bad:
        ours.receive(datagram, USER, number, now)
    return bad.value.reason


def answer(theirs: Engine, pdu: bytes = RESPONSE, level: Level = Level.PRIVATE, boots: int = 3) -> bytes:
    header = a_header(level=level, engine_id=theirs.id, boots=boots, time=1000, message_id=9, reportable=False)
    return encode_message(header, encode_scoped_pdu(ScopedPdu(theirs.id, b"", pdu)), USER.at(theirs.id), SALT)


def test_answers_that_prove_nothing_are_no_answers(acquainted: tuple[ManagerEngine, Engine]) -> None:
    ours, theirs = acquainted
    good = answer(theirs)
    assert refused(ours, good, number=10) == "other_request"
    assert refused(ours, good[:-1] + bytes((good[-1] ^ 1,))) == "wrong_digest"
    assert refused(ours, answer(theirs, level=Level.PLAIN)) == "unauthenticated"
    assert refused(ours, answer(theirs, level=Level.AUTHENTICATED)) == "unexpected_type"
    assert refused(ours, answer(theirs, a_pdu(PduType.GET))) == "unexpected_type"
    assert refused(ours, answer(theirs, boots=2)) == "not_in_time_window"
    assert refused(ours, answer(their_engine()).replace(THEIR_ID, THEIR_ID[:-1] + b"x")) == "other_engine"
    assert refused(ManagerEngine(), good) == "other_engine"
    assert ours.receive(good, USER, 9, NOW) == Acknowledged(0)


def test_a_clock_without_a_mac_is_not_learnt(acquainted: tuple[ManagerEngine, Engine]) -> None:
    ours, theirs = acquainted
    late = encode_pdu(PduType.REPORT, 5, [encode_varbind((*oids.USM_STATS, 2, 0), b"\x41\x01\x01")])
    assert refused(ours, answer(theirs, late, Level.PLAIN, boots=99)) == "unauthenticated"
    assert exchange(ours, theirs) == Acknowledged(0)


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_answer_acknowledges_nothing(data: st.DataObject) -> None:
    ours, theirs = ManagerEngine(), their_engine()
    answers = [told(theirs, ours.request(USER, INFORM, 9, SALT, NOW))]
    for _ in range(2):
        ours.receive(answers[-1], USER, 9, NOW)
        answers.append(told(theirs, ours.request(USER, INFORM, 9, SALT, NOW)))
    damaged = bytearray(data.draw(st.sampled_from(answers)))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        assert not isinstance(ours.receive(bytes(damaged), USER, 9, NOW), Acknowledged)
    except BadMessage as bad:
        assert bad.reason  # noqa: PT017 - either outcome is right


@given(st.binary(max_size=200))
def test_junk_is_refused(datagram: bytes) -> None:
    assert refused(ManagerEngine(), datagram)
