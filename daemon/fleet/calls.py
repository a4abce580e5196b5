"""The nouns of voice quality: what a phone says of a call, and what is kept of it. Frozen values, no behaviour.

Times are UTC seconds on the program's axis. Losses are percent, jitter and round trips milliseconds, MOS 1 to 5, R
0 to 120: the units in which phones report and people talk. None is "not measured". Not here: reading a report
(`daemon.sip.vq_report`), what it means (`quality`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from daemon.fleet.model import Mac, Status

# Metrics that a phone may raise an alert about; the longest list in RFC 6035 (section 4.6.1.1) has fourteen.
MAX_ALERTS = 16


class ReportKind(StrEnum):
    """When a report was made (RFC 6035 section 1): at the end of a call, during it, or because a limit was passed."""

    SESSION = "session"
    INTERVAL = "interval"
    ALERT = "alert"


class AlertLevel(StrEnum):
    """How bad a phone finds what it alerts about (RFC 6035 section 4.6.1.1)."""

    CLEAR = "Clear"
    WARNING = "Warning"
    CRITICAL = "Critical"


@dataclass(frozen=True, slots=True)
class VoiceMetrics:
    """What one end of a call measured of the voice that reached it. `mos_computed`: from R, not the phone's word."""

    codec: str = ""
    mos_lq: float | None = None  # listening quality
    mos_cq: float | None = None  # conversational quality: delay and echo count too
    r_lq: float | None = None
    r_cq: float | None = None
    loss: float | None = None  # percent lost in the network
    discarded: float | None = None  # percent that came too late to be played
    jitter_ms: float | None = None
    round_trip_ms: float | None = None
    mos_computed: bool = False


@dataclass(frozen=True, slots=True)
class QualityAlert:
    """A metric (NLR, MOSLQ, …) passed a limit of the phone's, in direction "local" or "remote"; `at` by its clock."""

    metric: str
    level: AlertLevel
    direction: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class QualityReport:
    """One body of application/vq-rtcpxr. `local` and `remote` are the parties' URIs; `text` is the body, cut."""

    kind: ReportKind
    call_id: str
    local: str
    remote: str
    local_mac: Mac | None
    started_at: float | None
    ended_at: float | None
    local_metrics: VoiceMetrics | None
    remote_metrics: VoiceMetrics | None
    alert: QualityAlert | None
    text: str


@dataclass(frozen=True, slots=True)
class CallQuality:
    """One call as one device had it, or a piece of it between two holds.

    `kind` is that of the report its metrics come from; a later interval replaces an earlier one, the session report
    all. `at` is when we last heard of it, `device` None when an unknown host of the tenant reported it from `source`.
    `verdict` was given by the limits in force then. `text` is the newest report as it came, only where it is kept.
    """

    id: str
    at: float
    kind: ReportKind
    device: Mac | None
    tenant: str
    site: str
    source: str
    call_id: str
    local: str
    remote: str
    started_at: float | None
    ended_at: float | None
    local_metrics: VoiceMetrics | None
    remote_metrics: VoiceMetrics | None
    mos: float | None  # the worst that one of the two ends heard
    alerts: tuple[QualityAlert, ...]  # the last word on each metric and direction
    reports: int
    verdict: Status
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class CallsWanted:
    """Which kept calls somebody asks for, newest first; `before` is the place (`at`, `id`) of the last one seen."""

    limit: int
    device: Mac | None = None
    tenant: str | None = None
    site: str | None = None
    verdict: Status | None = None
    since: float | None = None
    before: tuple[float, str] | None = None
