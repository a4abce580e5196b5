"""A queue that fills is an alarm before anything is let go, and the alarm ends only well below that."""

from __future__ import annotations

from dataclasses import replace

import structlog

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.route_settings import Route
from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.events import Event, OutboxDrained, OutboxFilling
from daemon.store.outbox import Outbox, OutboxMemory
from daemon.store.outbox_watch import OutboxWatch
from tests.support.notifications import WEDNESDAY, a_notification, an_alarm
from tests.support.opened_store import Taken

AGE = 1000.0


class Watched:
    """One receiver of room for 100, warned of at half, and what was delivered about it."""

    def __init__(self, *known: str) -> None:
        self.told: list[Event] = []
        limits = OutboxLimits.model_construct(limit=100, age=AGE, warning=0.5)
        self.outbox = Outbox(OutboxMemory(), limits, lambda _identity, _end: None)
        self.outbox.apply({"a": Route()})
        alarms = [an_alarm(OUTBOX_FILLING.name, source=f"Receiver/{receiver}") for receiver in known]
        self.watch = OutboxWatch(self.outbox, [*alarms, an_alarm(source="Receiver/of another alarm")])

    def comes(self, count: int) -> None:
        """So many notifications."""
        for _ in range(count):
            self.outbox.admit(self.outbox.address(a_notification()))

    async def goes(self, count: int) -> None:
        """The receiver takes so many."""
        for _ in range(count):
            self.outbox.settle(await self.outbox.next("a"))

    def looks(self, later: float = 0.0) -> list[Event]:
        """What is delivered by a look so much later."""
        before = len(self.told)
        self.watch.look(self._deliver, WEDNESDAY + later)
        return self.told[before:]

    def _deliver(self, event: Event) -> Taken:
        self.told.append(event)
        return Taken()


async def test_half_full_is_told_once_and_over_at_a_quarter() -> None:
    watched = Watched()
    watched.comes(49)
    assert watched.looks() == []
    watched.comes(1)
    assert watched.looks(9.0) == [OutboxFilling("a", 50, 100, 9.0)]
    watched.comes(60)
    assert watched.looks() == []
    await watched.goes(75)
    assert watched.looks() == []
    await watched.goes(1)
    assert watched.looks() == [OutboxDrained("a")]
    assert watched.looks() == []


async def test_a_queue_counts_by_its_oldest_too() -> None:
    watched = Watched()
    watched.comes(1)
    assert watched.looks(499.0) == []
    assert watched.looks(500.0) == [OutboxFilling("a", 1, 100, 500.0)]
    assert watched.looks(AGE + 1) == [OutboxDrained("a")]
    assert watched.outbox.losses() == {"a": 1}


async def test_an_alarm_of_before_a_restart_ends_when_its_receiver_has_taken_what_waited() -> None:
    watched = Watched("a")
    watched.comes(40)
    assert watched.looks() == []
    await watched.goes(20)
    assert watched.looks() == [OutboxDrained("a")]


async def test_a_receiver_that_is_none_any_more_is_no_trouble() -> None:
    watched = Watched("a", "gone")
    watched.comes(60)
    assert watched.looks() == [OutboxDrained("gone")]
    watched.outbox.apply({})
    assert watched.looks() == [OutboxDrained("a")]


async def test_losses_are_logged_with_their_number_and_seldom() -> None:
    watched = Watched()
    with structlog.testing.capture_logs() as logged:
        watched.comes(103)
        for later in (0.0, 1.0):
            watched.looks(later)
        watched.comes(2)
        watched.looks(2.0)
        watched.looks(601.0)
    said = [(line["receiver"], line["count"]) for line in logged if line["event_name"] == "outbox-dropped"]
    assert said == [("a", 3), ("a", 2)]


async def test_the_alarm_itself_finds_room() -> None:
    watched = Watched()
    watched.comes(150)
    about = replace(an_alarm(OUTBOX_FILLING.name), severity=4, peak=4)  # type: ignore[arg-type]
    watched.outbox.admit(watched.outbox.address(a_notification(200, alarm=about)))
    watched.comes(150)
    names = []
    while watched.outbox.waiting("a"):
        names.append((await watched.outbox.next("a")).notification.alarm.name)
        await watched.goes(1)
    assert names.count(OUTBOX_FILLING.name) == 1
