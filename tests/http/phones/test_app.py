from __future__ import annotations

from ipaddress import ip_network

import pytest

from tests.support.builders import MAC
from tests.support.http_peer import ask
from tests.support.phones import INSIDE, OUTSIDE, Scene, a_file


@pytest.mark.parametrize("path", ["/", "/ipp", "/ipp/tenant/acme", "/ipp/admin/x/y", "/rest/v1", "//", "/k/", "*"])
async def test_what_is_not_in_the_table_is_404(path: str) -> None:
    scene = Scene(file=a_file())
    assert (await scene.get(path)).status == 404
    assert scene.app.statistics().refused == {"path": 1}


async def test_firmware_cannot_be_posted() -> None:
    assert (await ask(Scene(file=a_file()).app, "POST", "/firmwarefiles/420HD.img", b"x")).status == 405


@pytest.mark.parametrize("path", ["ipphoneMgrStatus/keep-alive", "ipphoneMgrStatus/init", "ipphoneMgrAlert/alert"])
async def test_a_report_cannot_be_fetched(path: str) -> None:
    assert (await Scene().get(f"/rest/v1/{path}")).status == 405


def test_statistics_start_at_nothing() -> None:
    statistics = Scene().app.statistics()
    assert (statistics.keep_alives, statistics.alerts, statistics.files, statistics.refused) == (0, 0, 0, {})


async def test_a_phone_behind_a_proxy_of_ours_is_placed_and_believed_by_its_own_address() -> None:
    scene = Scene(file=a_file(), proxies=(ip_network("203.0.113.9/32"),))
    report = f'{{"mac": "{MAC}", "status": "registered"}}'.encode()
    for headers, status in (({"x-forwarded-for": INSIDE}, 200), ({"x-forwarded-for": "198.51.100.7"}, 404), ({}, 404)):
        await ask(scene.app, "GET", f"/ipp/httpproxy/{MAC}.cfg", headers=headers, source=OUTSIDE)
        path = "/rest/v1/ipphoneMgrStatus/keep-alive"
        assert (await ask(scene.app, "POST", path, report, headers=headers, source=OUTSIDE)).status == status
    assert [request.source for request in scene.asked] == [INSIDE, "198.51.100.7", OUTSIDE]


async def test_a_phone_cannot_write_its_own_address() -> None:
    scene = Scene(file=a_file())
    await scene.get(f"/configfiles/{MAC}.cfg", OUTSIDE, x_forwarded_for=INSIDE)
    assert [request.source for request in scene.asked] == [OUTSIDE]
