"""`shelf`: what receivers of alarms are not to be told of for a while: list, open, close."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out
from daemon.cli.firmware import pages

PATH = "/api/v1/shelves"

shelf = typer.Typer(no_args_is_help=True, help="Shelves and maintenance windows: list, open, close.")


@shelf.command("list")
def list_shelves(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Shelves that hold and those that are to begin, with their reasons."""
    with connection(config) as client:
        for item in pages(client, PATH, sort="ends_at"):
            out.print(_line(item), markup=False)


@shelf.command("open")
def open_shelf(  # noqa: PLR0917 - typer's options, one each
    config: ConfigFile = DEFAULT_CONFIG,
    tenant: Annotated[str, typer.Option(help="Alarms of this tenant.")] = "",
    site: Annotated[str, typer.Option(metavar="TENANT/SITE", help="Alarms of this site.")] = "",
    device: Annotated[str, typer.Option(metavar="MAC", help="Alarms of this phone.")] = "",
    source: Annotated[str, typer.Option(help="Alarms of this source.")] = "",
    name: Annotated[str, typer.Option(help="Alarms of this name.")] = "",
    begin: Annotated[str, typer.Option("--at", metavar="TIME", help="When it begins, such as 2027-01-31T22:00Z.")] = "",
    end: Annotated[str, typer.Option("--until", metavar="TIME", help="When it ends.")] = "",
    duration: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long it holds, such as 2h.")] = "",
    reason: Annotated[str, typer.Option(help="Why; everybody reads it.")] = "",
) -> None:
    """Keep alarms that fit all that is said from receivers, for a while."""
    what = {"tenant": tenant, "site": site, "device": device, "source": source, "name": name}
    when = {"starts_at": begin, "ends_at": end, "duration": duration}
    with connection(config) as client:
        out.print(_line(accepted(client.post(PATH, json={**what, **when, "reason": reason})).json()), markup=False)


@shelf.command()
def close(
    identity: Annotated[int, typer.Argument(metavar="ID", help="The number of the shelf.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """End a shelf before its time."""
    with connection(config) as client:
        accepted(client.delete(f"{PATH}/{identity}"))
    out.print(f"shelf {identity} is closed")


def _line(item: dict[str, Any]) -> str:
    what = ", ".join(f"{key} {item[key]}" for key in ("tenant", "site", "device", "source", "name") if item[key])
    begins = "" if item["holds"] else f"from {item['starts_at']} "
    return f"{item['id']}  {what}: {begins}until {item['ends_at']}: {item['reason']} ({item['by']})"
