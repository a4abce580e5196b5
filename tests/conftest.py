"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# No deadline per example: on a busy machine a single one may take long without anything being wrong. The database of
# past examples is off, so a run depends on the code alone; findings become tests or data files.
settings.register_profile("ringkeeper", deadline=None, database=None)
settings.load_profile("ringkeeper")
