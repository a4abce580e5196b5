"""`kill -9` of the real process under load, again and again on one state: what was acknowledged is there afterwards.

What was asked for and not acknowledged may be there or not; both are right. The load is a fleet that changes all the
time: reports, alarms raised and cleared, registrations, and two phones that one number moves between.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon.config.listen import Listen
from daemon.simulate.http_side import HttpTrouble
from tests.support.daemon_process import serving
from tests.support.desk_phone import DeskPhone
from tests.support.inform_sink import InformSink, inform_sink
from tests.support.sip_messages import register
from tests.support.sip_wire import Phone, open_phone
from tests.support.snmptrapd import free_udp_port
from tests.support.waiting import PATIENCE, becomes_true
from tests.support.whole_daemon import Operator, a_device, an_inventory, operator, write_config

SEED, DEATHS = 5060, 5
LAST_WORDS = 0.3  # seconds; what a dead process said lies in our sockets
PHONES = tuple(f"00908f00000{index}" for index in range(6))
PAIRS = tuple((f"00908f00010{index}", f"00908f00011{index}", str(5000 + index)) for index in range(3))
FLEET = an_inventory(
    *(a_device(mac, str(2000 + index), qualify=False) for index, mac in enumerate(PHONES)),
    *(a_device(mac, qualify=False) for pair in PAIRS for mac in pair[:2]),
)


@dataclass
class Promise:
    """One thing that changes: the last value acknowledged, and those asked for since."""

    kept: Any = None
    open: list[Any] = field(default_factory=list)

    def acknowledged(self) -> None:
        """All that was asked for is kept; the last of it counts."""
        self.kept, self.open = self.open[-1], []

    def settle(self, found: Any) -> None:
        """What is there after a death is one of what may be there."""
        assert found in (self.kept, *self.open), f"kept {self.kept}, asked for {self.open}, found {found}"
        self.kept, self.open = found, []


class Load:
    """Everything that is done to the daemon, over all its lives, and what it promised."""

    def __init__(self) -> None:
        self.firmware = {mac: Promise("") for mac in PHONES}
        self.alarmed = {mac: Promise(False) for mac in PHONES}
        self.contacts = {mac: Promise() for mac in PHONES}
        self.holders = {number: Promise("") for *_, number in PAIRS}
        self.acknowledged: Counter[str] = Counter()
        self._numbers = count(1)
        self._enough = (0, trio.Event())

    async def promises(self, more: int) -> None:
        """Return in the very moment in which so many more things were acknowledged."""
        self._enough = self.acknowledged.total() + more, trio.Event()
        with trio.fail_after(PATIENCE):
            await self._enough[1].wait()

    async def run(self, url: str, sip: Listen, at_socket: Operator, nursery: trio.Nursery) -> None:
        """Everybody at once, until the daemon dies."""
        for index, mac in enumerate(PHONES):
            phone = DeskPhone(url, mac)
            nursery.start_soon(self._report, phone)
            nursery.start_soon(self._alarm, phone)
            nursery.start_soon(self._register, mac, str(2000 + index), sip)
        nursery.start_soon(self._move_numbers, at_socket)

    async def _report(self, phone: DeskPhone) -> None:
        promise = self.firmware[phone.mac]
        while True:
            promise.open.append(f"2.2.{next(self._numbers)}")
            if not await self._posted(phone.keep_alive("registered", fwVersion=promise.open[-1])):
                return
            self._promised("report", promise)

    async def _alarm(self, phone: DeskPhone) -> None:
        promise = self.alarmed[phone.mac]
        while True:
            promise.open.append(not promise.kept)
            if not await self._posted(phone.alarm(5 if promise.open[-1] else 0, "Headset lost")):
                return
            self._promised("alarm", promise)

    async def _posted(self, asked: Any) -> bool:
        """Whether it was acknowledged; not so when the daemon died."""
        try:
            return bool((await asked).status == 200)
        except HttpTrouble:
            return False

    async def _register(self, mac: str, number: str, sip: Listen) -> None:
        promise, aor = self.contacts[mac], f"<sip:{number}@pbx-a.example.net>"
        async with open_phone(sip) as phone:
            for cseq in count(1):
                promise.open.append(f"sip:{number}@10.0.0.7:{1024 + next(self._numbers) % 60000}")
                headers = {"to": aor, "from_": f"{aor};tag=1", "cseq": f"{cseq} REGISTER", "call_id": f"{mac}@phone"}
                await _send(phone, register(f"<{promise.open[-1]}>", expires="3600", **headers))
                if not await _granted(phone, cseq):
                    return
                self._promised("registration", promise)

    async def _move_numbers(self, at_socket: Operator) -> None:
        """Each number goes to the other phone of its pair, in one inventory; and sometimes both want it."""
        for turn in count():
            *pair, number = PAIRS[turn % len(PAIRS)]
            promise = self.holders[number]
            taker = next(mac for mac in pair if mac != promise.kept)
            giver = next(mac for mac in pair if mac != taker)
            promise.open.append(taker)
            moved = {"devices": [{"mac": taker, "number": number}, {"mac": giver, "number": ""}]}
            greedy = {"devices": [{"mac": giver, "number": number}]}
            try:
                answer = await at_socket.tell("/inventory", moved)
                assert answer.status_code in (200, 503), answer.text
                self._promised("number", promise)
                assert (await at_socket.tell("/inventory", greedy)).status_code == 409
            except httpx.HTTPError:
                return

    def _promised(self, kind: str, promise: Promise) -> None:
        promise.acknowledged()
        self.acknowledged[kind] += 1
        if self.acknowledged.total() == self._enough[0]:
            self._enough[1].set()


async def _send(phone: Phone, datagram: bytes) -> None:
    try:
        await phone.say(datagram)
    except OSError:  # the port was closed meanwhile
        return


async def _granted(phone: Phone, cseq: int) -> bool:
    """Whether that REGISTER was answered 200."""
    while True:
        heard = await phone.hear()
        if f"CSeq: {cseq} REGISTER".encode() in heard:
            return heard.startswith(b"SIP/2.0 200")


async def examine(at_socket: Operator, load: Load) -> None:
    """Compare what is there with what was promised."""
    devices = {item["mac"]: item for item in await at_socket.items("/devices?limit=1000")}
    alarms = Counter(alarm["device"] for alarm in await at_socket.items("/alarms?limit=1000"))
    numbers = {item["number"]: item for item in await at_socket.items("/numbers?limit=1000")}
    for mac in PHONES:
        contact = (await at_socket.see(f"/devices/{mac}"))["contact"]
        load.firmware[mac].settle(devices[mac]["firmware"])
        load.alarmed[mac].settle(alarms[mac] == 1)
        load.contacts[mac].settle(contact["uri"] if contact else None)
    for number, promise in load.holders.items():
        holders = [mac for mac, device in devices.items() if device["number"] == number]
        assert len(holders) <= 1
        if holders:
            assert (numbers[number]["status"], numbers[number]["device"]) == ("Used", holders[0])
        promise.settle(holders[0] if holders else "")


async def live(folder: Path, sink: InformSink, load: Load, chance: random.Random | None) -> None:
    """One life: look what is there, work, and die somewhere in the middle of it; without `chance`, end in order."""
    sip = Listen("udp", "127.0.0.1", free_udp_port())
    managers = [{"host": "127.0.0.1", "port": sink.port}]
    snmp = {"managers": managers, "inform_timeout": "500ms", "inform_retry_max": "1s"}
    config = write_config(folder, FLEET, sip={"listen": [str(sip)], "min_expires": 1}, snmp=snmp)
    async with serving(config) as daemon, operator(str(folder / "api.sock")) as at_socket:
        url = (await daemon.ready())["phones"]
        await examine(at_socket, load)
        if chance is None:
            await everything_told(at_socket, sink, url)
            daemon.process.send_signal(signal.SIGTERM)
            assert await daemon.ends() == 0
            return
        async with trio.open_nursery() as nursery:
            await load.run(url, sip, at_socket, nursery)
            await load.promises(chance.randint(100, 400))
            await trio.sleep(chance.choice((0, 0.005)) * chance.random())  # with an answer, or anywhere within a group
            daemon.process.kill()
            nursery.cancel_scope.deadline = trio.current_time() + LAST_WORDS
    assert [line for line in daemon.log if "exception" in line] == []


async def everything_told(at_socket: Operator, sink: InformSink, url: str) -> None:
    """One more alarm, whose number is the last: all before it have reached the manager."""
    assert (await DeskPhone(url, PHONES[0]).alarm(4, "The last")).status == 200
    last = max(alarm["sequence"] for alarm in await at_socket.items("/alarms?limit=1000"))
    await becomes_true(lambda: sink.told.keys() == set(range(1, last + 1)))
    assert {number: said for number, said in sink.told.items() if len(said) > 1} == {}


@pytest.mark.alone
async def test_nothing_acknowledged_is_lost_no_notification_skipped_and_no_number_given_twice(tmp_path: Path) -> None:
    chance, load = random.Random(SEED), Load()
    async with inform_sink() as sink:
        for _ in range(DEATHS):
            await live(tmp_path, sink, load, chance)
        await live(tmp_path, sink, load, None)
    assert min(load.acknowledged[kind] for kind in ("report", "alarm", "registration", "number")) > 10
