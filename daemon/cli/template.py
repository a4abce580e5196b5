"""`template`: list, show, write, clone, restore templates, choose defaults, go back to former versions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from daemon.cli.client import Declined, accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, err, out
from daemon.errors import Fault, RingkeeperError

template = typer.Typer(no_args_is_help=True, help="How phones' files are made.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as 420HD, or acme/420HD for a tenant's own.")]
Version = Annotated[int, typer.Argument(metavar="VERSION", min=1)]
Plain = Annotated[bool, typer.Option("--plain", help="As plain text instead of XML.")]
Secrets = Annotated[bool, typer.Option("--secrets", help="With the secrets that stand in it.")]


@template.command("list")
def list_templates(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Every template: name, origin, version, the pairs it is the default for, description."""
    with connection(config) as client:
        for item in _items(client):
            defaults = ",".join(item["defaults"]) or "-"
            print(item["name"], item["origin"], item["version"] or "-", defaults, item["description"], sep="\t")


@template.command()
def show(
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    version: Annotated[int | None, typer.Option(min=1, help="A former version.")] = None,
    plain: Plain = False,
    secrets: Secrets = False,
) -> None:
    """Print a template, so that it can be piped into a file."""
    path = f"{_path(name)}/versions/{version}" if version else _path(name)
    query = {"form": "plain" if plain else "xml", "secrets": str(secrets).lower()}
    with connection(config) as client:
        sys.stdout.buffer.write(accepted(client.get(path, params=query)).content)
        sys.stdout.buffer.flush()


@template.command()
def put(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XML or plain text.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is wrong with it.")] = False,
    allow_undefined: Annotated[bool, typer.Option("--allow-undefined", help="Take unknown placeholders.")] = False,
    based_on: Annotated[int | None, typer.Option(min=0, help="Only if this is still the newest version.")] = None,
) -> None:
    """Upload a template. Every fault is named with its line."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise RingkeeperError(f"{file}: {error.strerror}") from error
    query = {"dry_run": str(dry_run).lower(), "allow_undefined": str(allow_undefined).lower()}
    headers = {"Content-Type": "application/xml" if raw.lstrip().startswith(b"<") else "text/plain"}
    if based_on is not None:
        headers["If-Match"] = f'"{based_on}"'
    try:
        with connection(config) as client:
            answer = accepted(client.put(_path(name), params=query, content=raw, headers=headers)).json()
    except Declined as declined:
        complain([*(_fault(file, error) for error in declined.errors), declined.detail])
        raise typer.Exit(FAILURE) from declined
    complain(f"warning: {_fault(file, each)}" for each in answer["warnings"])
    _tell(answer)


@template.command()
def clone(name: Name, to: Annotated[str, typer.Argument(metavar="TO")], config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Copy a template under another name, such as a tenant's own."""
    with connection(config) as client:
        _tell(accepted(client.post(f"{_path(name)}/clone", json={"to": to})).json())


@template.command()
def restore(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Restore a template to what was shipped; one that was not shipped is deleted."""
    with connection(config) as client:
        accepted(client.delete(_path(name)))
    err.print(f"{name} is as it was before anybody edited it.", markup=False)


@template.command()
def default(
    tenant: Annotated[str, typer.Argument(metavar="TENANT")],
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Left out: by name again.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Choose the template that new phones of a tenant and model get."""
    path = f"/api/v1/templates/defaults/{quote(tenant, safe='')}/{quote(model, safe='')}"
    with connection(config) as client:
        accepted(client.put(path, json={"template": name}) if name else client.delete(path))
    err.print(f"{model} of {tenant}: {name or 'the template of that name'}", markup=False)


@template.command()
def versions(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Who wrote a template when, newest first."""
    with connection(config) as client:
        for item in accepted(client.get(f"{_path(name)}/versions")).json()["items"]:
            print(item["version"], item["at"], item["by"], "removed" if item["removed"] else "written", sep="\t")


@template.command()
def rollback(name: Name, version: Version, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Write a former version anew."""
    with connection(config) as client:
        _tell(accepted(client.post(f"{_path(name)}/rollback", json={"version": version})).json())


def _path(name: str) -> str:
    return f"/api/v1/templates/{quote(name.replace('/', '~'), safe='~')}"


def _items(client: httpx.Client) -> list[dict[str, Any]]:
    """All pages of the list."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
        page = accepted(client.get("/api/v1/templates", params=query)).json()
        items += page["items"]
        cursor = page["next"]
    return items


def _fault(file: Path, error: dict[str, Any]) -> Fault:
    """The daemon's fault, placed in our file."""
    return Fault(str(file), error.get("line", 0), error.get("key", ""), error["wrong"], error.get("hint", ""))


def _tell(answer: dict[str, Any]) -> None:
    done = f"is at version {answer['version']}" if answer["applied"] else "would be taken"
    out.print(f"{answer['name']} {done}", markup=False)
