"""Until when our certificates are good, read from the files themselves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import trio
from trio.testing import MockClock

from daemon.config.settings import Settings
from daemon.observe.certificates import PERIOD, Certificates
from tests.support.certificates import Authority

DAY = 86400.0


def shows(folder: Path) -> Settings:
    """Phones and SIP are shown a certificate of one day; operators come without TLS."""
    tls = Authority(folder).issue("pbx.example.net")
    files = {"certificate": tls.certificate, "key": tls.key}
    return Settings.model_validate({"http": {"phones": {"tls": files}}, "sip": {"tls": files}})


async def test_they_are_read_at_the_start_when_asked_and_once_a_day(
    tmp_path: Path, mock_clock: MockClock, nursery: trio.Nursery
) -> None:
    settings = shows(tmp_path)
    told, heard = trio.open_memory_channel[Any](10)
    watching = Certificates(lambda: settings)
    await nursery.start(watching.run, told.send_nowait)
    first = (await heard.receive()).certificates
    assert [shown.listener for shown in first] == ["http.phones", "sip"]
    assert abs(first[0].ends_at - time.time() - DAY) < 60
    assert watching.statistics() == {shown.listener: shown.ends_at for shown in first}
    watching.look()
    await heard.receive()
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(PERIOD)
    await heard.receive()
    assert heard.statistics().current_buffer_used == 0


async def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path, nursery: trio.Nursery) -> None:
    settings = shows(tmp_path)
    (tmp_path / "pbx.example.net.pem").write_text("gone wrong")
    told, heard = trio.open_memory_channel[Any](10)
    await nursery.start(Certificates(lambda: settings).run, told.send_nowait)
    assert (await heard.receive()).certificates == ()
