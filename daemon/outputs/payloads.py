"""Notifications -> JSON: our own format, what Alertmanager sends to webhook receivers, and what it takes itself. Pure.

Our own format is `{"format": "ringkeeper", "version": 1, ...}`; fields may be added to it, a change of any other sort
raises the version. Alertmanager knows an alert by its labels, of which `severity` is one: so when an alarm changes, the
alert of its former severity ends as the new one begins, and a clear ends all that it may have had. Not here: HTTP
(`web`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from daemon.fleet.alarms.advice import action_for
from daemon.fleet.notifications import Alarm, Notification, Occasion, Severity
from daemon.outputs.wording import clean
from daemon.scheduler.timestamps import rfc3339

FORMAT_VERSION = 1
_NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: how Alertmanager writes the end of what has not ended


def own_format(receiver: str, told: Iterable[tuple[int, Notification]]) -> bytes:
    """Numbers and notifications as we write them; a number counts what this receiver was told, without a gap."""
    notifications = [_notification(number, one) for number, one in told]
    return _json(
        {"format": "ringkeeper", "version": FORMAT_VERSION, "receiver": receiver, "notifications": notifications}
    )


def alertmanager_webhook(receiver: str, notification: Notification) -> bytes:
    """One alarm as Alertmanager's webhook receivers get it, version 4: a group of its own, since each has its order."""
    alarm = notification.alarm
    over = alarm.severity is Severity.CLEARED
    severity = max(alarm.peak, Severity.INDETERMINATE) if over else alarm.severity
    labels, notes = _labels(alarm, severity), _annotations(alarm)
    status = "resolved" if over else "firing"
    alert = {
        "status": status,
        "labels": labels,
        "annotations": notes,
        "startsAt": rfc3339(alarm.raised_at),
        "endsAt": rfc3339(notification.at) if over else _NEVER,
        "generatorURL": "",
        "fingerprint": alarm.id,
    }
    return _json(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alarm_id="{alarm.id}"}}',
            "truncatedAlerts": 0,
            "status": status,
            "receiver": receiver,
            "groupLabels": {"alarm_id": alarm.id},
            "commonLabels": labels,
            "commonAnnotations": notes,
            "externalURL": "",
            "alerts": [alert],
        }
    )


def alerts(notifications: Iterable[Notification], lasts: float) -> bytes:
    """What `POST /api/v2/alerts` of an Alertmanager takes; an alert ends by itself `lasts` seconds from now on."""
    return _json([alert for one in notifications for alert in _alerts_of(one, lasts)])


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256, in hex, over the timestamp, a dot, and the body: an old message cannot be sent as a new one."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def _alerts_of(notification: Notification, lasts: float) -> Iterator[dict[str, Any]]:
    alarm, at = notification.alarm, notification.at
    worst = max(alarm.peak, alarm.severity, Severity.INDETERMINATE)
    changed = notification.occasion is not Occasion.RAISED or alarm.peak > alarm.severity
    for severity in Severity:
        if severity is not Severity.CLEARED and severity <= worst and severity != alarm.severity and changed:
            yield _alert(alarm, severity, at)
    if alarm.severity is not Severity.CLEARED:
        yield _alert(alarm, alarm.severity, at + lasts)


def _alert(alarm: Alarm, severity: Severity, ends_at: float) -> dict[str, Any]:
    return {
        "labels": _labels(alarm, severity),
        "annotations": _annotations(alarm),
        "startsAt": rfc3339(min(alarm.raised_at, ends_at)),
        "endsAt": rfc3339(ends_at),
    }


def _labels(alarm: Alarm, severity: Severity) -> dict[str, str]:
    labels = {
        "alertname": alarm.name,
        "severity": severity.name.lower(),
        "tenant": alarm.tenant,
        "site": alarm.site,
        "device": alarm.device or "",
        "source": alarm.source,
        "alarm_id": alarm.id,
    }
    return {name: clean(value) for name, value in labels.items() if clean(value)}


def _annotations(alarm: Alarm) -> dict[str, str]:
    notes = {
        "description": alarm.description,
        "details": "; ".join(alarm.additional_info),
        "action": action_for(alarm.name),
    }
    return {name: clean(value) for name, value in notes.items() if clean(value)}


def _notification(number: int, told: Notification) -> dict[str, Any]:
    alarm = told.alarm
    return {
        "number": number,
        "sequence": told.sequence,
        "at": rfc3339(told.at),
        "occasion": told.occasion,
        "alarm": {
            "id": alarm.id,
            "name": alarm.name,
            "severity": alarm.severity.name.lower(),
            "peak": alarm.peak.name.lower(),
            "source": alarm.source,
            "tenant": alarm.tenant,
            "site": alarm.site,
            "device": alarm.device,
            "device_ip": told.device_ip,
            "description": alarm.description,
            "action": action_for(alarm.name),
            "event_type": alarm.event_type.name.lower(),
            "probable_cause": alarm.probable_cause,
            "additional_info": list(alarm.additional_info),
            "raised_at": rfc3339(alarm.raised_at),
            "updated_at": rfc3339(alarm.updated_at),
        },
    }


def _json(value: dict[str, Any] | Sequence[Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
