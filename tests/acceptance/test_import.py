"""An import of thousands of devices into the real process, killed in the middle: it is there whole afterwards, or not.

While it is taken, a phone is served and other acts of operators are told to wait.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from tests.support.daemon_process import serving
from tests.support.desk_phone import DeskPhone
from tests.support.whole_daemon import Operator, a_device, an_inventory, operator, write_config

PHONE = "00908f0000ff"
LINES = 3000
TABLE = "Name,Password,Tenant,MAC,Model\n" + "".join(
    f"{30000 + n},pw{n},acme,00908f{0x100000 + n:06x},420HD\n" for n in range(LINES)
)


async def brought_in(at_socket: Operator) -> dict[str, Any]:
    """Import the table; the answer, which comes when it is durable."""
    answer = await at_socket.client.post("/api/v1/imports", content=TABLE, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def cut_off(at_socket: Operator) -> None:
    """The same, and the daemon dies meanwhile."""
    with pytest.raises(httpx.HTTPError):
        await brought_in(at_socket)


async def defined(at_socket: Operator) -> int:
    """Devices of the table that the daemon knows."""
    total: int = (await at_socket.see("/tenants/acme"))["devices"]
    return total - 1


@pytest.mark.alone
async def test_an_import_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(a_device(PHONE, qualify=False)))
    async with serving(config) as daemon, operator(str(tmp_path / "api.sock")) as at_socket:
        phone = DeskPhone((await daemon.ready())["phones"], PHONE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut_off, at_socket)
            halfway = await at_socket.see_until("/imports", lambda seen: any(each["done"] for each in seen["items"]))
            assert (await at_socket.tell("/inventory", an_inventory())).status_code == 409
            assert halfway["items"][0]["state"] == "applying"
            assert halfway["items"][0]["done"] < halfway["items"][0]["total"] == 2 * LINES
            with trio.move_on_after(0.1):
                await phone.keep_alive("registered")  # served, and not acknowledged before it is durable
            daemon.process.kill()
    async with serving(config) as daemon, operator(str(tmp_path / "api.sock")) as at_socket:
        await daemon.ready()
        assert await defined(at_socket) == 0
        assert (await at_socket.see("/users"))["items"] == []
        assert (await brought_in(at_socket))["new_devices"] == LINES
        daemon.process.kill()
    async with serving(config) as daemon, operator(str(tmp_path / "api.sock")) as at_socket:
        await daemon.ready()
        assert await defined(at_socket) == LINES
        assert (await brought_in(at_socket))["new_devices"] == 0
        daemon.process.terminate()
        assert await daemon.ends() == 0
    assert [line for line in daemon.log if "exception" in line] == []
