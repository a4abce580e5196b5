"""A call, a report of one, and a fleet that hears of many, in one readable line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from daemon.fleet.calls import CallQuality, QualityAlert, QualityReport, ReportKind, VoiceMetrics
from daemon.fleet.events import QualityReported
from daemon.fleet.model import Mac, Status
from tests.support.builders import MAC, NOW


def measured(mos: float | None = 4.1, loss: float | None = 0.0, **more: Any) -> VoiceMetrics:
    """What one end heard."""
    return VoiceMetrics(codec="PCMA", mos_cq=mos, loss=loss, **more)


def a_report(
    call_id: str = "call-1",
    mos: float | None = 4.1,
    kind: ReportKind = ReportKind.SESSION,
    began: float | None = -300.0,
    ended: float | None = 0.0,
    **fields: Any,
) -> QualityReport:
    """Alice reports her call with Bob; times are seconds from now."""
    whole = QualityReport(
        kind=kind,
        call_id=call_id,
        local="sip:2041@pbx.example.net",
        remote="sip:2042@pbx.example.net",
        local_mac=None,
        started_at=None if began is None else NOW + began,
        ended_at=None if ended is None else NOW + ended,
        local_metrics=measured(mos),
        remote_metrics=None,
        alert=None,
        text=f"VQSessionReport of {call_id}",
    )
    return replace(whole, **fields)


def an_alert(alert: QualityAlert, call_id: str = "call-1", **fields: Any) -> QualityReport:
    """Alice's phone raises an alert during the call."""
    return a_report(call_id, None, ReportKind.ALERT, local_metrics=None, alert=alert, **fields)


def reported(report: QualityReport, mac: Mac | None = MAC, source: str = "10.1.2.7") -> QualityReported:
    """The event of such a report, from a phone at acme's hq."""
    return QualityReported(mac, report, source)


def a_call(identity: str = "c1", mos: float | None = 4.1, **fields: Any) -> CallQuality:
    """A call as it is kept, of five minutes up to now."""
    whole = CallQuality(
        id=identity,
        at=NOW,
        kind=ReportKind.SESSION,
        device=MAC,
        tenant="acme",
        site="hq",
        source="10.1.2.7",
        call_id="call-1",
        local="sip:2041@pbx.example.net",
        remote="sip:2042@pbx.example.net",
        started_at=NOW - 300,
        ended_at=NOW,
        local_metrics=measured(mos),
        remote_metrics=None,
        mos=mos,
        alerts=(),
        reports=1,
        verdict=Status.OK,
        reason="MOS 4.10 at the local end",
    )
    return replace(whole, **fields)
