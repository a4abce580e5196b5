"""`demo`: the daemon, a simulated fleet and an operator in one process, on loopback, with a live picture of it all.

Everything it writes lies in a scratch folder that is removed at the end. Ctrl-C, SIGTERM and `--for` end it alike.
Not here: what the phones do (`daemon.simulate`), what the operator does (`demo_operator`), the timers (`demo_setup`),
what is drawn (`demo_view`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from errno import EADDRINUSE
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import trio
import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from daemon.app import run_daemon
from daemon.cli.console import FAILURE, complain, out
from daemon.cli.demo_operator import DemoOperator
from daemon.cli.demo_setup import TrapManager, parse_manager, plan_demo, write_demo
from daemon.cli.demo_view import picture, plain_line
from daemon.cli.ending import ENDING, Seconds, end_on
from daemon.config.loader import load_settings
from daemon.errors import RingkeeperError
from daemon.fleet.records import Role
from daemon.observe import logs
from daemon.running import Running
from daemon.scheduler.clock import Clock
from daemon.simulate.fleet import SimulatedFleet
from daemon.simulate.plan import FleetPlan
from daemon.simulate.trunk import Trunks

Write = Callable[[Iterable[dict[str, object]]], Path]  # the entries of SIP connections -> the configuration's path

REDRAW = 0.5  # seconds between two pictures on a terminal
REPEAT = 5.0  # seconds between two lines in a pipe


def demo(
    phones: Annotated[int, typer.Option(min=1, max=10_000, help="How many phones are simulated.")] = 200,
    for_: Seconds = None,
    *,
    seed: Annotated[int, typer.Option(help="Another seed makes another fleet.")] = 1,
    trap_manager: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Send SNMP informs (v2c, public) there.")
    ] = None,
) -> None:
    """Run the daemon with a simulated fleet on loopback until Ctrl-C."""
    plan = plan_demo(phones, seed)
    manager = parse_manager(trap_manager) if trap_manager else None
    failures = _attempt(plan, manager, for_, friendly_ports=True)
    if any(getattr(failure, "errno", None) == EADDRINUSE for failure in failures):
        # Somebody took a port between our look and the daemon's bind, another demo for example.
        failures = _attempt(plan, manager, for_, friendly_ports=False)
    if failures:
        complain(failures)
        raise typer.Exit(FAILURE)
    out.print("The demo has ended; its files are removed.")


def _attempt(
    plan: FleetPlan, manager: TrapManager | None, seconds: float | None, *, friendly_ports: bool
) -> list[Exception]:
    """Run the demo in a folder of its own; what kept it from running, if anything."""
    failures: list[Exception] = []
    with tempfile.TemporaryDirectory(prefix="ringkeeper-demo-") as folder:
        write = partial(write_demo, Path(folder), plan, manager, friendly_ports=friendly_ports)
        try:
            trio.run(_demo, write, plan, seconds)
        except* (RingkeeperError, OSError) as group:
            failures += _flat(group)
    return failures


async def _demo(write: Write, plan: FleetPlan, seconds: float | None) -> None:
    with closing(Trunks()) as trunks:
        config = write(trunks.connections())
        settings = load_settings(config)
        log_file = config.with_name("ringkeeper.log")
        with log_file.open("w", encoding="utf-8") as stream, trio.open_signal_receiver(*ENDING) as signals:
            logs.configure(settings.log, stream)
            async with trio.open_nursery() as daemon:
                with trio.CancelScope() as until_signal:
                    daemon.start_soon(end_on, signals, until_signal)
                    running = await daemon.start(partial(run_daemon, settings, config_path=config))
                    await _show(running, plan, trunks, log_file, seconds)
                daemon.cancel_scope.cancel()


async def _show(running: Running, plan: FleetPlan, trunks: Trunks, log_file: Path, seconds: float | None) -> None:
    """The fleet and its picture, until cancelled or for `seconds`."""
    token = running.add_operator("demo", Role.ADMINISTRATOR)
    heading = _heading(running, token, log_file)
    fleet = SimulatedFleet(plan, running.phones_url, running.sip_address)
    operator = DemoOperator(httpx.AsyncHTTPTransport(uds=running.socket_path))
    with trio.move_on_after(seconds or float("inf")):
        async with trio.open_nursery() as nursery:
            await nursery.start(trunks.run)
            await nursery.start(fleet.run)
            nursery.start_soon(operator.run)
            await (_draw if out.is_terminal else _tell)(running, heading, operator)


def _heading(running: Running, token: str, log_file: Path) -> Text:
    host, port = running.sip_address
    return Text.from_markup(
        f"[bold]Ringkeeper demo[/bold], Ctrl-C ends it\n"
        f"Operators  [link]{running.operators_url}/sign-in#{token}[/link]\n"
        f"Phones     {running.phones_url}\n"
        f"SIP        {host}:{port}, UDP and TCP\n"
        f"API        curl --unix-socket {running.socket_path} http://ringkeeper/api/v1/summary\n"
        f"Log        {log_file}\n"
    )


async def _draw(running: Running, heading: Text, operator: DemoOperator) -> None:
    clock = Clock()
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.update(Group(picture(running.fleet, heading, clock.now(), operator.diary)), refresh=True)
            await trio.sleep(REDRAW)


async def _tell(running: Running, heading: Text, operator: DemoOperator) -> None:
    out.print(heading)
    begin = trio.current_time()
    while True:
        while operator.diary:
            out.print(f"        operator | {operator.diary.popleft().text}")
        out.print(plain_line(running.fleet, trio.current_time() - begin))
        await trio.sleep(REPEAT)


def _flat(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    found: list[Exception] = []
    for error in group.exceptions:
        found += _flat(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
