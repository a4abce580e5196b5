"""A whole daemon whose alarms go to a webhook, to mail and to a syslog collector that is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.desk_phone import DeskPhone
from tests.support.receivers import MailServer, WebServer, mail_server, web_server
from tests.support.waiting import becomes_true, until
from tests.support.whole_daemon import a_device, an_inventory, whole_daemon, write_config

MAC = "00908f000001"
FLEET = an_inventory(a_device(MAC, "2041"))


def told(server: WebServer) -> list[tuple[int, str, str]]:
    """Number, name and severity of everything that the webhook was told."""
    everything = [one for request in server.requests for one in json.loads(request.body)["notifications"]]
    return [(one["number"], one["alarm"]["name"], one["alarm"]["severity"]) for one in everything]


async def test_alarms_go_wherever_they_are_sent_and_a_dead_output_is_an_alarm_for_the_others(tmp_path: Path) -> None:
    async with web_server(WebServer()) as web, mail_server(MailServer()) as post:
        hook: dict[str, Any] = {"name": "hook", "kind": "webhook", "url": f"http://127.0.0.1:{web.port}/"}
        mail = {
            "name": "duty",
            "kind": "mail",
            "host": "127.0.0.1",
            "port": post.port,
            "security": "none",
            "sender": "rk@example.net",
            "to": ["duty@example.net"],
            "gather": "100ms",
            "names": ["IPPhone*"],
        }
        dead = {"name": "log", "kind": "syslog", "host": "127.0.0.1", "port": 1, "transport": "tcp"}
        dead |= {"retry": "50ms", "retry_max": "50ms", "down_after": "200ms"}
        config = write_config(tmp_path, FLEET, outputs=[hook, dead])
        async with whole_daemon(config) as daemon:
            phone = DeskPhone(daemon.running.phones_url, MAC)
            assert (await phone.alarm(5)).status == 200
            await becomes_true(lambda: len(told(web)) == 2)
            assert told(web) == [(1, "IPPhoneRegisterFailure", "critical"), (2, "outputDown", "major")]
            write_config(tmp_path, FLEET, outputs=[hook, mail])
            assert await daemon.running.reload()
            assert (await phone.alarm(0)).status == 200
            await becomes_true(lambda: len(told(web)) == 4 and len(post.letters) == 1)
            assert sorted(told(web)[2:], key=lambda one: one[1]) == [
                (4, "IPPhoneRegisterFailure", "cleared"),
                (3, "outputDown", "cleared"),
            ]
            assert "CLEARED IPPhoneRegisterFailure" in post.letters[0]["Subject"]
            hook_told = 'ringkeeper_output_told_total{output="hook"}'
            await until(lambda: daemon.metric(hook_told), lambda count: count == 4)
            pending = 'ringkeeper_outbox_pending{manager="output/hook"}'
            await until(lambda: daemon.metric(pending), lambda count: count == 0)
            tested = [await daemon.tell(f"/outputs/{name}/test", {}) for name in ("duty", "nobody")]
            assert [answer.status_code for answer in tested] == [200, 404]
            assert tested[0].json() == {"name": "duty", "taken": True, "why": ""}
            assert "outputTest" in post.letters[1]["Subject"]
