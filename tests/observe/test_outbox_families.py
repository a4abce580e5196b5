"""Every figure of the outbox is told, under the names that dashboards know."""

from __future__ import annotations

from daemon.fleet.notifications import End
from daemon.observe.outbox_families import outbox
from daemon.store.outbox import OutboxStatistics
from daemon.store.routing import Routed

NMS = "nms:162/ringkeeper"


def test_what_waits_and_what_became_of_the_rest_is_told_by_receiver() -> None:
    statistics = OutboxStatistics(
        waiting={NMS: 5},
        oldest={NMS: 1000.0},
        given={NMS: 47},
        left={End.SETTLED: 40, End.OVERFLOWED: 2},
        dropped={(NMS, "minor"): 2},
        routed={(NMS, Routed.NAME): 9},
        again=3,
    )
    told = {
        (sample.name, *sample.labels.values()): sample.value for each in outbox(statistics) for sample in each.samples
    }
    assert told == {
        ("ringkeeper_outbox_pending", NMS): 5,
        ("ringkeeper_outbox_waiting_since_seconds", NMS): 1000,
        ("ringkeeper_outbox_number", NMS): 47,
        ("ringkeeper_outbox_entries_total", "settled"): 40,
        ("ringkeeper_outbox_entries_total", "overflowed"): 2,
        ("ringkeeper_outbox_dropped_total", NMS, "minor"): 2,
        ("ringkeeper_outbox_routed_total", NMS, "a name it does not want"): 9,
        ("ringkeeper_outbox_again_total",): 3,
    }
