from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

from daemon.config.output_settings import MailOutput
from daemon.fleet.notifications import Severity
from daemon.outputs.letter import letter
from tests.support.notifications import a_notification, an_alarm

OUTPUT = MailOutput(
    name="duty", kind="mail", host="mail.example.net", sender="rk@example.net", to=("a@example.net", "b@example.org")
)


def test_one_alarm_makes_a_mail_that_says_all() -> None:
    mail = letter(OUTPUT, [a_notification()])
    assert mail["Subject"] == "[Ringkeeper] CRITICAL IPPhoneRegisterFailure: IPPhone#1/00908f4867af (acme)"
    assert mail["To"] == "a@example.net, b@example.org"
    assert mail["Date"] == "Wed, 04 Mar 2026 09:15:02 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "To do:" in mail.get_content()


def test_a_mail_sent_again_is_the_same_mail() -> None:
    assert letter(OUTPUT, [a_notification()]).as_bytes() == letter(OUTPUT, [a_notification()]).as_bytes()
    assert letter(OUTPUT, [a_notification(8)])["Message-ID"] != letter(OUTPUT, [a_notification()])["Message-ID"]


def test_a_clear_is_in_the_thread_of_its_raise_even_within_a_digest() -> None:
    raised = letter(OUTPUT, [a_notification(7)])
    over = a_notification(9, alarm=an_alarm(severity=Severity.CLEARED), at=1_772_615_999.0)
    other = a_notification(8, alarm=an_alarm("deviceUnreachable"))
    digest = letter(OUTPUT, [other, over])
    assert raised["References"] == raised["In-Reply-To"]
    assert str(raised["References"]) in str(digest["References"])
    assert str(digest["References"]).count("<") == 2


def test_a_raise_that_comes_back_begins_a_new_thread() -> None:
    again = replace(an_alarm(), raised_at=1_772_700_000.0)
    assert (
        letter(OUTPUT, [a_notification(alarm=again)])["References"] != letter(OUTPUT, [a_notification()])["References"]
    )


def test_what_a_phone_writes_makes_no_header() -> None:
    alarm = an_alarm("x\r\nBcc: c@example.net", description="ünïcode \udcff " + "x" * 2000)
    read = message_from_bytes(letter(OUTPUT, [a_notification(alarm=alarm)]).as_bytes(), policy=default)
    assert read["Bcc"] is None
    assert "ünïcode" in read.get_content()
    assert max(map(len, letter(OUTPUT, [a_notification(alarm=alarm)]).as_bytes().splitlines())) <= 998
