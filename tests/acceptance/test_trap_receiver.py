"""An SBC that speaks SNMP, and the whole daemon: it lives by its traps, and nothing is promised before it is kept."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trio

from daemon.fleet.notifications import Severity
from daemon.snmp.receiver.heard_table import BOARD_TRAPS, KEEP_ALIVE
from tests.support.opened_store import refusing
from tests.support.snmp_traps import (
    MAC_TOLD,
    V2C,
    board_arguments,
    board_values,
    dotted,
    in_v2c,
    keep_alive,
    snmpinform,
    snmptrap,
)
from tests.support.snmptrapd import free_udp_port
from tests.support.waiting import until
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer

MAC, FAR = "00908f4867af", "00908f000002"
GLOBEX = {"name": "globex", "subnet": "10.99.0.0/16"}
# Acme's SBC is here on loopback; globex's is not, so that nobody here may speak for it.
INVENTORY = an_inventory(a_device(MAC, model="Mediant 800", qualify=False), a_device(FAR, tenant="globex"))
INVENTORY["tenants"] = [INVENTORY["tenants"][0] | {"subnet": "127.0.0.0/8"}, GLOBEX]
DISCONNECTED_AFTER = 1.2
LINK = dotted((*BOARD_TRAPS, 10))
USER = {"name": "sbc", "password": "some-password"}
AS_USER = (
    "-v3",
    "-u",
    "sbc",
    "-l",
    "authPriv",
    "-a",
    "SHA-256",
    "-A",
    "some-password",
    "-x",
    "AES",
    "-X",
    "some-password",
)


def link(severity: Severity, mac: str = MAC_TOLD) -> list[str]:
    """The Ethernet link of the SBC, as arguments of net-snmp's programs."""
    return board_arguments(board_values(10, severity, mac))


async def keep_telling(port: int) -> None:
    """acKeepAlive, ten times a second."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        while True:
            await own.sendto(in_v2c(keep_alive()), ("127.0.0.1", port))
            await trio.sleep(DISCONNECTED_AFTER / 12)


async def presence_becomes(daemon: WholeDaemon, presence: str) -> None:
    await daemon.see_until(f"/devices/{MAC}", lambda seen: seen["presence"] == presence)


async def lives_by_its_keep_alives(daemon: WholeDaemon, port: int) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_telling, port)
        await presence_becomes(daemon, "REGISTERED")
        after = trio.current_time() + 1.5 * DISCONNECTED_AFTER
        seen = await until(lambda: daemon.see(f"/devices/{MAC}"), lambda _: trio.current_time() > after)
        assert seen["presence"] == "REGISTERED"
        assert [step["new"] for step in seen["timeline"] if step["axis"] == "presence"] == ["REGISTERED"]
        nursery.cancel_scope.cancel()
    await presence_becomes(daemon, "DISCONNECTED")
    assert await snmptrap(port, "", dotted(KEEP_ALIVE), *board_arguments(board_values(16, Severity(1), MAC_TOLD))) == 0
    await presence_becomes(daemon, "REGISTERED")


async def ignored(daemon: WholeDaemon, reason: str) -> float:
    return await daemon.metric(f'ringkeeper_traps_ignored_total{{reason="{reason}"}}')


async def test_an_sbc_lives_by_its_traps_and_its_alarms_are_kept_before_they_are_acknowledged(tmp_path: Path) -> None:
    port = free_udp_port()
    config = write_config(
        tmp_path,
        INVENTORY,
        keep_alive={"period": "1s", "disconnected_after": f"{DISCONNECTED_AFTER}s"},
        snmp={"receiver": {"listen": [f"udp://127.0.0.1:{port}"], "users": ["sbc"]}, "users": [USER]},
        store={"retry": "100ms"},
    )
    async with whole_daemon(config) as daemon:
        await lives_by_its_keep_alives(daemon, port)

        names = "acBoardEthernetLinkAlarm"
        assert await snmptrap(port, "", LINK, *link(Severity.MAJOR)) == 0
        alarms = await until(lambda: daemon.items("/alarms"), lambda seen: any(a["name"] == names for a in seen))
        (alarm,) = [alarm for alarm in alarms if alarm["name"] == names]
        assert (alarm["device"], alarm["severity"]) == (MAC, "MAJOR")
        assert alarm["source"] == f"Device/{MAC}/Board#1/EthernetLink#1"
        assert await snmptrap(port, "", LINK, *link(Severity.CLEARED)) == 0
        await until(lambda: daemon.items("/alarms"), lambda seen: all(a["name"] != names for a in seen))

        # Nobody who may not speak is heard, or answered.
        for options in (("-v2c", "-c", "wrong"), V2C):
            quick = (*options, "-r", "0", "-t", "0.3")
            assert await snmpinform(port, "", LINK, *link(Severity.MAJOR, FAR), options=quick) != 0
        assert (await ignored(daemon, "community"), await ignored(daemon, "not_believed")) == (1, 1)
        assert all(a["device"] != FAR for a in await daemon.items("/alarms"))

        once = (*AS_USER, "-r", "0", "-t", "0.5")
        async with refusing(tmp_path / "state" / "ringkeeper.db"):
            assert await snmpinform(port, "", LINK, *link(Severity.MAJOR), options=once) != 0
            assert await daemon.metric("ringkeeper_informs_acknowledged_total") == 0
        await until(daemon.ready, lambda status: status == 200)
        assert await snmpinform(port, "", LINK, *link(Severity.MAJOR), options=AS_USER) == 0
        assert await daemon.metric("ringkeeper_informs_acknowledged_total") >= 1
    async with whole_daemon(config) as daemon:
        assert [a["device"] for a in await daemon.items("/alarms") if a["name"] == names] == [MAC]
