from __future__ import annotations

import pytest

from tests.support.builders import MAC
from tests.support.http_peer import ask
from tests.support.phones import Scene, a_file


@pytest.mark.parametrize("path", ["/", "/ipp", "/ipp/tenant/acme", "/ipp/admin/x/y", "/rest/v1", "//", "/k/", "*"])
async def test_what_is_not_in_the_table_is_404(path: str) -> None:
    scene = Scene(file=a_file())
    assert (await scene.get(path)).status == 404
    assert scene.app.statistics().refused == {"path": 1}


async def test_a_file_cannot_be_posted() -> None:
    assert (await ask(Scene(file=a_file()).app, "POST", f"/configfiles/{MAC}.cfg", b"x")).status == 405


@pytest.mark.parametrize("path", ["ipphoneMgrStatus/keep-alive", "ipphoneMgrStatus/init", "ipphoneMgrAlert/alert"])
async def test_a_report_cannot_be_fetched(path: str) -> None:
    assert (await Scene().get(f"/rest/v1/{path}")).status == 405


def test_statistics_start_at_nothing() -> None:
    statistics = Scene().app.statistics()
    assert (statistics.keep_alives, statistics.alerts, statistics.files, statistics.refused) == (0, 0, 0, {})
