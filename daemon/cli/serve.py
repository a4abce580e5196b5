"""`serve`: run the daemon. Everything it does begins in `daemon.serving`."""

from __future__ import annotations

import typer

from daemon.cli.console import DEFAULT_CONFIG, ConfigFile
from daemon.serving import serve as run


def serve(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reloads the configuration."""
    raise typer.Exit(run(config))
