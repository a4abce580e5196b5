"""`import`: hand an inventory file to the running daemon, which takes it as a whole or names every fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from daemon.cli.client import Declined, accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, err, out
from daemon.errors import Fault, RingkeeperError

PIECE = 64 * 1024  # bytes sent between two moves of the bar


def import_inventory(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The inventory, YAML.")],
    config: ConfigFile = DEFAULT_CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Bring an inventory into the running daemon."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise RingkeeperError(f"{file}: {error.strerror}") from error
    try:
        with connection(config) as client:
            found = accepted(_send(client, text, dry_run)).json()
    except Declined as declined:
        complain([*_faults(declined, file), declined.detail])
        raise typer.Exit(FAILURE) from declined
    out.print(_told(found, dry_run))


def _send(client: httpx.Client, text: bytes, dry_run: bool) -> httpx.Response:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("sending", total=len(text))

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(text), PIECE):
                yield text[start : start + PIECE]
                progress.update(task, completed=start + PIECE)
            progress.update(task, description="checking" if dry_run else "checking and storing", total=None)

        return client.post(
            "/api/v1/inventory",
            params={"dry_run": "true"} if dry_run else {},
            content=pieces(),
            headers={"Content-Type": "application/yaml", "Content-Length": str(len(text))},
        )


def _faults(declined: Declined, file: Path) -> Iterator[object]:
    """The daemon's faults, placed in our file where it knows the line."""
    for error in declined.errors:
        if error.get("line"):
            hint = error.get("hint", "")
            yield Fault(str(file), error["line"], error.get("key", ""), error["wrong"], hint)
        else:
            yield f"{file}: {error['wrong']}"


def _told(found: dict[str, Any], dry_run: bool) -> str:
    kinds = ("tenants", "servers", "devices", "numbers", "connections")
    counts = ", ".join(f"{found[kind]} {kind}" for kind in kinds if found[kind]) or "nothing"
    new = f" ({found['new_devices']} of the devices are new)" if found["new_devices"] else ""
    return f"{'would apply' if dry_run else 'applied'}: {counts}{new}"
