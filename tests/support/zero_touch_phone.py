"""A phone that knows nothing but what DHCP told it: its words are OPTION MODEL MAC ADDRESS.

A program of its own, because it is run within another network. It starts, fetches and reports until its file holds a
secret of its own; after that it reports itself registered, and ends. What it does is told on stdout, a JSON object a
line.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urljoin

import trio

from daemon.provisioning.urls import PlannedRequest, Purpose, requests_of
from daemon.simulate.http_side import HttpRequest, exchange
from daemon.simulate.phone_settings import CONFIGURATION_URL, FIRMWARE_URL, PROVISIONING_URL, read_configuration

PATIENCE = 30.0  # seconds for its whole life
PERIOD = 0.2  # seconds between two reports: an hour of a desk phone
HEADER = 1024  # of an image; the phone drops the rest unread if model and version are its own


class ZeroTouchPhone:
    """One phone and what it keeps over a restart."""

    def __init__(self, option: str, model: str, mac: str, address: str) -> None:
        self._option, self._model, self._mac, self._address = option, model, mac, address
        self._kept: dict[str, str] = {}

    async def live(self) -> None:
        """From the lease to being registered."""
        while True:
            await self._start()
            if "/k/" in self._kept[PROVISIONING_URL]:
                break
            await self._wait_to_be_told()
            tell(did="restart")
        await self._report("started")
        await self._report("registered")

    async def _wait_to_be_told(self) -> None:
        """Report until the answer holds a command; there is but one that anybody sends."""
        waiting = await self._report("started")
        while not waiting:
            await trio.sleep(PERIOD)
            waiting = await self._report("started")

    async def _start(self) -> None:
        for planned in self._plan():
            if planned.purpose is Purpose.FIRMWARE:
                await self._ask(HttpRequest("HEAD", planned.url, self._agent()))
                await self._ask(HttpRequest("GET", planned.url, self._agent(), enough=HEADER))
            else:
                await self._configure(planned.url)

    def _plan(self) -> tuple[PlannedRequest, ...]:
        """By DHCP, until a file has made the method STATIC."""
        if self._kept.get("provisioning/method", "").upper() != "STATIC":
            return requests_of(self._option, self._model, self._mac)
        firmware, configuration = self._kept[FIRMWARE_URL], self._kept[CONFIGURATION_URL]
        return (
            PlannedRequest(Purpose.FIRMWARE, urljoin(firmware, f"{self._model}.img")),
            PlannedRequest(Purpose.CONFIGURATION, urljoin(configuration, f"{self._mac}.cfg")),
        )

    async def _configure(self, url: str) -> None:
        file = read_configuration(await self._ask(HttpRequest("GET", url, self._agent())))
        for name in file.includes:
            included = await self._ask(HttpRequest("GET", urljoin(url, name), self._agent()))
            self._kept.update(read_configuration(included).settings)
        self._kept.update(file.settings)

    async def _report(self, status: str) -> list[Any]:
        said = {"mac": self._mac, "status": status, "model": self._model, "ip": self._address}
        url = urljoin(self._kept[PROVISIONING_URL], "rest/v1/ipphoneMgrStatus/keep-alive")
        body = await self._ask(HttpRequest("POST", url, self._agent(), json.dumps(said).encode()), status=status)
        waiting: list[Any] = json.loads(body)["requests"]
        return waiting

    async def _ask(self, request: HttpRequest, **more: str) -> bytes:
        reply = await exchange(request, self._address)
        tell(did=request.method, url=request.url, answered=reply.status, **more)
        return reply.body

    def _agent(self) -> tuple[tuple[str, str], ...]:
        return (("User-Agent", f"AUDC-IPPhone/2.2.16 ({self._model}; {self._mac})"),)


def tell(**said: object) -> None:
    """A line for whoever runs this."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """One life."""
    with trio.fail_after(PATIENCE):
        await ZeroTouchPhone(*sys.argv[1:]).live()


if __name__ == "__main__":
    trio.run(main)
