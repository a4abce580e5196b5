"""The phones' application as the daemon puts it together, before real fleet, templates and store, for any server.

For benches that look at the application or at the HTTP server beneath it. Not here: the whole daemon with its timers
and sockets (`cold_start` and `start` run that), the load.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_network
from pathlib import Path

import trio

from daemon.config.settings import Settings
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Tenant
from daemon.fleet.records import Snapshot
from daemon.http.asgi import Application
from daemon.http.phones.app import phones_app
from daemon.provisioning.provisioner import Provisioner
from daemon.provisioning.sealing import Sealer
from daemon.scheduler.clock import Clock
from daemon.store.files import load_all_templates, load_or_create_key
from daemon.store.store import open_store
from daemon.switchboard import Switchboard


async def serve_phones(
    run: Callable[[Application], Awaitable[None]], folder: Path, records: Iterable[DeviceRecord]
) -> None:
    """Have `run` serve these phones of the tenant "acme"; database, key and firmware are in `folder`."""
    clock = Clock()
    settings = Settings(state_dir=folder)
    tenant = Tenant("acme", subnet=ip_network("127.0.0.0/8"), default=True)
    sealer = Sealer(load_or_create_key(folder / "key"))
    async with open_store(folder / "bench.db", {}, settings.store, clock) as store:
        fleet = Fleet(settings, Snapshot(tenants=(tenant,), records=tuple(records)), clock.now())
        switchboard = Switchboard(fleet, store, clock)
        provisioner = Provisioner(
            fleet,
            load_all_templates(settings),
            sealer,
            settings=settings.provisioning,
            keep_alive=settings.keep_alive,
            sip=settings.sip,
        )
        app = phones_app(
            deliver=switchboard.deliver,
            directory=fleet,
            files=provisioner,
            secret_matches=sealer.secret_matches,
            accepting=lambda: store.accepting,
            now=clock.now,
            firmware=folder / "firmware",
            seal=sealer.seal,
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.run, switchboard.deliver)
            nursery.start_soon(switchboard.driver.run)
            await run(app)
