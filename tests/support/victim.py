"""A process that stores under load and says what it was promised, until somebody kills it.

Lines on stdout: `stored N` once event N is durable; `sent N R M` before the notification of event N is settled, which
is the Mth of receiver R.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import structlog
import trio

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.block import DAY
from daemon.config.route_settings import Route
from daemon.config.settings import StoreLimits
from daemon.fleet.delivery import Delivery
from daemon.fleet.events import Event
from daemon.fleet.records import NumberEntry
from daemon.fleet.store_commands import Notify, SaveAlarm, SaveMark, SaveNumber
from daemon.scheduler.clock import Clock
from daemon.store.store import Store, open_store
from tests.support.notifications import a_notification, an_alarm
from tests.support.opened_store import Taken

WORKERS = 20


async def main(path: Path) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    limits, routes = OutboxLimits(age=36_500 * DAY), dict.fromkeys(("a", "b"), Route())
    async with open_store(path, routes, StoreLimits(), Clock(), outbox=limits) as store, trio.open_nursery() as nursery:
        nursery.start_soon(store.run, heard)
        for receiver in routes:
            nursery.start_soon(send, store, receiver)
        numbers = count(int(store.snapshot.marks.get("sequence", 0)) + 1)
        for _ in range(WORKERS):
            nursery.start_soon(work, store, numbers)


async def work(store: Store, numbers: count[int]) -> None:
    """One event after another, each a number given away, an alarm, and the notification of it."""
    while True:
        number = next(numbers)
        alarm = an_alarm(source=str(number))
        store.submit(SaveNumber(NumberEntry(str(number))))
        store.submit(SaveAlarm(alarm))
        store.submit(Notify(a_notification(number, alarm=alarm)))
        store.submit(SaveMark("sequence", number))
        await store.receipt().wait()
        say("stored", number)


async def send(store: Store, receiver: str) -> None:
    """A receiver that takes every notification; the second is slower, so more waits for it when the end comes."""
    while True:
        entry = await store.outbox.next(receiver)
        say("sent", entry.notification.sequence, receiver, entry.number)
        store.outbox.settle(entry)
        await trio.sleep(0.0005 if receiver == "a" else 0.001)


def say(*words: object) -> None:
    """One line, out before anything else happens."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def heard(event: Event) -> Delivery:
    """The disk's changes of fortune are not this process's concern."""
    return Taken()


trio.run(main, Path(sys.argv[1]))
