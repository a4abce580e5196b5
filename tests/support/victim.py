"""A process that stores under load and says what it was promised, until somebody kills it.

Lines on stdout: `stored N` once event N is durable, `sent N` before a notification is settled.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import structlog
import trio

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
    async with open_store(path, ["a"], StoreLimits(), Clock()) as store, trio.open_nursery() as nursery:
        nursery.start_soon(store.run, heard)
        nursery.start_soon(send, store)
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


async def send(store: Store) -> None:
    """A manager that takes every notification."""
    while True:
        entry = await store.outbox.next("a")
        say("sent", entry.notification.sequence)
        store.outbox.settle(entry)
        await trio.sleep(0.0005)  # slower than they come, so that some wait when the end comes


def say(word: str, number: int) -> None:
    """One line, out before anything else happens."""
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


def heard(event: Event) -> Delivery:
    """The disk's changes of fortune are not this process's concern."""
    return Taken()


trio.run(main, Path(sys.argv[1]))
