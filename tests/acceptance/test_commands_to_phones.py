"""A phone that no check-sync reaches is told at its own server, and proved by what it does; the daemon is whole."""

from __future__ import annotations

from pathlib import Path

import trio

from daemon.simulate.http_side import HttpReply
from tests.support.desk_phone import DeskPhone
from tests.support.phone_server import BASIC, Asked, PhoneServer, phone_server
from tests.support.whole_daemon import a_device, an_inventory, whole_daemon, write_config

MAC = "64167f4867af"
PASSWORD = "4711-blue"
USER_AGENT = f"FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 (SN:{MAC}) Type/Application"


class PolyPhone(DeskPhone):
    """A Poly phone with its own server, which restarts as it is told there."""

    async def fetch(self) -> HttpReply:
        return await self.get(f"/configfiles/{self.mac}-ringkeeper.cfg", **{"User-Agent": USER_AGENT})

    async def restart(self, restarted: trio.Event) -> None:
        """As it does: its file, then its word."""
        assert (await self.fetch()).status == 200
        await self.says("started")
        restarted.set()

    async def says(self, status: str) -> None:
        assert (await self.keep_alive(status, model="VVX411")).status == 200


async def test_a_restart_goes_to_the_phones_own_server_with_its_login_and_is_proved(tmp_path: Path) -> None:
    server = PhoneServer(password=PASSWORD, wants=BASIC)
    async with phone_server(server, "127.10.1.7"), trio.open_nursery() as nursery:
        device = a_device(MAC, "2041", model="VVX411", placeholders={"PhoneWebPassword": PASSWORD})
        requests = {"http_to_phones": True, "phone_scheme": "http", "phone_port": server.port}
        async with whole_daemon(write_config(tmp_path, an_inventory(device), requests=requests)) as daemon:
            phone = PolyPhone(daemon.running.phones_url, MAC)
            await phone.says("registered")
            restarted = trio.Event()

            async def told(asked: Asked) -> None:
                nursery.start_soon(phone.restart, restarted)

            server.told = told
            ordered = await daemon.tell("/operations", {"kind": "restart", "macs": [MAC], "parameters": {}})
            assert ordered.status_code == 202, ordered.text
            await restarted.wait()
            assert (await daemon.see("/operations/1"))["steps"] == {"FETCHED": 1}
            await phone.says("registered")
            seen = await daemon.see_until("/operations/1", lambda seen: seen["state"] == "FINISHED")
            assert [(item["step"], item["way"]) for item in seen["items"]] == [("PROVED", "http")]
            assert [(each.method, each.target) for each in server.obeyed] == [("POST", "/api/v1/mgmt/safeReboot")]
            assert await daemon.metric('ringkeeper_phone_commands_total{outcome="taken"}') == 1

            server.password = "changed at the phone"
            await daemon.tell("/operations", {"kind": "restart", "macs": [MAC], "parameters": {}})
            seen = await daemon.see_until("/operations/2", lambda seen: seen["state"] == "FINISHED")
            assert [(item["stuck"], item["reason"]) for item in seen["items"]] == [
                ("DELIVERED", "command by HTTP was refused with 401: PhoneWebUser or PhoneWebPassword is wrong")
            ]
            timeline = (await daemon.see(f"/devices/{MAC}"))["timeline"]
            assert [entry["new"] for entry in timeline if "by HTTP" in entry["new"]] == [
                "not told by HTTP",
                "told by HTTP",
            ]
            assert PASSWORD not in str(timeline)
        assert len(server.obeyed) == 1
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "state").glob("*.db*"))
