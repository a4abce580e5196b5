"""Bad input by SNMP to a whole daemon, by net-snmp's own tools: each fault is named as the RFCs name it, and counted.

Not here: single readers and every way to spoil a datagram (tests/fuzz), managers that answer nonsense (tests/snmp).
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.config.snmp_settings import SnmpUser
from daemon.fleet.notifications import Severity
from daemon.snmp.pdu import PduType, encode_pdu
from daemon.snmp.receiver.heard_table import KEEP_ALIVE
from daemon.snmp.v3.message import MAX_SIZE, Header, ScopedPdu, decode_message, encode_message, encode_scoped_pdu
from daemon.snmp.v3.usm import Level, user_of
from tests.support.agent_peers import ALICE, ask
from tests.support.snmp_corpus import corpus
from tests.support.snmp_traps import MAC_TOLD, board_arguments, board_values, dotted, in_v2c, snmptrap, varbind
from tests.support.snmptrapd import free_udp_port
from tests.support.waiting import until
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer

UP_TIME = "1.3.6.1.2.1.1.3.0"
ONCE = ("-r0", "-t0.3")
ALIVE = board_values(16, Severity.INDETERMINATE, MAC_TOLD)


def as_alice(
    level: str = "authPriv", user: str = "alice", password: str = "maplesyrup", privacy: str = "sugarmaple"
) -> tuple[str, ...]:
    """Alice, as net-snmp is told of her; or somebody who says so."""
    words = ["-v3", "-l", level, "-u", user]
    if level != "noAuthNoPriv":
        words += ["-a", "SHA-256", "-A", password]
    if level == "authPriv":
        words += ["-x", "AES", "-X", privacy]
    return (*words, *ONCE)


# What is wrong -> net-snmp's words about it, and the reason that we count. Of a Report about clock or engine it says
# nothing and waits on, as it does before its own snmpd; communities and v1 are met with silence.
FAULTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (as_alice(user="mallory"), "Unknown user name", "unknown_user"),
    (as_alice(password="wrongwrong"), "Authentication failure", "wrong_digest"),
    (as_alice(privacy="wrongwrong"), "Decryption error", "decryption"),
    (as_alice("authNoPriv"), "Unsupported security level", "unsupported_level"),
    ((*as_alice(), "-Z", "9,1"), "Timeout", "not_in_time_window"),
    ((*as_alice(), "-e", "0x8000000001020304"), "Timeout", "unknown_engine"),
    (("-v2c", "-c", "private", *ONCE), "Timeout", "community"),
    (("-v1", "-c", "public", *ONCE), "Timeout", "version"),
)


def config_in(folder: Path, receiver: int) -> Path:
    """An agent that public and alice may ask, and a receiver that hears them."""
    agent = {"listen": "udp://127.0.0.1:0", "community": "public", "access": [{"user": "alice"}]}
    heard = {"listen": [f"udp://127.0.0.1:{receiver}"], "users": ["alice"]}
    inventory: dict[str, Any] = an_inventory(a_device("00908f4867af", qualify=False))
    inventory["tenants"] = [inventory["tenants"][0] | {"subnet": "127.0.0.0/8"}]
    return write_config(folder, inventory, snmp={"users": [ALICE], "agent": agent, "receiver": heard})


async def ignored(daemon: WholeDaemon, whom: str, reason: str) -> float:
    return await daemon.metric(f'ringkeeper_{whom}_ignored_total{{reason="{reason}"}}')


async def test_every_fault_is_named_and_counted_and_nothing_else_happens(tmp_path: Path) -> None:
    port = free_udp_port()
    async with whole_daemon(config_in(tmp_path, port)) as daemon:
        host, agent = daemon.running.agent_address
        where = f"{host}:{agent}"
        for options, words, reason in FAULTS:
            before = await ignored(daemon, "agent", reason)
            assert words in await ask("snmpget", where, *options, "--", UP_TIME, check=False), reason
            assert await ignored(daemon, "agent", reason) == before + 1, reason
        assert await daemon.metric('ringkeeper_agent_answered_total{pdu="GET"}') == 0
        assert "(tooBig)" in await ask("snmpget", where, *as_alice(), "--", *[UP_TIME] * 90, check=False)
        question = await a_question(daemon)
        for _ in range(2):  # within the time window the same may come twice: it reads, and changes nothing
            assert decode_message(await answer_to(agent, question)).header.level is Level.PRIVATE
        await both_survive(daemon, agent, port)
    async with whole_daemon(config_in(tmp_path, port)) as daemon:
        report = decode_message(await answer_to(daemon.running.agent_address[1], question))
        assert (report.header.level, report.header.boots) == (Level.AUTHENTICATED, 2)
        assert await ignored(daemon, "agent", "not_in_time_window") == 1


async def a_question(daemon: WholeDaemon) -> bytes:
    """A datagram of alice's that asks for the time, as somebody on the way would have seen it."""
    found = re.search(r'engine_boots{engine_id="0x(\w+)"} 1', (await daemon.client.get("/metrics")).text)
    assert found
    engine_id, user = bytes.fromhex(found[1]), user_of(SnmpUser.model_validate(ALICE))
    header = Header(7, MAX_SIZE, Level.PRIVATE, True, engine_id, 1, 0, user.name)
    pdu = encode_pdu(PduType.GET, 7, [varbind((1, 3, 6, 1, 2, 1, 1, 3, 0), 0)])
    return encode_message(header, encode_scoped_pdu(ScopedPdu(engine_id, b"", pdu)), user.at(engine_id), bytes(8))


async def answer_to(port: int, question: bytes) -> bytes:
    """What the agent says to that."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own, trio.fail_after(5):
        await own.sendto(question, ("127.0.0.1", port))
        return await own.recv(65535)


async def both_survive(daemon: WholeDaemon, agent: int, receiver: int) -> None:
    """Everything that is kept of bad datagrams, and the largest there are, to both at once."""
    kept = [*corpus("."), bytes(65_507), in_v2c(bytes(65_000)), in_v2c(bytes(65_000), b"private")]
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        for datagram in kept:
            for port in (agent, receiver):
                await own.sendto(datagram, ("127.0.0.1", port))
            await trio.sleep(0.001)
    counted = "ringkeeper_traps_heard_total"
    await until(lambda: daemon.metric(counted), lambda heard: heard == len(kept))
    assert (await ignored(daemon, "traps", "internal"), await ignored(daemon, "agent", "internal")) == (0, 0)
    assert await daemon.metric('ringkeeper_agent_answered_total{pdu="FAILED"}') == 0
    assert await snmptrap(receiver, "", dotted(KEEP_ALIVE), *board_arguments(ALIVE)) == 0
    await daemon.see_until("/devices/00908f4867af", lambda seen: seen["presence"] == "REGISTERED")
