"""A desk with a real fleet behind it, kept in memory, and browsers and scripts that come to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.export import export_inventory
from daemon.config.inventory import parse_inventory
from daemon.config.settings import Settings
from daemon.errors import Refused, StoreUnavailable
from daemon.fleet.acts import InventoryApplied, OperatorAdded
from daemon.fleet.calls import CallQuality, CallsWanted
from daemon.fleet.commands import Answer, Command
from daemon.fleet.events import Event
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Mac, Transition
from daemon.fleet.notifications import PastAlarm, PastAlarmsWanted, Told, ToldWanted
from daemon.fleet.records import Document, FileVersion, Operator, Role, Snapshot
from daemon.fleet.store_commands import (
    AppendTransition,
    Notify,
    RecordAlarm,
    SaveCall,
    SaveDocument,
    SaveFileVersion,
)
from daemon.http.operators.access import token_hash
from daemon.http.operators.app import OperatorsApp, operators_app
from daemon.http.operators.desk import Desk
from daemon.provisioning.provisioner import Provisioner
from daemon.provisioning.templates.shelf import load_templates
from daemon.scheduler.clock import Clock
from daemon.sip.trace import Traces
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.files import read_shipped_templates
from daemon.store.outbox import Outbox, OutboxMemory
from tests.support.builders import NOW, inventory
from tests.support.provisioned import SEALER
from tests.support.stored_files import FolderContents

Scope = Any


class Kept:
    """What came of an event; the disk takes it unless the desk says otherwise."""

    def __init__(self, answer: Answer | None, disk_full: bool) -> None:
        self.answer = answer
        self._disk_full = disk_full

    async def stored(self) -> None:
        """The disk's word."""
        if self._disk_full:
            raise StoreUnavailable("no space left on device")


class DeskWithFleet:
    """The application at a desk; `heard` is every event that operators caused. Made inside a running Trio."""

    def __init__(self, *records: DeviceRecord, clock: Clock | None = None) -> None:
        self.clock = clock or Clock(wall=NOW)
        self.settings = Settings()
        self.fleet = Fleet(self.settings, Snapshot(), self.clock.now())
        self.heard: list[Event] = []
        self.steps: list[Transition] = []
        self.kept_calls: dict[str, CallQuality] = {}
        self.past_alarms: list[PastAlarm] = []
        self.outbox = Outbox(OutboxMemory(), OutboxLimits(), lambda *_: None)
        self.told: list[OutboxEntry] = []
        self.resynced: list[tuple[str, float, float]] = []
        self.room = True  # for a resync
        self.disk_full = False
        self.not_ready: tuple[str, ...] = ()
        self.probed: list[tuple[str, str, float, bool]] = []
        self.traces = Traces(self.settings.sip.trace, self.fleet)
        self.contents = FolderContents(Path("/nowhere"))  # tests of uploads bring their own folder
        self.kept_documents: list[Document] = []
        self.kept_files: list[FileVersion] = []
        self.provisioner = Provisioner(
            self.fleet,
            load_templates(read_shipped_templates(), {}),
            SEALER,
            settings=self.settings.provisioning,
            keep_alive=self.settings.keep_alive,
            sip=self.settings.sip,
        )
        self.app: OperatorsApp = operators_app(self._desk())
        self.deliver(InventoryApplied(inventory(*records), "test"))
        for role in Role:
            self.deliver(OperatorAdded(Operator(role, role, token_hash(f"{role}-token"), NOW), "test"))
        self.heard.clear()

    def deliver(self, event: Event) -> Kept:
        """What the switchboard does, without a store."""
        orders = self.fleet.handle(event, self.clock.now())
        self.heard.append(event)
        return self._keep(orders)

    def time_passes(self) -> None:
        """Whatever is due by now is done."""
        self._keep(self.fleet.expire(self.clock.now()))

    def _keep(self, orders: Sequence[Command]) -> Kept:
        self.kept_calls.update((order.call.id, order.call) for order in orders if isinstance(order, SaveCall))
        self.steps += [order.transition for order in orders if isinstance(order, AppendTransition)]
        self.kept_documents += [order.document for order in orders if isinstance(order, SaveDocument)]
        self.kept_files += [order.version for order in orders if isinstance(order, SaveFileVersion)]
        self.past_alarms += [order.past for order in orders if isinstance(order, RecordAlarm)]
        for order in orders:
            if isinstance(order, Notify):
                entries = self.outbox.address(order.notification)
                self.outbox.admit(entries)
                self.told += entries
        answer = next((order for order in orders if isinstance(order, Answer)), None)
        return Kept(answer, self.disk_full)

    def script(self, role: Role | str | None = None) -> httpx.AsyncClient:
        """A program over TCP, with the token of a role, any other token, or none."""
        token = f"{role}-token" if isinstance(role, Role) else role
        return self._client({"Authorization": f"Bearer {token}"} if token else {})

    def browser(self) -> httpx.AsyncClient:
        """A browser that looks at our own pages."""
        return self._client({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})

    def at_socket(self) -> httpx.AsyncClient:
        """A program on the Unix socket."""

        async def app(scope: Scope, receive: Any, send: Any) -> None:
            await self.app({**scope, "client": None, "state": {"unix": True}}, receive, send)

        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ringkeeper")

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://ringkeeper.example:8090", headers=headers)

    def _desk(self) -> Desk:
        return Desk(
            directory=self.fleet,
            deliver=self.deliver,
            clock=self.clock,
            settings=lambda: self.settings,
            timeline=self._timeline,
            calls=self._calls,
            call=self._call,
            past_alarms=self._past_alarms,
            queues=self.outbox.statistics,
            journal=self._journal,
            resync=self._resync,
            parse=partial(parse_inventory, file="inventory", seal=lambda password: f"sealed {password}"),
            check=self.fleet.check,
            export=export_inventory,
            metrics=lambda: b"ringkeeper_up 1\n",
            ready=lambda: (not self.not_ready, self.not_ready),
            probe=self._probe,
            traces=self.traces,
            contents=self.contents,
            seal=SEALER.seal,
            open_text=SEALER.open,
            versions=self._versions,
            maker=lambda: self.provisioner.maker,
            prepare=self.provisioner.prepare,
            address=self.provisioner.address,
            file_versions=self._file_versions,
        )

    async def _timeline(self, key: str, limit: int) -> Sequence[Transition]:
        return [step for step in reversed(self.steps) if step.key == key][:limit]

    async def _versions(self, path: str, limit: int) -> Sequence[Document]:
        return [document for document in reversed(self.kept_documents) if document.path == path][:limit]

    async def _file_versions(self, mac: Mac, limit: int) -> Sequence[FileVersion]:
        return [version for version in reversed(self.kept_files) if version.mac == mac][:limit]

    async def _calls(self, wanted: CallsWanted) -> Sequence[CallQuality]:
        newest = sorted(self.kept_calls.values(), key=lambda call: (call.at, call.id), reverse=True)
        filters = ("device", "tenant", "site", "verdict")
        fits = [
            call
            for call in newest
            if all(getattr(wanted, name) in (None, getattr(call, name)) for name in filters)
            and (wanted.since is None or call.at >= wanted.since)
            and (wanted.before is None or (call.at, call.id) < wanted.before)
        ]
        return fits[: wanted.limit]

    async def _call(self, identity: str) -> CallQuality | None:
        return self.kept_calls.get(identity)

    async def _past_alarms(self, wanted: PastAlarmsWanted) -> Sequence[PastAlarm]:
        fits = [
            past
            for past in reversed(self.past_alarms)
            if all(getattr(wanted, name) in (None, getattr(past.alarm, name)) for name in ("device", "name", "source"))
            and (wanted.tenants is None or past.alarm.tenant in wanted.tenants)
            and (wanted.severity is None or past.alarm.peak >= wanted.severity)
            and (wanted.since is None or past.cleared_at >= wanted.since)
            and (wanted.until is None or past.alarm.raised_at <= wanted.until)
            and (wanted.before is None or past.id < wanted.before)
        ]
        return fits[: wanted.limit]

    async def _journal(self, wanted: ToldWanted) -> Sequence[Told]:
        told = [
            Told(each.id, each.number, each.notification, None, None)
            for each in reversed(self.told)
            if each.receiver == wanted.receiver
            and (wanted.before is None or (each.notification.at, each.id) < wanted.before)
        ]
        return told[: wanted.limit]

    async def _resync(self, receiver: str, since: float, until: float) -> int:
        if not self.room:
            raise Refused("90 notifications wait: ask for a shorter time")
        self.resynced.append((receiver, since, until))
        return 3

    async def _probe(self, target: str, module: str, seconds: float, debug: bool) -> bytes:
        self.probed.append((target, module, seconds, debug))
        return b"probe_success 1\n"


@asynccontextmanager
async def signed_in(desk: DeskWithFleet, role: Role = Role.OPERATOR) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with a session."""
    async with desk.browser() as browser:
        answer = await browser.post("/sign-in", data={"token": f"{role}-token"})
        assert answer.status_code == 303
        yield browser
