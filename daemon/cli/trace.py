"""`trace`: what one phone and the daemon say to each other by SIP; started, shown, followed and ended from here."""

from __future__ import annotations

import sys
from typing import Annotated
from urllib.parse import quote

import httpx
import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, err

# A followed trace may be silent for longer than any answer may take: a phone is pinged once a minute or less.
_NO_HURRY = httpx.Timeout(None, connect=5.0)


def trace(
    mac: Annotated[str, typer.Argument(metavar="MAC", help="Which phone.")],
    duration: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Record from now on, for example 10m.")
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Print while it grows; begin if need be.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End it and forget what it has.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Print the recorded SIP messages of a phone."""
    if stop and (duration or follow):
        raise typer.BadParameter("--stop goes with neither --for nor --follow")
    path = f"/api/v1/devices/{quote(mac, safe='')}/trace"
    with connection(config) as client:
        if stop:
            accepted(client.delete(path))
            return
        if duration or (follow and not _running(client, path)):
            began = accepted(client.put(path, json={"duration": duration})).json()
            err.print(f"recording until {began['ends_at']}", markup=False)
        if follow:
            _follow(client, path)
        elif not duration:
            sys.stdout.write(accepted(client.get(f"{path}.txt")).text)


def _running(client: httpx.Client, path: str) -> bool:
    """Whether there is a trace that records; a phone that is not there shows when one is started."""
    answer = client.get(path)
    return answer.is_success and bool(answer.json()["running"])


def _follow(client: httpx.Client, path: str) -> None:
    """Print until the trace ends; Ctrl-C leaves it running."""
    with client.stream("GET", f"{path}.txt", params={"follow": "true"}, timeout=_NO_HURRY) as answer:
        if not answer.is_success:
            answer.read()
        for text in accepted(answer).iter_text():
            sys.stdout.write(text)
            sys.stdout.flush()
