"""What the daemon does to ping its fleet, and nothing besides: fleet, switchboard and SIP endpoint on one socket.

The store takes orders and drops them: in the steady state that is measured a healthy fleet writes nothing. Not here:
whoever is pinged (`responder`), what is asked about it (`qualify`, `scale`).
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from bench.responder import contact_of
from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Settings, Sip
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, DeviceState, Mac, Presence, Reachability
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import StoreCommand
from daemon.scheduler.clock import Clock
from daemon.sip.endpoint import SipEndpoint
from daemon.switchboard import Switchboard

DOMAIN = "bench.example"


class DroppingStore:
    """A store with an infinitely fast disk."""

    def submit(self, command: StoreCommand) -> None:
        """Taken, and gone."""

    def receipt(self) -> DroppingStore:
        """Durable at once."""
        return self

    async def wait(self) -> None:
        """Nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Pinging:
    """The parts, running."""

    fleet: Fleet
    switchboard: Switchboard
    endpoint: SipEndpoint
    clock: Clock


def settings_for(endpoints: int, interval: float) -> Settings:
    """Everything by default but the pace, with a ceiling that leaves half as much again for confirming misses."""
    timeout = min(4.0, interval)
    return Settings(
        sip=Sip(listen=(Listen("udp", "127.0.0.1", 0),), domain=DOMAIN),
        qualify=Qualify(
            interval=float(interval),
            timeout=timeout,
            lagged_after=timeout / 2,
            max_rate=max(5000, round(1.5 * endpoints / interval)),
        ),
    )


def records(endpoints: int, port: int) -> Iterator[DeviceRecord]:
    """Phones with a static contact, all of them where the responder is."""
    for index in range(endpoints):
        yield DeviceRecord(Mac(f"00908f{index:06x}"), number=str(index), contact=contact_of(index, port))


def states(endpoints: int, port: int, now: float) -> Iterator[DeviceState]:
    """What was remembered of them before a restart: all were OK."""
    for record in records(endpoints, port):
        yield DeviceState(
            mac=record.mac,
            presence=Presence.NEVER_SEEN,
            presence_reason="",
            presence_since=now,
            last_seen=None,
            source="",
            report=None,
            reachability=Reachability.OK,
            reachability_reason="",
            reachability_since=now,
            contact=None,  # the static one
            registered_server="",
            ever_registered=True,
        )


@asynccontextmanager
async def pinging(endpoints: int, interval: float, port: int, *, known: bool = False) -> AsyncIterator[Pinging]:
    """It pings until the end of the block; phones that are `known` were OK before, others are heard of first now."""
    settings, clock = settings_for(endpoints, interval), Clock()
    gc.disable()  # as the daemon starts
    remembered = tuple(states(endpoints, port, clock.now())) if known else ()
    fleet = Fleet(settings, Snapshot(records=tuple(records(endpoints, port)), states=remembered), clock.now())
    del remembered
    gc.freeze()
    gc.enable()
    switchboard = Switchboard(fleet, DroppingStore(), clock)
    endpoint = SipEndpoint(settings.sip, settings.qualify, fleet, clock)
    switchboard.connect_sip(endpoint.submit)
    async with trio.open_nursery() as nursery:
        await nursery.start(endpoint.run, switchboard.deliver)
        nursery.start_soon(switchboard.driver.run)
        yield Pinging(fleet, switchboard, endpoint, clock)
        nursery.cancel_scope.cancel()
