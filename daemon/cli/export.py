"""`export`: what the running daemon knows, in a form that `import` takes: YAML, or users and devices as CSV or ZIP.

Passwords stay where they are unless they are asked for.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile

PATHS = {"yaml": "/api/v1/inventory", "csv": "/api/v1/exports/users.csv", "zip": "/api/v1/exports/users.zip"}


def export(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    yaml: Annotated[bool, typer.Option("--yaml", help="The whole inventory; this is the default.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Users and devices as a table.")] = False,
    bundle: Annotated[bool, typer.Option("--zip", help="The same, with what users set on their phones.")] = False,
    secrets: Annotated[bool, typer.Option("--secrets", help="With the SIP passwords, in the clear.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Not to the terminal.")] = None,
) -> None:
    """Print the inventory of the running daemon, or its users and devices."""
    if yaml + csv + bundle > 1:
        raise typer.BadParameter("choose one of --yaml, --csv and --zip")
    form = "csv" if csv else "zip" if bundle else "yaml"
    if form == "zip" and output is None and sys.stdout.isatty():
        raise typer.BadParameter("an archive is no text for a terminal: name a file with --output", param_hint="--zip")
    with connection(config) as client:
        answer = accepted(client.get(PATHS[form], params={"secrets": "true"} if secrets else {}))
    if output is None:
        sys.stdout.buffer.write(answer.content)
        return
    output.touch(mode=0o600)  # it may hold passwords
    output.write_bytes(answer.content)
