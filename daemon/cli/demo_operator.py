"""The demo's own operator: approves phones that nobody knew, and has some restart, all through the API.

He looks about once a second, over the operators' Unix socket. A newcomer waits a few seconds, so that it can be seen
waiting; then it is given the first number that is free. Every two minutes a site's phones are restarted, gently, a few
at a time. What he does and sees is noted in `diary`. Not here: drawing it (`demo_view`), what phones make of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx
import trio

from daemon.cli.client import Declined, accepted
from daemon.cli.demo_view import Note
from daemon.fleet.operations.operation import OVER, OperationState, Step
from daemon.scheduler.clock import Clock

LOOK_EVERY = 1.0  # seconds
APPROVE_AFTER = 5.0  # seconds that a newcomer waits
FIRST_RESTART, RESTART_EVERY = 30.0, 120.0  # seconds from the start, and between two
# Not the site that loses its power. The first has a phone that says yes and does nothing (of the usual fleet).
SITES = ("workshop", "headquarters", "office")
PHONES, BATCH, DELAY = 10, 5, "5s"  # restarted in all, at a time, and the time between
NOTES = 6


class DemoOperator:
    """Works from `run` until cancelled; `diary` holds what he did, the newest last. `daemon` leads to the API."""

    def __init__(self, daemon: httpx.AsyncBaseTransport) -> None:
        self.diary: deque[Note] = deque(maxlen=NOTES)
        self._daemon = daemon
        self._clock = Clock()
        self._waiting: dict[str, float] = {}  # MAC -> since when
        self._given: dict[str, str] = {}  # MAC -> its number, until it is registered
        self._operations: dict[int, OperationState] = {}
        self._restarts = 0

    async def run(self) -> None:
        """Look after the fleet until cancelled."""
        began = trio.current_time()
        async with httpx.AsyncClient(transport=self._daemon, base_url="http://ringkeeper/api/v1") as api:
            while True:
                await trio.sleep(LOOK_EVERY)
                try:
                    await self._look(api, trio.current_time() - began)
                except Declined as refusal:
                    self._note(f"was told no: {refusal.detail}")
                except httpx.HTTPError as error:  # the machine is busy; he looks again in a moment
                    self._note(f"got no answer: {type(error).__name__}")

    async def _look(self, api: httpx.AsyncClient, elapsed: float) -> None:
        await self._approve_newcomers(api)
        await self._watch_approved(api)
        if elapsed >= FIRST_RESTART + self._restarts * RESTART_EVERY:
            await self._restart(api, SITES[self._restarts % len(SITES)])
            self._restarts += 1
        await self._watch_operations(api)

    async def _approve_newcomers(self, api: httpx.AsyncClient) -> None:
        now = self._clock.now()
        for device in (await _get(api, "/devices", approved="false"))["items"]:
            mac, tenant = device["mac"], device["tenant"]
            if mac not in self._waiting:
                self._waiting[mac] = now
                self._note(f"{mac} came by the URL of {tenant} and waits for approval")
            elif now - self._waiting[mac] >= APPROVE_AFTER and mac not in self._given:
                await self._approve(api, mac, tenant)

    async def _approve(self, api: httpx.AsyncClient, mac: str, tenant: str) -> None:
        free = (await _get(api, "/numbers", status="Available", limit=1))["items"]
        number = free[0]["number"] if free else ""
        self._given[mac] = number  # once, whatever comes of it
        await _post(api, f"/devices/{mac}/approve", {"tenant": tenant, "user": f"newcomer.{number}", "number": number})
        self._note(f"{mac} is approved for {tenant}, with number {number}; it restarts when it next reports")

    async def _watch_approved(self, api: httpx.AsyncClient) -> None:
        for mac, number in tuple(self._given.items()):
            device = await _get(api, f"/devices/{mac}")
            if number and device["presence"] == "REGISTERED":
                self._given[mac] = ""
                self._note(f"{mac} has its file and is registered as {number}")

    async def _restart(self, api: httpx.AsyncClient, site: str) -> None:
        found = await _get(api, "/devices", site=site, reachability="OK", presence="REGISTERED", limit=PHONES)
        macs = [device["mac"] for device in found["items"]]
        if macs:
            order = {"kind": "restart", "macs": macs, "batch": BATCH, "delay": DELAY}
            identity = (await _post(api, "/operations", order))["id"]
            self._operations[identity] = OperationState.SCHEDULED
            self._note(f"operation {identity}: {len(macs)} phones of {site} restart, {BATCH} every {DELAY}")

    async def _watch_operations(self, api: httpx.AsyncClient) -> None:
        for identity, former in tuple(self._operations.items()):
            operation = await _get(api, f"/operations/{identity}", step=str(Step.FAILED))
            state = self._operations[identity] = OperationState(operation["state"])
            if state in OVER and former not in OVER:
                proved = operation["steps"].get(Step.PROVED, 0)
                self._note(f"operation {identity}: {proved} of {operation['devices']} phones proved their restart")
                for failed in operation["items"]:
                    self._note(f"{failed['mac']} did not: not {failed['stuck']}, {failed['reason']}")

    def _note(self, text: str) -> None:
        self.diary.append(Note(self._clock.now(), text))


async def _get(api: httpx.AsyncClient, path: str, **asked: str | int) -> Any:
    return accepted(await api.get(path, params=asked)).json()


async def _post(api: httpx.AsyncClient, path: str, body: Mapping[str, object]) -> Any:
    return accepted(await api.post(path, json=body)).json()
