"""SIPp as a desk phone of the whole daemon: it registers, and then it is pinged where it registered from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import trio

from tests.support.snmptrapd import free_udp_port
from tests.support.whole_daemon import HURRIED_QUALIFY, a_device, an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer
MAC = "00908f4867af"
SCENARIOS = Path(__file__).parents[1] / "data" / "sipp"


def sipp(scenario: str, port: int, *arguments: str) -> list[str]:
    """SIPp with this scenario at `port`, a call at a time."""
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    command = [program, "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-p", str(port), "-nostdin"]
    return [*command, "-timeout", "30s", *arguments]


async def test_sipp_registers_is_pinged_and_is_missed_when_it_goes(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(a_device(MAC, "2041")), qualify=HURRIED_QUALIFY)
    async with whole_daemon(config) as daemon:
        port = free_udp_port()
        registering = sipp("desk_phone.xml", port, "-s", "2041", "-m", "1", f"{daemon.sip.host}:{daemon.sip.port}")
        await trio.run_process(registering, capture_stdout=True, capture_stderr=True)
        contact = (await daemon.see(f"/devices/{MAC}"))["contact"]
        assert (contact["uri"], contact["port"]) == (f"sip:2041@127.0.0.1:{port}", port)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_quietly, sipp("answer_options.xml", port))
            await daemon.see_until(f"/devices/{MAC}", lambda seen: seen["reachability"] == "OK")
            nursery.cancel_scope.cancel()
        await daemon.see_until(f"/devices/{MAC}", lambda seen: seen["reachability"] == "UNREACHABLE")
        await daemon.alarm_names_until("deviceUnreachable")


async def _quietly(command: list[str]) -> None:
    """Run until cancelled."""
    await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
