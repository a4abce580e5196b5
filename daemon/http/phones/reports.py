"""Phones' reports: keep-alive, init and alarm. Believed, delivered, durable, answered, in this order.

Not here: what the bodies mean (`keepalive`, `alerts`), who is looked at (`gate`) and believed (`caller`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import AlertsHeard, KeepAliveHeard, UnknownPhoneHeard
from daemon.fleet.model import Mac
from daemon.http.phones.alerts import read_alerts
from daemon.http.phones.caller import Caller, Doorkeeper, Standing
from daemon.http.phones.gate import Gate
from daemon.http.phones.keepalive import NOTHING_WAITS, read_keep_alive, write_answer
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.served import FileKind
from daemon.provisioning.user_agent import parse_user_agent

_Hear = Callable[[bytes, Caller], Awaitable[Response]]


class Reports:
    """The endpoints that phones post to. `accepting` says whether the store takes anything at all."""

    def __init__(
        self,
        deliver: Deliver,
        gate: Gate,
        doorkeeper: Doorkeeper,
        refusals: Refusals,
        accepting: Callable[[], bool],
        *,
        entries_as_text: Callable[[], bool] = lambda: False,
    ) -> None:
        self.keep_alives = 0
        self.alerts = 0
        self.by_proof: Counter[str] = Counter()  # reports that were believed, by the reason
        self._deliver = deliver
        self._gate = gate
        self._doorkeeper = doorkeeper
        self._refusals = refusals
        self._accepting = accepting
        self._entries_as_text = entries_as_text

    async def keep_alive(self, request: Request) -> Response:
        """A phone reports itself, and is told what waits for it."""
        return await self._answer(request, self._hear_keep_alive)

    async def alert(self, request: Request) -> Response:
        """A phone sends alarms."""
        return await self._answer(request, self._hear_alerts)

    async def _answer(self, request: Request, hear: _Hear) -> Response:
        if not self._accepting():
            return self._refusals.unavailable()
        caller = self._gate.enter(request)
        if isinstance(caller, Response):
            return caller
        body = await request.body()
        asked = None if body else self._gate.ask(caller, FileKind.SYSTEM)
        if asked:
            return asked
        try:
            return await hear(body, caller)
        except BadMessage as error:
            return self._refusals.bad(error, caller.source)
        except StoreUnavailable:
            return self._refusals.unavailable()

    async def _hear_keep_alive(self, body: bytes, caller: Caller) -> Response:
        mac, report = read_keep_alive(body)
        standing = self._standing(mac, caller, report.region)
        if isinstance(standing, Response):
            return standing
        if standing.device is None:
            return await self._newcomer(mac, standing, caller, report.model)
        self.keep_alives += 1
        delivery = self._deliver(KeepAliveHeard(mac, report, caller.source, standing.with_secret))
        await delivery.stored()
        waiting = delivery.answer.requests if delivery.answer else ()
        return _json(write_answer(waiting, as_text=self._entries_as_text()))

    async def _hear_alerts(self, body: bytes, caller: Caller) -> Response:
        mac, alerts = read_alerts(body)
        standing = self._standing(mac, caller)
        if isinstance(standing, Response):
            return standing
        if standing.device is None:
            return await self._newcomer(mac, standing, caller, "")
        self.alerts += len(alerts)
        await self._deliver(AlertsHeard(mac, alerts, caller.source, standing.with_secret)).stored()
        return _json(b"{}")

    def _standing(self, mac: Mac, caller: Caller, region: str = "") -> Standing | Response:
        """What is made of a phone that is believed; a refusal for all others."""
        kind = FileKind.REGION if region else FileKind.SYSTEM
        held = self._gate.hold_back(caller, mac, kind, region)
        if held:
            return held
        standing = self._doorkeeper.standing(mac, caller, region)
        if not standing.belief.believed:
            reason = standing.belief.reason
            return self._gate.refuse(reason, caller, mac, kind, region)
        self.by_proof[str(standing.belief.reason)] += 1
        return standing

    async def _newcomer(self, mac: Mac, standing: Standing, caller: Caller, model: str) -> Response:
        """A phone that nobody defined, in a network we trust, is noted, and answered as if nothing waited for it."""
        self._gate.met_stranger(caller, mac)
        model = model or parse_user_agent(caller.user_agent).model
        await self._deliver(UnknownPhoneHeard(mac, standing.tenant, model, caller.source)).stored()
        return _json(NOTHING_WAITS)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
