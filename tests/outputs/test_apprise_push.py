"""What is made of the end of the program that hands messages to apprise."""

from __future__ import annotations

import pytest
import trio

from daemon.config.output_settings import AppriseOutput
from daemon.outputs.apprise_push import ApprisePush
from daemon.outputs.way import NotTaken, Told
from tests.support.notifications import a_notification
from tests.support.receivers import WebServer, web_server


def a_push(url: str) -> ApprisePush:
    return ApprisePush(AppriseOutput.model_validate({"name": "chat", "kind": "apprise", "url": url}))


async def test_a_service_that_refuses_is_a_failure_that_does_not_show_the_address() -> None:
    async with web_server(WebServer(answers=[(500, {})])) as server:
        with pytest.raises(NotTaken) as failure:
            await a_push(f"json://hush:hush@127.0.0.1:{server.port}/").tell([Told(1, a_notification())])
    assert failure.value.reason == "refused"
    assert "hush" not in failure.value.why


async def test_a_service_that_hangs_is_let_go_of() -> None:
    async with web_server(WebServer(silent=True)) as server, trio.open_nursery() as nursery:
        nursery.start_soon(a_push(f"json://127.0.0.1:{server.port}/").tell, [Told(1, a_notification())])
        with trio.fail_after(30):
            while not server.requests:  # noqa: ASYNC110 - a plain record
                await trio.sleep(0.02)
        began = trio.current_time()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - began < 5
