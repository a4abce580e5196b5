"""`kill -9` under load: what was acknowledged is there, and no notification is skipped."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import trio

from daemon.config.route_settings import Route
from daemon.scheduler.clock import Clock
from daemon.store.store import open_store
from tests.support.opened_store import PATIENT, QUICK

ROOT = Path(__file__).parents[2]
DEATHS = 5


def killed(path: Path, chance: random.Random) -> list[list[str]]:
    """A victim's last words: what it said until it was killed at a random point."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.victim", str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        said = [victim.stdout.readline() for _ in range(chance.randint(1, 400))]
        time.sleep(chance.uniform(0, 0.004))  # anywhere within a group, not just after one
        victim.kill()
        said += [line for line in victim.stdout if line.endswith("\n")]
    return [line.split() for line in said]


def test_nothing_acknowledged_is_lost_and_no_notification_skipped(tmp_path: Path) -> None:
    chance, path = random.Random(7), tmp_path / "ringkeeper.db"
    said: list[list[str]] = []
    for _ in range(DEATHS):
        said += killed(path, chance)
        trio.run(examine, path, said)
    assert sum(word == "stored" for word, *_ in said) > 100


async def examine(path: Path, said: list[list[str]]) -> None:
    """Compare the file with what was said."""
    async with open_store(path, dict.fromkeys("ab", Route()), QUICK, Clock(), outbox=PATIENT) as store:
        snapshot = store.snapshot
    stored = {int(number) for word, number, *_ in said if word == "stored"}
    numbers = {int(entry.number) for entry in snapshot.numbers}
    assert stored <= numbers
    assert {alarm.source for alarm in snapshot.alarms} == {entry.number for entry in snapshot.numbers}
    assert int(snapshot.marks["sequence"]) == max(numbers) == len(numbers)
    for receiver in "ab":
        heard = [(int(line[1]), int(line[3])) for line in said if line[0] == "sent" and line[2] == receiver]
        examine_receiver(path, receiver, heard, numbers)


def examine_receiver(path: Path, receiver: str, heard: list[tuple[int, int]], numbers: set[int]) -> None:
    """What it heard and what waits for it is everything, numbered without a gap, in order."""
    written = "SELECT notification ->> 'sequence', number, left_at IS NULL FROM outbox WHERE receiver = ? ORDER BY id"
    with closing(sqlite3.connect(path)) as other:
        found = other.execute(written, (receiver,)).fetchall()
    kept = [(event, number) for event, number, _ in found]
    assert [number for _, number in kept] == list(range(1, len(numbers) + 1))  # no number twice, and none left out
    assert {event for event, _ in kept} == numbers
    assert set(heard) <= set(kept)
    waiting = {(event, number) for event, number, waits in found if waits}
    assert set(heard) | waiting == set(kept)
    order = [number for _, number in heard]
    assert sorted(set(order)) == list(dict.fromkeys(order))  # in order, but for repeats after a death
