"""What the composition root itself refuses. The rest of a start: tests/acceptance."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from daemon.app import run_daemon
from daemon.config.loader import load_settings
from tests.support.whole_daemon import whole_daemon, write_config


async def test_a_second_daemon_on_the_same_state_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    async with whole_daemon(config):
        with pytest.RaisesGroup(
            pytest.RaisesExc(Exception, match="another Ringkeeper runs on this state folder"),
            flatten_subgroups=True,
            allow_unwrapped=True,
        ):
            await run_daemon(load_settings(config))


async def test_without_a_configuration_file_there_is_nothing_to_reload(tmp_path: Path) -> None:
    settings = load_settings(write_config(tmp_path))
    async with trio.open_nursery() as nursery:
        running = await nursery.start(run_daemon, settings)
        assert not await running.reload()
        running.stop()
