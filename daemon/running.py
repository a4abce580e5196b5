"""A daemon that runs: what may be asked of it from outside while it does. Inventory at start, reload, stop.

A reload does everything that can fail before it touches anything live; if anything fails, all stays as it was. Not
here: building the parts (`app`), running them (`supervisor`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import structlog
import trio

from daemon import __version__
from daemon.config.inventory import load_inventory
from daemon.config.listen import Listen
from daemon.config.loader import load_settings
from daemon.config.reload import Reloads, plan_reload
from daemon.config.settings import Settings
from daemon.config.tls_contexts import load_http_contexts
from daemon.errors import ConfigError, Fault, RingkeeperError
from daemon.fleet.acts import InventoryApplied, OperatorAdded, SettingsChanged
from daemon.fleet.fleet import Fleet
from daemon.fleet.records import Inventory, Operator, Role
from daemon.fleet.store_commands import SaveMark
from daemon.http.operators.access import token_hash
from daemon.http.server import HttpServer
from daemon.integrations.connectors import Connectors
from daemon.observe import logs
from daemon.observe.certificates import Certificates
from daemon.observe.watchdog import Watchdog
from daemon.outputs.outputs import Outputs
from daemon.provisioning.provisioner import Provisioner
from daemon.provisioning.sealing import Sealer
from daemon.scheduler.clock import Clock
from daemon.scheduler.slices import in_slices
from daemon.sip.endpoint import SipEndpoint
from daemon.sip.prober import Prober
from daemon.sip.resolver import Resolver
from daemon.sip.tls import load_contexts
from daemon.snmp.agent.agent import Agent
from daemon.snmp.agent.fleet_tables import Waiting
from daemon.snmp.agent.scalars import Health
from daemon.snmp.receiver.receiver import Receiver
from daemon.snmp.sending.sender import Sender
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.files import load_all_templates
from daemon.store.outbox import Outbox
from daemon.store.store import Store
from daemon.supervisor import Supervisor
from daemon.switchboard import Switchboard

log = structlog.get_logger("running")

# The mark that says which inventory file was taken last; 48 bits of its hash fit a mark exactly.
INVENTORY_TAKEN = "inventory_taken"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that a reload or a question from outside has to reach."""

    clock: Clock
    fleet: Fleet
    switchboard: Switchboard
    store: Store
    sealer: Sealer
    provisioner: Provisioner
    sip: SipEndpoint
    sender: Sender[OutboxEntry]
    outputs: Outputs[OutboxEntry]
    receiver: Receiver
    agent: Agent
    watchdog: Watchdog
    certificates: Certificates
    reloads: Reloads
    phones_server: HttpServer
    connectors: Connectors
    prober: Prober
    resolver: Resolver


class Running:
    """One daemon, ready."""

    supervisor: Supervisor
    operators_server: HttpServer

    def __init__(self, parts: Parts, settings: Settings, config_path: Path | None) -> None:
        self.settings = settings
        self.fleet = parts.fleet
        self._parts = parts
        self._config_path = config_path
        self._started_at = parts.clock.now()
        self._inventory_taken = parts.store.snapshot.marks.get(INVENTORY_TAKEN)

    @property
    def phones_url(self) -> str:
        """Where phones come in, as `http://host:port`, or `https://` if only that; "" without a listener."""
        return _first(self._parts.phones_server.addresses, "http", "https")

    @property
    def operators_url(self) -> str:
        """Where browsers come in, likewise."""
        return _first(self.operators_server.addresses, "http", "https")

    @property
    def socket_path(self) -> str:
        """The Unix socket of the operators' listener; "" without one."""
        return next((listen.path for listen in self.operators_server.addresses if listen.scheme == "unix"), "")

    @property
    def sip_address(self) -> tuple[str, int]:
        """Address and port of the first SIP socket; ("", 0) without one."""
        return next(((listen.host, listen.port) for listen in self._parts.sip.addresses), ("", 0))

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Whether everything works, with the reasons if not."""
        store = self._parts.store
        reasons = () if store.accepting and not store.statistics().failing else ("the database takes no writes",)
        return not reasons, reasons

    @property
    def agent_address(self) -> tuple[str, int]:
        """Address and port of the SNMP agent; ("", 0) without one."""
        return next(((listen.host, listen.port) for listen in self._parts.agent.addresses), ("", 0))

    def health(self) -> Health:
        """How this daemon is, for whoever asks the SNMP agent."""
        parts = self._parts
        store, loop, now = parts.store.statistics(), parts.watchdog.statistics(), parts.clock.now()
        ready, _ = self.ready()
        return Health(
            version=__version__,
            uptime=now - self._started_at,
            ready=ready,
            store_pending=store.pending,
            store_failing=bool(store.failing),
            loop_lag=loop.lag,
            worst_loop_lag=loop.worst_lag,
            receivers=_waiting(parts.store.outbox, now),
        )

    def stop(self) -> None:
        """Begin an orderly end."""
        self.supervisor.stop()

    def add_operator(self, name: str, role: Role) -> str:
        """Give somebody access; the token, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        operator = Operator(name, role, token_hash(token), self._parts.clock.now())
        self._parts.switchboard.deliver(OperatorAdded(operator, "the daemon's own process"))
        return token

    async def write_last_checkpoint(self) -> None:
        """At an orderly end, so that the next start knows to the second who was heard and how long we were away."""
        now = self._parts.clock.now()
        self._parts.switchboard.perform([*self.fleet.finish_intake(now), *self.fleet.checkpoint(now)])

    async def take_inventory_at_start(self, task_status: trio.TaskStatus[None]) -> None:
        """Take the configured inventory before any socket is open; `ConfigError` if it cannot be taken."""
        await self._take_inventory(self.settings, at_once=True)
        task_status.started()
        await trio.sleep_forever()

    async def reload(self) -> bool:
        """Read the configuration again; whether it was taken over. The old one stays when the new one is wrong."""
        if self._config_path is None:
            return False
        try:
            new = await trio.to_thread.run_sync(load_settings, self._config_path)
            await self._take_over(new)
        except RingkeeperError as error:
            self._parts.reloads.failed()
            faults = str(error).splitlines()
            # Whose fault it is stands in the faults; a traceback would only say where we noticed.
            log.error("reload refused, the old configuration stays", event_name="reload-refused", faults=faults)  # noqa: TRY400
            return False
        self._parts.reloads.succeeded(self._parts.clock.now())
        return True

    async def _take_over(self, new: Settings) -> None:
        plan = plan_reload(self.settings, new)
        templates = await trio.to_thread.run_sync(load_all_templates, plan.merged)
        contexts = await trio.to_thread.run_sync(load_contexts, plan.merged.sip.tls)  # a renewed file keeps its name
        https = await trio.to_thread.run_sync(load_http_contexts, plan.merged.http)
        await self._take_inventory(plan.merged)
        parts, settings = self._parts, plan.merged
        self.settings = settings
        logs.apply(settings.log)
        parts.switchboard.deliver(SettingsChanged(settings))
        parts.provisioner.apply(
            templates, settings=settings.provisioning, keep_alive=settings.keep_alive, sip=settings.sip
        )
        parts.sip.apply(settings.sip, settings.qualify, contexts)
        parts.prober.apply(contexts.client)
        parts.resolver.apply(settings.sip.dns)
        parts.store.apply(settings.store, settings.alarms)
        parts.store.outbox.apply(settings.receivers, settings.outbox)
        parts.sender.apply(settings.snmp)
        parts.outputs.apply(settings.outputs)
        parts.receiver.apply(settings.snmp)
        parts.agent.apply(settings.snmp)
        parts.connectors.apply(settings.connectors)
        parts.certificates.look()
        parts.phones_server.apply(settings.http.phones, https.phones)
        self.operators_server.apply(settings.http.operators, https.operators)
        log.info("reloaded", event_name="reloaded", changed=list(plan.changed), needs_restart=list(plan.needs_restart))

    async def _take_inventory(self, settings: Settings, *, at_once: bool = False) -> None:
        """Apply the inventory file unless it is the one taken last: 30,000 devices need not be read at every start.

        `at_once`: there is nobody yet to be served in between, and no timers that would do it step by step.
        """
        if settings.inventory is None:
            return
        path, parts = settings.inventory, self._parts
        mark, inventory = await trio.to_thread.run_sync(self._read_inventory, path)
        if inventory is None:
            return
        check = parts.fleet.check(inventory)
        await in_slices(check.step)
        delivery = parts.switchboard.deliver(InventoryApplied(inventory, str(path.name), check.checked))
        if delivery.answer and delivery.answer.refused:
            raise ConfigError([Fault(str(path), 1, "inventory", reason) for reason in delivery.answer.refused])
        if at_once:
            parts.switchboard.perform(parts.fleet.finish_intake(parts.clock.now()))
        self._inventory_taken = mark
        parts.switchboard.perform([SaveMark(INVENTORY_TAKEN, mark)])
        await delivery.stored()
        log.info("inventory taken", event_name="inventory-taken", file=str(path), devices=len(inventory.devices))

    def _read_inventory(self, path: Path) -> tuple[float, Inventory | None]:
        """Runs in a thread: the file's mark, and what it says unless the mark is known."""
        try:
            mark = float(int(sha256(path.read_bytes()).hexdigest()[:12], 16))
        except OSError as error:
            raise ConfigError([Fault(str(path), 1, "inventory", f"cannot be read: {error.strerror}")]) from None
        if self._inventory_taken == mark:
            return mark, None
        return mark, load_inventory(path, self._parts.sealer.seal)


def _waiting(outbox: Outbox, now: float) -> tuple[Waiting, ...]:
    """What waits for each receiver of notifications."""
    lost = outbox.losses()
    return tuple(
        Waiting(name, outbox.waiting(name), outbox.last_number(name), lost[name], _age(outbox.oldest(name), now))
        for name in outbox.receivers
    )


def _age(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)


def _first(addresses: list[Listen], *schemes: str) -> str:
    """The first address of the first of these schemes as a URL others can use."""
    found = next((listen for scheme in schemes for listen in addresses if listen.scheme == scheme), None)
    if found is None:
        return ""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(found.host, found.host)
    return f"{found.scheme}://{f'[{host}]' if ':' in host else host}:{found.port}"
