"""A site loses its power, and the daemon is restarted meanwhile: one alarm, one clear, every phone in the history."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.phone_site import phone_site
from tests.support.waiting import until
from tests.support.whole_daemon import HURRIED_QUALIFY, WholeDaemon, whole_daemon, write_config

PHONES = 6
FOLDED = 'ringkeeper_alarms_telling{telling="folded"}'
QUALIFY = {**HURRIED_QUALIFY, "unknown_after": "1h"}  # who is given up has to register before it is pinged again


async def folded(daemon: WholeDaemon) -> None:
    await until(lambda: daemon.metric(FOLDED), lambda count: count == PHONES)


def history(folder: Path) -> Counter[str]:
    """The names of all alarms that are over, straight from the disk."""
    with closing(sqlite3.connect(folder / "state" / "ringkeeper.db")) as database:
        return Counter(name for (name,) in database.execute("SELECT name FROM alarm_history"))


@pytest.mark.slow
async def test_a_dead_site_is_one_alarm_over_a_restart_and_until_its_return(tmp_path: Path) -> None:
    async with phone_site(PHONES) as site:
        alarms = {"hold_down": "20s", "site": {"grace": "20s"}}
        config = write_config(tmp_path, site.inventory(), qualify=QUALIFY, alarms=alarms)
        async with whole_daemon(config) as daemon:
            await daemon.see_until("/devices", lambda seen: all(one["reachability"] == "OK" for one in seen["items"]))
            site.power = False
            await folded(daemon)
            assert daemon.running.fleet.parts.alarms.sequence == 1
        async with whole_daemon(config) as daemon:
            await daemon.alarm_names_until("siteDown", *["deviceUnreachable"] * PHONES)
            await folded(daemon)
            site.power = True
            await daemon.alarm_names_until()
            assert daemon.running.fleet.parts.alarms.sequence == 2
    assert history(tmp_path) == {"siteDown": 1, "deviceUnreachable": PHONES}
