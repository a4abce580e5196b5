"""A flood of junk at full rate against the whole daemon; `bench.flood` does it for longer, with more phones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds; the fleet has a minute until it is OK


@pytest.mark.alone
def test_a_flood_of_junk_moves_no_ping_and_flips_no_state() -> None:
    plan = ["--phones", "500", "--interval", "4", "--rate", "20000", "--seconds", "6"]
    command = [sys.executable, "-m", "bench.flood", *plan]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)

    print(finished.stdout)  # noqa: T201 - what was measured is worth more than that it was enough
    assert finished.returncode == 0, finished.stdout + finished.stderr
