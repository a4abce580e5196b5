"""A program of its own that hands one message to apprise: `python -m daemon.outputs.apprise_program`.

It reads `{"url": …, "title": …, "body": …, "severity": …}` from standard input and ends with a `PushOutcome`. The
address holds a secret: so it comes that way, which no list of processes shows.

It is not part of the daemon's process, because loading apprise's hundred and more services takes half a second of the
processor (measured: 0.14 s for the import, 0.5 to 0.7 s for the first address) and 25 MB, and because a service that
hangs can be ended here, which nothing can do to a thread. Not here: who starts it (`apprise_push`).
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

import apprise

from daemon.outputs.push_outcome import PushOutcome

_KINDS = {
    "cleared": apprise.NotifyType.SUCCESS,
    "critical": apprise.NotifyType.FAILURE,
    "major": apprise.NotifyType.FAILURE,
    "minor": apprise.NotifyType.WARNING,
    "warning": apprise.NotifyType.WARNING,
}


def push(url: str, title: str, body: str, severity: str) -> PushOutcome:
    """Hand one message over."""
    services = apprise.Apprise()
    if not services.add(url):
        return PushOutcome.NO_ADDRESS
    kind = _KINDS.get(severity, apprise.NotifyType.INFO)
    taken = services.notify(body=body, title=title, notify_type=kind)
    return PushOutcome.TAKEN if taken else PushOutcome.NOT_TAKEN


def main() -> int:
    """Whatever waits for the processor goes first: phones are more urgent than chats."""
    with suppress(OSError):  # the service's sandbox may forbid it, and it matters little
        os.nice(10)
    return push(**json.load(sys.stdin))


if __name__ == "__main__":
    sys.exit(main())
