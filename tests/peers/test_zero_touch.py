"""A phone out of its box: real DHCP servers and a real client in networks of their own, and nothing but option 160."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import trio

from tests.support.command_line import run
from tests.support.daemon_process import ROOT, serving
from tests.support.dhcp_servers import COMMANDS, SERVER, dhcp_server
from tests.support.namespaces import PHONE_SIDE, TwoNetworks, program, two_networks
from tests.support.waiting import PATIENCE
from tests.support.whole_daemon import PBX_A, operator, write_config

pytestmark = pytest.mark.peer

MAC, MODEL = "00908f4867af", "420HD"
POLY, OTHER = "0004f2000001", "020000000001"  # another maker's phone, and somebody's laptop
URL = f"http://{SERVER}:8081"
HQ = {"name": "hq", "subnet": "10.203.0.0/25"}
ACME = {"name": "acme", "subnet": "10.203.0.0/24", "sites": [HQ]}

# udhcpc calls this with what it was given; option 160 comes as hex digits, being no option it knows.
LEASE_SCRIPT = f"""\
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev {PHONE_SIDE}
printf '%s %s' "$ip" "$opt160" > "$(dirname "$0")/lease"
"""


async def lease(networks: TwoNetworks, folder: Path) -> tuple[str, str]:
    """Address and option 160 of a lease, as the phone's DHCP client got it."""
    script = folder / "leased"
    script.write_text(LEASE_SCRIPT)
    script.chmod(0o755)
    words = ["-i", PHONE_SIDE, "-f", "-q", "-n", "-t", "10", "-T", "1", "-V", MODEL, "-O", "160", "-s", str(script)]
    client = networks.beside_phone(program("udhcpc", "udhcpc"), *words)
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(client, capture_stdout=True, capture_stderr=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    address, _, option = (folder / "lease").read_text().partition(" ")
    return address, bytes.fromhex(option).decode()


async def live(networks: TwoNetworks, option: str, address: str) -> list[dict[str, object]]:
    """What the phone did, from its lease to being registered."""
    words = [sys.executable, "-m", "tests.support.zero_touch_phone", option, MODEL, MAC, address]
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(
            networks.beside_phone(*words), capture_stdout=True, capture_stderr=True, check=False, cwd=ROOT
        )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


async def approve_when_it_waits(socket_path: str) -> None:
    """The operator's part."""
    async with operator(socket_path) as desk:
        waiting = await desk.see_until("/devices?approved=false", lambda seen: seen["items"])
        [phone] = waiting["items"]
        assert (phone["mac"], phone["tenant"], phone["model"]) == (MAC, "acme", MODEL)
        wanted = {"macs": [MAC], "tenant": "acme", "site": "hq", "user": "alice"}
        answer = await desk.tell("/devices/approve", wanted)
        assert (answer.status_code, answer.json()) == (200, {"macs": [MAC]}), answer.text


def printed(server: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `ringkeeper dhcp` says to write into that server."""
    assert run("dhcp", "--server", server, "--tenant", "acme", "--vendor", "all", "--url", URL) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("server", sorted(COMMANDS))
async def test_every_dhcp_server_hands_out_what_was_printed_for_it(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snippet = printed(server, capsys)
    for mac, given in ((MAC, f"{URL}/firmwarefiles;ipp/tenant/acme"), (POLY, f"{URL}/ipp/tenant/acme/"), (OTHER, "")):
        with two_networks(f"{SERVER}/24", mac) as networks:
            async with dhcp_server(server, snippet, networks, tmp_path):
                assert (await lease(networks, tmp_path))[1] == given


async def test_a_phone_finds_its_file_by_option_160_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snippet = printed("dnsmasq", capsys)
    firmware = tmp_path / "state" / "firmware"
    firmware.mkdir(parents=True)
    (firmware / f"{MODEL}.img").write_bytes(os.urandom(64 * 1024))
    config = write_config(
        tmp_path,
        {"tenants": [ACME], "servers": [PBX_A]},
        http={
            "phones": {"listen": [URL]},
            "operators": {"listen": [f"unix://{tmp_path / 'api.sock'}"]},
        },
    )
    with two_networks(f"{SERVER}/24", MAC) as networks:
        async with (
            serving(config, *networks.beside_server()) as daemon,
            dhcp_server("dnsmasq", snippet, networks, tmp_path),
        ):
            await daemon.ready()
            address, option = await lease(networks, tmp_path)
            assert option == f"{URL}/firmwarefiles;ipp/tenant/acme"

            did: list[dict[str, object]] = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(approve_when_it_waits, str(tmp_path / "api.sock"))
                did += await live(networks, option, address)

            async with operator(str(tmp_path / "api.sock")) as desk:
                seen = await desk.see(f"/devices/{MAC}")
    fetched = [f"{act['did']} {act['url']}" for act in did if act["did"] in {"HEAD", "GET"}]
    assert fetched[:3] == [
        f"HEAD {URL}/firmwarefiles/{MODEL}.img",
        f"GET {URL}/firmwarefiles/{MODEL}.img",
        f"GET {URL}/ipp/tenant/acme/{MAC}.cfg",
    ]
    restarted = did.index({"did": "restart"})
    assert all(f"{URL}/configfiles/{MAC}.cfg" != act.get("url") for act in did[:restarted])
    assert f"{URL}/configfiles/{MAC}.cfg" in [act.get("url") for act in did[restarted:]]
    assert {act["answered"] for act in did if "answered" in act} == {200}
    assert (seen["presence"], seen["tenant"], seen["site"], seen["user"]) == ("REGISTERED", "acme", "hq", "alice")
    assert seen["ip"] == address
    assert seen["armed_until"] is None
