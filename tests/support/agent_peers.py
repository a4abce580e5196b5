"""Net-SNMP's tools as askers, and an SNMP agent of ours to be asked: on loopback, a free port, in real time.

`async with answering(access, fleet) as agent:` runs the agent alone, over a fleet of plain devices;
`await ask("snmpget", agent, "-c", "public", ...)` runs a tool against it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import trio

from daemon.config.snmp_settings import Snmp
from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Site, Tenant
from daemon.fleet.notifications import Alarm, EventType, Severity
from daemon.scheduler.clock import Clock
from daemon.snmp.agent.agent import Agent
from daemon.snmp.agent.fleet_tables import Waiting
from daemon.snmp.agent.scalars import Health
from daemon.snmp.v3.engine import Engine
from tests.support.builders import record
from tests.support.mib_text import BASE_MODULES, MIB

ENGINE_ID = bytes.fromhex("80007ed905a1b2c3d4e5f60718")
HEALTH = Health("0.4.0", 60.0, True, 3, False, 0.002, 0.2, (Waiting("nms:162/ringkeeper", 2, 41, 1, 7.5),))
ENOUGH = 30.0  # seconds for any tool

# A v3 user as the settings have it, and as net-snmp is told of it.
ALICE: dict[str, Any] = {"name": "alice", "password": "maplesyrup", "privacy_password": "sugarmaple"}
AS_ALICE = (
    *("-v3", "-l", "authPriv", "-u", "alice"),
    *("-a", "SHA-256", "-A", "maplesyrup", "-x", "AES", "-X", "sugarmaple"),
)


class PlainFleet:
    """Devices, tenants and alarms, without rules."""

    def __init__(self, *devices: Device) -> None:
        self.by_mac = {device.mac: device for device in devices}
        self.alarms: dict[str, Alarm] = {}
        self.tenants: Mapping[str, Tenant] = {}

    def devices(self) -> list[Device]:
        """All devices."""
        return list(self.by_mac.values())

    def device(self, mac: Mac) -> Device | None:
        """The device with this MAC."""
        return self.by_mac.get(mac)


def a_device(mac: str, **fields: Any) -> Device:
    """A phone of acme, unless said otherwise."""
    return Device(record(Mac(mac), **fields), 0.0)


def tenant(name: str, *sites: str) -> Tenant:
    """A tenant with these sites."""
    return Tenant(name, sites=tuple(map(Site, sites)))


def alarm(identity: str, **fields: Any) -> Alarm:
    """An active alarm of acme's."""
    plain = Alarm(
        *(identity, 1, "deviceUnreachable", "10.1.2.7", None, "acme", Severity.MAJOR, "gone"),
        *(EventType.COMMUNICATIONS, 29, (), 1.0, 2.0),
    )
    return replace(plain, **fields)


def agent_settings(**agent: Any) -> Snmp:
    """An agent on a free port that answers the community public, unless `access` says otherwise."""
    asked = {"community": "public"} if "access" not in agent else {}
    return Snmp.model_validate({"users": [ALICE], "agent": {"listen": "udp://127.0.0.1:0", **asked, **agent}})


@asynccontextmanager
async def answering(settings: Snmp, fleet: PlainFleet) -> AsyncIterator[Agent]:
    """An agent that answers."""
    clock = Clock()
    engine = Engine(ENGINE_ID, 1, clock.now(), 1)
    engine.apply(settings.users)
    agent = Agent(settings, fleet, engine, clock, health=lambda: HEALTH)
    async with trio.open_nursery() as nursery:
        await nursery.start(agent.run)
        yield agent
        nursery.cancel_scope.cancel()


async def ask(program: str, agent: Agent | str, *words: str, check: bool = True) -> str:
    """What a tool prints, names resolved; its own words if it fails and `check` is False."""
    where = agent if isinstance(agent, str) else "{0.host}:{0.port}".format(agent.addresses[0])
    options, objects = _split(words)
    command = [_found(program), *options, "-M", f"{BASE_MODULES}:{MIB.parent}", "-m", "ALL", where, *objects]
    with tempfile.TemporaryDirectory(prefix="asking-") as scratch:
        (Path(scratch) / "cert_indexes").mkdir()  # else it says that it made it
        surroundings = {**os.environ, "SNMP_PERSISTENT_DIR": scratch, "SNMPCONFPATH": scratch, "HOME": scratch}
        with trio.fail_after(ENOUGH):
            done = await trio.run_process(
                command, capture_stdout=True, stderr=subprocess.STDOUT, check=False, env=surroundings
            )
    said = done.stdout.decode()
    assert not check or done.returncode == 0, said
    return said


def _split(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Options, and what follows "--"."""
    place = words.index("--")
    return list(words[:place]), list(words[place + 1 :])


def _found(program: str) -> str:
    found = shutil.which(program)
    assert found, f"{program} is missing: install Debian's package snmp"
    return found
