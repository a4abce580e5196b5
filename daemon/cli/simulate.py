"""`simulate`: the demo's phones against any daemon, here or elsewhere on loopback.

Not here: what the phones do (`daemon.simulate`).
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import trio
import typer

from daemon.cli.console import out
from daemon.cli.demo_setup import split_address
from daemon.cli.ending import ENDING, Seconds, end_on
from daemon.simulate.fleet import SimulatedFleet, SimulatedFleetStatistics
from daemon.simulate.inventory import inventory_text
from daemon.simulate.plan import FleetPlan, Tempo, plan_fleet
from daemon.simulate.sip_text import Address

REPEAT = 5.0  # seconds between two lines


def simulate(
    phones: Annotated[int, typer.Option(min=1, help="How many phones are simulated.")] = 200,
    http: Annotated[str, typer.Option(metavar="URL", help="The phones' listener.")] = "http://127.0.0.1:8081",
    sip: Annotated[str, typer.Option(metavar="HOST:PORT", help="The SIP listener.")] = "127.0.0.1:5060",
    *,
    seed: Annotated[int, typer.Option(help="Another seed makes another fleet.")] = 1,
    keep_alive: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Time between keep-alives, instead of the file's.")
    ] = None,
    for_: Seconds = None,
    print_inventory: Annotated[
        bool, typer.Option("--print-inventory", help="Print the inventory these phones need, and end.")
    ] = False,
) -> None:
    """Run simulated phones on 127.10.0.0/16 and 127.20.0.0/16 against a daemon on this machine."""
    plan = plan_fleet(phones, seed, tempo=Tempo(keep_alive_period=keep_alive))
    if print_inventory:
        typer.echo(inventory_text(plan), nl=False)
        return
    address = split_address(sip, default_port=5060)
    trio.run(partial(_simulate, plan, http, address, for_))


async def _simulate(plan: FleetPlan, http_url: str, sip_address: Address, seconds: float | None) -> None:
    fleet = SimulatedFleet(plan, http_url, sip_address)
    with trio.open_signal_receiver(*ENDING) as signals, trio.move_on_after(seconds or float("inf")) as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(end_on, signals, scope)
            await nursery.start(fleet.run)
            while True:
                out.print(line(fleet.statistics()))
                await trio.sleep(REPEAT)


def line(counts: SimulatedFleetStatistics) -> str:
    """What the phones see, in one line."""
    states = ", ".join(f"{status} {count}" for status, count in sorted(counts.by_status.items())) or "none yet"
    troubles = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.troubles.items())) or "none"
    return (
        f"{counts.powered} of {counts.phones} phones on | {states} | {counts.reports} reports, {counts.alerts} alarms,"
        f" {counts.registers} REGISTERs, {counts.pings_answered} pings answered | troubles: {troubles}"
    )
