from __future__ import annotations

from daemon.fleet.quality import NO_CALLS
from daemon.http.operators.quality_views import call_detail, call_item, experience_view
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import NOW
from tests.support.calls import a_call


def test_what_nobody_measured_is_nothing() -> None:
    shown = call_item(a_call(mos=None, local_metrics=None, started_at=None, ended_at=None))
    assert (shown.mos, shown.local_metrics, shown.started_at, shown.at) == (None, None, None, rfc3339(NOW))


def test_a_list_does_not_carry_texts() -> None:
    assert "text" not in call_item(a_call(text="VQSessionReport")).model_dump()
    assert call_detail(a_call(text="VQSessionReport")).text == "VQSessionReport"


def test_an_experience_of_no_calls_can_be_shown() -> None:
    assert experience_view(NO_CALLS).calls == 0
