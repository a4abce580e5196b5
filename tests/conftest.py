"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# No deadline per example: on a busy machine a single one may take long without anything being wrong. The database of
# past examples is off, so a run depends on the code alone; findings become tests or data files.
settings.register_profile("ringkeeper", deadline=None, database=None)
settings.load_profile("ringkeeper")

# Whole daemons and foreign programs keep real time: what takes the processor away from them would be blamed on them.
REAL_TIME = {"peers", "simulate"}
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs by itself; everything else may run beside others (see the Makefile)."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in REAL_TIME or item.get_closest_marker("peer") or item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.alone)
