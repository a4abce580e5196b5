"""`alarm`: the alarms of the running daemon: list, show, acknowledge, delete, and those that are over.

Not here: shelves (`shelf`), who is told of alarms (`receiver`, `output`).
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out
from daemon.cli.firmware import pages
from daemon.errors import RingkeeperError

PATH = "/api/v1/alarms"
HISTORY = f"{PATH}/history"

alarm = typer.Typer(no_args_is_help=True, help="Alarms: list, show, acknowledge, delete, history.")

_STYLES = {"CRITICAL": "red", "MAJOR": "red", "MINOR": "yellow", "WARNING": "yellow"}

Id = Annotated[str, typer.Argument(metavar="ID", help="The alarm, by its id.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Which alarms, by their ids.")]
Filter = Annotated[
    list[str] | None, typer.Option("--filter", metavar="FIELD=VALUE", help="All alarms of which this is true.")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="So many at most.")]


@alarm.command("list")
def list_alarms(
    config: ConfigFile = DEFAULT_CONFIG,
    chosen: Filter = None,
    search: Annotated[str, typer.Option(help="Only with this text in name, source, MAC or IP address.")] = "",
) -> None:
    """Active alarms, the worst first; those folded beneath their site's only if a filter or a search asks for them."""
    asked = {**chosen_fields(chosen), **({"search": search} if search else {})}
    with connection(config) as client:
        found = list(pages(client, PATH, sort="-severity", **asked))
    shown = found if asked else [item for item in found if item["telling"] != "folded"]
    for item in shown:
        taken = f"  ({item['acknowledged_by']} takes care of it)" if item["acknowledged_by"] else ""
        said = f"{item['raised_at']}  {item['telling']:<8}  {item['name']}  {item['source']}{taken}"
        out.print(Text(f"{item['id']}  ") + _severity(item["severity"]) + Text(said))
    if not found:
        out.print("no alarm fits" if asked else "no alarm is active")
    elif folded := len(found) - len(shown):
        out.print(f"{folded} more are folded beneath their site's: --filter telling=folded")


@alarm.command()
def show(identity: Id, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """One alarm, and what to do about it."""
    with connection(config) as client:
        found = accepted(client.get(_path(identity))).json()
    for name, value in found.items():
        if value not in ("", None, []):
            said = "; ".join(value) if isinstance(value, list) else str(value)
            out.print(f"{name.replace('_', ' '):<16} {said}", markup=False)


@alarm.command()
def acknowledge(
    identities: Ids = None,
    config: ConfigFile = DEFAULT_CONFIG,
    chosen: Filter = None,
    note: Annotated[str, typer.Option(help="What there is to say about it.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take it back: nobody takes care of it.")] = False,
) -> None:
    """Take care of alarms, so that everybody sees who does."""
    if bool(identities) == bool(chosen) or (undo and chosen):
        raise RingkeeperError("say which alarms: their ids, or --filter FIELD=VALUE (not with --undo)")
    with connection(config) as client:
        if undo:
            for identity in identities or ():
                accepted(client.delete(f"{_path(identity)}/acknowledge"))
            return
        which = {"ids": identities} if identities else {"filter": chosen_fields(chosen)}
        done = accepted(client.post(f"{PATH}/acknowledge", json={"note": note, **which})).json()["ids"]
    out.print(f"acknowledged: {len(done)}")
    if missing := set(identities or ()) - set(done):
        raise RingkeeperError(f"there is no such active alarm: {', '.join(sorted(missing))}")


@alarm.command()
def delete(
    identities: Annotated[list[str], typer.Argument(metavar="ID...")], config: ConfigFile = DEFAULT_CONFIG
) -> None:
    """End alarms whose clear will not come; receivers get a clear."""
    with connection(config) as client:
        for identity in identities:
            accepted(client.delete(_path(identity)))
            out.print(f"{identity} is over", markup=False)


@alarm.command()
def history(  # noqa: PLR0917 - typer's options, one each
    config: ConfigFile = DEFAULT_CONFIG,
    since: Annotated[str, typer.Option(metavar="TIME", help="Active since then: a time, or how long ago (2h).")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Raised before then, likewise.")] = "",
    device: Annotated[str, typer.Option(metavar="MAC", help="Only of this phone.")] = "",
    name: Annotated[str, typer.Option(help="Only of this name.")] = "",
    tenant: Annotated[str, typer.Option(help="Only of this tenant.")] = "",
    minimum: Annotated[str, typer.Option(help="As bad as this at least, such as major.")] = "",
    limit: Limit = 100,
) -> None:
    """Alarms that are over, newest end first, with the reason."""
    said = {"since": since, "until": until, "device": device, "name": name, "tenant": tenant, "minimum": minimum}
    asked = {key: value for key, value in said.items() if value}
    with connection(config) as client:
        found = accepted(client.get(HISTORY, params={**asked, "limit": limit})).json()
    for item in found["items"]:
        told = "" if item["known"] else " (receivers were not told)"
        line = f"{item['raised_at']}  {item['cleared_at']}  {item['name']}  {item['source']}  {item['reason']}{told}"
        out.print(_severity(item["peak"]) + Text(line))
    if not found["items"]:
        out.print("no alarm that is over fits")
    if found["next"]:
        out.print(f"there are older ones; these are the newest {limit}: see --limit")


def chosen_fields(chosen: list[str] | None) -> dict[str, Any]:
    """`--filter` as the API takes it; `RingkeeperError` if it is not FIELD=VALUE."""
    found: dict[str, list[str]] = {}
    for text in chosen or ():
        name, sign, value = text.partition("=")
        if not sign:
            raise RingkeeperError(f"--filter is written FIELD=VALUE, such as severity=CRITICAL; not {text}")
        found.setdefault(name, []).append(value)
    return found


def _severity(name: str) -> Text:
    return Text(f"{name:<13}  ", _STYLES.get(name, ""))


def _path(identity: str) -> str:
    return f"{PATH}/{quote(identity, safe='')}"
