"""Phones' reports: keep-alive, init and alarm. Believed, delivered, durable, answered, in this order.

Not here: what the bodies mean (`keepalive`, `alerts`), who is believed (`caller`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import AlertsHeard, KeepAliveHeard, UnknownPhoneHeard
from daemon.fleet.model import Mac
from daemon.http.phones.alerts import read_alerts
from daemon.http.phones.caller import Caller, Doorkeeper, Standing, caller_of
from daemon.http.phones.keepalive import NOTHING_WAITS, read_keep_alive, write_answer
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.user_agent import parse_user_agent

_Hear = Callable[[bytes, Caller], Awaitable[Response]]


class Reports:
    """The endpoints that phones post to. `accepting` says whether the store takes anything at all."""

    def __init__(
        self, deliver: Deliver, doorkeeper: Doorkeeper, refusals: Refusals, accepting: Callable[[], bool]
    ) -> None:
        self.keep_alives = 0
        self.alerts = 0
        self._deliver = deliver
        self._doorkeeper = doorkeeper
        self._refusals = refusals
        self._accepting = accepting

    async def keep_alive(self, request: Request) -> Response:
        """A phone reports itself, and is told what waits for it."""
        return await self._answer(request, self._hear_keep_alive)

    async def alert(self, request: Request) -> Response:
        """A phone sends alarms."""
        return await self._answer(request, self._hear_alerts)

    async def _answer(self, request: Request, hear: _Hear) -> Response:
        if not self._accepting():
            return self._refusals.unavailable()
        caller = caller_of(request)
        body = await request.body()
        try:
            return await hear(body, caller)
        except BadMessage as error:
            return self._refusals.bad(error, caller.source)
        except StoreUnavailable:
            return self._refusals.unavailable()

    async def _hear_keep_alive(self, body: bytes, caller: Caller) -> Response:
        mac, report = read_keep_alive(body)
        standing = self._doorkeeper.standing(mac, caller, report.region)
        if standing.device is None or not standing.belief.believed:
            return await self._not_a_phone_of_ours(mac, standing, caller, report.model)
        self.keep_alives += 1
        delivery = self._deliver(KeepAliveHeard(mac, report, caller.source, standing.with_secret))
        await delivery.stored()
        return _json(write_answer(delivery.answer.requests if delivery.answer else ()))

    async def _hear_alerts(self, body: bytes, caller: Caller) -> Response:
        mac, alerts = read_alerts(body)
        standing = self._doorkeeper.standing(mac, caller)
        if standing.device is None or not standing.belief.believed:
            return await self._not_a_phone_of_ours(mac, standing, caller, "")
        self.alerts += len(alerts)
        await self._deliver(AlertsHeard(mac, alerts, caller.source, standing.with_secret)).stored()
        return _json(b"{}")

    async def _not_a_phone_of_ours(self, mac: Mac, standing: Standing, caller: Caller, model: str) -> Response:
        """One that nobody defined but that we trust is noted, and answered as if nothing waited for it."""
        if standing.wrong_secret:
            return self._refusals.not_found("wrong_secret", caller.source)
        if standing.device is not None or not standing.belief.believed:
            return self._refusals.not_found(str(standing.belief.reason), caller.source)
        model = model or parse_user_agent(caller.user_agent).model
        await self._deliver(UnknownPhoneHeard(mac, standing.tenant, model, caller.source)).stored()
        return _json(NOTHING_WAITS)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
