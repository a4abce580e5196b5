"""`check-config`: every fault of a configuration and its inventory, as file:line, without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.console import FAILURE, complain, out
from daemon.config.check import check


def check_config(file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration to check.")]) -> None:
    """Check a configuration, and the inventory it names."""
    faults = check(file)
    if faults:
        complain([*faults, f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}"])
        raise typer.Exit(FAILURE)
    out.print(f"{file}: fine", markup=False)
