"""The settings of imports. Not here: the inventory file, which has its own bound (`inventory`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from daemon.config.block import Block


class Imports(Block):
    """How large a table of users and devices may be."""

    # As many as the vendor's own manager takes from one file. A longer one is mostly the wrong file; whoever has more
    # phones says so here, up to what an inventory may hold.
    max_lines: Annotated[int, Field(ge=1, le=100_000)] = 30_000
