"""`kill -9` under load: what was acknowledged is there, and no notification is skipped."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import trio

from daemon.scheduler.clock import Clock
from daemon.store.store import open_store
from tests.support.opened_store import QUICK, rows

ROOT = Path(__file__).parents[2]
DEATHS = 5


def killed(path: Path, chance: random.Random) -> list[tuple[str, int]]:
    """A victim's last words: what it said until it was killed at a random point."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.victim", str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        said = [victim.stdout.readline() for _ in range(chance.randint(1, 400))]
        time.sleep(chance.uniform(0, 0.004))  # anywhere within a group, not just after one
        victim.kill()
        said += [line for line in victim.stdout if line.endswith("\n")]
    return [(word, int(number)) for word, number in map(str.split, said)]


def test_nothing_acknowledged_is_lost_and_no_notification_skipped(tmp_path: Path) -> None:
    chance, path = random.Random(7), tmp_path / "ringkeeper.db"
    said: list[tuple[str, int]] = []
    for _ in range(DEATHS):
        said += killed(path, chance)
        stored = {number for word, number in said if word == "stored"}
        sent = [number for word, number in said if word == "sent"]
        trio.run(examine, path, stored, sent)
    assert len(stored) > 100


async def examine(path: Path, stored: set[int], sent: list[int]) -> None:
    """Compare the file with what was said."""
    async with open_store(path, ["a"], QUICK, Clock()) as store:
        snapshot = store.snapshot
    numbers = {int(entry.number) for entry in snapshot.numbers}
    waiting = [number for (number,) in rows(path, "SELECT notification ->> 'sequence' FROM outbox ORDER BY id")]
    assert stored <= numbers
    assert {alarm.source for alarm in snapshot.alarms} == {entry.number for entry in snapshot.numbers}
    assert numbers == set(sent).union(waiting)
    assert waiting == sorted(set(waiting))  # type: ignore[type-var]
    assert sorted(set(sent)) == list(dict.fromkeys(sent))  # in order, but for repeats after a death
    assert int(snapshot.marks["sequence"]) == max(numbers) == len(numbers)
