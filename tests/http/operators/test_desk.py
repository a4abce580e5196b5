from __future__ import annotations

from daemon.config.settings import Settings
from daemon.fleet.fleet import Fleet
from daemon.fleet.records import Snapshot
from daemon.http.operators.desk import Directory
from tests.support.builders import NOW


def test_the_fleet_is_a_directory() -> None:
    directory: Directory = Fleet(Settings(), Snapshot(), NOW)

    assert directory.statistics().devices == 0
