"""`configuration`: what a phone gets and why, what it was given, giving a former file back, making all files ahead."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.progress import Progress

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, err

configuration = typer.Typer(no_args_is_help=True, help="What phones get, and what they were given.")

Mac = Annotated[str, typer.Argument(metavar="MAC", help="In any punctuation.")]
Number = Annotated[int, typer.Argument(metavar="VERSION", min=1)]


@configuration.command()
def show(mac: Mac, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """A phone's whole configuration, secrets masked: line, template and line in it, whose values."""
    with connection(config) as client:
        seen = accepted(client.get(f"{_path(mac)}")).json()
    for line in seen["lines"]:
        values = ", ".join(f"{value['name']}: {value['family']}" for value in line["values"])
        origin = f"{line['template']}:{line['line']}" if line["template"] else "-"
        print(line["text"], origin, values or "-", sep="\t")


@configuration.command()
def versions(mac: Mac, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """What a phone was given, newest first: number, time, template, beginning of the digest."""
    with connection(config) as client:
        seen = accepted(client.get(f"{_path(mac)}/versions")).json()
    for item in seen["items"]:
        print(item["number"], item["at"], item["template"], item["digest"][:12], sep="\t")
    if seen["given_back"]:
        err.print("A former version stands in place of the generated file; `configuration release` lets it go.")


@configuration.command()
def version(
    mac: Mac,
    number: Number,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    secrets: Annotated[bool, typer.Option("--secrets", help="With passwords.")] = False,
) -> None:
    """One version as text."""
    with connection(config) as client:
        seen = accepted(client.get(f"{_path(mac)}/versions/{number}", params={"secrets": secrets}))
    print(seen.text, end="")


@configuration.command()
def diff(
    mac: Mac,
    old: Annotated[int, typer.Argument(metavar="OLD", min=1)],
    new: Annotated[int, typer.Argument(metavar="NEW", min=1)],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """How two versions differ, secrets masked."""
    with connection(config) as client:
        seen = accepted(client.get(f"{_path(mac)}/versions/{new}/diff", params={"against": old})).json()
    print(*seen["lines"], sep="\n")


@configuration.command()
def rollback(mac: Mac, number: Number, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Give a former version back, byte by byte, until it is let go."""
    with connection(config) as client:
        accepted(client.post(f"{_path(mac)}/rollback", json={"version": number}))
    err.print(f"{mac} gets version {number} when it next asks; `ringkeeper resync {mac}` has it ask now.")


@configuration.command()
def release(mac: Mac, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Give a phone the generated file again."""
    with connection(config) as client:
        accepted(client.delete(f"{_path(mac)}/rollback"))
    err.print(f"{mac} gets the generated file when it next asks.")


@configuration.command()
def generate(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    tenant: Annotated[str, typer.Option(help="Only phones of this tenant.")] = "",
    model: Annotated[str, typer.Option(help="Only phones of this model.")] = "",
) -> None:
    """Make all files now, and say which cannot be made."""
    filters = {name: value for name, value in (("tenant", tenant), ("model", model)) if value}
    with (
        connection(config) as client,
        client.stream("POST", "/api/v1/files/generate", params=filters) as answer,
        Progress(console=err, transient=True) as progress,
    ):
        if not answer.is_success:
            answer.read()
        bar = progress.add_task("files", total=None)
        for line in accepted(answer).iter_lines():
            told = json.loads(line)
            progress.update(bar, completed=told["done"], total=told["total"])
    complain(told["faults"])
    err.print(f"{told['done'] - told['failed']} of {told['total']} files can be made.")
    if told["failed"]:
        raise typer.Exit(FAILURE)


def _path(mac: str) -> str:
    return f"/api/v1/devices/{mac}/configuration"
