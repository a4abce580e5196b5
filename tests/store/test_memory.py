"""Loading: what makes no sense is refused by name, and what is loaded is in order."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import StoreUnavailable
from daemon.fleet.model import Mac
from daemon.fleet.store_commands import Notify, SaveState
from tests.support.notifications import a_notification
from tests.support.nouns import state_with_report
from tests.support.opened_store import running, stored


@pytest.mark.parametrize(
    "damage", ["presence = 'ASLEEP'", "report = '{\"no such field\":1}'", "contact = '{'", "contact = ''"]
)
async def test_a_row_that_makes_no_sense_is_refused_with_its_table(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ringkeeper.db"
    async with running(path) as fleet:
        await stored(fleet.store, SaveState(state_with_report(Mac("00908f4867af"))))
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(f"UPDATE device_states SET {damage}")
    with pytest.raises(StoreUnavailable, match="table device_states makes no sense"):
        async with running(path):
            pass
    assert gc.isenabled()


async def test_notifications_are_loaded_oldest_first(tmp_path: Path) -> None:
    async with running(tmp_path / "ringkeeper.db") as fleet:
        await stored(fleet.store, *(Notify(a_notification(sequence)) for sequence in range(20)))
    async with running(tmp_path / "ringkeeper.db") as fleet:
        for sequence in range(20):
            entry = await fleet.store.outbox.next("a")
            assert entry.notification.sequence == sequence
            fleet.store.outbox.settle(entry)
