"""Alarms at the command line: listed, shown, acknowledged, deleted, and looked up in the history."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import AlarmAcknowledged, AlarmDeleted
from daemon.fleet.events import AlertsHeard
from daemon.fleet.notifications import Severity
from tests.support.builders import MAC, OTHER_MAC, alert, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


def a_desk() -> DeskWithFleet:
    """Alice's phone has a minor alarm, Bob's a critical one."""
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    minor = alert("IPPHONE GENERAL LOCAL EVENT", Severity.MINOR)
    desk.deliver(AlertsHeard(MAC, (minor,), "10.1.2.7", with_secret=True))
    desk.deliver(AlertsHeard(OTHER_MAC, (alert(),), "10.1.2.8", with_secret=True))
    desk.heard.clear()
    return desk


async def test_alarms_are_listed_the_worst_first_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = a_desk()
    (identity,) = (alarm.id for alarm in desk.fleet.alarms.values() if alarm.device == MAC)
    async with serving(desk, tmp_path) as config:
        assert await run_beside("alarm", "list", "--config", config) == 0
        listed = capsys.readouterr().out
        assert await run_beside("alarm", "list", "--search", "nobody", "--config", config) == 0
        assert capsys.readouterr().out == "no alarm fits\n"
        assert await run_beside("alarm", "list", "--filter", "severity=CRITICAL", "--config", config) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1
        assert await run_beside("alarm", "show", identity, "--config", config) == 0
        shown = capsys.readouterr().out
        assert await run_beside("alarm", "show", "none", "--config", config) == 1
        assert await run_beside("alarm", "list", "--filter", "severity", "--config", config) == 1
    assert listed.index("CRITICAL") < listed.index("MINOR")
    assert identity in listed
    assert "action           Look the code up in the phone's manual." in shown
    assert "acknowledged by" not in shown


async def test_alarms_are_acknowledged_and_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = a_desk()
    one, other = sorted(desk.fleet.alarms)
    async with serving(desk, tmp_path) as config:
        words = ("--note", "ticket 17", "--config", config)
        assert await run_beside("alarm", "acknowledge", one, *words) == 0
        assert await run_beside("alarm", "acknowledge", one, "--undo", "--config", config) == 0
        assert await run_beside("alarm", "acknowledge", "--filter", "tenant=acme", *words) == 0
        assert await run_beside("alarm", "acknowledge", one, "gone", *words) == 1
        assert await run_beside("alarm", "acknowledge", *words) == 1
        assert await run_beside("alarm", "delete", one, "--config", config) == 0
        assert await run_beside("alarm", "delete", one, "--config", config) == 1
    told = capsys.readouterr()
    assert "acknowledged: 2" in told.out
    assert "there is no such active alarm: gone" in told.err
    assert desk.heard[:2] == [
        AlarmAcknowledged(one, "ticket 17", "local socket"),
        AlarmAcknowledged(one, "", "local socket", taken_back=True),
    ]
    assert desk.heard[-1] == AlarmDeleted(one, "local socket")
    assert desk.fleet.alarms[other].note == "ticket 17"


async def test_the_history_says_why_each_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = a_desk()
    for mac, name in ((OTHER_MAC, "IPPHONE REGISTRATION FAILURE"), (MAC, "IPPHONE GENERAL LOCAL EVENT")):
        desk.deliver(AlertsHeard(mac, (alert(name, Severity.CLEARED),), "10.1.2.7", with_secret=True))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("alarm", "history", "--minimum", "major", "--since", "2h", "--config", config) == 0
        bad = capsys.readouterr().out
        assert await run_beside("alarm", "history", "--limit", "1", "--config", config) == 0
        newest = capsys.readouterr().out
        assert await run_beside("alarm", "history", "--tenant", "globex", "--config", config) == 0
        none = capsys.readouterr().out
        assert await run_beside("alarm", "history", "--since", "yesterday", "--config", config) == 1
        assert await run_beside("alarm", "list", "--config", config) == 0
    assert "cleared" in bad
    assert "LocalEvent" not in bad
    assert "there are older ones; these are the newest 1" in newest
    assert none == "no alarm that is over fits\n"
    assert capsys.readouterr().out == "no alarm is active\n"
