"""What `check-config` finds: every fault of the configuration and, if it names one, of the inventory.

Nothing is opened but the files themselves, so a configuration can be checked anywhere. Not here: printing.
"""

from __future__ import annotations

from pathlib import Path

from daemon.config.inventory import load_inventory
from daemon.config.loader import load_settings
from daemon.errors import ConfigError, Fault


def check(path: Path) -> list[Fault]:
    """The faults of the configuration at `path`, in reading order; an empty list if it can be used."""
    try:
        settings = load_settings(path)
        if settings.inventory is not None:
            load_inventory(settings.inventory, seal=lambda password: password)
    except ConfigError as error:
        return error.faults
    return []
