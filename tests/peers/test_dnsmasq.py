"""Dnsmasq, a DNS server of its own, as the one that knows where a trunk is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from daemon.config.settings import Dns
from daemon.scheduler.clock import Clock
from daemon.sip.locator import Locator
from daemon.sip.resolver import LookUpFailed, Resolver

pytestmark = pytest.mark.peer

ZONE = (
    "--srv-host=_sip._tcp.trunk.example,sbc-a.example,5061,10,50",
    "--srv-host=_sip._tcp.trunk.example,sbc-b.example,5062,20,50",
    "--naptr-record=trunk.example,10,50,s,SIP+D2T,,_sip._tcp.trunk.example",
    "--host-record=sbc-a.example,10.9.0.1",
    "--host-record=sbc-b.example,10.9.0.2,2001:db8::2",
    "--cname=alias.example,sbc-a.example",
)


@asynccontextmanager
async def dnsmasq() -> AsyncIterator[str]:
    """Its address, once it answers."""
    program = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin:/sbin")
    assert program, "dnsmasq is missing: apt-get install dnsmasq-base"
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    command = [program, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user="]
    command += [f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=", "--local-ttl=90"]
    process = await trio.lowlevel.open_process([*command, *ZONE], stderr=subprocess.DEVNULL)
    try:
        await _answers(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def _answers(port: int, process: trio.Process) -> None:
    resolver = Resolver(Dns(servers=(f"127.0.0.1:{port}",), timeout=0.2), Clock())
    with trio.fail_after(10):
        while True:
            assert process.poll() is None, "dnsmasq ended"
            try:
                await resolver.ask("sbc-a.example", "A")
            except LookUpFailed:
                resolver.apply(resolver.settings)  # forgets that it failed
                await trio.sleep(0.05)
            else:
                return


async def test_a_trunk_is_found_by_naptr_srv_and_addresses() -> None:
    async with dnsmasq() as server:
        locator = Locator(Resolver(Dns(servers=(server,)), Clock()), lambda: 0.0)
        found = await locator.find("sip:trunk.example")
        assert [(each.host, each.port, each.transport) for each in found.contacts] == [
            ("10.9.0.1", 5061, "tcp"),
            ("10.9.0.2", 5062, "tcp"),
            ("2001:db8::2", 5062, "tcp"),
        ]
        assert 30 <= found.ttl <= 90


async def test_an_alias_leads_on_and_a_name_that_is_not_there_says_so() -> None:
    async with dnsmasq() as server:
        locator = Locator(Resolver(Dns(servers=(server,)), Clock()), lambda: 0.0)
        assert (await locator.find("sip:alias.example:5060")).contacts[0].host == "10.9.0.1"
        with pytest.raises(LookUpFailed):
            await locator.find("sip:nobody.example")
