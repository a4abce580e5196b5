"""How the command line speaks: results to stdout, everything else to stderr, and the exit codes.

Lines are printed as they are, never wrapped: `file:line` must survive a narrow terminal and a pipe.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

FINE, FAILURE = 0, 1  # 2 is usage, which typer itself gives

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="RINGKEEPER_CONFIG", help="The daemon's configuration.", dir_okay=False
    ),
]
DEFAULT_CONFIG = Path("/etc/ringkeeper/ringkeeper.yml")


def complain(lines: Iterable[object]) -> None:
    """Lines of bad news, to stderr."""
    for line in lines:
        err.print(str(line), markup=False)
