"""`operator`: give somebody access to the running daemon, with a token that is printed once; list; take it back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, err, out
from daemon.fleet.records import Role

operator = typer.Typer(no_args_is_help=True, help="People and programs that may use the API and the pages.")


@operator.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who; adding a name again gives it a new token.")],
    role: Annotated[Role, typer.Option(help="Monitors look, operators act, administrators also add operators.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Add an operator. The token goes to stdout, so it can be piped into a file."""
    with connection(config) as client:
        answer = accepted(client.post("/api/v1/operators", json={"name": name, "role": role})).json()
    err.print(f"{name} is {role} now. This is the token; it is not kept and cannot be shown again:", markup=False)
    out.print(answer["token"], markup=False)


@operator.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose access ends, token and sessions.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Remove an operator."""
    with connection(config) as client:
        accepted(client.delete(f"/api/v1/operators/{quote(name, safe='')}"))
    err.print(f"{name} has no access any more.", markup=False)


@operator.command("list")
def list_operators(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Everybody who has access."""
    with connection(config) as client:
        found = accepted(client.get("/api/v1/operators")).json()["items"]
    for entry in found:
        print(entry["name"], entry["role"], entry["added_at"], sep="\t")  # rich would turn the tabs into blanks
