"""`swap`: put a new phone in the place of a broken one; the number never rests, the old phone is refused at once."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out


def swap(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The phone that is replaced.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The phone that takes its place; it may be unknown yet.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Give all that is one phone's to another."""
    with connection(config) as client:
        answer = client.post(f"/api/v1/devices/{quote(old, safe='')}/swap", json={"to": new})
        device = accepted(answer).json()
    number = f" with number {device['number']}" if device["number"] else ""
    out.print(
        f"{device['mac']} has taken its place{number}; its first fetch gets the complete file until"
        f" {device['armed_until']}",
        markup=False,
    )
