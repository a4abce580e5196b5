"""Starting, stopping, and two daemons side by side."""

from __future__ import annotations

import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import trio

from tests.support.desk_phone import DeskPhone
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

MAC = "00908f4867af"


def descriptors() -> set[str]:
    """Every socket and file this process has open."""
    links = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.add(str(entry.readlink()))
        except FileNotFoundError:  # the one the listing itself used
            continue
    return links


def connectable(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


async def test_a_stop_leaves_no_socket_no_file_and_no_task(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(a_device(MAC)))
    tasks, opened = trio.lowlevel.current_statistics().tasks_living, descriptors()
    async with whole_daemon(config) as daemon:
        phone = DeskPhone(daemon.running.phones_url)
        assert (await phone.keep_alive()).status == 200
        assert await daemon.ready() == 200
        host, port = daemon.running.phones_url.removeprefix("http://").split(":")
        assert connectable(host, int(port))
    assert not connectable(host, int(port))
    assert not (tmp_path / "api.sock").exists()
    assert trio.lowlevel.current_statistics().tasks_living == tasks
    assert descriptors() - opened == set()


async def test_a_cancelled_daemon_leaves_nothing_either(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    opened = descriptors()
    with trio.CancelScope() as scope:
        async with whole_daemon(config):
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert not (tmp_path / "api.sock").exists()
    assert descriptors() - opened == set()


async def test_two_daemons_in_one_process_do_not_disturb_each_other(tmp_path: Path) -> None:
    async with _one_of_two(tmp_path, "first") as first, _one_of_two(tmp_path, "second") as second:
        phones = [DeskPhone(daemon.running.phones_url) for daemon in (first, second)]
        assert (await phones[0].alarm(5)).status == 200
        assert (await phones[1].keep_alive("offline")).status == 200
        presences = [(await daemon.see(f"/devices/{MAC}"))["presence"] for daemon in (first, second)]
        assert presences == ["NEVER_SEEN", "OFFLINE"]
        assert [len(await daemon.items("/alarms")) for daemon in (first, second)] == [1, 0]
        assert [await daemon.metric("ringkeeper_keep_alives_total") for daemon in (first, second)] == [0, 1]


def _one_of_two(folder: Path, name: str) -> AbstractAsyncContextManager[WholeDaemon]:
    home = folder / name
    home.mkdir()
    return whole_daemon(write_config(home, an_inventory(a_device(MAC))))
