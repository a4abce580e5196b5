"""Whatever happens to alarms, receivers know what they must, the disk has what memory has, nothing is stuck."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.acts import AlarmDeleted, DeviceDeleted, ShelfClosed
from daemon.fleet.alarms.telling import TABLE
from daemon.fleet.events import AlertsHeard
from daemon.fleet.notifications import Severity, Telling
from daemon.fleet.store_commands import DropAlarm, SaveAlarm
from tests.support.alarm_play import SOURCE, AlarmPlay, hurried, mac_of, phones
from tests.support.builders import alert

PHONES = 6
CLEAR = Severity.CLEARED
SETTINGS = hurried(
    hold_down="20s",
    clear_delay="5s",
    flap_limit=3,
    flap_window="3m",
    flap_quiet="1m",
    storm_burst=2,
    storm_rate=0.5,
    max_active=100,
    site={"minimum": 3, "window": "90s", "grace": "30s"},
)
Step = Callable[[AlarmPlay], object]
indexes = st.integers(0, PHONES - 1)


def _tells(index: int, severity: Severity, name: str) -> Step:
    event = AlertsHeard(mac_of(index), (alert(name, severity),), SOURCE, with_secret=False)
    return lambda play: play.hears(event)


def _flutters(index: int, times: int) -> Step:
    def flutter(play: AlarmPlay) -> None:
        for _ in range(times):
            play.tells(Severity.MAJOR, mac_of(index))
            play.pass_time(1)
            play.tells(CLEAR, mac_of(index))
            play.pass_time(6)

    return flutter


def _falls_silent(macs: set[int]) -> Step:
    return lambda play: play.silence(map(mac_of, macs))


def _comes_back(index: int) -> Step:
    def back(play: AlarmPlay) -> None:
        if play.fleet.device(mac_of(index)):
            play.answers[mac_of(index)] = 0.02
            play.registers(mac_of(index))

    return back


def _deletes_an_alarm(place: int) -> Step:
    def delete(play: AlarmPlay) -> None:
        ids = [*play.fleet.alarms, "none"]
        play.hears(AlarmDeleted(ids[place % len(ids)], "ops"))

    return delete


def _shelves(seconds: float, after: float, what: dict[str, str]) -> Step:
    return lambda play: play.shelve(seconds, after=after, **what)


steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        _tells,
        st.integers(0, 2),
        st.sampled_from([CLEAR, Severity.MINOR, Severity.CRITICAL]),
        st.sampled_from(["IPPHONE REGISTRATION FAILURE", "IPPHONE WEB SUCCESSIVE LOGIN FAILED TRIALS"]),
    ),
    st.builds(_flutters, indexes, st.integers(2, 6)),
    st.builds(_falls_silent, st.sets(indexes, min_size=1)),
    st.builds(_comes_back, indexes),
    st.floats(0.5, 100).map(lambda seconds: lambda play: play.pass_time(seconds)),
    st.builds(
        _shelves,
        st.floats(1, 200),
        st.floats(0, 50),
        st.sampled_from([{"site": "acme/hq"}, {"device": mac_of(0)}, {"name": "siteDown"}]),
    ),
    st.integers(1, 5).map(lambda shelf: lambda play: play.hears(ShelfClosed(shelf, "ops"))),
    st.builds(_deletes_an_alarm, st.integers(0, 20)),
    indexes.map(lambda index: lambda play: play.hears(DeviceDeleted(mac_of(index), "ops"))),
    st.floats(0, 100).map(lambda away: lambda play: play.restart(away)),
)


def _must_hold(play: AlarmPlay) -> None:
    """At every moment."""
    active = dict(play.fleet.alarms)
    assert set(play.receivers_know()) == {alarm.id for alarm in active.values() if alarm.known}
    assert play.on_disk()[0] == active
    assert [told.sequence for told in play.notifications()] == list(range(1, len(play.notifications()) + 1))
    assert [past.id for past in play.recorded()] == list(range(1, len(play.recorded()) + 1))
    assert [past.alarm.id for past in play.recorded()] == [order.id for order in play.of(DropAlarm)]
    for alarm in active.values():
        assert alarm.telling in TABLE
        assert (alarm.telling is Telling.FOLDED) == bool(alarm.parent)
        assert alarm.known or not alarm.changed
        if alarm.telling is Telling.TOLD:
            assert alarm.known
            assert not alarm.changed
        if alarm.telling in (Telling.HELD, Telling.FOLDED):
            assert not alarm.known


@settings(max_examples=60)
@given(st.lists(steps, max_size=25))
def test_receivers_and_disk_follow_and_in_the_end_nothing_waits(script: list[Step]) -> None:
    play = AlarmPlay(*phones(PHONES), settings=SETTINGS)
    play.everybody_answers(PHONES)
    for step in script:
        step(play)
        _must_hold(play)
    play.pass_time(1200)
    _must_hold(play)
    for alarm in play.fleet.alarms.values():
        assert alarm.telling in (Telling.TOLD, Telling.FOLDED)
        assert alarm.ends_at is None
        assert not alarm.parent or alarm.parent in play.fleet.alarms
    known = play.receivers_know()
    assert {id_: alarm.severity for id_, alarm in known.items()} == {
        alarm.id: alarm.severity for alarm in play.fleet.alarms.values() if alarm.known
    }
    assert {order.alarm.id for order in play.of(SaveAlarm)} >= set(known)
