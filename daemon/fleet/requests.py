"""Commands for phones that ride in the answer to their keep-alive.

A phone behind NAT can be told something only when it calls. A request waits, bounded in number and time, is handed
out once if what it asks for, a restart say, must not happen twice because an answer was lost, else with every report
until the phone obeys; and counts as done when the phone next starts or fetches its configuration. Not here: what an
action looks like on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from daemon.config.settings import Requests
from daemon.fleet.acts import RequestQueued
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.model import Mac
from daemon.fleet.records import PhoneRequest
from daemon.fleet.store_commands import DropRequest, SaveRequest
from daemon.scheduler.deadlines import Deadlines

# These do no harm twice, so they are given with every report until the phone obeys or they expire.
REPEATABLE = frozenset({"update_configuration", "check_status", "change_tenant"})


class RequestBook:
    """Waiting and handed-out requests, by device. `last_id`: ids up to here were given before, and are spoken of."""

    def __init__(self, requests: Iterable[PhoneRequest], settings: Requests, last_id: int = 0) -> None:
        self.settings = settings
        self.expiries: Deadlines[int] = Deadlines()
        self._of_device: dict[Mac, list[PhoneRequest]] = {}
        self._last_id = last_id
        for request in requests:
            self._add(request)

    def of(self, mac: Mac) -> tuple[PhoneRequest, ...]:
        """What waits for, or was handed to, a device; oldest first."""
        return tuple(self._of_device.get(mac, ()))

    def queue(self, event: RequestQueued, now: float) -> list[Command]:
        """Add a request; the oldest waiting one is pushed out when there are too many."""
        orders: list[Command] = []
        while len(self.of(event.mac)) >= self.settings.waiting:
            orders += self._drop(self.of(event.mac)[0], "pushed out by newer ones")
        expires_at = now + event.expires_in
        request = PhoneRequest(self._last_id + 1, event.mac, event.action, event.body, now, expires_at)
        self._add(request)
        return [*orders, SaveRequest(request), Answer(requests=(request,))]

    def hand_out(self, mac: Mac, now: float) -> list[Command]:
        """Give the waiting requests to the phone that is calling; kept until they are acknowledged or expire."""
        waiting = [request for request in self.of(mac) if request.handed_out_at is None or request.action in REPEATABLE]
        if not waiting:
            return []
        given = tuple(replace(request, handed_out_at=now) for request in waiting)
        changed = {request.id: request for request in given}
        self._of_device[mac] = [changed.get(request.id, request) for request in self._of_device[mac]]
        return [*map(SaveRequest, given), Answer(requests=given)]

    def acknowledge(self, mac: Mac) -> list[Command]:
        """The phone started or fetched its file: what it was handed is done."""
        done = [request for request in self.of(mac) if request.handed_out_at is not None]
        return [order for request in done for order in self._drop(request, "acknowledged")]

    def withdraw(self, mac: Mac, identity: int) -> list[Command]:
        """Nobody wants it any more."""
        found = [request for request in self.of(mac) if request.id == identity]
        return [order for request in found for order in self._drop(request, "withdrawn")]

    def forget(self, mac: Mac) -> None:
        """The device is no more; its rows go with it."""
        for request in self._of_device.pop(mac, ()):
            self.expiries.cancel(request.id)

    def expire(self, now: float) -> list[Command]:
        """Drop what nobody came for."""
        due = set(self.expiries.expire(now))
        late = [r for requests in self._of_device.values() for r in requests if r.id in due] if due else []
        return [order for request in late for order in self._drop(request, "expired")]

    def _add(self, request: PhoneRequest) -> None:
        self._of_device.setdefault(request.mac, []).append(request)
        self.expiries.set(request.id, request.expires_at)
        self._last_id = max(self._last_id, request.id)

    def _drop(self, request: PhoneRequest, reason: str) -> list[Command]:
        self._of_device[request.mac].remove(request)
        self.expiries.cancel(request.id)
        return [DropRequest(request.id), Decided("request", reason, request.mac)]
