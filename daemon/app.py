"""The composition root: builds every part once, in one straight line, and hands the whole to the supervisor.

It is deliberately not split: read from top to bottom it is the story of a start, and who is given what. It builds
but does not run (`supervisor`), and decides nothing. Two daemons can live in one process, so nothing here is global.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from errno import EADDRINUSE
from functools import partial
from pathlib import Path
from random import SystemRandom

import structlog
import trio

from daemon import __version__
from daemon.config.export import export_inventory
from daemon.config.inventory import parse_inventory
from daemon.config.loader import load_settings
from daemon.config.reload import Reloads
from daemon.config.settings import Settings
from daemon.config.tls_contexts import load_http_contexts
from daemon.errors import RingkeeperError
from daemon.fleet.fleet import Fleet
from daemon.http.operators.app import OperatorsApp, operators_app
from daemon.http.operators.desk import Desk
from daemon.http.phones.app import phones_app
from daemon.http.server import HttpServer
from daemon.integrations.connectors import Connectors
from daemon.integrations.phone_commands import PhoneCommands
from daemon.observe import families, file_families, logs, probe_text
from daemon.observe.metrics import Metrics
from daemon.observe.notify import Notifier
from daemon.observe.watchdog import Watchdog
from daemon.provisioning.models import models
from daemon.provisioning.phone_login import login_of
from daemon.provisioning.provisioner import Provisioner
from daemon.provisioning.sealing import Sealer, password_of
from daemon.running import Parts, Running
from daemon.scheduler.clock import Clock
from daemon.sip.endpoint import SipEndpoint
from daemon.sip.locator import Locator
from daemon.sip.prober import Prober
from daemon.sip.resolver import Resolver
from daemon.sip.tls import load_contexts
from daemon.sip.trace import Traces
from daemon.sip.uri import contact_from_uri
from daemon.snmp.sender import Sender
from daemon.store.afterwards import Afterwards
from daemon.store.content import Contents, stored_at
from daemon.store.files import firmware_folder, load_all_templates, load_or_create_key
from daemon.store.store import open_store
from daemon.supervisor import Service, Supervisor
from daemon.switchboard import Switchboard

log = structlog.get_logger("app")

DATABASE = "ringkeeper.db"
KEY = "secret.key"
CONTENT = "content"
TIMERS_MAY_LAG = 30.0  # seconds


async def run_daemon(
    settings: Settings,
    *,
    config_path: Path | None = None,
    notifier: Notifier | None = None,
    task_status: trio.TaskStatus[Running] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a daemon until it is stopped or cancelled; reports itself as `Running` when every socket is bound.

    `config_path` is the file a reload reads again; without one there is nothing to reload.
    """
    clock = Clock()
    notifier = notifier or Notifier({})
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(
                settings.state_dir / DATABASE,
                [manager.name for manager in settings.snmp.managers],
                settings.store,
                clock,
                settings.outbox.limit,
                calls_of=settings.quality.window,
            )
        )
        sealer = Sealer(load_or_create_key(settings.state_dir / KEY))
        templates = load_all_templates(settings)
        fleet = Fleet(settings, store.snapshot, clock.now())
        switchboard = Switchboard(fleet, store, clock)
        contents = Contents(
            settings.state_dir / CONTENT,
            firmware_folder(settings),
            lambda: running.settings.files,
            named=lambda: {file.hash for file in fleet.files.values()},
            durable=lambda: store.receipt().wait(),
        )
        await contents.open()
        provisioner = Provisioner(
            fleet, templates, sealer, settings=settings.provisioning, keep_alive=settings.keep_alive, sip=settings.sip
        )
        traces = Traces(settings.sip.trace, fleet)
        switchboard.connect_traces(traces)
        contexts = await trio.to_thread.run_sync(load_contexts, settings.sip.tls)
        sip = SipEndpoint(
            settings.sip,
            settings.qualify,
            fleet,
            clock,
            contexts=contexts,
            traces=traces,
            password_of=partial(password_of, fleet, sealer),
        )
        switchboard.connect_sip(sip.submit)
        switchboard.connect_resyncs(sip.resync)
        phone_commands = PhoneCommands(
            lambda: running.settings.requests, partial(login_of, fleet, lambda: provisioner.maker)
        )
        switchboard.connect_phone_commands(phone_commands.submit)
        afterwards = Afterwards(switchboard.perform, store.receipt)
        switchboard.connect_afterwards(afterwards.submit)
        resolver = Resolver(settings.sip.dns, clock)
        locator = Locator(resolver, SystemRandom().random)
        switchboard.connect_locator(locator.submit)
        prober = Prober(lambda: running.settings, fleet, locator, contexts.client, clock)
        sender = Sender(settings.snmp, store.outbox, clock)
        connectors = Connectors(
            settings.connectors,
            switchboard.deliver,
            directory=fleet,
            clock=clock,
            parse=contact_from_uri,
            chance=SystemRandom().random,
        )
        # The timers are what everything hangs on: if they stand still for half a minute, a restart is the best cure.
        watchdog = Watchdog(clock, notifier, alive=lambda: clock.now() - fleet.next_deadline() < TIMERS_MAY_LAG)
        reloads = Reloads(clock.now())
        metrics = Metrics()
        phones = phones_app(
            deliver=switchboard.deliver,
            directory=fleet,
            files=provisioner,
            secret_matches=sealer.secret_matches,
            accepting=lambda: store.accepting,
            now=clock.now,
            firmware=firmware_folder(settings),
            proxies=lambda: running.settings.provisioning.proxies,
            seal=sealer.seal,
            stored=partial(stored_at, fleet, contents),
            device_secret=sealer.device_secret,
            settings=lambda: running.settings.provisioning,
            entries_as_text=lambda: running.settings.requests.entry_shape == "string",
        )
        https = await trio.to_thread.run_sync(load_http_contexts, settings.http)
        phones_server = HttpServer(phones, settings.http.phones.listen, settings.http.phones, "phones", https.phones)
        parts = Parts(
            clock,
            fleet,
            switchboard,
            store,
            sealer,
            provisioner,
            sip,
            sender,
            watchdog,
            reloads,
            phones_server,
            connectors,
            prober,
            resolver,
        )
        running = Running(parts, settings, config_path)
        operators = operators_app(
            Desk(
                directory=fleet,
                deliver=switchboard.deliver,
                clock=clock,
                settings=lambda: running.settings,
                timeline=store.timeline,
                calls=store.calls,
                call=store.call,
                parse=partial(parse_inventory, file="inventory", seal=sealer.seal),
                check=fleet.check,
                export=export_inventory,
                metrics=metrics.render,
                ready=running.ready,
                probe=partial(probe_text.answer, prober),
                traces=traces,
                contents=contents,
                seal=sealer.seal,
                open_text=sealer.open,
                versions=store.versions,
                maker=lambda: provisioner.maker,
                prepare=provisioner.prepare,
                address=provisioner.address,
                file_versions=store.file_versions,
                connectors=connectors.statistics,
            )
        )
        operators_server = HttpServer(
            operators, settings.http.operators.listen, settings.http.operators, "operators", https.operators
        )
        running.operators_server = operators_server

        metrics.add(lambda: __version__, families.build)
        metrics.add(reloads.statistics, families.reloads)
        metrics.add(fleet.statistics, families.fleet)
        metrics.add(fleet.calls.statistics, families.calls)
        metrics.add(fleet.operations.statistics, families.operations)
        metrics.add(lambda: switchboard.decisions, families.decisions)
        metrics.add(sip.statistics, families.sip)
        metrics.add(resolver.statistics, families.resolver)
        metrics.add(locator.statistics, families.locator)
        metrics.add(prober.statistics, families.prober)
        metrics.add(lambda: traces.statistics(clock.now()), families.traces)
        metrics.add(phones_server.statistics, partial(families.http, "phones"))
        metrics.add(operators_server.statistics, partial(families.http, "operators"))
        metrics.add(phones.statistics, families.phones)
        metrics.add(provisioner.statistics, families.provisioning)
        metrics.add(operators.statistics, families.operators)
        metrics.add(store.statistics, families.store)
        metrics.add(contents.statistics, file_families.content)
        metrics.add(fleet.parts.files.statistics, file_families.stored_files)
        metrics.add(lambda: models(fleet.devices(), fleet.files, contents.loose_files), file_families.models)
        metrics.add(sender.statistics, families.sender)
        metrics.add(connectors.statistics, families.connectors)
        metrics.add(phone_commands.statistics, families.phone_commands)
        metrics.add(watchdog.statistics, families.watchdog)

        running.supervisor = Supervisor(
            [
                Service("store", partial(store.run, switchboard.deliver), reports_ready=False),
                Service("inventory", running.take_inventory_at_start),
                Service("snmp sender", sender.run),
                Service("orders once stored", afterwards.run, reports_ready=False),
                Service("commands to phones", partial(phone_commands.run, switchboard.deliver)),
                Service("sip", partial(sip.run, switchboard.deliver)),
                Service("locator", partial(locator.run, switchboard.deliver)),
                Service("timers", switchboard.driver.run, running.write_last_checkpoint, reports_ready=False),
                Service("phones' listener", phones_server.run, phones_server.aclose),
                Service("operators' listener", operators_server.run, partial(_close, operators, operators_server)),
                Service("connectors", connectors.run),
                Service("uploaded files", contents.run),
                Service("watchdog", watchdog.run),
            ]
        )
        await running.supervisor.run(on_ready=lambda: task_status.started(running))


def serve(config_path: Path) -> int:
    """Run the daemon that `config_path` describes, under the service manager's signals; the exit code."""
    try:
        settings = load_settings(config_path)
        logs.configure(settings.log)
        trio.run(_serve, settings, config_path)
    except RingkeeperError as error:
        return _failed([error])
    except BaseExceptionGroup as group:
        expected, others = group.split((RingkeeperError, OSError))
        if others or expected is None:
            raise
        return _failed(_leaves(expected))
    return 0


async def _serve(settings: Settings, config_path: Path) -> None:
    """One daemon and its signals: SIGHUP reloads, SIGTERM and SIGINT end it; a second one ends it at once."""
    notifier = Notifier()
    signals = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(*signals) as arriving:
            # What a start builds stays until the end: looking for garbage in it took 0.35 s of 1.3 with 30,000 phones,
            # and frozen it is never looked at again.
            gc.disable()
            running: Running = await nursery.start(
                partial(run_daemon, settings, config_path=config_path, notifier=notifier)
            )
            gc.freeze()
            gc.enable()
            log.info(
                "ready",
                event_name="ready",
                version=__version__,
                phones=running.phones_url,
                operators=running.operators_url,
            )
            notifier.ready(f"{running.fleet.statistics().devices} devices")
            async for number in arriving:
                if number != signal.SIGHUP:
                    break
                notifier.reloading()
                await running.reload()
                notifier.ready()
        notifier.stopping()
        log.info("stopping", event_name="stopping")
        running.stop()


async def _close(operators: OperatorsApp, server: HttpServer) -> None:
    """End the live streams first, or open browsers would hold the listener for its whole grace."""
    await operators.aclose()
    await server.aclose()


def _failed(errors: Sequence[BaseException]) -> int:
    """Say what kept the daemon from running; the exit code."""
    for error in errors:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = "; is another daemon using it?" if isinstance(error, OSError) and error.errno == EADDRINUSE else ""
        sys.stderr.write(f"{said}{hint}\n")
    return 1


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The exceptions at the bottom of a group of groups."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += (
            _leaves(error) if isinstance(error, BaseExceptionGroup) else [error] if isinstance(error, Exception) else []
        )
    return found
