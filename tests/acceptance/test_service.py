"""`ringkeeper serve` as systemd runs it: readiness, signs of life, reload, stop."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.daemon_process import service_manager, serving
from tests.support.whole_daemon import a_device, an_inventory, operator, write_config

INVENTORY = an_inventory(a_device("00908f4867af", "2041"))
LIFE_CYCLE = ("READY=1", "RELOADING=1", "STOPPING=1")


async def test_a_service_manager_hears_of_readiness_reload_and_stop(tmp_path: Path) -> None:
    config = write_config(tmp_path, INVENTORY, qualify={"misses": 3})
    async with service_manager(tmp_path / "notify") as manager:
        beat = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "400000"}
        async with serving(config, **beat) as daemon:
            await manager.hears("READY=1")
            await manager.hears("WATCHDOG=1", times=2)

            write_config(tmp_path, INVENTORY, qualify={"misses": 5})
            daemon.process.send_signal(signal.SIGHUP)
            await manager.hears("READY=1", times=2)
            assert (await daemon.says("reloaded"))["changed"] == ["qualify.misses"]

            write_config(tmp_path, INVENTORY, qualify={"misses": 99})
            daemon.process.send_signal(signal.SIGHUP)
            await manager.hears("READY=1", times=3)
            refused = await daemon.says("reload refused, the old configuration stays")
            assert "qualify.misses" in refused["faults"][0]
            async with operator(str(tmp_path / "api.sock")) as at_socket:
                assert await at_socket.metric("ringkeeper_config_last_reload_successful") == 0

            daemon.process.send_signal(signal.SIGTERM)
            assert await daemon.ends() == 0
            await manager.hears("STOPPING=1")
    ready, reloading, stopping = LIFE_CYCLE
    assert manager.order_of(LIFE_CYCLE.__contains__) == [ready, reloading, ready, reloading, ready, stopping]
    assert manager.order_of(lambda line: line.startswith("MONOTONIC_USEC=")) != []
    assert [line for line in daemon.log if line["level"] == "error" and "exception" in line] == []
    assert daemon.log[-1]["msg"] == "stopping"


async def test_ctrl_c_ends_it_as_politely(tmp_path: Path) -> None:
    async with serving(write_config(tmp_path)) as daemon:
        await daemon.ready()
        daemon.process.send_signal(signal.SIGINT)
        assert await daemon.ends() == 0
    assert not (tmp_path / "api.sock").exists()
