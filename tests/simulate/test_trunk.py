from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import trio
import yaml

from daemon.config.inventory import load_inventory
from daemon.fleet.model import ConnectionKind
from daemon.simulate.inventory import inventory_text
from daemon.simulate.plan import plan_fleet
from daemon.simulate.spell import Spell
from daemon.simulate.trunk import LATE_BY, TRUNKS, Trunk, Trunks
from tests.support.fake_daemon import OPTIONS

WELL = Trunk("well", "sbc", "", "", "127.30.0.9", "Well/1")
DOWN = Trunk("down", "trunk", "", "", "127.30.0.9", "Down/1", down=Spell(at=0, lasts=3600))
SLOW = Trunk("slow", "trunk", "", "", "127.30.0.9", "Slow/1", slow=Spell(at=0, lasts=3600))


@asynccontextmanager
async def answering(*trunks: Trunk) -> AsyncIterator[list[tuple[str, int]]]:
    """Where they are."""
    with closing(Trunks(trunks)) as far_ends:
        async with trio.open_nursery() as nursery:
            await nursery.start(far_ends.run)
            targets = [str(entry["target"]).split(":") for entry in far_ends.connections()]
            yield [(host, int(port)) for _, host, port in targets]
            nursery.cancel_scope.cancel()


async def asked(address: tuple[str, int], patience: float = 5.0) -> bytes:
    """The answer to OPTIONS; nothing if none comes."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        await sock.sendto(OPTIONS, address)
        with trio.move_on_after(patience):
            return await sock.recv(2000)
    return b""


async def test_one_that_is_well_answers_at_once_under_its_own_name() -> None:
    async with answering(WELL) as (address,):
        answer = await asked(address)
    assert answer.startswith(b"SIP/2.0 200 OK\r\n")
    assert b"User-Agent: Well/1\r\n" in answer


async def test_one_that_is_down_is_silent() -> None:
    async with answering(DOWN) as (address,):
        assert await asked(address, patience=0.3) == b""


async def test_a_slow_one_answers_late() -> None:
    async with answering(SLOW) as (address,):
        begin = trio.current_time()
        assert await asked(address)
    assert trio.current_time() - begin >= LATE_BY


async def test_answers_and_junk_are_passed_over() -> None:
    async with answering(WELL) as (address,):
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for junk in (b"", b"\r\n\r\n", b"\xff" * 50, b"SIP/2.0 200 OK\r\n\r\n"):
                await sock.sendto(junk, address)
        assert await asked(address)


async def test_their_entries_are_an_inventory_that_the_daemon_takes(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yml"
    with closing(Trunks()) as trunks:
        file.write_text(inventory_text(plan_fleet(4), trunks.connections()))
    connections = load_inventory(file, seal=str).connections
    assert [connection.kind for connection in connections] == [ConnectionKind(trunk.kind) for trunk in TRUNKS]
    tenants = {tenant["name"]: tenant["sites"] for tenant in yaml.safe_load(file.read_text())["tenants"]}
    for connection in connections:
        sites = {site["name"] for site in tenants[connection.tenant]}
        assert not connection.site or connection.site in sites


def test_one_goes_down_and_one_is_slow_within_the_first_minutes() -> None:
    down = [trunk.down for trunk in TRUNKS if trunk.down]
    slow = [trunk.slow for trunk in TRUNKS if trunk.slow]
    assert all(spell.at + spell.lasts < 120 for spell in (*down, *slow))
    assert down
    assert slow
