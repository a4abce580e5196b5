"""Questions and their answers, as RFC 3416 has them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.snmp import ber
from daemon.snmp.agent.answers import answer, not_authorised
from daemon.snmp.agent.tables import Column, Rows
from daemon.snmp.agent.views import Sight, View
from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.pdu import ErrorStatus, Pdu, PduType, RawVarbind, decode_pdu, value_of

ROOMY = 60_000
OBJECTS = ((1, 3, 1), (1, 3, 2), (1, 3, 200), (1, 4))


def sight(*rows: Oid) -> Sight:
    """Objects with these rows; the value of each is the number of its row."""
    shared = Rows(lambda row: row, rows)
    return Sight([Column(oid, shared, lambda row: ber.integer(row[0])) for oid in OBJECTS], View([(1,)], []))


SIGHT = sight((1,), (2,), (5, 7))
THERE = [(*oid, *row) for oid in OBJECTS for row in ((1,), (2,), (5, 7))]


def ask(kind: PduType, *oids: Oid, numbers: tuple[int, int] = (0, 0), room: int = ROOMY, most: int = 1000) -> Pdu:
    """The answer, read."""
    varbinds = tuple(RawVarbind(oid, Syntax.NULL, b"") for oid in oids)
    answered = decode_pdu(answer(Pdu(kind, 77, *numbers, varbinds), SIGHT, room, most))
    assert answered.type is PduType.RESPONSE
    assert answered.request_id == 77
    return answered


def test_each_instance_has_its_value_or_its_own_exception() -> None:
    answered = ask(PduType.GET, (1, 3, 1, 2), (1, 3, 1, 3), (1, 5, 0), (1, 4, 5, 7))
    assert [varbind.oid for varbind in answered.varbinds] == [(1, 3, 1, 2), (1, 3, 1, 3), (1, 5, 0), (1, 4, 5, 7)]
    tags = [varbind.tag for varbind in answered.varbinds]
    assert tags == [Syntax.INTEGER, Syntax.NO_SUCH_INSTANCE, Syntax.NO_SUCH_OBJECT, Syntax.INTEGER]


def test_the_next_of_each_is_the_first_beyond_it() -> None:
    asked: list[Oid] = [(0, 0), (1, 3, 1), (1, 3, 1, 1), (1, 3, 1, 5, 7), (1, 3, 2, 9), (1, 4, 5, 7), (2, 9)]
    answered = ask(PduType.GET_NEXT, *asked)
    expected = [next((oid for oid in sorted(THERE) if oid > each), each) for each in asked]
    assert [varbind.oid for varbind in answered.varbinds] == expected
    assert [varbind.tag for varbind in answered.varbinds][-2:] == [Syntax.END_OF_MIB_VIEW] * 2


@settings(max_examples=60)
@given(
    rows=st.sets(st.lists(st.integers(0, 300), min_size=1, max_size=3).map(tuple), max_size=12),
    repetitions=st.integers(1, 20),
    room=st.integers(25, 400),
)
def test_a_walk_in_steps_and_one_in_strides_both_meet_everything_in_order(
    rows: set[Oid], repetitions: int, room: int
) -> None:
    shown = sight(*rows)
    model = sorted({(*oid, *row) for oid in OBJECTS for row in rows})

    def walk(kind: PduType) -> list[Oid]:
        met: list[Oid] = [(0, 0)]
        while True:
            asked = Pdu(kind, 1, 0, repetitions, (RawVarbind(met[-1], Syntax.NULL, b""),))
            answered = decode_pdu(answer(asked, shown, room, 1000))
            assert answered.error_status == ErrorStatus.NO_ERROR
            for varbind in answered.varbinds:
                if varbind.tag == Syntax.END_OF_MIB_VIEW:
                    return met[1:]
                met.append(varbind.oid)

    steps = walk(PduType.GET_NEXT)
    assert steps == walk(PduType.GET_BULK)
    assert sorted(set(steps)) == model
    assert len(steps) == len(OBJECTS) * len(rows)


def test_of_a_bulk_some_are_asked_once_and_the_others_in_turn() -> None:
    answered = ask(PduType.GET_BULK, (1, 4), (1, 3, 1), (1, 3, 2), numbers=(1, 2))
    assert [varbind.oid for varbind in answered.varbinds] == [
        (1, 4, 1),
        *((1, 3, 1, 1), (1, 3, 2, 1)),
        *((1, 3, 1, 2), (1, 3, 2, 2)),
    ]


def test_a_bulk_goes_no_further_than_we_allow_and_stops_when_all_are_at_the_end() -> None:
    assert len(ask(PduType.GET_BULK, (1, 3), numbers=(0, 500), most=4).varbinds) == 4
    ended = ask(PduType.GET_BULK, (1, 4, 2), (2, 9), numbers=(0, 500))
    assert [varbind.tag for varbind in ended.varbinds] == [
        *(Syntax.INTEGER, Syntax.END_OF_MIB_VIEW),
        *(Syntax.END_OF_MIB_VIEW, Syntax.END_OF_MIB_VIEW),
    ]
    assert [varbind.oid for varbind in ended.varbinds] == [(1, 4, 5, 7), (2, 9), (1, 4, 5, 7), (2, 9)]


def test_a_bulk_without_repetitions_or_with_nothing_asked_is_answered_with_nothing() -> None:
    assert ask(PduType.GET_BULK, (1, 3), numbers=(0, 0)).varbinds == ()
    assert ask(PduType.GET_BULK, numbers=(0, 9)).varbinds == ()
    assert len(ask(PduType.GET_BULK, (1, 3), numbers=(5, -1)).varbinds) == 1


def test_of_a_bulk_the_end_is_left_out_and_anything_else_is_too_big() -> None:
    whole = ask(PduType.GET_BULK, (1, 3), numbers=(0, 9))
    part = ask(PduType.GET_BULK, (1, 3), numbers=(0, 9), room=35)
    assert 0 < len(part.varbinds) < len(whole.varbinds)
    assert part.varbinds == whole.varbinds[: len(part.varbinds)]
    for refused in (
        ask(PduType.GET, (1, 3, 1, 1), (1, 3, 1, 2), room=12),
        ask(PduType.GET_NEXT, (1, 3, 1, 1), (1, 3, 1, 2), room=12),
        ask(PduType.GET_BULK, (1, 3), numbers=(0, 9), room=5),
        ask(PduType.SET, (1, 3, 1, 1), room=5),
    ):
        assert (refused.error_status, refused.error_index, refused.varbinds) == (ErrorStatus.TOO_BIG, 0, ())


def test_nothing_can_be_written_and_what_is_not_seen_not_even_tried() -> None:
    refused = ask(PduType.SET, (1, 3, 1, 1), (1, 9))
    assert (refused.error_status, refused.error_index) == (ErrorStatus.NOT_WRITABLE, 1)
    assert [varbind.oid for varbind in refused.varbinds] == [(1, 3, 1, 1), (1, 9)]
    assert ask(PduType.SET, (1, 9)).error_status == ErrorStatus.NO_ACCESS
    assert ask(PduType.SET).error_status == ErrorStatus.NO_ERROR


def test_who_may_ask_nothing_is_told_so() -> None:
    asked = Pdu(PduType.GET, 5, 0, 0, (RawVarbind((1, 3), Syntax.NULL, b""),))
    refused = decode_pdu(not_authorised(asked))
    assert (refused.error_status, refused.request_id) == (16, 5)
    assert value_of(refused.varbinds[0]) is None
