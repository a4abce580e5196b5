"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# No deadline per example: on a busy machine a single one may take long without anything being wrong. The database of
# past examples is off, so a run depends on the code alone; findings become tests or data files.
settings.register_profile("ringkeeper", deadline=None, database=None)
settings.load_profile("ringkeeper")

# Foreign programs and whole daemons keep real time, but mostly wait: what takes the processor away from them for long
# would be blamed on them, so they have each other beside them and nobody else. What works hard is marked as alone.
WAITING = {"peers", "simulate"}
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs beside its like; the rest, if it is not marked as alone, runs beside anything (scripts/tests)."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        waits = folder in WAITING or item.get_closest_marker("peer") or item.get_closest_marker("slow")
        if waits and not item.get_closest_marker("alone"):
            item.add_marker(pytest.mark.waits)
