"""`export`: the running daemon's inventory as YAML, in the form that `import` takes. Passwords stay where they are."""

from __future__ import annotations

import sys

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile


def export(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Print the inventory of the running daemon."""
    with connection(config) as client:
        sys.stdout.write(accepted(client.get("/api/v1/inventory")).text)
