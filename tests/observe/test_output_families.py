from __future__ import annotations

from daemon.observe.output_families import outputs
from daemon.outputs.outputs import OutputStatistics


def test_every_output_tells_how_it_fares() -> None:
    down = OutputStatistics("duty", "mail", False, 7.0, 3, 1, {"timeout": 2}, "found no answer within 30s")
    told = {(s.name, *s.labels.values()): s.value for family in outputs((down,)) for s in family.samples}
    assert told == {
        ("ringkeeper_output_up", "duty", "mail"): 0,
        ("ringkeeper_output_told_total", "duty"): 3,
        ("ringkeeper_output_given_up_total", "duty"): 1,
        ("ringkeeper_output_failures_total", "duty", "timeout"): 2,
    }
