"""The unit is one that systemd itself accepts and finds well locked up."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd" / "ringkeeper.service"
COMMAND = "/opt/ringkeeper/venv/bin/ringkeeper"

# systemd calls 0 to 2 safe. What is left: it must have the network (0.5 + 0.3 + 0.2) and the clock's device node (0.1).
MOST_EXPOSURE = 1.3


def analyze(*arguments: str) -> str:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: apt-get install systemd"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


@pytest.mark.peer
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "ringkeeper.service"
    unit.write_text(UNIT.read_text().replace(COMMAND, "/bin/true"))  # verify wants the program to be installed
    assert analyze("verify", "--man=no", str(unit)) == ""


@pytest.mark.peer
def test_the_unit_is_well_locked_up() -> None:
    output = analyze("security", "--offline=true", "--no-pager", str(UNIT))
    found = re.search(r"Overall exposure level for ringkeeper.service: ([\d.]+)", output)
    assert found, output
    assert float(found[1]) <= MOST_EXPOSURE, output


def test_the_unit_serves_the_documented_configuration_and_reloads_it() -> None:
    text = UNIT.read_text()
    assert f"\nExecStart={COMMAND} serve --config /etc/ringkeeper/ringkeeper.yml\n" in text
    assert "\nExecReload=/bin/kill -HUP $MAINPID\n" in text
    assert "\nType=notify\n" in text
    assert "\nWatchdogSec=30\n" in text


def test_every_group_of_lines_says_why() -> None:
    service = UNIT.read_text().partition("[Service]")[2].partition("[Install]")[0]
    assert all(group.lstrip().startswith("#") for group in service.strip().split("\n\n"))
