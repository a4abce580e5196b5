"""What apprise has a scheme for: each message by a program of its own (`apprise_program` says why).

Not here: the words (`wording`), the services.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence

import trio

from daemon.config.output_settings import AppriseOutput
from daemon.fleet.notifications import Alarm
from daemon.outputs.push_outcome import PushOutcome
from daemon.outputs.way import NotTaken, Told
from daemon.outputs.wording import report, summary

_PROGRAM = (sys.executable, "-m", "daemon.outputs.apprise_program")


class ApprisePush:
    """Pushes to one address."""

    def __init__(self, output: AppriseOutput) -> None:
        self._url = output.url.get_secret_value()

    async def tell(self, told: Sequence[Told]) -> None:
        """One message about all of them; cancelled, its program is ended."""
        notifications = [one.notification for one in told]
        message = {
            "url": self._url,
            "title": f"Ringkeeper: {summary(notifications)}",
            "body": report(notifications),
            "severity": max(one.alarm.severity for one in notifications).name.lower(),
        }
        ended = await trio.run_process(
            _PROGRAM,
            stdin=json.dumps(message).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if ended.returncode != PushOutcome.TAKEN:
            raise _failure(ended.returncode)

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        """Nobody forgets a message."""


def _failure(code: int) -> NotTaken:
    if code == PushOutcome.NOT_TAKEN:
        return NotTaken("refused", "the service did not take it")
    if code == PushOutcome.NO_ADDRESS:
        return NotTaken("address", "apprise knows no service of such an address")
    return NotTaken("broken", f"the program that hands it over ended with {code}")
