"""The command line as a person uses it: words in, exit code out; and a daemon for it to talk to."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import trio
from structlog.testing import capture_logs

from daemon.cli.main import main
from daemon.config.listen import Listen
from daemon.http.server import HttpServer
from tests.support.operators_desk import DeskWithFleet


def run(*words: str) -> int:
    """`ringkeeper` with these words: its exit code."""
    with mock.patch.object(sys, "argv", ["ringkeeper", *words]):
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0


async def run_beside(*words: str) -> int:
    """The same while the daemon runs in this Trio."""
    return await trio.to_thread.run_sync(partial(run, *words))


def write_config(folder: Path) -> Path:
    """A configuration whose operators' listener is a socket in `folder`."""
    config = folder / "ringkeeper.yml"
    config.write_text(f"http: {{operators: {{listen: ['unix://{folder / 'api.sock'}']}}}}\nstate_dir: {folder}\n")
    return config


@asynccontextmanager
async def serving(desk: DeskWithFleet, folder: Path) -> AsyncIterator[str]:
    """The desk's application at the socket of `write_config`; gives the configuration's path."""
    listen = Listen("unix", path=str(folder / "api.sock"))
    server = HttpServer(desk.app, [listen], desk.settings.http.operators, "operators")
    # Kept out of what the command prints: in real life the log is another process's.
    with capture_logs():
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            yield str(write_config(folder))
            await server.aclose()
