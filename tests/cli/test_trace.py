from __future__ import annotations

from pathlib import Path

import pytest
import trio

from daemon.sip.message import Source
from daemon.sip.trace import Packet
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run, run_beside, serving, write_config
from tests.support.operators_desk import DeskWithFleet
from tests.support.waiting import becomes_true

PING = Packet("sent", Source("10.1.2.7", 5062), b"OPTIONS sip:[x@10.1.2.7 SIP/2.0\r\n\r\n")


async def test_a_trace_is_started_printed_and_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record())
    async with serving(desk, tmp_path) as config:
        assert await run_beside("trace", MAC, "--for", "10m", "--config", config) == 0
        assert capsys.readouterr().out == ""
        desk.traces.note(MAC, desk.clock.now(), PING)
        assert await run_beside("trace", "00:90:8F:48:67:AF", "--config", config) == 0
        printed = capsys.readouterr().out
        assert await run_beside("trace", MAC, "--stop", "--config", config) == 0

    assert "OPTIONS sip:[x@10.1.2.7 SIP/2.0\n" in printed
    assert desk.traces.of(MAC, desk.clock.now()) is None


@pytest.mark.parametrize("begun", [True, False])
async def test_a_trace_is_followed_to_its_end(
    begun: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], nursery: trio.Nursery
) -> None:
    desk = DeskWithFleet(record())
    codes: list[int] = []
    if begun:
        desk.traces.start(MAC, "ada", desk.clock.now())
    async with serving(desk, tmp_path) as config:

        async def follow() -> None:
            codes.append(await run_beside("trace", MAC, "--follow", "--config", config))

        nursery.start_soon(follow)
        await becomes_true(lambda: desk.app.statistics().live.listeners == 1)
        desk.traces.note(MAC, desk.clock.now(), PING)
        await becomes_true(lambda: "OPTIONS" in capsys.readouterr().out)
        trace = desk.traces.of(MAC, desk.clock.now())
        assert trace is not None
        assert (trace.by == "ada") is begun
        desk.traces.stop(MAC, desk.clock.now())
        await becomes_true(lambda: codes != [])
    assert codes == [0]


@pytest.mark.parametrize("words", [(), ("--for", "10"), ("--follow", "--for", "10"), ("--stop",)])
async def test_what_the_daemon_declines_is_a_failure_with_its_reason(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(DeskWithFleet(record()), tmp_path) as config:
        assert await run_beside("trace", MAC, *words, "--config", config) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "trace" in said.err or "duration" in said.err


@pytest.mark.parametrize("mac", [OTHER_MAC, "../../operators", "?x=1", "a b"])
async def test_a_phone_that_is_not_there_is_a_failure(mac: str, tmp_path: Path) -> None:
    async with serving(DeskWithFleet(record()), tmp_path) as config:
        assert await run_beside("trace", mac, "--follow", "--config", config) == 1


def test_to_stop_and_to_follow_at_once_is_no_usage(tmp_path: Path) -> None:
    assert run("trace", MAC, "--stop", "--follow", "--config", str(write_config(tmp_path))) == 2
