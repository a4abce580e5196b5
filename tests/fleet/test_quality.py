from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.settings import Quality
from daemon.fleet.calls import AlertLevel, CallQuality, QualityAlert, VoiceMetrics
from daemon.fleet.model import Status
from daemon.fleet.quality import Tally, completed, heard, judge_call, judge_experience, mos_of
from tests.support.calls import a_call, measured

LIMITS = Quality()


@pytest.mark.parametrize(
    ("r", "mos"), [(93.2, 4.41), (90, 4.34), (80, 4.02), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1.0), (120, 4.5)]
)
def test_mos_of_r_is_what_g107_says(r: float, mos: float) -> None:
    """The steps of G.107 annex B; its table B.1 rounds 4.024 up. 93.2 is what its default values give."""
    assert mos_of(r) == mos


@settings(max_examples=60)
@given(st.floats(-10, 130), st.floats(-10, 130))
def test_mos_of_r_stays_on_its_scale(one: float, other: float) -> None:
    assert 0.9 <= mos_of(one) <= 4.5
    if 10 <= one <= other - 1:
        assert mos_of(one) <= mos_of(other)


def test_a_mos_is_computed_only_where_the_phone_gave_none_and_says_so() -> None:
    assert completed(VoiceMetrics(r_lq=80, r_cq=70)) == VoiceMetrics(
        r_lq=80, r_cq=70, mos_lq=4.02, mos_cq=3.6, mos_computed=True
    )
    own = VoiceMetrics(r_lq=80, mos_lq=3.9)
    assert completed(own) is own
    assert completed(VoiceMetrics(loss=1.0)) == VoiceMetrics(loss=1.0)
    assert completed(None) is None


def test_conversation_counts_before_listening() -> None:
    assert heard(VoiceMetrics(mos_lq=4.2, mos_cq=3.1)) == 3.1
    assert heard(VoiceMetrics(mos_lq=4.2)) == 4.2
    assert heard(None) is None


def alert(level: AlertLevel) -> QualityAlert:
    return QualityAlert("NLR", level, "local")


@pytest.mark.parametrize(
    ("local", "remote", "alerts", "verdict", "reason"),
    [
        (measured(4.1), None, (), Status.OK, "MOS 4.10 at the local end"),
        (measured(3.6), None, (), Status.OK, "MOS 3.60 at the local end"),
        (measured(3.5), None, (), Status.WARNING, "MOS 3.50 at the local end"),
        (measured(4.1), measured(3.0), (), Status.ERROR, "MOS 3.00 at the remote end"),
        (measured(None, loss=1.0), None, (), Status.WARNING, "1.0 % lost at the local end"),
        (measured(4.0), measured(None, loss=7.25), (), Status.ERROR, "7.2 % lost at the remote end"),
        (completed(VoiceMetrics(r_lq=50)), None, (), Status.ERROR, "MOS 2.58 at the local end, computed from R"),
        (measured(4.1), None, (alert(AlertLevel.WARNING),), Status.WARNING, "NLR warning at the local end"),
        (measured(4.1), None, (alert(AlertLevel.CRITICAL),), Status.ERROR, "NLR critical at the local end"),
        (measured(4.1), None, (alert(AlertLevel.CLEAR),), Status.OK, "MOS 4.10 at the local end"),
        (None, None, (), Status.UNMONITORED, "nothing was measured"),
    ],
)  # fmt: skip
def test_a_verdict_names_the_worst_that_speaks_against_a_call(
    local: VoiceMetrics | None,
    remote: VoiceMetrics | None,
    alerts: tuple[QualityAlert, ...],
    verdict: Status,
    reason: str,
) -> None:
    assert judge_call(local, remote, alerts, LIMITS) == (verdict, reason)


def tally(*calls: CallQuality) -> Tally:
    found = Tally()
    for call in calls:
        found.count(call, 1)
    return found


def calls(*mos: float) -> list[CallQuality]:
    """Calls of that quality, judged."""
    return [
        a_call(f"c{index}", each, verdict=judge_call(measured(each), None, (), LIMITS)[0])
        for index, each in enumerate(mos)
    ]


@pytest.mark.parametrize(
    ("mos", "status", "reason"),
    [
        ((4.1, 4.2), Status.UNMONITORED, "2 of the 3 calls that it takes to judge"),
        ((4.1, 4.2, 4.3), Status.OK, "mean MOS 4.20 of 3 calls"),
        ((3.5, 3.6, 3.5), Status.WARNING, "mean MOS 3.53 of 3 calls"),
        ((4.4, 4.4, 4.4, 2.0), Status.WARNING, "1 of 4 calls bad"),
        ((4.4, 4.4, 2.9, 2.9), Status.ERROR, "2 of 4 calls bad"),
        ((3.2, 3.2, 2.8), Status.ERROR, "mean MOS 3.07 of 3 calls"),
    ],
)
def test_an_experience_is_the_worst_of_means_and_share(mos: tuple[float, ...], status: Status, reason: str) -> None:
    found = judge_experience(tally(*calls(*mos)), LIMITS)
    assert (found.status, found.reason) == (status, reason)


def test_loss_alone_makes_an_experience_bad() -> None:
    lossy = [a_call(f"c{index}", None, local_metrics=measured(None, loss=4.0)) for index in range(3)]
    found = judge_experience(tally(*lossy), LIMITS)
    assert (found.status, found.reason, found.loss) == (Status.WARNING, "4.0 % lost on average of 3 calls", 4.0)


def test_calls_of_which_nothing_was_measured_prove_nothing() -> None:
    silent = [a_call(f"c{index}", None, local_metrics=None, verdict=Status.UNMONITORED) for index in range(9)]
    assert judge_experience(tally(*silent, *calls(4.1)), LIMITS).calls == 1


@settings(max_examples=60)
@given(st.lists(st.floats(1, 5), max_size=30), st.integers(0, 30))
def test_what_left_a_tally_leaves_no_trace(mos: list[float], kept: int) -> None:
    everything = calls(*mos)
    found = tally(*everything)
    for call in everything[kept:]:
        found.count(call, -1)
    expected = judge_experience(tally(*everything[:kept]), LIMITS)
    seen = judge_experience(found, LIMITS)
    assert (seen.calls, seen.bad) == (expected.calls, expected.bad)
    assert seen.mos == expected.mos
