"""Real user agents register over UDP, TCP and TLS, answer our pings over that very way, and are gone when they go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.sip_agents import Account, baresip, pjsua
from tests.support.sipp import free_port
from tests.support.whole_daemon import HURRIED_QUALIFY, WholeDaemon, a_device, an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer

MAC, PASSWORD = "00908f4867af", "secret-of-2041"
EVERY_WAY = pytest.mark.parametrize("over", ["udp", "tcp", "tls"])


@asynccontextmanager
async def daemon_and_account(folder: Path, over: str, *algorithms: str) -> AsyncIterator[tuple[WholeDaemon, Account]]:
    """A daemon that knows one phone, and the phone's account with it; the phone's trace has begun."""
    authority, port = Authority(folder), free_port()
    tls = authority.issue("pbx-a.example.net", "127.0.0.1")
    sip: dict[str, Any] = {
        "listen": [f"{over}://127.0.0.1:{port}"],
        "domain": "pbx-a.example.net",
        "digest_algorithms": list(algorithms),
        "tls": {"certificate": str(tls.certificate), "key": str(tls.key)},
    }
    inventory = an_inventory(a_device(MAC, "2041", sip_password=PASSWORD))
    config = write_config(folder, inventory, sip=sip, qualify=HURRIED_QUALIFY)
    async with whole_daemon(config) as daemon:
        await daemon.client.put(f"/api/v1/devices/{MAC}/trace")
        ca = authority.path if over == "tls" else None
        yield daemon, Account("127.0.0.1", port, over, "2041", PASSWORD, ca=ca)


async def reaches(daemon: WholeDaemon, reachability: str) -> Any:
    """The phone, once it is in that state."""
    return await daemon.see_until(f"/devices/{MAC}", lambda seen: seen["reachability"] == reachability)


async def ways(daemon: WholeDaemon) -> set[tuple[str, str]]:
    """By which transport and to which address the phone's packets went, as its trace has it."""
    entries = (await daemon.see(f"/devices/{MAC}/trace"))["entries"]
    return {(entry["transport"], entry["remote"]) for entry in entries if entry["direction"] != "noted"}


@EVERY_WAY
@pytest.mark.parametrize("offered", [("SHA-256",), ("SHA-256", "MD5")], ids=" ".join)
async def test_pjsip_registers_is_pinged_by_the_way_it_came_and_goes(
    over: str, offered: tuple[str, ...], tmp_path: Path
) -> None:
    async with daemon_and_account(tmp_path, over, *offered) as (daemon, account), pjsua(account) as phone:
        await phone.says('"code": 200')
        await reaches(daemon, "OK")
        trace = await daemon.see(f"/devices/{MAC}/trace")
        proofs = [entry["text"] for entry in trace["entries"] if "\nAuthorization: " in entry["text"]]
        assert proofs
        # Offered both, PJSIP 2.15 takes MD5, although RFC 8760 section 2.4 has it take the first that it knows.
        assert all("algorithm=SHA-256" in proof for proof in proofs) or "MD5" in offered
        used = await ways(daemon)
        assert len(used) == 1, f"pinged by another way than it registered: {used}"
        assert used.pop()[0] == over
        await phone.told("unregister")
        await reaches(daemon, "UNKNOWN")


@EVERY_WAY
async def test_baresip_which_knows_md5_alone_does_the_same(over: str, tmp_path: Path) -> None:
    async with daemon_and_account(tmp_path, over, "MD5") as (daemon, account), baresip(account, tmp_path) as phone:
        await reaches(daemon, "OK")
        used = await ways(daemon)
        assert len(used) == 1, f"pinged by another way than it registered: {used}"
        phone.leave()
        await reaches(daemon, "UNKNOWN")


@EVERY_WAY
@pytest.mark.slow
async def test_a_phone_whose_power_is_cut_is_unreachable_and_comes_back(over: str, tmp_path: Path) -> None:
    async with daemon_and_account(tmp_path, over, "SHA-256", "MD5") as (daemon, account):
        async with pjsua(account) as phone:
            await reaches(daemon, "OK")
            phone.vanish()
            await reaches(daemon, "UNREACHABLE")
        async with pjsua(account):
            await reaches(daemon, "OK")
