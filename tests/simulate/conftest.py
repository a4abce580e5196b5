from __future__ import annotations

import pytest
import trio

from tests.support.fake_daemon import FakeDaemon, run_fake_daemon


@pytest.fixture
async def fake_daemon(nursery: trio.Nursery) -> FakeDaemon:
    daemon: FakeDaemon = await nursery.start(run_fake_daemon)
    return daemon
