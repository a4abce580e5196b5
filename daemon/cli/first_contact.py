"""`token` and `arm`: have the running daemon let a phone come by its complete file for the first time."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, err, out

Mac = Annotated[str, typer.Argument(metavar="MAC", help="Which phone, in any punctuation.")]


def token(
    mac: Mac,
    config: ConfigFile = DEFAULT_CONFIG,
    expires_in: Annotated[str, typer.Option(help="For how long, such as 2d; else as configured.")] = "",
) -> None:
    """Make a one-time token. The URL that holds it goes to stdout, for a phone's keys or a QR code."""
    with connection(config) as client:
        asked = client.post(f"/api/v1/devices/{quote(mac, safe='')}/token", json={"expires_in": expires_in})
        issued = accepted(asked).json()
    err.print(f"Good for one fetch by {issued['mac']}, until {issued['expires_at']}; not shown again:", markup=False)
    out.print(issued["url"] or issued["path"], markup=False, soft_wrap=True)


def arm(mac: Mac, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Open the time window in which a phone gets its complete file from its tenant's networks."""
    with connection(config) as client:
        armed = accepted(client.post(f"/api/v1/devices/{quote(mac, safe='')}/arm")).json()
    out.print(f"{armed['mac']} may fetch its complete file until {armed['armed_until']}", markup=False)
