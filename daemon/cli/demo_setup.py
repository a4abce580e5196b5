"""What the demo writes into its scratch folder: a hurried configuration, its phones' inventory, and firmware for them.

The timers are those of a day pressed into three minutes; `daemon.simulate.characters` is written for them. Not here:
running anything (`demo`).
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from socket import SocketKind

from daemon.config.durations import format_duration
from daemon.errors import RingkeeperError
from daemon.simulate.image import make_image
from daemon.simulate.inventory import OWN_DOMAIN, inventory_text
from daemon.simulate.plan import FleetPlan, Tempo, plan_fleet

HOST = "127.0.0.1"
PHONES_PORT, OPERATORS_PORT, SIP_PORT = 8081, 8090, 5060  # those of `etc/ringkeeper.yml`
KEEP_ALIVE_PERIOD = 20.0
TCP_SHARE = 0.2  # of the phones; the others use UDP
# Of all phones together; more would say no more, and each is written to the disk. But nobody telephones all the time.
CALLS_PER_SECOND, SHORTEST_PAUSE = 4.0, 40.0
SPEED_DIAL_EVERY = 300.0  # seconds, on each phone
NEWCOMERS = 2
# One model finds another firmware at its first start, and takes it; the others find their own.
NEW_FIRMWARE = {"445HD": "3.4.6.610"}
PORTS_TRIED = 20


@dataclass(frozen=True, slots=True)
class TrapManager:
    """An SNMP manager that the demo's alarms are sent to as informs."""

    host: str
    port: int


def plan_demo(phones: int, seed: int) -> FleetPlan:
    """The phones of a demo."""
    tempo = Tempo(
        keep_alive_period=KEEP_ALIVE_PERIOD,
        call_every=max(SHORTEST_PAUSE, phones / CALLS_PER_SECOND),
        speed_dial_every=SPEED_DIAL_EVERY,
    )
    return plan_fleet(phones, seed, tempo=tempo, tcp_share=TCP_SHARE, newcomers=NEWCOMERS)


def write_demo(
    folder: Path,
    plan: FleetPlan,
    manager: TrapManager | None,
    connections: Iterable[dict[str, object]] = (),
    *,
    friendly_ports: bool = True,
) -> Path:
    """Write `inventory.yml`, `ringkeeper.yml` and firmware into `folder`; the path of the second.

    `friendly_ports` takes the usual ports where they are free; otherwise the kernel chooses.
    """
    (folder / "inventory.yml").write_text(inventory_text(plan, connections), encoding="utf-8")
    _write_firmware(folder / "firmware", plan)
    config = folder / "ringkeeper.yml"
    sip_port = free_for_both(SIP_PORT if friendly_ports else 0)
    text = _configuration(folder, manager, _free if friendly_ports else _any, sip_port)
    config.write_text(text, encoding="utf-8")
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


def free_for_both(wanted: int) -> int:
    """A port that neither UDP nor TCP has in use, `wanted` if that is one; `RingkeeperError` if there is none."""
    for port in (wanted, *[0] * PORTS_TRIED):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            try:
                datagrams.bind((HOST, port))
            except OSError:
                continue
            chosen: int = datagrams.getsockname()[1]
            if _free(chosen, socket.SOCK_STREAM):
                return chosen
    raise RingkeeperError(f"there is no port on {HOST} that is free for both UDP and TCP")


def _write_firmware(folder: Path, plan: FleetPlan) -> None:
    """An image for each model that the phones are."""
    folder.mkdir(exist_ok=True)
    for model, version in {phone.identity.model: phone.identity.firmware for phone in plan.phones}.items():
        (folder / f"{model}.img").write_bytes(make_image(model, NEW_FIRMWARE.get(model, version)))


def _configuration(
    folder: Path, manager: TrapManager | None, port: Callable[[int, SocketKind], int], sip_port: int
) -> str:
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
  listen: ["udp://{HOST}:{sip_port}", "tcp://{HOST}:{sip_port}"]
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
quality: {{window: 2m, minimum_calls: 2}}
alarms: {{hold_down: 5s, flap_quiet: 40s, web_login_quiet: 20s, site: {{window: 30s, grace: 30s}}}}
provisioning: {{firmware: {folder}/firmware}}
operations: {{restarted_within: 40s, fetched_within: 20s, registered_within: 20s}}
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
