"""Messages to the service manager (sd_notify(3)): ready, reloading, stopping, status, watchdog.

A datagram to the socket that systemd names in the environment; without one every message is a no-op. Not here: when
to send what (`daemon.supervisor`, `watchdog`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from daemon.scheduler.clock import monotonic_usec


class Notifier:
    """Speaks to the service manager, if there is one. Never blocks, never raises."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_interval = _watchdog_interval(environ)

    def ready(self, status: str = "") -> None:
        """Everything is up (also: a reload is over)."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """A reload has begun; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={monotonic_usec()}")

    def stopping(self) -> None:
        """An orderly stop has begun."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def watchdog(self) -> None:
        """The main loop is alive."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> bool:
        """Whether the message went out; if not (no manager, or it is restarting), nothing could be done about it."""
        if self._address[:1] not in ("/", "@"):
            return False
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address  # abstract: unix(7)
        message = "\n".join(line.replace("\n", " ") for line in lines).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                sender.sendto(message, address)
        except OSError:
            return False
        return True


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Half the time (seconds) after which the manager would end us, as sd_watchdog_enabled(3) advises; None: never."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 2e6 if ours and microseconds.isdecimal() and int(microseconds) else None
