"""`output`: how the outputs of alarms fare, and whether a test gets through to one."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, out

output = typer.Typer(no_args_is_help=True, help="Outputs of alarms besides SNMP managers: list, test.")


@output.command("list")
def list_outputs(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Say of every output how it fares."""
    with connection(config) as client:
        for item in accepted(client.get("/api/v1/outputs")).json()["items"]:
            out.print(_line(item), markup=False)


@output.command("test")
def send_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which output, by its name in the configuration.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Send an output a test alarm and its clear, past its queue."""
    with connection(config) as client:
        result = accepted(client.post(f"/api/v1/outputs/{quote(name, safe='')}/test")).json()
    out.print(f"{name} took the test" if result["taken"] else f"{name} did not take it: {result['why']}", markup=False)
    if not result["taken"]:
        raise typer.Exit(FAILURE)


def _line(item: dict[str, Any]) -> str:
    state = "up" if item["up"] else "failing"
    error = f", last error: {item['last_error']}" if item["last_error"] else ""
    return f"{item['name']} ({item['kind']}): {state} since {item['since']}, {item['told']} told{error}"
