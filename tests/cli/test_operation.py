"""Operations at the command line: ordered, watched to their end, steered."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from daemon.fleet.acts import OperationOrdered
from daemon.fleet.events import FileFetched
from daemon.fleet.model import Mac
from daemon.fleet.operations.operation import Step
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet
from tests.support.waiting import becomes_true

STATIC = "sip:2041@10.1.2.7"


def a_desk() -> DeskWithFleet:
    return DeskWithFleet(record(contact=STATIC), record(OTHER_MAC, number="2042", model="450HD", contact=STATIC))


async def phones_obey(desk: DeskWithFleet, *macs: Mac) -> None:
    """These fetch as soon as they are asked; the others are given up."""
    await becomes_true(lambda: bool(desk.fleet.operations.by_id))
    desk.fleet.expire(desk.clock.now() + 1)
    for mac in macs:
        desk.deliver(FileFetched(mac, "config", "10.1.2.7", "", "", complete=True, with_secret=False))
    desk.fleet.expire(desk.clock.now() + 3600)


@pytest.mark.parametrize(("obeying", "code"), [((MAC, OTHER_MAC), 0), ((MAC,), 1)])
async def test_a_restart_is_watched_to_its_end(
    obeying: tuple[Mac, ...], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = a_desk()
    async with serving(desk, tmp_path) as config, trio.open_nursery() as nursery:
        nursery.start_soon(phones_obey, desk, *obeying)
        words = ("restart", str(MAC), str(OTHER_MAC), "--delay", "0s", "--wait", "--config", config)
        assert await run_beside(*words) == code
    told = capsys.readouterr()
    assert "operation 1: restart of 2 devices" in told.out
    assert "FINISHED" in told.out
    assert (f"{OTHER_MAC} failed at DELIVERED" in told.err) is bool(code)


async def test_a_campaign_is_ordered_as_it_is_written(tmp_path: Path) -> None:
    desk = a_desk()
    async with serving(desk, tmp_path) as config:
        words = ("--firmware", "new.img", "--version", "2.2.17", "--canary", "0", "--budget", "10%", "--batch", "20")
        assert await run_beside("upgrade", "--model", "450HD", *words, "--config", config) == 0
        assert await run_beside("upgrade", "--model", "450HD", "--config", config) == 1
        assert await run_beside("upgrade", *words, "--budget", "few", "--config", config) == 1
        assert await run_beside("restart", "--filter", "model", "--config", config) == 1
    (act,) = [event for event in desk.heard if isinstance(event, OperationOrdered)]
    assert (act.macs, act.plan.budget, act.plan.batch, act.plan.patience) == ((OTHER_MAC,), 0.1, 20, 12 * 3600)
    assert act.parameters == {"file": "new.img", "version": "2.2.17"}


async def test_operations_are_listed_shown_and_steered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = a_desk()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("restart", str(MAC), "--force", "--config", config) == 0
        for word in ("pause", "resume", "cancel", "watch", "show"):
            assert await run_beside("operation", word, "1", "--config", config) == 0
        assert await run_beside("operation", "list", "--config", config) == 0
        assert await run_beside("operation", "pause", "7", "--config", config) == 1
    told = capsys.readouterr().out
    assert f"{MAC}\tCANCELLED\t\tthe operation was cancelled" in told
    assert "1\trestart\tCANCELLED\t1 CANCELLED" in told
    assert desk.fleet.operations.counts(1)[Step.CANCELLED] == 1
