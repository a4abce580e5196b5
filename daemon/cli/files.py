"""`file`: the files that phones get from the running daemon: list, show, put one in a generated one's place, delete."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out
from daemon.cli.firmware import pages, table
from daemon.errors import RingkeeperError

file = typer.Typer(no_args_is_help=True, help="Configuration files as phones get them, and texts in their place.")

COLUMNS = ("name", "kind", "origin", "model", "tenant", "version", "changed_at", "by")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The file's name, as phones ask for it.")]


@file.command("list")
def list_files(
    config: ConfigFile = DEFAULT_CONFIG,
    kind: Annotated[str, typer.Option(help="Only of one kind, such as device, global or firmware.")] = "",
    search: Annotated[str, typer.Option(help="Only names with this text.")] = "",
) -> None:
    """Show which files there are."""
    asked = {key: text for key, text in {"kind": kind, "search": search}.items() if text}
    with connection(config) as client:
        out.print(table(COLUMNS, list(pages(client, "/api/v1/files", **asked))))


@file.command("show")
def show(
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    secrets: Annotated[bool, typer.Option("--secrets", help="With passwords.")] = False,
) -> None:
    """Print a file as phones get it, passwords masked."""
    with connection(config) as client:
        found = accepted(client.get(_path(name), params={"secrets": "true"} if secrets else {}))
        sys.stdout.buffer.write(found.content)


@file.command("put")
def put(
    name: Name,
    text: Annotated[Path, typer.Argument(metavar="FILE", help="What is served instead.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Serve a text of your own instead of a generated file."""
    try:
        body = text.read_bytes()
    except OSError as error:
        raise RingkeeperError(f"{text}: {error.strerror}") from error
    with connection(config) as client:
        version = accepted(client.put(_path(name), content=body, headers={"Content-Type": "text/plain"})).json()
    out.print(f"{name}: version {version['version']} is served from now on", markup=False)


@file.command("delete")
def delete(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Remove a text of your own, so that the generated file is served again; or an uploaded file."""
    with connection(config) as client:
        accepted(client.delete(_path(name)))
    out.print(f"{name} is removed", markup=False)


def _path(name: str) -> str:
    return f"/api/v1/files/{quote(name, safe='')}"
