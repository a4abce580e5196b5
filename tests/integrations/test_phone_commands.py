"""Commands against a phone's own server on loopback: obeyed, refused, slow, endless, gone, and its login asked for."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from daemon.config.settings import Requests
from daemon.config.tls_contexts import accepting_context
from daemon.errors import StoreUnavailable
from daemon.fleet.events import CommandEnded
from daemon.fleet.model import Mac
from daemon.fleet.phone_command import SendCommand
from daemon.integrations import phone_commands
from daemon.integrations.phone_commands import AT_ONCE, MOST_WAITING, PhoneCommands
from daemon.provisioning.phone_login import Login
from tests.support.builders import MAC
from tests.support.certificates import Authority
from tests.support.phone_server import BASIC, DIGEST, OPEN, PhoneServer, phone_server
from tests.support.waiting import becomes_true

PATH = "/api/v1/mgmt/safeReboot"
KNOWN = Login("Polycom", "456")


class Desk:
    """The edge at work; `ended` is what it told the fleet."""

    def __init__(self, login: Login | StoreUnavailable | None = KNOWN, *, verify: bool = False) -> None:
        self.ended: list[CommandEnded] = []
        self.edge = PhoneCommands(lambda: Requests(verify_phones=verify), self._login_of)
        self._login = login
        self._told = trio.Event()

    async def sends(self, phone: PhoneServer, scheme: str = "http", **fields: str) -> CommandEnded:
        """Send a command to this phone; what became of it."""
        url = f"{scheme}://127.0.0.1:{phone.port}{PATH}"
        self._told = trio.Event()
        self.edge.submit(SendCommand(MAC, "reset_graceful", "POST", url, **{"taken": '"2000"', **fields}))
        await self._told.wait()
        return self.ended[-1]

    def deliver(self, event: object) -> None:
        assert isinstance(event, CommandEnded)
        self.ended.append(event)
        self._told.set()

    def _login_of(self, mac: Mac) -> Login | None:
        assert mac == MAC
        if isinstance(self._login, StoreUnavailable):
            raise self._login
        return self._login


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[Desk]:
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.edge.run, desk.deliver)
        yield desk
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("wants", [OPEN, BASIC, DIGEST])
async def test_a_phone_obeys_and_its_login_is_shown_only_if_it_asks(wants: str) -> None:
    async with phone_server(PhoneServer(wants=wants)) as phone, at_work(Desk()) as desk:
        ended = await desk.sends(phone, body='{"seconds": "10"}')
        assert ended == CommandEnded(MAC, "reset_graceful", True, "answered 200")
    assert [(each.method, each.target, each.body) for each in phone.obeyed] == [("POST", PATH, b'{"seconds": "10"}')]
    assert "authorization" not in phone.asked[0].headers
    assert len(phone.asked) == (2 if wants else 1)
    assert desk.edge.statistics() == phone_commands.PhoneCommandStatistics({"taken": 1}, 0, 0)


@pytest.mark.parametrize(
    ("login", "wants", "why"),
    [
        (None, BASIC, "no PhoneWebPassword is written down"),
        (Login("Polycom", "wröng"), BASIC, "PhoneWebUser or PhoneWebPassword is wrong"),
        (Login("Pölycom", "wrong"), DIGEST, "PhoneWebUser or PhoneWebPassword is wrong"),
        (KNOWN, "Negotiate", "a kind that we do not know"),
        (StoreUnavailable("the key file is another"), BASIC, "cannot be had: the key file is another"),
    ],
)
async def test_a_login_that_does_not_fit_is_told_in_words(
    login: Login | StoreUnavailable | None, wants: str, why: str
) -> None:
    async with phone_server(PhoneServer(wants=wants)) as phone, at_work(Desk(login)) as desk:
        ended = await desk.sends(phone)
    assert not ended.delivered
    assert why in ended.outcome
    assert "wrong" not in ended.outcome.replace("is wrong", "")
    assert phone.obeyed == []
    assert desk.edge.statistics().ended == {"login": 1}


@pytest.mark.parametrize(
    ("phone", "outcome", "counted"),
    [
        (PhoneServer(status=500), "was refused with 500", "refused"),
        (PhoneServer(status=302, headers=[("Location", "http://127.0.0.1:1/")]), "was refused with 302", "refused"),
        (PhoneServer(body=b'{"Status":\r"4010"}'), 'was answered 200, but not taken: {"Status":"4010"}', "refused"),
        (PhoneServer(body=b'"2000"' + b"x" * 8_000_000), "answered 200", "taken"),
        (PhoneServer(body=b"x" * 8_000_000 + b'"2000"'), f"was answered 200, but not taken: {'x' * 80}", "refused"),
    ],
)
async def test_what_a_phone_answers_is_judged_by_its_beginning(phone: PhoneServer, outcome: str, counted: str) -> None:
    async with phone_server(phone), at_work(Desk()) as desk:
        ended = await desk.sends(phone)
    assert (ended.outcome, ended.unsure) == (outcome, False)
    assert desk.edge.statistics().ended == {counted: 1}


async def test_a_phone_that_is_slow_hangs_up_or_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_commands, "TIME_LIMIT", 0.4)
    async with at_work(Desk()) as desk:
        async with phone_server(PhoneServer(delay=30)) as slow:
            ended = await desk.sends(slow)
            assert (ended.outcome, ended.unsure) == ("found no answer within 0.4s", True)
        async with phone_server(PhoneServer(hangs_up=True)) as gone:
            ended = await desk.sends(gone)
            assert (ended.outcome.partition(":")[0], ended.unsure) == ("found no whole answer", True)
        ended = await desk.sends(gone)
        assert (ended.outcome.partition(":")[0], ended.unsure) == ("could not connect", False)
    assert desk.edge.statistics().ended == {"timeout": 1, "broken": 1, "connect": 1}


@pytest.mark.parametrize("verify", [False, True])
async def test_a_phones_own_certificate_is_looked_at_only_if_that_is_wanted(tmp_path: Path, verify: bool) -> None:
    context = accepting_context(Authority(tmp_path).issue("00908f4867af"))
    assert isinstance(context, ssl.SSLContext)
    phone = PhoneServer(wants=BASIC)
    async with phone_server(phone, context=context), at_work(Desk(verify=verify)) as desk:
        ended = await desk.sends(phone, "https")
    assert ended.delivered is not verify
    assert len(phone.asked) == (0 if verify else 2)


async def test_of_too_many_some_wait_and_the_rest_ends_at_once() -> None:
    async with phone_server(PhoneServer(delay=8)) as phone, at_work(Desk()) as desk:
        order = SendCommand(MAC, "reset_graceful", "POST", f"http://127.0.0.1:{phone.port}{PATH}")
        await wait_all_tasks_blocked()
        for _ in range(AT_ONCE):
            desk.edge.submit(order)
        await becomes_true(lambda: len(phone.obeyed) == AT_ONCE)
        for _ in range(MOST_WAITING + 3):
            desk.edge.submit(order)
        await becomes_true(lambda: len(desk.ended) == 3)
        assert desk.edge.statistics() == phone_commands.PhoneCommandStatistics({"too many": 3}, MOST_WAITING, AT_ONCE)
        assert {ended.outcome for ended in desk.ended} == {"was not sent: too many others are under way"}
