from __future__ import annotations

from daemon.config.http_settings import OperatorListener, PhoneListener
from daemon.http.limits import Counts, Limits


def test_both_listeners_blocks_of_the_settings_are_limits() -> None:
    blocks: list[Limits] = [PhoneListener(), OperatorListener()]
    assert all(block.max_body > 0 and block.request_timeout > 0 for block in blocks)


def test_statistics_are_a_snapshot() -> None:
    counts = Counts()
    counts.responses[2] += 3
    counts.refused["slow"] += 1
    before = counts.snapshot(connections=7)
    counts.responses[5] += 1
    counts.refused["slow"] += 1
    assert (before.connections, before.responses, before.refused) == (7, {"2xx": 3}, {"slow": 1})
