"""Operations from the API to real sockets: proved phone by phone, and across a `kill -9` nobody restarts twice."""

from __future__ import annotations

import re
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio

from daemon.simulate.http_side import HttpTrouble
from tests.support.challenging_phone import said
from tests.support.daemon_process import serving
from tests.support.desk_phone import DeskPhone, requests_of
from tests.support.waiting import becomes_true
from tests.support.whole_daemon import a_device, an_inventory, operator, whole_daemon, write_config

NATTED, DEAF, BROKEN, SPARE = "00908f000001", "00908f000002", "00908f000003", "00908f0000aa"
HURRIED = {"delivered_within": "2s", "restarted_within": "2s", "fetched_within": "1s", "registered_within": "2s"}
RESTART = "/rest/v1/command/ResetGracefulHandler"


class SipPhones:
    """Phones at one address that answer every NOTIFY, and do what they please; `told` are the Call-IDs per user."""

    def __init__(self, socket: trio.socket.SocketType, obeying: dict[str, DeskPhone]) -> None:
        self.port: int = socket.getsockname()[1]
        self.told: defaultdict[str, set[str]] = defaultdict(set)
        self.obeying = obeying
        self._socket = socket

    async def run(self, nursery: trio.Nursery) -> None:
        while True:
            datagram, peer = await self._socket.recvfrom(65535)
            request = datagram.decode()
            await self._socket.sendto(said(request, "200 OK"), peer)
            found = re.match(r"NOTIFY sip:(\w+)@", request)
            call = re.search(r"^Call-ID: (.*)\r$", request, re.MULTILINE)
            if found and call:
                self.told[found[1]].add(call[1])
                nursery.start_soon(self._obey, found[1])

    async def _obey(self, user: str) -> None:
        """Fetch the file, from whichever daemon is there."""
        while user in self.obeying:
            with suppress(HttpTrouble):
                await self.obeying[user].fetch()
                return
            await trio.sleep(0.1)


@asynccontextmanager
async def sip_phones(obeying: dict[str, DeskPhone]) -> AsyncIterator[SipPhones]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as socket:
        await socket.bind(("127.0.0.1", 0))
        phones = SipPhones(socket, obeying)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(phones.run, nursery)
            yield phones
            nursery.cancel_scope.cancel()


def steps(seen: dict[str, Any]) -> dict[str, str]:
    return {item["mac"]: item["step"] + (f" at {item['stuck']}" if item["stuck"] else "") for item in seen["items"]}


async def test_each_phone_is_proved_or_failed_with_its_step_and_a_broken_one_is_swapped(tmp_path: Path) -> None:
    async with sip_phones({}) as phones:
        deaf = a_device(DEAF, "2002", qualify=False, contact=f"sip:2002@127.0.0.1:{phones.port}")
        inventory = an_inventory(a_device(NATTED, "2001"), deaf, a_device(BROKEN, "2003", sip_password="s3cret"))
        async with whole_daemon(write_config(tmp_path, inventory, operations=HURRIED)) as daemon:
            natted = DeskPhone(daemon.running.phones_url, NATTED)
            await natted.keep_alive("registered")
            order = {"kind": "restart", "macs": [NATTED, DEAF], "delay": "0s", "parameters": {}}
            ordered = await daemon.tell("/operations", order)
            assert ordered.status_code == 202, ordered.text
            assert ordered.json()["devices"] == 2
            await daemon.see_until("/operations/1", lambda seen: "WAITING" not in seen["steps"])

            assert [entry["path"] for entry in requests_of(await natted.keep_alive("registered"))] == [RESTART]
            assert requests_of(await natted.keep_alive("registered")) == []
            await natted.fetch()
            await natted.keep_alive("started")
            await natted.keep_alive("registered")
            seen = await daemon.see_until("/operations/1", lambda seen: seen["state"] == "FINISHED")
            assert steps(seen) == {NATTED: "PROVED", DEAF: "FAILED at FETCHED"}
            assert len(phones.told["2002"]) == 1
            failed = await daemon.see("/operations/1?step=FAILED")
            assert [item["reason"] for item in failed["items"]] == ["not seen within 1s"]
            counted = 'ringkeeper_decisions_total{reason="FAILED at FETCHED",rule="operation restart"}'
            assert await daemon.metric(counted) == 1

            broken = DeskPhone(daemon.running.phones_url, BROKEN)
            assert "s3cret" in (await broken.fetch()).body.decode()
            swapped = await daemon.tell(f"/devices/{BROKEN}/swap", {"to": SPARE})
            assert (swapped.status_code, swapped.json()["number"]) == (200, "2003"), swapped.text
            assert "s3cret" not in (await broken.fetch()).body.decode()
            assert "s3cret" in (await DeskPhone(daemon.running.phones_url, SPARE).fetch()).body.decode()
            numbers = {item["number"]: item for item in await daemon.items("/numbers")}
            assert (numbers["2003"]["status"], numbers["2003"]["device"]) == ("Used", SPARE)
            again = await daemon.tell(f"/devices/{SPARE}/swap", {"to": NATTED})
            assert again.status_code == 409


async def test_a_daemon_killed_in_the_middle_of_a_batch_restarts_nobody_twice_and_goes_on(tmp_path: Path) -> None:
    macs = [f"00908f0001{index:02x}" for index in range(16)]
    obeying: dict[str, DeskPhone] = {}
    async with sip_phones(obeying) as phones:
        inventory = an_inventory(
            *(
                a_device(mac, str(3000 + index), qualify=False, contact=f"sip:{3000 + index}@127.0.0.1:{phones.port}")
                for index, mac in enumerate(macs)
            )
        )
        config = write_config(tmp_path, inventory, operations=HURRIED)
        for life in range(2):
            async with serving(config) as process:
                url = (await process.ready())["phones"]
                obeying |= {str(3000 + index): DeskPhone(url, mac) for index, mac in enumerate(macs)}
                async with operator(str(tmp_path / "api.sock")) as at_socket:
                    if life == 0:
                        order = {"kind": "restart", "filter": {"model": "420HD"}, "batch": 1, "delay": "0s"}
                        assert (await at_socket.tell("/operations", order)).status_code == 202
                    if life == 1:
                        seen = await at_socket.see_until("/operations/1", lambda seen: seen["state"] == "FINISHED")
                        break
                    enough = len(phones.told) + 7
                    await becomes_true(lambda enough=enough: len(phones.told) >= enough)  # type: ignore[misc]
                    process.process.send_signal(signal.SIGKILL)
        assert all(len(calls) == 1 for calls in phones.told.values())
        ended = steps(seen)
        assert set(ended.values()) <= {"PROVED", "FAILED at DELIVERED", "FAILED at FETCHED"}
        assert sum(step == "PROVED" for step in ended.values()) >= len(macs) - 4  # at a death, one or two are under way
