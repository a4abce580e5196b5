from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from daemon.fleet.alarms.advice import action_for
from daemon.fleet.notifications import Occasion, Severity
from daemon.outputs.payloads import alertmanager_webhook, alerts, own_format, signature
from tests.support.notifications import a_notification, an_alarm

RAISED = a_notification(7, alarm=replace(an_alarm(), peak=Severity.CRITICAL, site="acme/hq"))
OPENSSL = "26e63db59bb9ff74108f01ae30c8ce7c722802ce8e7333a9146c70608a8c6bfe"
CLEARED = replace(
    a_notification(8, alarm=replace(RAISED.alarm, severity=Severity.CLEARED), at=RAISED.at + 60),
    occasion=Occasion.CLEARED,
)


def test_our_own_format_names_itself_and_counts() -> None:
    read = json.loads(own_format("output/hook", [(1, RAISED), (2, CLEARED)]))
    assert (read["format"], read["version"], read["receiver"]) == ("ringkeeper", 1, "output/hook")
    first, second = read["notifications"]
    assert (first["number"], first["sequence"], first["occasion"], first["at"]) == (
        1,
        7,
        "raised",
        "2026-03-04T09:15:02.125Z",
    )
    assert (second["number"], second["alarm"]["severity"], second["alarm"]["peak"]) == (2, "cleared", "critical")
    assert first["alarm"]["id"] == second["alarm"]["id"]
    assert first["alarm"]["site"] == "acme/hq"


def test_a_webhook_of_alertmanager_gets_version_4_with_the_same_labels_for_raise_and_clear() -> None:
    raised, cleared = (json.loads(alertmanager_webhook("output/hook", one)) for one in (RAISED, CLEARED))
    assert (raised["version"], raised["status"], cleared["status"]) == ("4", "firing", "resolved")
    assert raised["alerts"][0]["labels"] == cleared["alerts"][0]["labels"] == raised["commonLabels"]
    assert raised["alerts"][0]["fingerprint"] == cleared["alerts"][0]["fingerprint"]
    assert raised["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert cleared["alerts"][0]["endsAt"] == "2026-03-04T09:16:02.125Z"
    assert raised["groupKey"] == cleared["groupKey"]


def shown(body: bytes) -> list[tuple[str, str, str]]:
    read: list[dict[str, Any]] = json.loads(body)
    return [(one["labels"]["severity"], one["startsAt"][11:19], one["endsAt"][11:19]) for one in read]


def test_an_alert_lasts_until_it_is_refreshed_or_cleared() -> None:
    assert shown(alerts([RAISED], 3600)) == [("critical", "09:15:02", "10:15:02")]
    assert ("critical", "09:15:02", "09:16:02") in shown(alerts([CLEARED], 3600))
    assert all(end == "09:16:02" for _, _, end in shown(alerts([CLEARED], 3600)))


def test_a_change_of_severity_ends_the_alert_of_the_former_one() -> None:
    milder = replace(RAISED, alarm=replace(RAISED.alarm, severity=Severity.MINOR), at=RAISED.at + 30)
    ends = {severity: end for severity, _, end in shown(alerts([milder], 3600))}
    assert (ends["critical"], ends["minor"]) == ("09:15:32", "10:15:32")
    first = replace(RAISED, alarm=replace(RAISED.alarm, severity=Severity.MINOR, peak=Severity.MINOR))
    worse = replace(RAISED, occasion=Occasion.CHANGED)
    assert shown(alerts([first], 3600)) == [("minor", "09:15:02", "10:15:02")]
    assert ("minor", "09:15:02", "09:15:02") in shown(alerts([worse], 3600))


def test_labels_that_say_nothing_are_left_out() -> None:
    [alert] = json.loads(alerts([a_notification(alarm=an_alarm(tenant="", device=None))], 60))
    assert set(alert["labels"]) == {"alertname", "severity", "source", "alarm_id"}
    assert alert["annotations"]["action"] == action_for("IPPhoneRegisterFailure") != ""


def test_a_signature_is_made_over_timestamp_and_body() -> None:
    # As `printf '1772615702.{}' | openssl dgst -sha256 -hmac hush` has it.
    assert signature("hush", 1772615702, b"{}") == OPENSSL
    assert signature("hush", 1772615703, b"{}") != OPENSSL
