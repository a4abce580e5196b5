"""`import`: hand a file to the running daemon, which takes it as a whole or names every fault.

YAML is an inventory, CSV a table of users and devices, ZIP such a table with what users set on their phones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, err, out
from daemon.errors import Fault, RingkeeperError

PIECE = 64 * 1024  # bytes sent between two moves of the bar
KINDS = {".yml": "application/yaml", ".yaml": "application/yaml", ".csv": "text/csv", ".zip": "application/zip"}


def import_inventory(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An inventory (YAML), or users and devices (CSV, ZIP).")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Take the good lines of a table, name the bad.")] = False,
    tenant: Annotated[str, typer.Option(help="Whose the lines of a table are that name no tenant.")] = "",
) -> None:
    """Bring an inventory, or users and devices, into the running daemon."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RingkeeperError(f"{file}: {error.strerror}") from error
    asked = {"dry_run": dry_run, "partial": partial, "tenant": tenant, "file": file.name}
    with connection(config) as client:
        found = _carried_out(client, data, KINDS.get(file.suffix.lower(), "text/csv"), asked)
    complain(_faults(found["warnings"], file, "warning: "))
    complain(_faults(found["faults"], file))
    if found["more_faults"]:
        complain([f"and {found['more_faults']} more"])
    if found["state"] != "done":
        many = len(found["faults"]) + found["more_faults"]
        complain([f"{many} {'fault' if many == 1 else 'faults'}; nothing was applied"])
        raise typer.Exit(FAILURE)
    out.print(_told(found, dry_run))


def _carried_out(client: httpx.Client, data: bytes, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Send the file and follow its progress; the last word on it."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("sending", total=len(data))

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(data), PIECE):
                yield data[start : start + PIECE]
                progress.update(task, completed=min(len(data), start + PIECE))

        headers = {"Content-Type": kind, "Content-Length": str(len(data)), "Accept": "application/x-ndjson"}
        with client.stream("POST", "/api/v1/imports", params=asked, content=pieces(), headers=headers) as answer:
            if not answer.is_success:
                answer.read()
                accepted(answer)
            told: dict[str, Any] = {}
            for line in answer.iter_lines():
                told = json.loads(line)
                checking = told["state"] == "checking"
                progress.update(
                    task,
                    description=told["state"],
                    total=None if checking else told["total"],
                    completed=told["rows"] if checking else told["done"],
                )
    if not told or told["state"] not in ("done", "refused"):
        raise RingkeeperError("the daemon broke off; its log says why, and /api/v1/imports how far it came")
    return told


def _faults(found: list[dict[str, Any]], file: Path, mark: str = "") -> Iterator[str]:
    """The daemon's faults, placed in our file where it knows the line."""
    for each in found:
        where = file if each.get("file") in ("", None, file.name) else each["file"]
        if each.get("line"):
            yield mark + str(Fault(str(where), each["line"], each.get("key", ""), each["wrong"], each.get("hint", "")))
        else:
            key = f"{each['key']}: " if each.get("key") else ""
            yield f"{mark}{where}: {key}{each['wrong']}"


def _told(found: dict[str, Any], dry_run: bool) -> str:
    counts = [f"{found[kind]} {kind}" for kind in ("users", "devices") if found[kind]]
    others = found["total"] - found["users"] - found["devices"]
    counts += [f"{others} other entries"] if others else []
    new = f" ({found['new_devices']} of the devices are new)" if found["new_devices"] else ""
    return f"{'would apply' if dry_run else 'applied'}: {', '.join(counts) or 'nothing'}{new}"
