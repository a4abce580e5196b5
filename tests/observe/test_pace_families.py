from __future__ import annotations

from daemon.fleet.pace import PaceStatistics
from daemon.observe.pace_families import pace


def test_who_waits_and_why_is_told() -> None:
    held_back, waiting = pace(PaceStatistics(5, {"max_rate": 7, "site_rate": 2}))
    assert {sample.labels["limit"]: sample.value for sample in held_back.samples} == {"max_rate": 7, "site_rate": 2}
    assert waiting.samples[0].value == 5
