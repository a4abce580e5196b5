"""How good a call was, and what the calls of a device or site add up to: verdicts with their reasons.

Numbers from G.107 (the E-model) and its annex B. What calls add up to is kept as sums, so a report costs the same
however many calls there are. Not here: which report belongs to which call (`call_book`), reading one
(`daemon.sip.vq_report`), what follows from a bad experience (`quality_events`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from daemon.config.settings import Quality
from daemon.fleet.calls import (
    AlertLevel,
    CallQuality,
    QualityAlert,
    VoiceMetrics,
)
from daemon.fleet.model import Status

_SEVERITY = {Status.UNMONITORED: 0, Status.OK: 1, Status.WARNING: 2, Status.ERROR: 3}
_ALERTED = {AlertLevel.WARNING: Status.WARNING, AlertLevel.CRITICAL: Status.ERROR}


class Place(NamedTuple):
    """A site; "" is where a tenant has none, or where nobody knows."""

    tenant: str
    site: str


@dataclass(frozen=True, slots=True)
class Experience:
    """How the calls of a device or site sounded within the window. `bad` are those judged ERROR; the rest are means."""

    status: Status
    reason: str
    calls: int = 0
    bad: int = 0
    mos: float | None = None
    loss: float | None = None
    jitter_ms: float | None = None
    round_trip_ms: float | None = None


NO_CALLS = Experience(Status.UNMONITORED, "no call was reported")


def mos_of(r: float) -> float:
    """MOS of a transmission rating by G.107 annex B; R above 100 (wideband) is as good as this scale can say."""
    bounded = min(100.0, max(0.0, r))
    return round(1 + 0.035 * bounded + bounded * (bounded - 60) * (100 - bounded) * 7e-6, 2)


def completed(metrics: VoiceMetrics | None) -> VoiceMetrics | None:
    """With a MOS computed from R where the phone gave only R."""
    if metrics is None or metrics.mos_lq is not None or metrics.mos_cq is not None:
        return metrics
    lq, cq = ((None if r is None else mos_of(r)) for r in (metrics.r_lq, metrics.r_cq))
    return metrics if lq is None and cq is None else replace(metrics, mos_lq=lq, mos_cq=cq, mos_computed=True)


def heard(metrics: VoiceMetrics | None) -> float | None:
    """The MOS of one end: the conversational one, since delay and echo spoil a call too, else that of listening."""
    if metrics is None:
        return None
    return metrics.mos_lq if metrics.mos_cq is None else metrics.mos_cq


def lowest(local: VoiceMetrics | None, remote: VoiceMetrics | None) -> float | None:
    """The MOS of a call: of two ends the one that heard less well."""
    return min((mos for mos in (heard(local), heard(remote)) if mos is not None), default=None)


def judge_call(
    local: VoiceMetrics | None, remote: VoiceMetrics | None, alerts: Iterable[QualityAlert], limits: Quality
) -> tuple[Status, str]:
    """Verdict on one call, with the worst of all that speaks against it as its reason."""
    objections = [
        (_ALERTED[alert.level], f"{alert.metric} {alert.level.lower()} at the {alert.direction} end")
        for alert in alerts
        if alert.level in _ALERTED
    ]
    for end, metrics in (("local", local), ("remote", remote)):
        mos, loss = heard(metrics), metrics.loss if metrics else None
        if mos is not None:
            computed = ", computed from R" if metrics and metrics.mos_computed else ""
            objections.append((_by_mos(mos, limits), f"MOS {mos:.2f} at the {end} end{computed}"))
        if loss is not None:
            objections.append((_by_loss(loss, limits), f"{loss:.1f} % lost at the {end} end"))
    return max(objections, key=lambda each: _SEVERITY[each[0]], default=(Status.UNMONITORED, "nothing was measured"))


class Mean:
    """A mean that values come to and leave, in constant time; in whole thousandths, so that nothing of them stays."""

    __slots__ = ("_count", "_sum")

    def __init__(self) -> None:
        self._sum = 0
        self._count = 0

    @property
    def mean(self) -> float | None:
        """None of nothing."""
        return round(self._sum / self._count) / 1000 if self._count else None

    def count(self, value: float | None, sign: int) -> None:
        """Take a value in (1) or out (-1)."""
        if value is not None:
            self._count += sign
            self._sum += sign * round(value * 1000)


class Tally:
    """The calls of one device or site within the window, in sums."""

    __slots__ = ("bad", "calls", "held", "jitter_ms", "loss", "mos", "round_trip_ms")

    def __init__(self) -> None:
        self.held = self.calls = self.bad = 0  # all; those about which something was measured or said; those ERROR
        self.mos, self.loss, self.jitter_ms, self.round_trip_ms = Mean(), Mean(), Mean(), Mean()

    def count(self, call: CallQuality, sign: int) -> None:
        """Take a call in (1) or out (-1)."""
        ends = [end for end in (call.local_metrics, call.remote_metrics) if end]
        self.held += sign
        self.calls += sign * (call.verdict is not Status.UNMONITORED)
        self.bad += sign * (call.verdict is Status.ERROR)
        self.mos.count(call.mos, sign)
        self.loss.count(_worst(end.loss for end in ends), sign)
        self.jitter_ms.count(_worst(end.jitter_ms for end in ends), sign)
        self.round_trip_ms.count(_worst(end.round_trip_ms for end in ends), sign)


def judge_experience(tally: Tally, limits: Quality) -> Experience:
    """What the calls of a device or site add up to."""
    status, reason = _weighed(tally, limits)
    means = (each.mean for each in (tally.mos, tally.loss, tally.jitter_ms, tally.round_trip_ms))
    return Experience(status, reason, tally.calls, tally.bad, *means)


def _worst(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _by_mos(mos: float, limits: Quality) -> Status:
    return Status.ERROR if mos < limits.mos_error else Status.WARNING if mos < limits.mos_warning else Status.OK


def _by_loss(loss: float, limits: Quality) -> Status:
    return Status.ERROR if loss >= limits.loss_error else Status.WARNING if loss >= limits.loss_warning else Status.OK


def _by_share(bad: float, limits: Quality) -> Status:
    if bad >= limits.bad_calls_error:
        return Status.ERROR
    return Status.WARNING if bad >= limits.bad_calls_warning else Status.OK


def _weighed(tally: Tally, limits: Quality) -> tuple[Status, str]:
    """The worst of mean MOS, mean loss and the share of bad calls, in this order; nothing is said of too few calls."""
    calls = tally.calls
    if calls < limits.minimum_calls:
        return Status.UNMONITORED, f"{calls} of the {limits.minimum_calls} calls that it takes to judge"
    said = []
    if (mos := tally.mos.mean) is not None:
        said.append((_by_mos(mos, limits), f"mean MOS {mos:.2f} of {calls} calls"))
    if (loss := tally.loss.mean) is not None:
        said.append((_by_loss(loss, limits), f"{loss:.1f} % lost on average of {calls} calls"))
    said.append((_by_share(tally.bad / calls, limits), f"{tally.bad} of {calls} calls bad"))
    return max(said, key=lambda each: _SEVERITY[each[0]])
