"""The phones' application: the table of paths, and nothing else.

Every path may have a phone's secret in front of it (`caller`). What is not in the table is refused like everything
else. Not here: what happens behind a path (`reports`, `files`, `firmware`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.routing import Route, Router

from daemon.fleet.delivery import Deliver
from daemon.http.asgi import Receive, Scope, Send
from daemon.http.phones.caller import Directory, Doorkeeper, SecretMatches, take_off_secret
from daemon.http.phones.files import Files, FileSource
from daemon.http.phones.firmware import Firmware
from daemon.http.phones.refusals import Refusals
from daemon.http.phones.reports import Reports
from daemon.provisioning.served import FileKind


@dataclass(frozen=True, slots=True)
class PhonesStatistics:
    """What phones reported and fetched; `refused` counts by reason."""

    keep_alives: int
    alerts: int
    files: int
    firmware: int
    firmware_aborted: int
    refused: dict[str, int]


class PhonesApp:
    """The ASGI application behind the phones' listener; `phones_app` makes one."""

    def __init__(self, reports: Reports, files: Files, firmware: Firmware, refusals: Refusals) -> None:
        self._reports = reports
        self._files = files
        self._firmware = firmware
        self._refusals = refusals
        routes = self._routes()
        self._router = Router(routes, redirect_slashes=False, default=self._no_such_path)
        self._reporting = {route.path: route.endpoint for route in routes if route.methods == {"POST"}}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; reports go past the router, which takes 7.7 µs where this takes 1.6."""
        take_off_secret(scope)
        endpoint = self._reporting.get(scope["path"]) if scope["method"] == "POST" else None
        if endpoint is None:
            await self._router(scope, receive, send)
            return
        scope["endpoint"] = endpoint
        response = await endpoint(Request(scope, receive))
        await response(scope, receive, send)

    def statistics(self) -> PhonesStatistics:
        """What was reported, fetched and refused so far."""
        return PhonesStatistics(
            keep_alives=self._reports.keep_alives,
            alerts=self._reports.alerts,
            files=self._files.served,
            firmware=self._firmware.served,
            firmware_aborted=self._firmware.aborted,
            refused=dict(self._refusals.by_reason),
        )

    def _routes(self) -> list[Route]:
        reports, fetch = self._reports, self._files.endpoint
        return [
            Route("/rest/v1/ipphoneMgrStatus/keep-alive", reports.keep_alive, methods=["POST"]),
            Route("/rest/v1/ipphoneMgrStatus/init", reports.keep_alive, methods=["POST"]),
            Route("/rest/v1/ipphoneMgrAlert/alert", reports.alert, methods=["POST"]),
            Route("/ipp/tenant/{tenant}/{name}", fetch(FileKind.TENANT), methods=["GET"]),
            Route("/ipp/region/{tenant}/{name}", fetch(FileKind.REGION), methods=["GET"]),
            Route("/ipp/httpproxy/{name}", fetch(FileKind.HTTPPROXY), methods=["GET"]),
            Route("/ipp/{name}", fetch(FileKind.SYSTEM), methods=["GET"]),
            Route("/configfiles/{name}", fetch(FileKind.CONFIGFILES), methods=["GET"]),
            Route("/firmwarefiles/{name}", self._firmware.serve, methods=["GET"]),
        ]

    async def _no_such_path(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["client"]
        await self._refusals.not_found("path", client[0] if client else "")(scope, receive, send)


def phones_app(
    *,
    deliver: Deliver,
    directory: Directory,
    files: FileSource,
    secret_matches: SecretMatches,
    accepting: Callable[[], bool],
    now: Callable[[], float],
    firmware: Path | None,
) -> PhonesApp:
    """Put the application together. `now` gives UTC seconds, `firmware` is the folder of firmware files."""
    refusals = Refusals(now)
    doorkeeper = Doorkeeper(directory, secret_matches)
    return PhonesApp(
        Reports(deliver, doorkeeper, refusals, accepting),
        Files(files, deliver, doorkeeper, refusals, now),
        Firmware(firmware, deliver, doorkeeper, refusals),
        refusals,
    )
