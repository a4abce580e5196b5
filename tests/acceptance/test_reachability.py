"""A simulated fleet against the whole daemon: the six states of reachability, and what a site's silence leads to."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import yaml

from daemon.simulate.characters import Character
from daemon.simulate.fleet import SimulatedFleet
from daemon.simulate.inventory import inventory_text
from daemon.simulate.plan import FleetPlan, Tempo, plan_fleet
from daemon.snmp import oids
from tests.support.snmptrapd import ReceivedTrap, free_udp_port, snmptrapd
from tests.support.waiting import becomes_true, until
from tests.support.whole_daemon import HURRIED_QUALIFY, WholeDaemon, whole_daemon, write_config

# Scripts whose turns lie 15 to 60 s apart in the demo run in 1 to 5 s here.
HURRIED = Tempo(keep_alive_period=2.0, power_up=0.1, late_by=(0.3, 0.4), script_pace=0.08)
RAISED, CLEARED = "deviceUnreachable raised", "deviceUnreachable cleared"


def plan(*characters: Character) -> FleetPlan:
    return plan_fleet(len(characters), characters=characters, outages=(), tempo=HURRIED)


def daemon_for(fleet: FleetPlan, folder: Path, **blocks: Any) -> AbstractAsyncContextManager[WholeDaemon]:
    inventory = yaml.safe_load(inventory_text(fleet))
    return whole_daemon(write_config(folder, inventory, qualify=HURRIED_QUALIFY, **blocks))


def alive(fleet: FleetPlan, daemon: WholeDaemon) -> SimulatedFleet:
    return SimulatedFleet(fleet, daemon.running.phones_url, daemon.running.sip_address)


async def moves(daemon: WholeDaemon, mac: str) -> list[str]:
    """The reachability steps of a phone, oldest first."""
    steps = (await daemon.see(f"/devices/{mac}"))["timeline"]
    return [f"{step['old']} > {step['new']}" for step in reversed(steps) if step["axis"] == "reachability"]


@pytest.mark.slow
async def test_all_six_states_of_reachability_appear(tmp_path: Path) -> None:
    kinds = (
        Character.STEADY,
        Character.LAGGING,
        Character.DYING,
        Character.UNMONITORED,
        Character.UNREGISTERED,
        Character.WRONG_SERVER,
        Character.BOXED,
    )
    fleet = plan(*kinds)
    wanted = {
        Character.STEADY: {"NO_STATUS > OK"},
        Character.LAGGING: {"NO_STATUS > OK", "OK > LAGGED", "LAGGED > OK"},
        Character.DYING: {"NO_STATUS > OK", "OK > UNREACHABLE", "UNREACHABLE > UNKNOWN"},
        Character.UNMONITORED: {"NO_STATUS > UNMONITORED"},
    }
    async with daemon_for(fleet, tmp_path) as daemon, trio.open_nursery() as nursery:
        await nursery.start(alive(fleet, daemon).run)
        for phone in fleet.phones[: len(wanted)]:
            await until(partial(moves, daemon, phone.identity.mac), wanted[phone.character].issubset)
        shown = {item["mac"]: item for item in await daemon.items("/devices")}
        nursery.cancel_scope.cancel()
    ends = {phone.character: shown[phone.identity.mac]["reachability"] for phone in fleet.phones}
    assert [ends[kind] for kind in kinds[2:]] == ["UNKNOWN", "UNMONITORED", *["NO_STATUS"] * 3]


def sequences(traps: list[ReceivedTrap], profile: str) -> list[int]:
    """The sequence numbers as a manager of that profile gets them."""
    arc = oids.audiocodes_instance(5) if profile == "audiocodes" else oids.ringkeeper_instance(32473, oids.SEQUENCE)
    return [int(trap.value(".".join(map(str, arc)))) for trap in traps]


def told(traps: list[ReceivedTrap]) -> list[str]:
    """Alarm name and whether it was raised, as our own profile says it."""
    name = ".".join(map(str, oids.ringkeeper_instance(32473, oids.ALARM_NAME)))
    severity = ".".join(map(str, oids.ringkeeper_instance(32473, oids.SEVERITY)))
    cleared = 1  # ItuPerceivedSeverity
    return [
        f"{bytes(trap.value(name)).decode()} {'cleared' if trap.value(severity) == cleared else 'raised'}"  # type: ignore[arg-type]
        for trap in traps
    ]


@pytest.mark.peer
@pytest.mark.slow
async def test_a_sites_silence_is_told_to_two_managers_and_so_is_its_return(tmp_path: Path) -> None:
    fleet = plan(*[Character.STEADY] * 8)
    ports = {profile: free_udp_port() for profile in ("ringkeeper", "audiocodes")}
    managers = [{"host": "127.0.0.1", "port": port, "profile": profile} for profile, port in ports.items()]
    snmp = {"managers": managers, "inform_timeout": "300ms", "inform_retry_max": "500ms"}
    at_once = {"hold_down": "0s"}
    async with (
        daemon_for(fleet, tmp_path, snmp=snmp, alarms=at_once) as daemon,
        trio.open_nursery() as nursery,
    ):
        phones = alive(fleet, daemon)
        await nursery.start(phones.run)
        await daemon.see_until("/devices", lambda seen: all(one["reachability"] == "OK" for one in seen["items"]))
        async with snmptrapd(ports["ringkeeper"]) as own, snmptrapd(ports["audiocodes"]) as vendors:
            assert phones.silence_site("warehouse") == 2
            await daemon.alarm_names_until("deviceUnreachable", "deviceUnreachable")
            await own.wait_for(1 + 2)  # our start is told first
            await vendors.wait_for(1 + 1)
        heard = {"ringkeeper": own.alarms, "audiocodes": vendors.alarms}
        phones.revive_site("warehouse")  # while nobody listens
        await daemon.alarm_names_until()
        async with snmptrapd(ports["ringkeeper"]) as own, snmptrapd(ports["audiocodes"]) as vendors:
            for profile, receiver in (("ringkeeper", own), ("audiocodes", vendors)):
                await becomes_true(lambda p=profile, r=receiver: {*sequences(heard[p] + r.alarms, p)} >= {1, 2, 3, 4})  # type: ignore[misc]
        heard["ringkeeper"] += own.alarms
        heard["audiocodes"] += vendors.alarms
        nursery.cancel_scope.cancel()
    by_sequence = dict(zip(sequences(heard["ringkeeper"], "ringkeeper"), told(heard["ringkeeper"]), strict=True))
    assert by_sequence == {1: RAISED, 2: RAISED, 3: CLEARED, 4: CLEARED}
    assert {*sequences(heard["audiocodes"], "audiocodes")} == {1, 2, 3, 4}
    assert {trap.kind for trap in heard["ringkeeper"] + heard["audiocodes"]} == {"INFORM"}
