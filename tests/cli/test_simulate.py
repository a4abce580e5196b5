from __future__ import annotations

import yaml
from typer import Typer
from typer.testing import CliRunner

from daemon.cli.simulate import line, simulate
from daemon.simulate.fleet import SimulatedFleetStatistics

app = Typer()
app.command()(simulate)


def test_the_inventory_can_be_printed() -> None:
    result = CliRunner().invoke(app, ["--phones", "30", "--print-inventory"])
    assert result.exit_code == 0
    assert len(yaml.safe_load(result.output)["devices"]) == 30


def test_it_runs_for_a_while_against_whatever_is_there_and_ends_well() -> None:
    result = CliRunner().invoke(
        app, ["--phones", "3", "--http", "http://127.0.0.1:1", "--sip", "127.0.0.1:9", "--for", "0.3"]
    )
    assert result.exit_code == 0
    assert "of 3 phones on" in result.output


def test_the_line_says_what_the_phones_see() -> None:
    counts = SimulatedFleetStatistics(
        phones=3,
        powered=2,
        by_status={"registered": 2},
        with_password=2,
        fetches=2,
        reports=4,
        alerts=1,
        registers=2,
        pings_answered=7,
        pings_ignored=0,
        reboots=0,
        datagrams_received=9,
        datagrams_sent=9,
        troubles={"connect": 1},
    )
    assert line(counts) == (
        "2 of 3 phones on | registered 2 | 4 reports, 1 alarms, 2 REGISTERs, 7 pings answered | troubles: connect 1"
    )
