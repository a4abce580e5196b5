"""The three DHCP servers that `ringkeeper dhcp` writes for, each with what was printed for it, in a network of ours."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from tests.support.namespaces import SERVER_SIDE, TwoNetworks, program

SERVER, NETWORK = "10.203.0.1", "10.203.0"

# What a network has anyway, with the place for what phones need.
_ISC = f"""\
authoritative;
ping-check false;
subnet {NETWORK}.0 netmask 255.255.255.0 {{ range {NETWORK}.50 {NETWORK}.60; }}
"""
_DNSMASQ = f"""\
port=0
user=root
interface={SERVER_SIDE}
bind-interfaces
no-ping
dhcp-authoritative
dhcp-range={NETWORK}.50,{NETWORK}.60,255.255.255.0,10m
"""
_KEA: Mapping[str, Any] = {
    "interfaces-config": {"interfaces": [SERVER_SIDE]},
    "lease-database": {"type": "memfile", "persist": False},
    "subnet4": [{"id": 1, "subnet": f"{NETWORK}.0/24", "pools": [{"pool": f"{NETWORK}.50-{NETWORK}.60"}]}],
}


def _isc(snippet: str, folder: Path) -> list[str]:
    file, leases = folder / "dhcpd.conf", folder / "leases"
    file.write_text(_ISC + snippet)
    leases.touch()
    words = ["-f", "-4", "-cf", str(file), "-lf", str(leases), "-pf", str(folder / "pid"), SERVER_SIDE]
    return [program("dhcpd", "isc-dhcp-server"), *words]


def _dnsmasq(snippet: str, folder: Path) -> list[str]:
    file = folder / "dnsmasq.conf"
    file.write_text(f"{_DNSMASQ}dhcp-leasefile={folder / 'leases'}\n{snippet}")
    return [program("dnsmasq", "dnsmasq-base"), "--keep-in-foreground", f"--conf-file={file}", "--pid-file="]


def _kea(snippet: str, folder: Path) -> list[str]:
    file = folder / "kea.conf"
    printed = json.loads("\n".join(line for line in snippet.splitlines() if not line.startswith("//")))
    file.write_text(json.dumps({"Dhcp4": {**printed["Dhcp4"], **_KEA}}))
    return [program("kea-dhcp4", "kea-dhcp4-server"), "-c", str(file)]


COMMANDS: Mapping[str, Callable[[str, Path], list[str]]] = {"isc": _isc, "dnsmasq": _dnsmasq, "kea": _kea}


@asynccontextmanager
async def dhcp_server(server: str, snippet: str, networks: TwoNetworks, folder: Path) -> AsyncIterator[None]:
    """That server with this snippet, at the server's end. Clients ask again until it is up."""
    command = networks.beside_server(*COMMANDS[server](snippet, folder))
    environment = {**os.environ, "KEA_LOCKFILE_DIR": str(folder), "KEA_PIDFILE_DIR": str(folder)}
    process = await trio.lowlevel.open_process(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()
