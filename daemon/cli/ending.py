"""How a command that runs in the foreground ends: by Ctrl-C, by SIGTERM, or after `--for` seconds, always quietly."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from typing import Annotated

import trio
import typer

ENDING = (signal.SIGINT, signal.SIGTERM)

Seconds = Annotated[float | None, typer.Option("--for", min=0.1, metavar="SECONDS", help="End after this time.")]


async def end_on(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    """Cancel `scope` at each of `signals` (of `trio.open_signal_receiver`)."""
    async for _ in signals:
        scope.cancel()
