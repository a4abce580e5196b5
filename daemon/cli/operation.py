"""`operation`, `restart`, `upgrade`: have the running daemon do something to many phones, and watch it.

Exit code 1 if a device failed while we waited. Not here: how an operation goes on (the daemon does that, whether or
not anybody watches).
"""

from __future__ import annotations

from threading import Event
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, out
from daemon.errors import RingkeeperError

PATH = "/api/v1/operations"
PAUSE = 1.0  # seconds between two looks
_OVER = ("FINISHED", "CANCELLED", "HALTED")
_ENDED = ("PROVED", "FAILED", "CANCELLED")

operation = typer.Typer(no_args_is_help=True, help="What is being done to many phones.")

Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the operation.")]
Macs = Annotated[list[str] | None, typer.Argument(metavar="MAC...", help="Which phones, in any punctuation.")]
Filter = Annotated[
    list[str] | None, typer.Option("--filter", metavar="FIELD=VALUE", help="All phones of which this is true.")
]
Batch = Annotated[int, typer.Option(help="How many at a time: 1, 5, 10, 20, 30, 50 or 100.")]
Delay = Annotated[str, typer.Option(help="Between two batches: 0s, 2s, 5s, 10s, 30s, 2m or 5m.")]
At = Annotated[str, typer.Option(metavar="TIME", help="When to begin, such as 2027-01-31T22:00:00+01:00.")]
Hours = Annotated[str, typer.Option("--quiet-hours", metavar="FROM-TO", help="Only then, by the site's own clock.")]
Wait = Annotated[bool, typer.Option("--wait", help="Watch until it has ended.")]


@operation.command("list")
def list_operations(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Operations, the newest first."""
    with connection(config) as client:
        found = accepted(client.get(PATH, params={"sort": "-id"})).json()["items"]
    for entry in found:
        print(entry["id"], entry["kind"], entry["state"], _counts(entry), entry["reason"], sep="\t")


@operation.command()
def show(identity: Id, config: ConfigFile = DEFAULT_CONFIG, limit: int = 1000) -> None:
    """One operation, device by device."""
    with connection(config) as client:
        found = _seen(client, identity, limit)
    out.print(f"{found['kind']}: {found['state']}: {found['reason']} ({_counts(found)})", markup=False)
    for item in found["items"]:
        print(item["mac"], item["step"], item["stuck"] or item["waits_for"], item["reason"], sep="\t")


@operation.command()
def pause(identity: Id, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Ask nobody else for now."""
    _steer(config, identity, "pause")


@operation.command()
def resume(identity: Id, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Go on, also after it halted by itself."""
    _steer(config, identity, "resume")


@operation.command()
def cancel(identity: Id, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Ask nobody else any more."""
    _steer(config, identity, "cancel")


@operation.command()
def watch(identity: Id, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Show how it goes on until it has ended."""
    with connection(config) as client:
        _watch(client, identity)


def restart(  # noqa: PLR0917 - typer's options, one each
    macs: Macs = None,
    config: ConfigFile = DEFAULT_CONFIG,
    chosen: Filter = None,
    batch: Batch = 5,
    delay: Delay = "2m",
    at: At = "",
    hours: Hours = "",
    force: Annotated[bool, typer.Option("--force", help="Without waiting for the end of a call.")] = False,
    wait: Wait = False,
) -> None:
    """Restart phones in batches, and prove each by what it does."""
    parameters = {"force": "yes"} if force else {}
    pace = {"batch": batch, "delay": delay, "at": at, "quiet_hours": hours}
    _order(config, {"kind": "restart", "parameters": parameters, **pace}, macs, chosen, wait=wait)


def upgrade(  # noqa: PLR0917 - likewise
    macs: Macs = None,
    config: ConfigFile = DEFAULT_CONFIG,
    model: Annotated[str, typer.Option(help="All phones of this model.")] = "",
    firmware: Annotated[str, typer.Option(metavar="FILE", help="The firmware file they are to run.")] = "",
    version: Annotated[str, typer.Option(help="What they then report; taken from the file if that says so.")] = "",
    chosen: Filter = None,
    batch: Batch = 5,
    delay: Delay = "2m",
    at: At = "",
    hours: Hours = "",
    canary: Annotated[int, typer.Option(help="So many first; all others wait for them.")] = 5,
    waves: Annotated[str, typer.Option(help="Then in waves, such as 10%,50%, counted from the first phone.")] = "",
    budget: Annotated[str, typer.Option(help="Halt when more than this share of those ended failed.")] = "5%",
    retry_for: Annotated[str, typer.Option(help="How long phones that are offline are tried again.")] = "12h",
    wait: Wait = False,
) -> None:
    """Bring phones to a firmware version: canary, waves, and an end when too many fail."""
    if not firmware:
        raise RingkeeperError("say which firmware file: --firmware 420HD_2.2.17.img")
    try:
        percent = float(budget.removesuffix("%"))
    except ValueError:
        raise RingkeeperError(f"--budget is a percentage such as 5%, not {budget}") from None
    parameters = {"file": firmware, **({"version": version} if version else {})}
    pace = {"batch": batch, "delay": delay, "at": at, "quiet_hours": hours}
    campaign = {
        "canary": canary,
        "waves": [wave for wave in waves.split(",") if wave],
        "budget": percent,
        "retry_for": retry_for,
    }
    chosen = [*(chosen or ()), *([f"model={model}"] if model else ())]
    _order(config, {"kind": "update_firmware", "parameters": parameters, **pace, **campaign}, macs, chosen, wait=wait)


def _order(
    config: ConfigFile, order: dict[str, Any], macs: list[str] | None, chosen: list[str] | None, *, wait: bool
) -> None:
    body = {**order, **({"macs": macs} if macs else {}), **({"filter": _filter(chosen)} if chosen else {})}
    with connection(config) as client:
        found = accepted(client.post(PATH, json=body)).json()
        out.print(f"operation {found['id']}: {found['kind']} of {found['devices']} devices", markup=False)
        if wait:
            _watch(client, found["id"])


def _filter(chosen: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in chosen:
        name, sign, value = text.partition("=")
        if not sign:
            raise RingkeeperError(f"--filter is written FIELD=VALUE, such as model=420HD; not {text}")
        found.setdefault(name, []).append(value)
    return found


def _steer(config: ConfigFile, identity: int, word: str) -> None:
    with connection(config) as client:
        found = accepted(client.post(f"{PATH}/{identity}/{word}")).json()
    out.print(f"operation {identity}: {found['state']} ({_counts(found)})", markup=False)


def _seen(client: httpx.Client, identity: int, limit: int = 1, **filters: str) -> dict[str, Any]:
    found: dict[str, Any] = accepted(client.get(f"{PATH}/{identity}", params={"limit": limit, **filters})).json()
    return found


def _watch(client: httpx.Client, identity: int) -> None:
    """A bar until nothing more will happen by itself; then who failed, and at which step."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as progress:
        task = progress.add_task("", total=None)
        while True:
            found = _seen(client, identity)
            ended = sum(found["steps"].get(step, 0) for step in _ENDED)
            said = f"{found['state']}, wave {found['wave']} of {found['waves']}"
            progress.update(task, description=said, completed=ended, total=found["devices"])
            if found["state"] in _OVER:
                break
            Event().wait(PAUSE)
    out.print(f"operation {identity}: {found['state']}: {found['reason']} ({_counts(found)})", markup=False)
    if found["steps"].get("FAILED"):
        failed = _seen(client, identity, 1000, step="FAILED")["items"]
        complain(f"{item['mac']} failed at {item['stuck']}: {item['reason']}" for item in failed)
        raise typer.Exit(FAILURE)


def _counts(found: dict[str, Any]) -> str:
    return ", ".join(f"{count} {step}" for step, count in found["steps"].items())
