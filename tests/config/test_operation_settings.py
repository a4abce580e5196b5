from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.config.operation_settings import Operations
from daemon.config.settings import KeepAlive


def test_an_operation_may_be_over_the_whole_of_a_large_fleet() -> None:
    assert Operations().max_items == 30_000


def test_no_step_takes_longer_than_it_takes_to_be_missed() -> None:
    limits = Operations()
    steps = (limits.delivered_within, limits.restarted_within, limits.fetched_within, limits.registered_within)
    assert sum(steps) < KeepAlive().disconnected_after


@pytest.mark.parametrize("wrong", [{"max_running": 0}, {"max_items": 0}, {"fetched_within": 0}, {"kept_days": 0}])
def test_limits_that_would_let_nothing_happen_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Operations.model_validate(wrong)
