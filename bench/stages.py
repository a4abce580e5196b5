"""Where the microseconds of a ping go: a stop watch around each stage of the daemon's path.

Time is the thread's processor time, and each stage's own: what it calls is counted there. The stages are called by the
handful, so the watch itself is hardly to be seen. Not here: what is measured (`qualify`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from daemon.fleet.fleet import Fleet
from daemon.fleet.qualify import Pinging
from daemon.sip import mmsg
from daemon.sip.endpoint import SipEndpoint
from daemon.sip.mmsg import Inbox, Outbox
from daemon.sip.options import OptionsTemplate
from daemon.sip.pinger import Pinger
from daemon.sip.probes import Probes
from daemon.switchboard import Switchboard

REST = "Trio, and waiting for sockets"
# Stage -> the functions that are it.
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "kernel: send": ((mmsg._libc, "sendmmsg"),),  # noqa: SLF001 - there is no other place to stand
    "kernel: receive": ((mmsg._libc, "recvmmsg"),),  # noqa: SLF001
    "lay out what is sent": ((Outbox, "send"),),
    "take out what was received": ((Inbox, "receive"),),
    "render": ((OptionsTemplate, "render_all"),),
    "tokens, and who waits for them": ((Probes, "start"), (Probes, "expire"), (Probes, "next_deadline")),
    "who is pinged where": ((Pinger, "submit"),),
    "match the answers": ((Pinger, "take"),),
    "endpoint": ((SipEndpoint, "_drain"),),
    "fleet: due": ((Fleet, "expire"), (Fleet, "next_deadline"), (Pinging, "due")),
    "fleet: answered": ((Fleet, "handle"), (Pinging, "unusual")),
    "switchboard": ((Switchboard, "deliver"), (Switchboard, "perform")),
}


class Stages:
    """Seconds by stage since `start`."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._running = [REST]
        self._changed_at = time.thread_time()

    def start(self) -> None:
        """From here on."""
        self._charge()
        self._spent.clear()

    def table(self, pings: int) -> str:
        """Microseconds of each ping by stage, as a table of Markdown."""
        self._charge()
        rows = [f"| {stage} | {self._spent[stage] / pings * 1e6:.2f} |" for stage in (*STAGES, REST)]
        whole = sum(self._spent.values()) / pings * 1e6
        return "\n".join(["| stage | µs of each ping |", "|---|---|", *rows, f"| all | {whole:.2f} |"])

    def watch(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with the watch running for this stage meanwhile."""

        def call(*arguments: Any, **named: Any) -> Any:
            self._enter(stage)
            try:
                return function(*arguments, **named)
            finally:
                self._leave()

        return call

    def _enter(self, stage: str) -> None:
        self._charge()
        self._running.append(stage)

    def _leave(self) -> None:
        self._charge()
        self._running.pop()

    def _charge(self) -> None:
        now = time.thread_time()
        self._spent[self._running[-1]] += now - self._changed_at
        self._changed_at = now


@contextmanager
def watched() -> Iterator[Stages]:
    """Put the watch around all stages, until the end of the block."""
    stages, before = Stages(), list[tuple[Any, str, Any]]()
    for stage, functions in STAGES.items():
        for owner, name in functions:
            function = getattr(owner, name)
            before.append((owner, name, function))
            setattr(owner, name, stages.watch(stage, function))
    try:
        yield stages
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)
