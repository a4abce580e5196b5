"""A real Alertmanager as the judge of what we post to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from daemon.config.output_settings import AlertmanagerOutput
from daemon.fleet.notifications import Notification, Occasion, Severity
from daemon.outputs.way import Told
from daemon.outputs.web import Alertmanager
from daemon.scheduler.clock import Clock
from tests.support.notifications import an_alarm
from tests.support.processes_of_receivers import alertmanager

pytestmark = pytest.mark.peer


async def test_alerts_come_change_and_go(tmp_path: Path) -> None:
    clock = Clock()
    async with alertmanager(tmp_path) as judge:
        output = AlertmanagerOutput.model_validate({"name": "am", "kind": "alertmanager", "url": judge.url})
        way = Alertmanager(output, clock.now)

        async def severities_after(occasion: Occasion, severity: Severity, peak: Severity) -> list[str]:
            alarm = replace(raised, severity=severity, peak=peak)
            await way.tell([Told(1, Notification(1, clock.now(), alarm, "", occasion))])
            await trio.sleep(0.01)  # an alert ends when its end lies in the past, by milliseconds
            return [labels["severity"] for labels in await judge.alerts()]

        raised = replace(an_alarm(), raised_at=clock.now() - 1, site="acme/hq")
        minor, critical = Severity.MINOR, Severity.CRITICAL
        assert await severities_after(Occasion.RAISED, minor, minor) == ["minor"]
        assert await severities_after(Occasion.CHANGED, critical, critical) == ["critical"]
        assert await severities_after(Occasion.CHANGED, minor, critical) == ["minor"]
        [labels] = await judge.alerts()
        assert labels["alertname"] == "IPPhoneRegisterFailure"
        assert (labels["tenant"], labels["site"], labels["device"]) == ("acme", "acme/hq", "00908f4867af")
        assert await severities_after(Occasion.CLEARED, Severity.CLEARED, critical) == []
        assert await severities_after(Occasion.RAISED, minor, minor) == ["minor"]  # and it comes back


async def test_it_takes_all_that_is_active_at_once(tmp_path: Path) -> None:
    clock = Clock()
    async with alertmanager(tmp_path) as judge:
        output = AlertmanagerOutput.model_validate({"name": "am", "kind": "alertmanager", "url": judge.url})
        alarms = [replace(an_alarm(), id=f"{number}", raised_at=clock.now()) for number in range(250)]
        await Alertmanager(output, clock.now).refresh(alarms, clock.now())
        assert len(await judge.alerts()) == 250
