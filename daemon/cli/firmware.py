"""`firmware`: the files that phones fetch as they are, in the running daemon: list, put, describe, delete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, err, out
from daemon.errors import RingkeeperError

firmware = typer.Typer(no_args_is_help=True, help="Firmware and other files that phones fetch as they are.")

PIECE = 256 * 1024  # bytes sent between two moves of the bar
# A 50 MB image over a slow link is synced to a slow disk before the answer.
PATIENCE = httpx.Timeout(600.0, connect=5.0)
COLUMNS = ("name", "kind", "model", "version", "group", "size", "origin", "description")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The file's name, as phones ask for it.")]
Model = Annotated[str | None, typer.Option(help="Whose it is, if its name does not say.")]
Version = Annotated[str | None, typer.Option(help="What is in it, if its header does not say.")]
Description = Annotated[str | None, typer.Option(help="A line about it.")]
Group = Annotated[str | None, typer.Option(help="Files of one group are shown together.")]


@firmware.command("list")
def list_firmware(
    config: ConfigFile = DEFAULT_CONFIG,
    models: Annotated[bool, typer.Option("--models", help="Show the models of the fleet instead.")] = False,
) -> None:
    """Show the files, or which models have none."""
    with connection(config) as client:
        if models:
            out.print(_models(accepted(client.get("/api/v1/models")).json()["items"]))
            return
        out.print(table(COLUMNS, list(pages(client, "/api/v1/firmware"))))


@firmware.command("put")
def put(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The image.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    name: Annotated[str, typer.Option(help="What phones ask for; by default the file's own name.")] = "",
    model: Model = None,
    version: Version = None,
    description: Description = None,
    group: Group = None,
    force: Annotated[bool, typer.Option("--force", help="Even if its header names another model.")] = False,
) -> None:
    """Upload a file; one of the name <MODEL>.img is taken up by all phones of that model."""
    said = {"model": model, "version": version, "description": description, "group": group}
    parameters = {key: text for key, text in said.items() if text} | ({"force": "true"} if force else {})
    name = name or file.name
    with connection(config) as client:
        taken = accepted(_send(client, file, f"/api/v1/firmware/{quote(name, safe='')}", parameters)).json()
    told = " ".join(filter(None, (taken["model"], taken["version"])))
    out.print(f"{taken['name']}: {taken['size']} bytes{f' ({told})' if told else ''}", markup=False)


@firmware.command("describe")
def describe(
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    model: Model = None,
    version: Version = None,
    description: Description = None,
    group: Group = None,
) -> None:
    """Show a file, or say something else of it."""
    said = {"model": model, "version": version, "description": description, "group": group}
    edit = {key: text for key, text in said.items() if text is not None}
    path = f"/api/v1/firmware/{quote(name, safe='')}"
    with connection(config) as client:
        item = accepted(client.patch(path, json=edit) if edit else client.get(path)).json()
    for key, value in item.items():
        out.print(f"{key}: {value}", markup=False, highlight=False)


@firmware.command("delete")
def delete(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Remove an uploaded file."""
    with connection(config) as client:
        accepted(client.delete(f"/api/v1/firmware/{quote(name, safe='')}"))
    out.print(f"{name} is removed", markup=False)


def pages(client: httpx.Client, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """All items of a list, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        page = accepted(client.get(path, params={**parameters, "limit": "1000", "cursor": cursor})).json()
        yield from page["items"]
        cursor = page["next"]


def table(columns: tuple[str, ...], items: list[dict[str, Any]]) -> Table:
    """Items as a table."""
    shown = Table(*columns, box=None)
    for item in items:
        shown.add_row(*("" if item[column] is None else str(item[column]) for column in columns))
    return shown


def _models(items: list[dict[str, Any]]) -> Table:
    shown = Table("model", "phones", "firmware", box=None)
    for item in items:
        missing = "[red]none: put one here[/red]" if item["missing"] else "chosen per phone"
        shown.add_row(item["model"], str(item["devices"]), item["firmware"] or missing)
    return shown


def _send(client: httpx.Client, file: Path, path: str, parameters: dict[str, str]) -> httpx.Response:
    try:
        with file.open("rb") as content, _bar() as progress:
            size = file.stat().st_size
            task = progress.add_task(file.name, total=size)

            def pieces() -> Iterator[bytes]:
                while piece := content.read(PIECE):
                    yield piece
                    progress.update(task, advance=len(piece))

            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            return client.put(path, params=parameters, content=pieces(), headers=headers, timeout=PATIENCE)
    except OSError as error:
        raise RingkeeperError(f"{file}: {error.strerror}") from error


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True)
