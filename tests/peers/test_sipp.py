"""SIPp, an independent SIP stack, as the phone: it registers with us, and it answers our pings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import trio

from daemon.fleet.commands import SendProbe
from daemon.fleet.events import ProbeAnswered, Registered, Unregistered
from daemon.fleet.model import Contact
from tests.support.sip_messages import ALICE
from tests.support.sip_wire import open_office

pytestmark = pytest.mark.peer
SCENARIOS = Path(__file__).parents[1] / "data" / "sipp"


async def free_port() -> int:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def sipp(scenario: str, port: int, *arguments: str, calls: int = 1) -> None:
    """Run a scenario to its end; whatever SIPp did not like fails the test with its own words."""
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    command = [program, "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-p", str(port), "-m", str(calls)]
    command += ["-nostdin", "-timeout", "15s", "-timeout_error", *arguments]
    finished = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    assert finished.returncode == 0, finished.stderr.decode() + finished.stdout.decode()[-2000:]


@pytest.mark.parametrize("scenario", ["register.xml", "refused.xml"])
async def test_sipp_registers_and_is_refused_as_its_scenarios_expect(scenario: str) -> None:
    async with open_office() as office:
        target = office.endpoint.addresses[0]
        port = await free_port()
        await sipp(scenario, port, f"{target.host}:{target.port}", "-s", "2041")
        if scenario == "register.xml":
            kinds = [type(event) for event in office.events]
            assert kinds == [Registered, Registered, Unregistered]
            event = office.events[0]
            assert isinstance(event, Registered)
            assert (event.contact.host, event.contact.port, event.user_agent) == ("127.0.0.1", port, "SIPp desk phone")
        else:
            assert office.events == []


async def test_sipp_answers_our_pings() -> None:
    async with open_office() as office:
        port = await free_port()
        contact = Contact(f"sip:2041@127.0.0.1:{port}", "127.0.0.1", port)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sipp, "answer_options.xml", port)
            with trio.fail_after(15):
                while len([event for event in office.events if isinstance(event, ProbeAnswered)]) < 1:
                    office.endpoint.submit(SendProbe(ALICE, contact))
                    await trio.sleep(0.2)
            nursery.cancel_scope.cancel()
        answers = [event for event in office.events if isinstance(event, ProbeAnswered)]
        assert answers[0].code == 200
        assert answers[0].rtt is not None
