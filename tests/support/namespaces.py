"""Two networks of our own on this machine: network namespaces joined by a pair of virtual interfaces.

Needs root, as in a container or a virtual machine for tests. What it makes it takes away again, whatever happens. The
interfaces are named alike in every run: each namespace has its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SERVER_SIDE, PHONE_SIDE = "server0", "phone0"


@dataclass(frozen=True)
class TwoNetworks:
    """The names of both namespaces."""

    servers: str
    phones: str

    def beside_server(self, *words: str) -> list[str]:
        """A command as it is run where the server is."""
        return [ip_program(), "netns", "exec", self.servers, *words]

    def beside_phone(self, *words: str) -> list[str]:
        """A command as it is run where the phone is."""
        return [ip_program(), "netns", "exec", self.phones, *words]


def ip_program() -> str:
    """Where `ip` is."""
    return program("ip", "iproute2")


def program(name: str, package: str) -> str:
    """Where a program is; fails the test with the package that holds it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert found, f"{name} is missing: apt-get install {package}"
    return found


@contextmanager
def two_networks(server: str, phone_mac: str) -> Iterator[TwoNetworks]:
    """Both of them, joined. The server's end has the address and mask `server`, the phone's only a hardware address."""
    networks = TwoNetworks(f"rk-servers-{os.getpid()}", f"rk-phones-{os.getpid()}")
    try:
        for name in (networks.servers, networks.phones):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        ends = (SERVER_SIDE, "type", "veth", "peer", "name", PHONE_SIDE, "netns", networks.phones)
        _ip("-n", networks.servers, "link", "add", *ends)
        _ip("-n", networks.servers, "addr", "add", server, "dev", SERVER_SIDE)
        _ip("-n", networks.servers, "link", "set", SERVER_SIDE, "up")
        _ip("-n", networks.phones, "link", "set", PHONE_SIDE, "address", _with_colons(phone_mac), "up")
        yield networks
    finally:
        for name in (networks.servers, networks.phones):
            subprocess.run([ip_program(), "netns", "del", name], capture_output=True, check=False)


def _with_colons(mac: str) -> str:
    return ":".join(mac[i : i + 2] for i in range(0, len(mac), 2))


def _ip(*words: str) -> None:
    done = subprocess.run([ip_program(), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"network namespaces cannot be made here (ip {' '.join(words)}: {done.stderr.strip()});"
        " run this test as root, or in a container with CAP_NET_ADMIN and CAP_SYS_ADMIN"
    )
