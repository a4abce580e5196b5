"""The agent on its socket, asked by net-snmp's tools with all names resolved."""

from __future__ import annotations

import re
import socket
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.lowlevel

from daemon.fleet.model import Mac
from daemon.snmp.agent import agent as agent_module
from daemon.snmp.agent.agent import Agent
from tests.support.agent_peers import AS_ALICE, PlainFleet, a_device, agent_settings, answering, ask, tenant
from tests.support.agent_questions import MODEL, UP_TIME, question
from tests.support.notifications import a_notification
from tests.support.waiting import becomes_true

V2C = ("-v2c", "-c", "public")
PRIVATE = ("-v2c", "-c", "private", "-r0", "-t0.3")
WEAK = ("-v3", "-l", "noAuthNoPriv", "-u", "alice")
WAYS = pytest.mark.parametrize("way", [V2C, AS_ALICE], ids=["v2c", "v3"])
MACS = ["00908f000001", "00908f0000ff", "00908f010000"]


def fleet(*macs: str) -> PlainFleet:
    """Phones of acme's headquarters."""
    made = PlainFleet(*(a_device(mac, site="hq") for mac in macs or MACS))
    made.tenants = {"acme": tenant("acme", "hq")}
    return made


def both_ways(**agent: Any) -> Any:
    """An agent that public and alice may ask."""
    return agent_settings(access=[{"community": "public", **agent}, {"user": "alice", **agent}])


@WAYS
@pytest.mark.peer
async def test_net_snmps_tools_get_walk_and_show_tables(way: tuple[str, ...]) -> None:
    async with answering(both_ways(), fleet()) as agent:
        got = await ask(
            "snmpget", agent, *way, "-Oqv", "--", "RINGKEEPER-MIB::rkVersion.0", "RINGKEEPER-MIB::rkReady.0"
        )
        assert got.split() == ["0.4.0", "true"]
        following = await ask("snmpgetnext", agent, *way, "-OX", "--", "RINGKEEPER-MIB::rkDevModel.0.144.143.0.0.2")
        assert following == "RINGKEEPER-MIB::rkDevModel[STRING: 0:90:8f:0:0:ff] = STRING: 420HD\n"
        table = await ask("snmptable", agent, *way, "-OX", "-Ci", "-Cf", "|", "--", "RINGKEEPER-MIB::rkDeviceTable")
        _, _, heads, *rows = table.splitlines()
        assert heads.split("|")[:4] == ["index", "rkDevModel", "rkDevTenant", "rkDevSite"]
        assert [row.split("|")[:4] for row in rows] == [
            [f"[{index}]", "420HD", "acme", "hq"] for index in ("0:90:8f:0:0:1", "0:90:8f:0:0:ff", "0:90:8f:1:0:0")
        ]
        sites = await ask("snmpbulkwalk", agent, *way, "--", "RINGKEEPER-MIB::rkSiteTable")
        assert 'RINGKEEPER-MIB::rkSiteDevices."acme"."hq" = Gauge32: 3\n' in sites
        walked = await ask("snmpwalk", agent, *way, "-On", "--", ".1.3")
        names = re.findall(r"^\.(\S+) = ", walked, re.MULTILINE)
        oids = [tuple(map(int, name.split("."))) for name in names]
        assert oids == sorted(oids)
        assert oids[0] == (1, 3, 6, 1, 2, 1, 1, 1, 0)


@WAYS
@pytest.mark.peer
async def test_nothing_can_be_set(way: tuple[str, ...]) -> None:
    async with answering(both_ways(), fleet()) as agent:
        for name, reason in (("1.3.6.1.2.1.1.6.0", "notWritable"), ("1.3.6.1.4.1.9.1.0", "noAccess")):
            said = await ask("snmpset", agent, *way, "--", name, "s", "here", check=False)
            assert f"Reason: {reason}" in said


@WAYS
@pytest.mark.peer
async def test_a_view_hides_what_is_not_in_it(way: tuple[str, ...]) -> None:
    settings = both_ways(include=["1.3.6.1.4.1.32473"], exclude=["1.3.6.1.4.1.32473.1.1.20.1.2.0.144.143.0"])
    async with answering(settings, fleet()) as agent:
        walked = await ask("snmpbulkwalk", agent, *way, "-OX", "--", "RINGKEEPER-MIB::rkDevModel")
        assert walked == "RINGKEEPER-MIB::rkDevModel[STRING: 0:90:8f:1:0:0] = STRING: 420HD\n"
        assert "No Such Object" in await ask("snmpget", agent, *way, "--", "1.3.6.1.2.1.1.3.0")


@pytest.mark.peer
async def test_who_is_not_known_is_not_answered_and_who_is_too_weak_is_told_so() -> None:
    async with answering(agent_settings(access=[{"user": "alice"}]), fleet()) as agent:
        silent = await ask("snmpget", agent, *PRIVATE, "--", "1.3.6.1.2.1.1.3.0", check=False)
        assert "Timeout" in silent
        weak = await ask("snmpget", agent, *WEAK, "--", "1.3.6.1.2.1.1.3.0", check=False)
        assert "Unsupported security level" in weak
        wrong = [*AS_ALICE[:-5], "wrongpassword", *AS_ALICE[-4:]]
        said = await ask("snmpget", agent, *wrong, "--", "1.3.6.1.2.1.1.3.0", check=False)
        assert "Authentication failure" in said
        ignored = agent.statistics().ignored
        assert ignored["community"] == ignored["unsupported_level"] == 1
        assert ignored["wrong_digest"] >= 1


@pytest.mark.peer
async def test_a_walk_is_complete_and_in_order_while_phones_come_and_go() -> None:
    steady = [f"00908f{number:06x}" for number in range(0, 400, 2)]
    passing = [f"00908f{number:06x}" for number in range(1, 400, 2)]
    phones = fleet(*steady)

    async def come_and_go() -> None:
        while True:
            for mac in passing:
                phones.by_mac[Mac(mac)] = a_device(mac)
                await trio.lowlevel.checkpoint()
            for mac in passing:
                del phones.by_mac[Mac(mac)]
                await trio.lowlevel.checkpoint()

    async with answering(agent_settings(), phones) as agent, trio.open_nursery() as nursery:
        nursery.start_soon(come_and_go)
        walked = await ask("snmpbulkwalk", agent, *V2C, "-On", "-Oq", "--", "RINGKEEPER-MIB::rkDevModel")
        nursery.cancel_scope.cancel()
    indexes = [bytes(map(int, line.split()[0].split(".")[-6:])).hex() for line in walked.splitlines()]
    assert indexes == sorted(set(indexes))
    assert set(steady) <= set(indexes) <= set(steady) | set(passing)


async def asked(agent: Agent, *datagrams: bytes) -> list[bytes]:
    """What it answers to each, in order."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        await own.connect((agent.addresses[0].host, agent.addresses[0].port))
        answers = []
        for datagram in datagrams:
            await own.send(datagram)
            with trio.fail_after(5):
                answers.append(await own.recv(65535))
        return answers


async def test_rows_are_looked_for_once_in_a_while_and_not_for_each_question() -> None:
    async with answering(agent_settings(), fleet()) as agent:
        await asked(agent, *[question(MODEL)] * 20)
        assert agent.statistics().renewals == 1


async def test_others_get_their_turn_between_questions_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "TURN", 0.0)
    async with answering(agent_settings(), fleet()) as agent, trio.open_nursery() as nursery:
        await asked(agent, question(UP_TIME))
        seen: list[int] = []

        async def watch() -> None:
            while True:
                seen.append(agent.statistics().received)
                await trio.lowlevel.checkpoint()

        nursery.start_soon(watch)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            for _ in range(40):  # all at once: nobody reads meanwhile
                own.sendto(question(UP_TIME), (agent.addresses[0].host, agent.addresses[0].port))
            await becomes_true(lambda: agent.statistics().received == 41)
        nursery.cancel_scope.cancel()
    assert max(after - before for before, after in pairwise(seen)) <= 2  # it may be its turn twice in between


async def test_a_fault_of_ours_in_one_cell_harms_nobody_else() -> None:
    phones = fleet()
    async with answering(agent_settings(), phones) as agent:
        await asked(agent, question(UP_TIME))
        phones.by_mac[Mac(MACS[0])].record = None  # type: ignore[assignment]
        broken, sound = await asked(agent, question((*MODEL, 0, 0x90, 0x8F, 0, 0, 1)), question(UP_TIME))
        assert b"\x02\x01\x05" in broken  # genErr
        assert len(sound) > 30
        assert agent.statistics().answered["FAILED"] == 1


@pytest.mark.peer
async def test_what_is_told_now_can_be_read_of_the_agent() -> None:
    async with answering(agent_settings(), fleet()) as agent:
        told = a_notification()
        agent.note(told)
        name = await ask("snmpget", agent, *V2C, "-Oqv", "--", "RINGKEEPER-MIB::rkAlarmName.0")
        assert name.strip() == told.alarm.name


async def test_without_an_address_nobody_is_answered() -> None:
    async with answering(agent_settings(listen=None), fleet()) as agent:
        assert agent.addresses == []
