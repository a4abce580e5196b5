"""`preview`: what an edit would change, on which phones, and what that triggers; what a new phone would get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, err
from daemon.errors import RingkeeperError

preview = typer.Typer(no_args_is_help=True, help="What would be. Nothing is written.")

_MOST = 10  # diffs, unless more are asked for


@preview.command()
def template(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The template that would be edited, such as acme/420HD.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its new text, XML.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    most: Annotated[int, typer.Option(min=0, max=200, help="Diffs to show.")] = _MOST,
) -> None:
    """What another text of a template would change."""
    _show(config, {"templates": {name: _read(file)}}, most)


@preview.command()
def edit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML: tenants, devices, placeholders, templates.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    most: Annotated[int, typer.Option(min=0, max=200, help="Diffs to show.")] = _MOST,
) -> None:
    """What an edit of anything that reaches phones would change."""
    try:
        proposed = yaml.safe_load(_read(file))
    except yaml.YAMLError as error:
        raise RingkeeperError(f"{file}: {error}") from error
    _show(config, proposed, most)


@preview.command()
def phone(
    url: Annotated[str, typer.Argument(metavar="URL", help="As DHCP option 160 would give it.")],
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    source: Annotated[str, typer.Option(help="The address that the phone would come from.")] = "",
) -> None:
    """What a phone of some model would ask for and get, before there is one."""
    with connection(config) as client:
        wanted = {"url": url, "model": model, "source": source}
        items = accepted(client.post("/api/v1/preview/phone", json=wanted)).json()["items"]
    if not items:
        complain([f"{url!r} is no URL that a phone could use: write it like http://host/firmwarefiles;ipp/tenant/acme"])
        raise typer.Exit(FAILURE)
    for item in items:
        whose = f"{item['tenant']} ({item['rule']}), template {item['template']}" if item["lines"] else ""
        err.print(f"{item['purpose']}: {item['url']} {whose}".rstrip(), markup=False)
        print(*item["lines"], sep="\n", end="\n" if item["lines"] else "")


def _show(config: Path, proposed: Any, most: int) -> None:
    with connection(config) as client:
        seen = accepted(client.post("/api/v1/preview", json=proposed, params={"limit": most})).json()
    for item in seen["items"]:
        _show_change(item)
    effects = ", ".join(f"{count} {effect}" for effect, count in sorted(seen["effects"].items()))
    err.print(f"{seen['changed']} of {seen['devices']} phones would change{f': {effects}' if effects else ''}.")
    if seen["faults"]:
        err.print(f"{seen['faults']} of their files could not be made.")
        raise typer.Exit(FAILURE)


def _show_change(item: dict[str, Any]) -> None:
    print(f"{item['mac']}: {item['fault'] or item['effect']}")
    for change in item["changes"]:
        print(f"  {change['key']}: {change['old']} -> {change['new']} ({change['effect']})")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RingkeeperError(f"{file}: {error}") from error
