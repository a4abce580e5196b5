"""The whole daemon may say what it likes, but nothing that goes wrong may show as a traceback."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every line of the daemon's log; printed, should the test fail."""
    before = structlog.get_config()
    with capture_logs() as lines:
        yield lines
    structlog.configure(**before)  # a reload sets the level
    for line in lines:
        print(line)  # noqa: T201 - pytest shows it if the test failed
    assert [line for line in lines if line.get("exc_info")] == []
