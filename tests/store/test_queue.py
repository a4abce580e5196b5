"""What waits for one receiver: its order, and what goes first when there is no room."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.notifications import End, Notification, Occasion, Severity
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.queue import Queue
from tests.support.notifications import an_alarm


def entry(
    number: int,
    occasion: Occasion = Occasion.RAISED,
    *,
    peak: Severity = Severity.MAJOR,
    source: str = "",
    name: str = "deviceUnreachable",
    again_at: float | None = None,
) -> OutboxEntry:
    """The notification of that number, its id and its time; of an alarm of its own unless `source` says."""
    severity = Severity.CLEARED if occasion is Occasion.CLEARED else peak
    alarm = replace(an_alarm(name, source=source or str(number), severity=severity), peak=peak)
    told = Notification(number, float(number), alarm, occasion=occasion)
    return OutboxEntry(number, "a", number, told, again_at)


def queue(*entries: OutboxEntry) -> Queue:
    made = Queue()
    for each in entries:
        made.add(each)
    return made


def told(made: Queue) -> list[int]:
    """What a receiver hears that takes everything."""
    heard = []
    while first := made.first():
        heard.append(first.id)
        made.remove(first.id)
    assert len(made) == 0
    assert made.oldest() is None
    return heard


def test_the_oldest_of_the_least_bad_goes_first() -> None:
    minor, major = Severity.MINOR, Severity.MAJOR
    made = queue(entry(1, peak=major), entry(2, peak=minor), entry(3, peak=minor), entry(4, peak=major))
    went = [made.shed() for _ in range(3)]
    assert [(end, [each.id for each in gone]) for end, gone in went] == [
        (End.OVERFLOWED, [2]),
        (End.OVERFLOWED, [3]),
        (End.OVERFLOWED, [1]),
    ]
    assert told(made) == [4]


def test_a_clear_counts_by_how_bad_its_alarm_had_been() -> None:
    made = queue(entry(1, Occasion.CLEARED, peak=Severity.CRITICAL), entry(2, peak=Severity.MINOR))
    assert [each.id for each in made.shed()[1]] == [2]


def test_an_alarm_that_is_over_before_anybody_heard_of_it_goes_before_all_else_and_whole() -> None:
    made = queue(
        entry(1, peak=Severity.INDETERMINATE),
        entry(2, source="x", peak=Severity.CRITICAL),
        entry(3, Occasion.CHANGED, source="x", peak=Severity.CRITICAL),
        entry(4),
        entry(5, Occasion.CLEARED, source="x", peak=Severity.CRITICAL),
    )
    end, gone = made.shed()
    assert (end, [each.id for each in gone]) == (End.OVER, [2, 3, 5])
    assert made.shed()[0] is End.OVERFLOWED
    assert told(made) == [4]


def test_once_the_raise_may_be_on_its_way_the_clear_is_owed() -> None:
    made = queue(entry(1, source="x"), entry(2, Occasion.CLEARED, source="x"), entry(3, peak=Severity.MINOR))
    first = made.first()
    assert first
    assert first.id == 1
    assert [each.id for each in made.shed()[1]] == [3]
    made.remove(1)
    assert told(made) == [2]


def test_the_clear_of_an_alarm_whose_raise_was_told_comes_alone_and_is_owed() -> None:
    made = queue(entry(1, source="x"))
    assert told(made) == [1]
    made.add(entry(2, Occasion.CLEARED, source="x"))
    made.add(entry(3, source="x"))
    made.add(entry(4, Occasion.CLEARED, source="x"))
    assert [each.id for each in made.shed()[1]] == [3, 4]
    assert told(made) == [2]


def test_the_alarm_about_the_queue_itself_outlasts_what_fills_it() -> None:
    raised = entry(1, source="Receiver/a", name=OUTBOX_FILLING.name)
    cleared = entry(2, Occasion.CLEARED, source="Receiver/a", name=OUTBOX_FILLING.name)
    made = queue(raised, cleared, entry(3, peak=Severity.CRITICAL))
    assert [each.id for each in made.shed()[1]] == [3]
    assert made.aged(before=100.0) == []
    assert told(made) == [1, 2]


def test_what_is_to_be_sent_again_takes_its_place_by_number() -> None:
    made = queue(entry(3), entry(9), entry(5, again_at=50.0), entry(2, again_at=50.0), entry(12, again_at=50.0))
    assert told(made) == [2, 3, 5, 9, 12]


def test_what_is_sent_again_is_no_sign_that_nobody_heard_of_it() -> None:
    made = queue(entry(2, Occasion.CLEARED, source="x"), entry(1, source="x", again_at=50.0))
    assert made.shed()[0] is End.OVERFLOWED


def test_several_may_be_told_at_once_and_stay_in_order() -> None:
    made = queue(entry(3), entry(9), entry(5, again_at=50.0), entry(2, again_at=50.0), entry(12, again_at=50.0))
    assert [each.id for each in made.head(4)] == [2, 3, 5, 9]
    assert [each.id for each in made.head(100)] == told(made) == [2, 3, 5, 9, 12]
    assert made.head(100) == []


def test_once_several_may_be_on_their_way_their_clears_are_owed() -> None:
    made = queue(
        entry(1, source="x"), entry(2, source="y"), entry(3, Occasion.CLEARED, source="y"), entry(4, source="z")
    )
    made.head(2)
    made.add(entry(5, Occasion.CLEARED, source="x"))
    assert made.shed()[0] is End.OVERFLOWED


def test_what_has_waited_too_long_goes_and_what_was_asked_for_again_waits_anew() -> None:
    made = queue(entry(1), entry(2, peak=Severity.MINOR), entry(8), entry(3, again_at=50.0))
    assert made.oldest() == 1.0
    assert sorted(each.id for each in made.aged(before=5.0)) == [1, 2]
    assert made.oldest() == 8.0
    assert told(made) == [3, 8]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "again", "take", "shed", "age"]),
        st.sampled_from(Occasion),
        st.sampled_from(["x", "y"]),
        st.sampled_from([Severity.MINOR, Severity.CRITICAL]),
    ),
    max_size=60,
)


@settings(max_examples=100)
@given(STEPS)
def test_whatever_happens_the_receiver_hears_in_order_and_is_owed_no_clear(
    steps: list[tuple[str, Occasion, str, Severity]],
) -> None:
    made, expected, gone = Queue(), dict[int, OutboxEntry](), dict[int, OutboxEntry]()
    heard: list[OutboxEntry] = []
    for number, (step, occasion, source, peak) in enumerate(steps, 1):
        left: list[OutboxEntry] = []
        if step == "add":
            expected[number] = entry(number, occasion, source=source, peak=peak)
            made.add(expected[number])
        elif step == "again" and gone:
            again = replace(gone.pop(min(gone)), again_at=float(number))
            expected[again.id] = again
            made.add(again)
        elif step == "take" and (first := made.first()):
            assert first is expected[min(expected)]
            heard.append(first)
            left = [first]
            made.remove(first.id)
        elif step == "shed" and expected:
            least = min(each.notification.alarm.peak for each in expected.values())
            end, left = made.shed()
            if end is End.OVERFLOWED:
                assert [each.notification.alarm.peak for each in left] == [least]
            else:
                sources = {each.notification.alarm.source for each in left}
                assert len(sources) == 1
                assert left[0].notification.occasion is Occasion.RAISED
                assert left[-1].notification.occasion is Occasion.CLEARED
                assert not {each.id for each in heard} & {each.id for each in left if each.again_at is None}
        elif step == "age":
            left = made.aged(before=number - 20.0)
            assert all(each.since < number - 20.0 for each in left)
        for each in left:
            gone[each.id] = expected.pop(each.id)
        assert len(made) == len(expected)
        assert sorted(made.ids()) == sorted(expected)
        assert all(number in made for number in expected)
    assert told(made) == sorted(expected)
