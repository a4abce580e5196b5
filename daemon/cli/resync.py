"""`resync`: have the running daemon tell a phone, by SIP, to fetch its configuration now."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out


def resync(
    mac: Annotated[str, typer.Argument(metavar="MAC", help="Which phone, in any punctuation.")],
    config: ConfigFile = DEFAULT_CONFIG,
    reboot: Annotated[bool, typer.Option("--reboot", help="Have it restart first.")] = False,
) -> None:
    """Send a phone a check-sync. What became of it stands on its timeline."""
    with connection(config) as client:
        answer = client.post(f"/api/v1/devices/{quote(mac, safe='')}/resync", json={"reboot": reboot})
        out.print(_told(accepted(answer).json()), markup=False)


def _told(under_way: dict[str, Any]) -> str:
    what = "restart" if under_way["reboot"] else "fetch its configuration"
    contact = under_way["contact"]
    where = f" at {contact['uri']}" if contact else ""
    return f"{under_way['mac']} is being asked{where} to {what}; its timeline will say what came of it"
