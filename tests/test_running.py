"""What may be asked of a daemon that runs: where it is, whether it works, the inventory, a reload, an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from daemon.config.listen import Listen
from daemon.fleet.records import Role
from daemon.running import _first
from daemon.store import database
from tests.support.desk_phone import DeskPhone
from tests.support.opened_store import refusing
from tests.support.waiting import becomes_true
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

MAC = "00908f4867af"
INVENTORY = an_inventory(a_device(MAC, "2041"))


def taken(log: Sequence[Mapping[str, Any]]) -> int:
    """How often an inventory file was taken."""
    return sum(line["event"] == "inventory taken" for line in log)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        (Listen("http", "0.0.0.0", 8081), "http://127.0.0.1:8081"),
        (Listen("http", "::", 8081), "http://[::1]:8081"),
        (Listen("http", "192.0.2.7", 8081), "http://192.0.2.7:8081"),
        (Listen("https", "192.0.2.7", 8082), "https://192.0.2.7:8082"),
        (Listen("unix", path="/run/x.sock"), ""),
    ],
)
def test_an_address_is_told_so_that_others_can_use_it(listen: Listen, url: str) -> None:
    assert _first([listen], "http", "https") == url


async def test_it_tells_where_it_listens_and_what_is_not_there(tmp_path: Path) -> None:
    listening = {"phones": {"listen": []}, "operators": {"listen": [f"unix://{tmp_path}/api.sock"]}}
    async with whole_daemon(write_config(tmp_path, http=listening)) as daemon:
        running = daemon.running
        assert (running.phones_url, running.operators_url) == ("", "")
        assert running.socket_path == f"{tmp_path}/api.sock"
        assert running.sip_address[0] == "127.0.0.1"


async def test_it_is_ready_unless_the_database_takes_no_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    async with whole_daemon(write_config(tmp_path, INVENTORY, store={"retry": "20ms"})) as daemon:
        assert daemon.running.ready() == (True, ())
        async with refusing(tmp_path / "state" / "ringkeeper.db"):
            await DeskPhone(daemon.running.phones_url, MAC).keep_alive("offline")
            assert daemon.running.ready() == (False, ("the database takes no writes",))
        await becomes_true(lambda: daemon.running.ready()[0])


async def test_an_inventory_file_is_taken_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    config = write_config(tmp_path, INVENTORY)
    with capture_logs() as log:
        async with whole_daemon(config) as daemon:
            assert (await daemon.client.delete(f"/api/v1/devices/{MAC}")).status_code == 204
        async with whole_daemon(config) as daemon:
            assert await daemon.items("/devices") == []  # what an operator did since is not undone by the same file
        assert taken(log) == 1
        write_config(tmp_path, an_inventory(a_device("00908f000002", "2042")))
        async with whole_daemon(config) as daemon:
            assert [item["mac"] for item in await daemon.items("/devices")] == ["00908f000002"]
        assert taken(log) == 2


async def test_an_inventory_that_is_put_back_is_taken_again(tmp_path: Path) -> None:
    alices, bobs = (an_inventory({**a_device(MAC, "2041"), "user": user}) for user in ("alice", "bob"))
    config = write_config(tmp_path, alices)
    async with whole_daemon(config) as daemon:
        for text, user in ((bobs, "bob"), (alices, "alice")):
            write_config(tmp_path, text)
            assert await daemon.running.reload()
            assert (await daemon.see(f"/devices/{MAC}"))["user"] == user


async def test_an_orderly_end_writes_down_when_everybody_was_last_heard(tmp_path: Path) -> None:
    config = write_config(tmp_path, INVENTORY)
    async with whole_daemon(config) as daemon:
        phone = DeskPhone(daemon.running.phones_url, MAC)
        await phone.keep_alive()
        await phone.keep_alive()  # unchanged, so it is only remembered
        heard = (await daemon.see(f"/devices/{MAC}"))["last_seen"]
    async with whole_daemon(config) as daemon:
        assert (await daemon.see(f"/devices/{MAC}"))["last_seen"] == heard


async def test_an_operator_added_from_inside_can_sign_in(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path)) as daemon:
        token = daemon.running.add_operator("demo", Role.MONITOR)
        (operator,) = (await daemon.see("/operators"))["items"]
        assert operator["name"] == "demo"
        assert token not in (tmp_path / "state" / "ringkeeper.db").read_bytes().decode("latin-1")


async def test_a_reload_says_what_changed_and_what_needs_a_restart(tmp_path: Path) -> None:
    config = write_config(tmp_path, INVENTORY)
    async with whole_daemon(config) as daemon:
        with capture_logs() as log:
            write_config(tmp_path, INVENTORY, qualify={"misses": 4}, state_dir=str(tmp_path / "elsewhere"))
            assert await daemon.running.reload()
        (line,) = [line for line in log if line["event"] == "reloaded"]
        assert line["changed"] == ["qualify.misses"]
        assert [text.partition(":")[0] for text in line["needs_restart"]] == ["state_dir"]
        assert daemon.running.settings.state_dir == tmp_path / "state"
        assert await still_works(daemon)


async def still_works(daemon: WholeDaemon) -> bool:
    return (await DeskPhone(daemon.running.phones_url, MAC).keep_alive()).status == 200
