"""The whole daemon, asked by net-snmp's tools: what it knows of its phones, its receivers and itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_peers import ALICE, AS_ALICE, ask
from tests.support.whole_daemon import a_device, an_inventory, whole_daemon, write_config

V2C = ("-v2c", "-c", "public", "-r0", "-t1")
PHONES = [a_device(f"00908f0000{number:02x}", str(2000 + number), site="") for number in range(3)]


def snmp(**agent: Any) -> dict[str, Any]:
    """One manager that is told, and an agent that alice may ask."""
    access = [{"user": "alice"}, {"community": "beta", "tenants": ["beta"]}]
    return {
        "users": [ALICE],
        "managers": [{"host": "127.0.0.1", "port": 9}],
        "agent": {"listen": "udp://127.0.0.1:0", "access": access, **agent},
    }


@pytest.mark.peer
async def test_a_running_daemon_is_asked_and_a_reload_changes_who_may(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(*PHONES), snmp=snmp(community="public", location="Hall 3"))
    async with whole_daemon(config) as daemon:
        where = "{}:{}".format(*daemon.running.agent_address)
        table = await ask(
            "snmptable", where, *AS_ALICE, "-OX", "-Ci", "-Cf", "|", "--", "RINGKEEPER-MIB::rkDeviceTable"
        )
        rows = [row.split("|") for row in table.splitlines()[3:]]
        assert [(row[0], row[5]) for row in rows] == [(f"[0:90:8f:0:0:{n}]", f"{2000 + n}") for n in range(3)]
        receivers = await ask("snmpbulkwalk", where, *V2C, "--", "RINGKEEPER-MIB::rkReceiverTable")
        assert 'rkReceiverWaiting."127.0.0.1:9/ringkeeper" = Gauge32: 0' in receivers
        names = ("RINGKEEPER-MIB::rkReady.0", "RINGKEEPER-MIB::rkCountDevices.0", "1.3.6.1.2.1.1.6.0")
        assert (await ask("snmpget", where, *V2C, "-Oqv", "--", *names)).split("\n")[:3] == ["true", "3", '"Hall 3"']
        others = await ask("snmpbulkwalk", where, "-v2c", "-c", "beta", "--", "RINGKEEPER-MIB::rkDeviceTable")
        assert "420HD" not in others
        write_config(tmp_path, an_inventory(*PHONES), snmp=snmp(community="changed"))
        assert await daemon.running.reload()
        assert "Timeout" in await ask("snmpget", where, *V2C, "--", names[0], check=False)
        changed = await ask("snmpget", where, "-v2c", "-c", "changed", "-Oqv", "--", names[0])
        assert changed.strip() == "true"
        assert await daemon.metric('ringkeeper_agent_ignored_total{reason="community"}') >= 1
