"""sipsak, the administrator's Swiss army knife: it asks, registers, floods, and sends broken requests."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.support.sipp import free_port
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer

MAC, PASSWORD = "00908f4867af", "secret-of-2041"
DOMAIN = "pbx-a.example.net"


@asynccontextmanager
async def daemon_at(port: int, folder: Path) -> AsyncIterator[WholeDaemon]:
    """A daemon with one phone, whose password is asked for by MD5, and which is not pinged.

    sipsak looks at the first challenge alone, and takes whatever comes next for the answer it waits for.
    """
    sip = {"listen": [f"udp://127.0.0.1:{port}"], "domain": DOMAIN, "digest_algorithms": ["MD5"]}
    inventory = an_inventory(a_device(MAC, "2041", sip_password=PASSWORD, qualify=False))
    async with whole_daemon(write_config(folder, inventory, sip=sip)) as daemon:
        yield daemon


async def sipsak(*arguments: str) -> tuple[int, str]:
    """Its exit code, and what it said."""
    program = shutil.which("sipsak")
    assert program, "sipsak is missing: apt-get install sipsak"
    with trio.fail_after(30):
        finished = await trio.run_process([program, *arguments], capture_stdout=True, capture_stderr=True, check=False)
    return finished.returncode, finished.stdout.decode(errors="replace") + finished.stderr.decode(errors="replace")


def registering(port: int, password: str) -> list[str]:
    """Arguments with which 2041 registers a contact for ten minutes."""
    contact = f"sip:2041@127.0.0.1:{free_port()}"
    # The proxy comes first, or sipsak looks the domain up; without -u it puts an @ behind the user's name.
    there = ["-p", f"127.0.0.1:{port}", "-H", "127.0.0.1", "-s", f"sip:2041@{DOMAIN}"]
    return ["-vv", "-U", "-C", contact, "-x", "600", "-u", "2041", "-a", password, *there]


async def test_options_are_answered(tmp_path: Path) -> None:
    port = free_port()
    async with daemon_at(port, tmp_path):
        code, said = await sipsak("-vv", "-s", f"sip:ringkeeper@127.0.0.1:{port}")
    assert code == 0, said
    assert "SIP/2.0 200 OK" in said


async def test_a_password_registers_a_contact(tmp_path: Path) -> None:
    port = free_port()
    async with daemon_at(port, tmp_path) as daemon:
        code, said = await sipsak(*registering(port, PASSWORD))
        assert code == 0, said
        assert (await daemon.see(f"/devices/{MAC}"))["contact"]["uri"].startswith("sip:2041@127.0.0.1:")


async def test_another_password_does_not(tmp_path: Path) -> None:
    port = free_port()
    async with daemon_at(port, tmp_path) as daemon:
        code, said = await sipsak(*registering(port, "guessed"))
        assert code != 0, said
        assert (await daemon.see(f"/devices/{MAC}"))["contact"] is None


async def test_a_flood_of_options_and_one_of_broken_requests_leave_it_answering(tmp_path: Path) -> None:
    port = free_port()
    async with daemon_at(port, tmp_path) as daemon:
        await sipsak("-F", "-e", "5000", "-s", f"sip:ringkeeper@127.0.0.1:{port}")
        await sipsak("-R", "-t", "50", "-s", f"sip:ringkeeper@127.0.0.1:{port}")
        code, said = await sipsak("-s", f"sip:ringkeeper@127.0.0.1:{port}")
        assert code == 0, said
        assert await daemon.metric('ringkeeper_refused_total{listener="sip",reason="internal"}') == 0
        assert await daemon.metric("ringkeeper_sip_datagrams_received_total") > 1000
