"""Mail over real sockets on loopback; the server is ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.config.output_settings import MailOutput
from daemon.config.tls_contexts import accepting_context
from daemon.outputs.mail import Mail
from daemon.outputs.way import NotTaken, Told
from tests.support.certificates import Authority
from tests.support.notifications import a_notification
from tests.support.receivers import MailServer, mail_server

TOLD = [Told(1, a_notification(7)), Told(2, a_notification(8))]


def an_output(server: MailServer, **fields: Any) -> MailOutput:
    given = {"name": "duty", "kind": "mail", "host": "localhost", "port": server.port, "timeout": "5s", **fields}
    return MailOutput.model_validate({"sender": "rk@example.net", "to": ["a@example.net", "b@example.net"], **given})


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_waiting_alarms_are_one_mail_and_the_password_goes_by_starttls(authority: Authority) -> None:
    certificate = accepting_context(authority.issue("localhost"))
    async with mail_server(MailServer(certificate)) as server:
        output = an_output(server, ca=authority.path, user="user", password="hush")
        await Mail(output).tell(TOLD)
    [letter] = server.letters
    assert letter["Subject"].startswith("[Ringkeeper] 2 alarms, worst CRITICAL")
    assert server.conversation[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


async def test_tls_from_the_beginning(authority: Authority) -> None:
    certificate = accepting_context(authority.issue("localhost"))
    async with mail_server(MailServer(certificate, implicit=True)) as server:
        await Mail(an_output(server, ca=authority.path, security="tls")).tell(TOLD)
    assert len(server.letters) == 1


async def test_nothing_is_said_in_the_clear_where_tls_was_asked_for() -> None:
    async with mail_server(MailServer()) as server:
        with pytest.raises(NotTaken, match="STARTTLS") as failure:
            await Mail(an_output(server)).tell(TOLD)
    assert failure.value.reason == "security"
    assert set(server.conversation) <= {"EHLO", "QUIT"}


async def test_a_certificate_that_nobody_signed_is_not_believed(authority: Authority) -> None:
    certificate = accepting_context(authority.issue("localhost"))
    async with mail_server(MailServer(certificate)) as server:
        with pytest.raises(NotTaken) as failure:
            await Mail(an_output(server)).tell(TOLD)
    assert (failure.value.reason, server.letters) == ("security", [])


@pytest.mark.parametrize(
    ("answers", "reason", "hopeless"),
    [
        ({"MAIL": "550 who are you"}, "refused", False),
        ({"RCPT": "550 nobody of that name"}, "recipients", False),
        ({".": "451 later"}, "refused", False),
        ({".": "554 I will not have this"}, "refused", True),
        ({"MAIL": "nonsense"}, "refused", False),
    ],
)
async def test_a_refusal_says_whether_another_try_can_help(
    answers: dict[str, str], reason: str, hopeless: bool
) -> None:
    async with mail_server(MailServer(answers=answers)) as server:
        with pytest.raises(NotTaken) as failure:
            await Mail(an_output(server, security="none")).tell(TOLD)
    assert (failure.value.reason, failure.value.hopeless) == (reason, hopeless)


async def test_a_server_that_is_not_there() -> None:
    async with mail_server(MailServer()) as server:
        pass
    with pytest.raises(NotTaken) as failure:
        await Mail(an_output(server)).tell(TOLD)
    assert failure.value.reason == "connect"


async def test_a_wrong_password_is_an_operators_fault(authority: Authority) -> None:
    certificate = accepting_context(authority.issue("localhost"))
    async with mail_server(MailServer(certificate, implicit=True)) as server:
        output = an_output(server, ca=authority.path, security="tls", user="user", password="wrong")
        with pytest.raises(NotTaken) as failure:
            await Mail(output).tell(TOLD)
    assert (failure.value.reason, failure.value.hopeless) == ("login", False)


async def test_an_address_that_is_refused_keeps_the_others_from_nothing() -> None:
    async with mail_server(MailServer(refuses={"b@example.net"})) as server:
        mail = Mail(an_output(server, security="none"))
        await mail.tell(TOLD)
        await mail.tell(TOLD)
    assert len(server.letters) == 2
