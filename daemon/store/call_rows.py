"""Calls to rows and back, in the column order of `daemon.store.schema.calls`; `call_of(call_row(x)) == x`.

What an end measured and the alerts are one JSON text each, with only what is there. Pure: not here are SQL and disk.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any

from daemon.fleet.calls import AlertLevel, CallQuality, QualityAlert, ReportKind, VoiceMetrics
from daemon.fleet.model import Status
from daemon.store.rows import Row
from daemon.store.texts import compact, parsed

_METRICS = {each.name: each.default for each in fields(VoiceMetrics)}
_measured = attrgetter(*_METRICS)


def call_row(call: CallQuality) -> Row:
    """How a call sounded."""
    return (
        call.id,
        call.at,
        call.kind.value,
        call.device,
        call.tenant,
        call.site,
        call.source,
        call.call_id,
        call.local,
        call.remote,
        call.started_at,
        call.ended_at,
        _metrics_text(call.local_metrics),
        _metrics_text(call.remote_metrics),
        call.mos,
        compact([[alert.metric, alert.level, alert.direction, alert.at] for alert in call.alerts]),
        call.reports,
        call.verdict.value,
        call.reason,
        call.text,
    )


def call_of(row: Row) -> CallQuality:
    """The call of a row; of one without its last column, the call without its text."""
    identity, at, kind, device, tenant, site, source, call_id, local, remote, started_at, ended_at, *rest = row
    local_metrics, remote_metrics, mos, alerts, reports, verdict, reason, *text = rest
    return CallQuality(
        identity,
        at,
        ReportKind(kind),
        device,
        tenant,
        site,
        source,
        call_id,
        local,
        remote,
        started_at,
        ended_at,
        _metrics(local_metrics),
        _metrics(remote_metrics),
        mos,
        tuple(QualityAlert(metric, AlertLevel(level), end, when) for metric, level, end, when in parsed(alerts)),
        reports,
        Status(verdict),
        reason,
        *text,
    )


def _metrics_text(metrics: VoiceMetrics | None) -> str | None:
    if metrics is None:
        return None
    values: tuple[Any, ...] = _measured(metrics)
    said = zip(_METRICS.items(), values, strict=True)
    return compact({name: value for (name, default), value in said if value != default})


def _metrics(text: str | None) -> VoiceMetrics | None:
    return None if text is None else VoiceMetrics(**parsed(text))
