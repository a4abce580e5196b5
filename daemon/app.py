"""The composition root: builds every part once, in one straight line, and hands the whole to the supervisor.

It is deliberately not split: read from top to bottom it is the story of a start, and who is given what. It builds
but does not run (`supervisor`), and decides nothing. Two daemons can live in one process, so nothing here is global.
"""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import SystemRandom

import structlog
import trio

from daemon import __version__
from daemon.config.export import export_inventory
from daemon.config.inventory import parse_inventory
from daemon.config.reload import Reloads
from daemon.config.settings import Settings
from daemon.config.tls_contexts import load_http_contexts
from daemon.fleet.fleet import Fleet
from daemon.http.operators.app import OperatorsApp, operators_app
from daemon.http.operators.desk import Desk
from daemon.http.phones.app import phones_app
from daemon.http.server import HttpServer
from daemon.integrations.connectors import Connectors
from daemon.integrations.phone_commands import PhoneCommands
from daemon.observe import (
    alarm_families,
    families,
    file_families,
    outbox_families,
    output_families,
    pace_families,
    probe_text,
    snmp_families,
    validity_families,
)
from daemon.observe.certificates import Certificates
from daemon.observe.load import Load
from daemon.observe.metrics import Metrics
from daemon.observe.notify import Notifier
from daemon.observe.watchdog import Watchdog
from daemon.outputs.outputs import Outputs
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
from daemon.snmp.agent.agent import Agent
from daemon.snmp.receiver.receiver import Receiver
from daemon.snmp.sending.sender import Sender
from daemon.snmp.v3.engine import Engine
from daemon.snmp.v3.identity import NUMBER_BITS, next_identity
from daemon.snmp.v3.start import EngineStart
from daemon.snmp.v3.usm import SALT_OCTETS
from daemon.store.afterwards import Afterwards
from daemon.store.content import Contents, stored_at
from daemon.store.files import firmware_folder, load_all_templates, load_or_create_key
from daemon.store.routing import known_to
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
                settings.receivers,
                settings.store,
                clock,
                outbox=settings.outbox,
                alarms=settings.alarms,
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
        identity = next_identity(store.snapshot.marks, settings.snmp.enterprise, secrets.randbits(NUMBER_BITS))
        engine = Engine(identity.engine_id, identity.boots, clock.now(), secrets.randbits(8 * SALT_OCTETS))
        engine_start = EngineStart(engine, identity.marks, store.submit, store.receipt)
        sender = Sender(settings.snmp, store.outbox, clock, engine)
        receiver = Receiver(settings.snmp, fleet.roster, engine, clock)
        agent = Agent(settings.snmp, fleet, engine, clock, health=lambda: running.health())  # noqa: PLW0108 - comes later
        switchboard.connect_agent(agent.note)
        outputs = Outputs(
            settings.outputs,
            store.outbox,
            switchboard.deliver,
            clock=clock,
            active=lambda output: known_to(output, fleet.alarms.values()),
            enterprise=lambda: running.settings.snmp.enterprise,
            chance=SystemRandom().random,
        )
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
        certificates = Certificates(lambda: running.settings)
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
            outputs,
            receiver,
            agent,
            watchdog,
            certificates,
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
                past_alarms=store.past_alarms,
                queues=store.outbox.statistics,
                journal=store.journal,
                resync=store.resync,
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
                outputs=outputs,
            )
        )
        operators_server = HttpServer(
            operators, settings.http.operators.listen, settings.http.operators, "operators", https.operators
        )
        running.operators_server = operators_server
        load = Load(
            watchdog.statistics,
            lambda: (phones_server.statistics(), operators_server.statistics()),
            store.statistics,
            lambda: running.settings.store.max_pending,
        )

        metrics.add(lambda: __version__, families.build)
        metrics.add(reloads.statistics, families.reloads)
        metrics.add(fleet.statistics, families.fleet)
        metrics.add(fleet.calls.statistics, families.calls)
        metrics.add(fleet.parts.alarms.statistics, alarm_families.alarms)
        metrics.add(fleet.operations.statistics, families.operations)
        metrics.add(lambda: switchboard.decisions, families.decisions)
        metrics.add(fleet.parts.pinging.pace.statistics, pace_families.pace)
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
        metrics.add(store.outbox.statistics, outbox_families.outbox)
        metrics.add(contents.statistics, file_families.content)
        metrics.add(fleet.parts.files.statistics, file_families.stored_files)
        metrics.add(lambda: models(fleet.devices(), fleet.files, contents.loose_files), file_families.models)
        metrics.add(sender.statistics, snmp_families.sender)
        metrics.add(engine.statistics, snmp_families.engine)
        metrics.add(receiver.statistics, snmp_families.receiver)
        metrics.add(agent.statistics, snmp_families.agent)
        metrics.add(outputs.statistics, output_families.outputs)
        metrics.add(connectors.statistics, families.connectors)
        metrics.add(phone_commands.statistics, families.phone_commands)
        metrics.add(watchdog.statistics, families.watchdog)
        metrics.add(lambda: fleet.licence(clock.now()), validity_families.licence)
        metrics.add(certificates.statistics, validity_families.certificates)

        running.supervisor = Supervisor(
            [
                Service("store", partial(store.run, switchboard.deliver), reports_ready=False),
                Service("inventory", running.take_inventory_at_start),
                Service("snmp engine", engine_start.run),
                Service("snmp sender", sender.run),
                Service("outputs", outputs.run),
                Service("snmp receiver", partial(receiver.run, switchboard.deliver)),
                Service("snmp agent", agent.run),
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
                Service("load", partial(load.run, switchboard.deliver)),
                Service("certificates", partial(certificates.run, switchboard.deliver)),
            ]
        )
        await running.supervisor.run(on_ready=lambda: task_status.started(running))


async def _close(operators: OperatorsApp, server: HttpServer) -> None:
    """End the live streams first, or open browsers would hold the listener for its whole grace."""
    await operators.aclose()
    await server.aclose()
