from __future__ import annotations

import pytest

from tests.support.operators_desk import DeskWithFleet


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("style.css", "text/css"),
        ("live.js", "text/javascript"),
        ("sign_in.js", "text/javascript"),
        ("ringkeeper.svg", "image/svg+xml"),
    ],
)
async def test_a_file_is_sent_once_and_then_known_to_be_the_same(name: str, kind: str) -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        first = await browser.get(f"/static/{name}")
        again = await browser.get(f"/static/{name}", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"].startswith(kind)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["fleet.html", "static.py", "__init__.py", "..%2f..%2fapp.py", "nothing.css"])
async def test_nothing_else_is_a_file(name: str) -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        assert (await browser.get(f"/static/{name}")).status_code == 404
