"""A storm of alarms while the managers come and go: everything arrives, in order and by number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.snmp import oids
from tests.support.phone_site import phone_site
from tests.support.snmptrapd import ReceivedTrap, free_udp_port, snmptrapd
from tests.support.waiting import until
from tests.support.whole_daemon import HURRIED_QUALIFY, WholeDaemon, whole_daemon, write_config

PHONES = 150
OK = 'ringkeeper_device_reachability{state="OK"}'
RECORDED = "ringkeeper_alarms_recorded_total"
SETTLED = 'ringkeeper_outbox_entries_total{end="settled"}'
USER = {"name": "noc", "password": "maplesyrup", "privacy_password": "birchsyrup"}
CONF = ('createUser noc SHA-256 "maplesyrup" AES "birchsyrup"', "authUser log noc priv")
SEQUENCE, SEVERITY = (".".join(map(str, oids.ringkeeper_instance(32473, it))) for it in (oids.SEQUENCE, oids.SEVERITY))
CLEARED = 1  # ItuPerceivedSeverity


async def shows(daemon: WholeDaemon, line: str, fits: Callable[[float], bool]) -> None:
    await until(lambda: daemon.metric(line), fits)


def sequence(heard: list[ReceivedTrap]) -> list[int]:
    return [int(each.value(SEQUENCE)) for each in heard]


@pytest.mark.peer
@pytest.mark.slow
async def test_managers_that_stop_and_start_in_a_storm_are_told_everything_in_order(tmp_path: Path) -> None:
    ports = {"v2c": free_udp_port(), "v3": free_udp_port()}
    managers = [
        {"host": "127.0.0.1", "port": port, "version": version, "user": "noc"} for version, port in ports.items()
    ]
    snmp = {"managers": managers, "users": [USER], "inform_timeout": "500ms", "inform_retry_max": "500ms"}
    alarms = {"hold_down": "0s", "storm_burst": 10 * PHONES, "site": {"share": 1.0}}
    qualify = {**HURRIED_QUALIFY, "unknown_after": "1h"}
    async with phone_site(PHONES) as site:
        config = write_config(tmp_path, site.inventory(), qualify=qualify, alarms=alarms, snmp=snmp)
        async with whole_daemon(config) as daemon:
            await shows(daemon, OK, lambda count: count == PHONES)
            async with snmptrapd(ports["v2c"]) as plain, snmptrapd(ports["v3"], conf=CONF) as secure:
                site.power = False
                await plain.wait_for(PHONES // 4)
                await secure.wait_for(PHONES // 4)
            await shows(daemon, OK, lambda count: count == 0)
            site.power = True  # while nobody listens
            await shows(daemon, RECORDED, lambda count: count > 0)
            async with snmptrapd(ports["v2c"]) as plain_again, snmptrapd(ports["v3"], conf=CONF) as secure_again:
                await shows(daemon, RECORDED, lambda count: count == PHONES)
                # By both managers; what is not on disk yet is neither pending nor settled.
                await shows(daemon, SETTLED, lambda count: count == len(ports) * 2 * PHONES)
            repeated = await daemon.metric('ringkeeper_notifications_total{result="retried"}')
    for before, after in ((plain, plain_again), (secure, secure_again)):
        heard = before.alarms + after.alarms
        numbers = sequence(heard)
        assert before.alarms
        assert list(dict.fromkeys(numbers)) == list(range(1, 2 * PHONES + 1))
        assert numbers == sorted(numbers)
        assert len(numbers) - 2 * PHONES <= repeated  # told and not acknowledged when its receiver went away
        told = {number: each.value(SEVERITY) == CLEARED for number, each in zip(numbers, heard, strict=True)}
        assert Counter(told.values()) == {False: PHONES, True: PHONES}
