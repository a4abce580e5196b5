"""Until when the certificates are good that our TLS listeners show: read at the start, at a reload and once a day.

The fleet is told and decides what follows (`server_events`). A file that cannot be read is passed over: a start and a
reload have refused it already, and what the listener shows is still the one that was read then. Not here: loading a
certificate into a listener (`daemon.config.tls_contexts`, `daemon.sip.tls`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
import trio
from cryptography import x509

from daemon.config.settings import Settings
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import CertificatesRead, ShownCertificate

log = structlog.get_logger("certificates")

PERIOD = 24 * 3600.0  # seconds: the least that anybody is warned before is days


class Certificates:
    """Looks at the files that `settings` names at that time."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._asked = trio.Event()
        self._found: tuple[ShownCertificate, ...] = ()

    def statistics(self) -> dict[str, float]:
        """By listener, until when its certificate is good (UTC seconds), as last read."""
        return {shown.listener: shown.ends_at for shown in self._found}

    def look(self) -> None:
        """Read them again, soon."""
        self._asked.set()

    async def run(self, deliver: Deliver, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled; ready at once."""
        task_status.started()
        while True:
            self._found = await trio.to_thread.run_sync(lambda: tuple(_read(self._settings())))
            deliver(CertificatesRead(self._found))
            with trio.move_on_after(PERIOD):
                await self._asked.wait()
            self._asked = trio.Event()


def _read(settings: Settings) -> Iterator[ShownCertificate]:
    """Runs in a thread."""
    blocks = {
        "http.phones": settings.http.phones.tls,
        "http.operators": settings.http.operators.tls,
        "sip": settings.sip.tls,
    }
    for listener, tls in blocks.items():
        if tls.certificate is not None and (ends_at := _end(tls.certificate)) is not None:
            yield ShownCertificate(listener, str(tls.certificate), ends_at)


def _end(path: Path) -> float | None:
    """When the first certificate of the file ends, which is our own; UTC seconds."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        log.warning("certificate not read", event_name="certificate-not-read", path=str(path), error=str(error))
        return None
