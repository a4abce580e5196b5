"""`placeholder`: what placeholders are worth for whom, and setting, unsetting and copying their values."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from daemon.cli.client import Declined, accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, err
from daemon.errors import RingkeeperError

placeholder = typer.Typer(no_args_is_help=True, help="Values that go into phones' files.")

Scope = Annotated[
    str,
    typer.Argument(metavar="SCOPE", help="system, template/420HD, tenant/acme, site/acme/hq or device/00908f4867af."),
]
Secrets = Annotated[bool, typer.Option("--secrets", help="Show secrets as well.")]


@placeholder.command("list")
def list_placeholders(
    scope: Annotated[str, typer.Argument(metavar="[SCOPE]", help="Only the values that stand there.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    device: Annotated[str, typer.Option(metavar="MAC", help="What is in force for this device.")] = "",
    secrets: Secrets = False,
) -> None:
    """Every known placeholder with its value in force and who wrote it; with SCOPE the values that stand there."""
    query = {"secrets": str(secrets).lower()}
    with connection(config) as client:
        if scope:
            table = accepted(client.get(_path(scope), params=query)).json()["values"]
            for name, value in table.items():
                print(name, value, sep="\t")
            return
        answer = accepted(client.get("/api/v1/placeholders", params=query | ({"device": device} if device else {})))
        for item in answer.json()["items"]:
            value = item["computed"] and f"({item['computed']})" if item["value"] is None else item["value"]
            print(item["name"], value, item["origin"] or "default", item["description"], sep="\t")


@placeholder.command("set")
def set_values(
    scope: Scope,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Give placeholders values. All of them are taken, or none."""
    changes: dict[str, str | None] = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals:
            raise RingkeeperError(f"{each}: write NAME=VALUE")
        changes[name] = value
    _change(config, scope, changes)
    err.print(f"{scope}: {len(changes)} set", markup=False)


@placeholder.command()
def unset(
    scope: Scope,
    names: Annotated[list[str], typer.Argument(metavar="NAME...")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Take values away, so that those of the next wider scope count again."""
    _change(config, scope, dict.fromkeys(names))
    err.print(f"{scope}: {len(names)} unset", markup=False)


@placeholder.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="MAC", help="The device whose values they are.")],
    to: Annotated[list[str], typer.Argument(metavar="MAC...", help="The devices that get them.")],
    config: ConfigFile = DEFAULT_CONFIG,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="Only this one; repeatable.")] = None,
) -> None:
    """Copy a device's values to other devices."""
    order = {"to": to} | ({"names": only} if only else {})
    with connection(config) as client:
        answer = accepted(client.post(f"{_path(f'device/{source}')}/copy", json=order)).json()
    err.print(f"{len(answer['names'])} values copied to {answer['devices']} devices", markup=False)


def _change(config: ConfigFile, scope: str, changes: dict[str, str | None]) -> None:
    try:
        with connection(config) as client:
            accepted(client.patch(_path(scope), json=changes))
    except Declined as declined:
        complain([*(f"{error.get('key', '')}: {error['wrong']}" for error in declined.errors), declined.detail])
        raise typer.Exit(FAILURE) from declined


def _path(scope: str) -> str:
    return f"/api/v1/placeholders/{quote(scope)}"
