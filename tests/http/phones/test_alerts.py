from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.events import Alert
from daemon.fleet.notifications import Severity
from daemon.http.phones.alerts import MAX_ALERTS, read_alerts
from tests.support.builders import MAC

DATA = Path(__file__).parents[2] / "data" / "http"


def entry(**fields: Any) -> dict[str, Any]:
    return {"name": "IPPHONE SURVIVABLE MODE START", "severity": "4", "source": f"IPPhone/{MAC}", **fields}


def body(*entries: Any, **fields: Any) -> bytes:
    return json.dumps({"alerts": list(entries), **fields}).encode()


def test_an_alarm_is_read_as_phones_send_it() -> None:
    mac, alerts = read_alerts((DATA / "alert-registration-failure.json").read_bytes())
    assert mac == MAC
    assert alerts == (
        Alert(
            name="IPPHONE REGISTRATION FAILURE",
            description="Registration with pbx-a, line 1, failed",
            severity=Severity.CRITICAL,
            event_type=1,
            probable_cause=5,
            unique_id="7",
            date="2026-03-04T09:15:02",
            additional_info=("timeout",),
        ),
    )


@pytest.mark.parametrize(("said", "severity"), [("0", Severity.CLEARED), (3, Severity.MINOR), ("5", Severity.CRITICAL)])
def test_severities_count_from_clear_to_critical(said: object, severity: Severity) -> None:
    assert read_alerts(body(entry(severity=said)))[1][0].severity is severity


def test_several_alarms_of_one_phone_come_together() -> None:
    _, alerts = read_alerts(body(entry(), entry(severity="0", additionalInfo2="second")))
    assert [alert.additional_info for alert in alerts] == [(), ("", "second")]


def test_the_phone_may_be_named_once_for_all() -> None:
    assert read_alerts(body(entry(source=""), mac="00:90:8f:48:67:af"))[0] == MAC


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (body(), "alerts"),
        (b'{"alerts": "none"}', "alerts"),
        (body("text"), "alerts"),
        (body(*[entry()] * (MAX_ALERTS + 1)), "alerts"),
        (body(entry(source="")), "mac"),
        (body(entry(source="IPPhone/nobody")), "mac"),
        (body(entry(), entry(source="IPPhone/00908f000002")), "mac"),
        (body(entry(), mac="00908f000002"), "mac"),
        (body(entry(name="")), "name"),
        (body(entry(severity="6")), "severity"),
        (body(entry(severity="")), "severity"),
        (body(entry(severity="٣")), "severity"),
        (body(entry(severity="critical")), "severity"),
        (body(entry(type="-1")), "number"),
        (body(entry(probableCause="9" * 4000)), "number"),
        (body(entry(description=["x"])), "field_type"),
        (b"alarm!", "json"),
    ],
)
def test_every_fault_has_its_reason(message: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as caught:
        read_alerts(message)
    assert caught.value.reason == reason


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["name", "severity", "source", "type", "probableCause", "uniqueId"]),
        st.text(max_size=8) | st.integers(-9, 9) | st.booleans() | st.lists(st.none(), max_size=1),
    )
)
def test_nothing_but_bad_message_is_ever_raised(fields: dict[str, Any]) -> None:
    with suppress(BadMessage):
        read_alerts(body(entry(**fields)))
