"""What the demo writes into its scratch folder: a configuration with hurried timers, and the inventory of its phones.

The timers are those of a day pressed into three minutes; `daemon.simulate.characters` is written for them. Not here:
running anything (`demo`).
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from socket import SocketKind

from daemon.config.durations import format_duration
from daemon.errors import RingkeeperError
from daemon.simulate.inventory import OWN_DOMAIN, inventory_text
from daemon.simulate.plan import FleetPlan

HOST = "127.0.0.1"
PHONES_PORT, OPERATORS_PORT, SIP_PORT = 8081, 8090, 5060  # those of `etc/ringkeeper.yml`
KEEP_ALIVE_PERIOD = 20.0


@dataclass(frozen=True, slots=True)
class TrapManager:
    """An SNMP manager that the demo's alarms are sent to as informs."""

    host: str
    port: int


def write_demo(folder: Path, plan: FleetPlan, manager: TrapManager | None, *, friendly_ports: bool = True) -> Path:
    """Write `inventory.yml` and `ringkeeper.yml` into `folder`; the path of the latter.

    `friendly_ports` takes the usual ports where they are free; otherwise the kernel chooses.
    """
    (folder / "inventory.yml").write_text(inventory_text(plan), encoding="utf-8")
    config = folder / "ringkeeper.yml"
    config.write_text(_configuration(folder, manager, _free if friendly_ports else _any), encoding="utf-8")
    return config


def parse_manager(text: str) -> TrapManager:
    """`HOST:PORT` or `HOST` -> a manager; `RingkeeperError` otherwise."""
    host, port = split_address(text, default_port=162)
    return TrapManager(host, port)


def split_address(text: str, default_port: int) -> tuple[str, int]:
    """`HOST:PORT` or `HOST` -> both; `RingkeeperError` if it is neither."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", str(default_port))
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise RingkeeperError(f"{text!r} is no address: write it like 127.0.0.1:{default_port}")
    return host, int(port)


def _configuration(folder: Path, manager: TrapManager | None, port: Callable[[int, SocketKind], int]) -> str:
    operators = f"http://{HOST}:{port(OPERATORS_PORT, socket.SOCK_STREAM)}"
    managers = [{"host": manager.host, "port": manager.port, "kind": "inform"}] if manager else []
    return f"""\
# The configuration of `ringkeeper demo`. Everything is on loopback, everything is removed at the end.
state_dir: {folder}/state
inventory: inventory.yml
http:
  phones: {{listen: ["http://{HOST}:{port(PHONES_PORT, socket.SOCK_STREAM)}"]}}
  operators: {{listen: ["unix://{folder}/api.sock", "{operators}"]}}
sip:
  listen: ["udp://{HOST}:{port(SIP_PORT, socket.SOCK_DGRAM)}"]
  domain: {OWN_DOMAIN}
  min_expires: 30
  max_expires: 120
# A fleet's usual timers are minutes and hours; here an outage is over before the coffee is cold.
qualify:
  interval: 5s
  timeout: 1500ms
  lagged_after: 400ms
  confirm_after: 1s
  unreachable_interval: 20s
  unknown_after: 40s
keep_alive: {{period: {format_duration(KEEP_ALIVE_PERIOD)}, disconnected_after: 45s, checkpoint: 5s}}
numbers: {{cooling_duration: 60s, audiocodes_cooling_duration: 60s}}
snmp: {{managers: {json.dumps(managers)}}}
"""


def _free(port: int, kind: SocketKind) -> int:
    """`port` if nobody has it, else 0, by which the kernel chooses one."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
    return port


def _any(_port: int, _kind: SocketKind) -> int:
    return 0
