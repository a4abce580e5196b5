from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from daemon.config.loader import load_settings
from daemon.config.output_settings import AlertmanagerOutput, MailOutput, SyslogOutput, WebhookOutput
from daemon.config.settings import Settings

MAIL = {"name": "duty", "kind": "mail", "host": "mail.example.net", "sender": "a@example.net", "to": ["b@example.net"]}
HOOK = {"name": "hook", "kind": "webhook", "url": "https://hooks.example.net/T0/hush"}
ALERTMANAGER = {"name": "am", "kind": "alertmanager", "url": "http://192.0.2.7:9093"}


def test_kind_says_which_output_it_is() -> None:
    log = {"name": "log", "kind": "syslog", "host": "::1", "transport": "tls"}
    mail, syslog = Settings.model_validate({"outputs": [MAIL, log]}).outputs
    assert isinstance(mail, MailOutput)
    assert isinstance(syslog, SyslogOutput)
    assert (mail.address, syslog.address) == (("mail.example.net", 587), ("::1", 6514))
    assert mail.receiver == "output/duty"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (MAIL | {"user": "a"}, "user and password go together"),
        (MAIL | {"user": "a", "password": "b", "security": "none"}, "not sent in the clear"),
        (MAIL | {"to": []}, "at least 1 item"),
        (MAIL | {"sender": "a@example.net\r\nBcc: c@example.net"}, "should match pattern"),
        (HOOK | {"url": "ftp://hooks.example.net"}, "is not the address of a web server"),
        (HOOK | {"url": "https://hush@hooks.example.net"}, "holds a user or password"),
        (HOOK | {"token": "naïve"}, "an HTTP header cannot"),
        (ALERTMANAGER | {"user": "a"}, "user and password go together"),
        (ALERTMANAGER | {"user": "a", "password": "b", "token": "c"}, "two logins"),
        (ALERTMANAGER | {"lasts": "5m"}, "lasts is shorter"),
        ({"name": "chat", "kind": "apprise", "url": "slack"}, "is not an address of apprise"),
        ({"name": "a/b", "kind": "syslog", "host": "a"}, "should match pattern"),
    ],
)
def test_an_output_that_cannot_work_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings.model_validate({"outputs": [given]})


def test_two_outputs_have_two_names() -> None:
    with pytest.raises(ValidationError, match="two outputs have the same name"):
        Settings.model_validate({"outputs": [MAIL, MAIL]})


def test_addresses_with_secrets_are_not_shown_and_may_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "hook.url").write_text("https://hooks.example.net/T0/hush\n")
    (tmp_path / "ringkeeper.yml").write_text("outputs:\n  - {name: hook, kind: webhook, url_file: hook.url}\n")
    [hook] = load_settings(tmp_path / "ringkeeper.yml").outputs
    assert isinstance(hook, WebhookOutput)
    assert hook.url.get_secret_value() == HOOK["url"]
    assert "hush" not in f"{hook!r} {hook.model_dump_json()}"


def test_managers_and_outputs_are_the_receivers() -> None:
    settings = Settings.model_validate({"outputs": [HOOK], "snmp": {"managers": [{"host": "192.0.2.10"}]}})
    assert [*settings.receivers] == ["192.0.2.10:162/ringkeeper", "output/hook"]


def test_a_token_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("bearer\n")
    text = "outputs: [{name: am, kind: alertmanager, url: 'http://192.0.2.7:9093', token_file: token}]\n"
    (tmp_path / "ringkeeper.yml").write_text(text)
    [output] = load_settings(tmp_path / "ringkeeper.yml").outputs
    assert isinstance(output, AlertmanagerOutput)
    assert output.token is not None
    assert output.token.get_secret_value() == "bearer"
