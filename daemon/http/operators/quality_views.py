"""What operators are shown of voice quality: calls, and what those of a device or site add up to.

Times are RFC 3339 text in UTC, losses percent, MOS 1 to 5; null is what nobody measured.
"""

from __future__ import annotations

from pydantic import BaseModel

from daemon.fleet.calls import AlertLevel, CallQuality, ReportKind, VoiceMetrics
from daemon.fleet.model import Status
from daemon.fleet.quality import Experience
from daemon.scheduler.timestamps import rfc3339


class ExperienceView(BaseModel):
    """How the calls of a device or site sounded within `quality.window`; `bad` of them were judged ERROR."""

    status: Status
    reason: str
    calls: int
    bad: int
    mos: float | None
    loss: float | None
    jitter_ms: float | None
    round_trip_ms: float | None


class MetricsView(BaseModel):
    """What one end measured; `mos_computed` if the phone gave only R, and G.107 did the rest."""

    codec: str
    mos_lq: float | None
    mos_cq: float | None
    r_lq: float | None
    r_cq: float | None
    loss: float | None
    discarded: float | None
    jitter_ms: float | None
    round_trip_ms: float | None
    mos_computed: bool


class CallItem(BaseModel):
    """A call as one device had it, or a piece of one between two holds; `mos` is that of the worse end."""

    id: str
    at: str
    kind: ReportKind
    device: str | None
    tenant: str
    site: str
    source: str
    call_id: str
    local: str
    remote: str
    started_at: str | None
    ended_at: str | None
    mos: float | None
    local_metrics: MetricsView | None
    remote_metrics: MetricsView | None
    verdict: Status
    reason: str


class AlertView(BaseModel):
    """What the phone raised an alert about, and how far it went last."""

    metric: str
    level: AlertLevel
    direction: str
    at: str | None


class CallDetail(CallItem):
    """A call whole; `text` is its newest report as it came, cut at 4096 characters."""

    alerts: list[AlertView]
    reports: int
    text: str


class CallList(BaseModel):
    """A page of calls, newest first; `next` is the cursor of the following one."""

    items: list[CallItem]
    next: str | None


def experience_view(experience: Experience) -> ExperienceView:
    """An experience as it is shown."""
    return ExperienceView.model_validate(experience, from_attributes=True)


def call_item(call: CallQuality) -> CallItem:
    """A call as lists show it."""
    return CallItem.model_validate(_shown(call))


def call_detail(call: CallQuality) -> CallDetail:
    """A call whole."""
    alerts = [
        AlertView(metric=alert.metric, level=alert.level, direction=alert.direction, at=_moment(alert.at))
        for alert in call.alerts
    ]
    return CallDetail.model_validate(
        _shown(call) | {"alerts": alerts, "reports": call.reports, "text": call.text}
    )  # fmt: skip


def _shown(call: CallQuality) -> dict[str, object]:
    same = {name: getattr(call, name) for name in CallItem.model_fields}
    return same | {
        "at": rfc3339(call.at),
        "started_at": _moment(call.started_at),
        "ended_at": _moment(call.ended_at),
        "local_metrics": _metrics(call.local_metrics),
        "remote_metrics": _metrics(call.remote_metrics),
    }


def _metrics(metrics: VoiceMetrics | None) -> MetricsView | None:
    return MetricsView.model_validate(metrics, from_attributes=True) if metrics else None


def _moment(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)
