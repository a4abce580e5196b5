"""`status`: the running daemon's fleet at one glance, in the terminal."""

from __future__ import annotations

from typing import Any

import httpx
import typer
from rich.text import Text

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, FAILURE, ConfigFile, complain, out

_STYLES = {
    **dict.fromkeys(("OK", "REGISTERED", "Available"), "green"),
    **dict.fromkeys(("WARNING", "LAGGED", "MINOR"), "yellow"),
    **dict.fromkeys(("ERROR", "UNREACHABLE", "UNREGISTERED", "DISCONNECTED", "CRITICAL", "MAJOR"), "red"),
}
_AXES = ("status", "reachability", "presence", "alarms", "numbers")
WORST = 5  # alarms shown


def status(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Show how the fleet is; exit code 1 if the daemon does not run or is not ready."""
    with connection(config) as client:
        ready = client.get("/-/ready")
        summary = accepted(client.get("/api/v1/summary")).json()
        alarms = accepted(client.get("/api/v1/alarms", params={"sort": "-severity", "limit": WORST})).json()["items"]
    unapproved = f", {summary['unapproved']} unapproved" if summary["unapproved"] else ""
    out.print(f"{summary['devices']} devices{unapproved}")
    for axis in _AXES:
        out.print(_line(axis, summary[axis]))
    for alarm in alarms:
        out.print(_alarm_line(alarm))
    if not ready.is_success:
        complain(_why_not_ready(ready))
        raise typer.Exit(FAILURE)


def _line(axis: str, counts: dict[str, int]) -> Text:
    cells = [Text(f"{value} {name}", _style(name, value)) for name, value in counts.items()]
    return Text(f"{axis:<13} ", "bold") + Text("   ").join(cells)


def _style(name: str, value: int) -> str:
    return _STYLES.get(name, "") if value else "dim"


def _alarm_line(alarm: dict[str, Any]) -> Text:
    severity = Text(f"{alarm['severity']:<13}", _STYLES.get(alarm["severity"], ""))
    return severity + Text(f" {alarm['raised_at']}  {alarm['name']}  {alarm['source']}  {alarm['description']}")


def _why_not_ready(ready: httpx.Response) -> list[str]:
    try:
        return [str(ready.json()["detail"])]
    except (ValueError, KeyError):
        return ["not ready"]
