"""`receiver`: who is told of alarms, what waits for each, and telling one again of a time that it missed."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out

PATH = "/api/v1/receivers"

receiver = typer.Typer(no_args_is_help=True, help="Receivers of alarms, SNMP managers and outputs: list, resync.")


@receiver.command("list")
def list_receivers(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Every receiver: what it was given last, what waits for it, what was let go."""
    with connection(config) as client:
        for item in accepted(client.get(PATH)).json()["items"]:
            out.print(_line(item), markup=False)


@receiver.command()
def resync(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which receiver, by its name in the list.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help="From then on: a time, or how long ago, such as 2h.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="Up to then, likewise; by default up to now.")] = "",
) -> None:
    """Send a receiver again what it was told in a span of time, or should have been."""
    with connection(config) as client:
        answer = client.post(f"{PATH}/{quote(name, safe='')}/resync", json={"since": since, "until": until})
        told = accepted(answer).json()
    span = f"{told['since']} to {told['until']}"
    out.print(f"{told['again']} notifications of {span} are sent to {name} again", markup=False)


def _line(item: dict[str, Any]) -> str:
    waits = f"{item['waiting']} wait since {item['oldest']}" if item["waiting"] else "nothing waits"
    lost = ", ".join(f"{count} {severity}" for severity, count in item["dropped"].items())
    return f"{item['name']} ({item['kind']}): number {item['number']}, {waits}" + (f", let go: {lost}" if lost else "")
