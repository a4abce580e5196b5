"""What Prometheus is told of the alarm engine."""

from __future__ import annotations

from daemon.fleet.alarms.book import AlarmStatistics
from daemon.fleet.notifications import Telling
from daemon.observe import alarm_families


def test_every_telling_has_its_line_and_the_others_their_number() -> None:
    counted = AlarmStatistics({Telling.TOLD: 3}, flapping=1, ending=2, sites_down=4, shelves=5, recorded=6)
    samples = [sample for family in alarm_families.alarms(counted) for sample in family.samples]
    assert {sample.labels["telling"]: sample.value for sample in samples if sample.labels} == {
        "told": 3,
        "held": 0,
        "folded": 0,
        "shelved": 0,
        "queued": 0,
    }
    assert [sample.value for sample in samples if not sample.labels] == [1, 2, 4, 5, 6]
