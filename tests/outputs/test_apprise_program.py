"""The program that hands messages to apprise, as the daemon starts it: by its name, with the message on its input."""

from __future__ import annotations

import json

import pytest

from daemon.config.output_settings import AppriseOutput
from daemon.outputs.apprise_push import ApprisePush
from daemon.outputs.way import NotTaken, Told
from tests.support.notifications import a_notification
from tests.support.receivers import WebServer, web_server


def a_push(url: str) -> ApprisePush:
    return ApprisePush(AppriseOutput.model_validate({"name": "chat", "kind": "apprise", "url": url}))


async def test_an_address_of_nobody_is_said_to_be_one() -> None:
    with pytest.raises(NotTaken) as failure:
        await a_push("nosuchservice://x/y").tell([Told(1, a_notification())])
    assert failure.value.reason == "address"


async def test_a_message_is_handed_over_whole() -> None:
    async with web_server(WebServer()) as server:
        url = f"json://127.0.0.1:{server.port}/"
        await a_push(url).tell([Told(1, a_notification(7)), Told(2, a_notification(8))])
    [request] = server.requests
    said = json.loads(request.body)
    assert said["title"].startswith("Ringkeeper: 2 alarms, worst CRITICAL")
    assert said["message"].count("To do:") == 2
    assert said["type"] == "failure"
