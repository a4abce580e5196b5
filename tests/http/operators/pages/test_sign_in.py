from __future__ import annotations

import pytest

from daemon.http.operators.pages.sign_in import inside
from tests.support.operators_desk import DeskWithFleet


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", "/"),
        ("/devices/00908f4867af?x=1", "/devices/00908f4867af?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
    ],
)
def test_signing_in_never_leads_elsewhere(target: str, expected: str) -> None:
    assert inside(target) == expected


async def test_a_wrong_token_is_said_on_the_form_itself() -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        answer = await browser.post("/sign-in", data={"token": "wrong", "next": "/devices/x"})

    assert answer.status_code == 401
    assert "this token is not valid" in answer.text
    assert 'value="/devices/x"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_right_token_leads_on_to_the_page_that_was_wanted() -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        answer = await browser.post("/sign-in", data={"token": " monitor-token\n", "next": "/devices/x"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/devices/x")


async def test_another_site_cannot_sign_anybody_in_or_out() -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        headers = {"Sec-Fetch-Site": "cross-site"}
        answers = [
            await browser.post("/sign-in", data={"token": "monitor-token"}, headers=headers),
            await browser.post("/sign-out", headers=headers),
        ]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_the_form_needs_no_script_and_no_session() -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        page = (await browser.get("/sign-in?next=//evil.example")).text

    assert '<form class="card sign-in" method="post" action="/sign-in">' in page
    assert "evil" not in page
