"""Syslog over real sockets on loopback; what rsyslog makes of it is `test_against_rsyslog`'s business."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.config.output_settings import SyslogOutput
from daemon.config.tls_contexts import accepting_context
from daemon.outputs.syslog import Syslog
from daemon.outputs.way import NotTaken, Told
from tests.support.certificates import Authority
from tests.support.notifications import a_notification
from tests.support.receivers import Collector, collector

TOLD = [Told(number, a_notification(number)) for number in range(1, 4)]


def an_output(port: int, **fields: Any) -> Syslog:
    given = {"name": "log", "kind": "syslog", "host": "localhost", "port": port, **fields}
    return Syslog(SyslogOutput.model_validate(given), lambda: 32473)


async def test_a_datagram_each() -> None:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        await an_output(sock.getsockname()[1], host="127.0.0.1").tell(TOLD)
        heard = [await sock.recv(4096) for _ in TOLD]
    assert [b'number="%d"' % number in message for number, message in enumerate(heard, 1)] == [True] * 3


async def test_all_that_waits_goes_over_one_connection() -> None:
    async with collector(Collector()) as sink:
        await an_output(sink.port, transport="tcp").tell(TOLD)
        assert [b'number="%d"' % number in one for number, one in enumerate(sink.messages, 1)] == [True] * 3


async def test_what_a_collector_loses_by_dying_was_not_told() -> None:
    async with collector(Collector(dies=1)) as sink:
        output = an_output(sink.port, transport="tcp")
        with pytest.raises(NotTaken) as failure:
            await output.tell(TOLD)
        assert failure.value.reason in ("broken", "connect")
        await output.tell(TOLD)
        assert len(sink.messages) == 3


async def test_over_tls_only_to_whom_the_authority_vouches_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = accepting_context(authority.issue("localhost"))
    async with collector(Collector(certificate)) as sink:
        await an_output(sink.port, transport="tls", ca=authority.path).tell(TOLD)
        assert len(sink.messages) == 3
        with pytest.raises(NotTaken) as failure:
            await an_output(sink.port, transport="tls").tell(TOLD)
        assert failure.value.reason == "security"
        assert len(sink.messages) == 3


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_name_that_leads_nowhere_is_no_harm(transport: str) -> None:
    with pytest.raises(NotTaken) as failure:
        await an_output(514, transport=transport, host="a..b").tell(TOLD)
    assert failure.value.reason == "connect"
