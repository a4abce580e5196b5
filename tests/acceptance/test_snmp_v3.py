"""The daemon under SNMPv3 over restarts, before a receiver that goes on running."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.snmptrapd import snmptrapd
from tests.support.whole_daemon import WholeDaemon, whole_daemon, write_config

pytestmark = pytest.mark.peer

USER = {"name": "noc", "password": "maplesyrup", "privacy_password": "birchsyrup"}


async def engine(daemon: WholeDaemon) -> tuple[str, int]:
    """Its id, and the count of its starts."""
    text = (await daemon.client.get("/metrics")).text
    found = re.search(r'^ringkeeper_snmp_engine_boots{engine_id="(\w+)"} (\d+)', text, re.MULTILINE)
    assert found
    return found[1], int(found[2])


async def test_one_engine_lives_on_and_its_starts_are_believed_in_turn(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path)) as daemon:
        engine_id, boots = await engine(daemon)
        assert boots == 1
    conf = (f'createUser -e {engine_id} noc SHA-256 "maplesyrup" AES "birchsyrup"', "authUser log noc priv")
    async with snmptrapd(conf=conf) as receiver:
        manager = {"host": receiver.host, "port": receiver.port, "version": "v3", "user": "noc", "kind": "trap"}
        snmp: dict[str, Any] = {"managers": [manager], "users": [USER]}
        for boots in (2, 3):
            async with whole_daemon(write_config(tmp_path, snmp=snmp)) as daemon:
                await receiver.wait_for(boots - 1)  # coldStart
                assert await engine(daemon) == (engine_id, boots)
                assert await daemon.metric('ringkeeper_notifications_total{result="cold_start"}') == 1
