"""rsyslogd as the judge of our syslog: written by somebody else, it reads our messages by the RFC or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.output_settings import SyslogOutput
from daemon.outputs.syslog import Syslog
from daemon.outputs.way import Told
from tests.support.certificates import Authority
from tests.support.notifications import a_notification, an_alarm
from tests.support.processes_of_receivers import rsyslogd
from tests.support.waiting import becomes_true

pytestmark = pytest.mark.peer


async def test_rsyslogd_reads_every_field_over_every_transport(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    told = [
        Told(1, a_notification(1)),
        Told(2, a_notification(2, alarm=an_alarm(description='say "]\\" in Köln\nagain', tenant="a]b"))),
    ]
    async with rsyslogd(tmp_path, authority.path, authority.issue("localhost", "127.0.0.1")) as judge:
        for transport, port in judge.ports.items():
            settings = {"transport": transport, "port": port, "facility": "local3", "ca": authority.path}
            output = SyslogOutput.model_validate({"name": "l", "kind": "syslog", "host": "127.0.0.1", **settings})
            before = len(judge.heard)
            await Syslog(output, lambda: 32473).tell(told)
            await becomes_true(lambda wanted=before + 2: len(judge.heard) == wanted)  # type: ignore[misc]
            plain, odd = judge.heard[before:]
            assert (plain[0], plain[2], plain[3]) == ("local3.alert", "ringkeeper", "IPPhoneRegisterFailure")
            assert plain[4].startswith('[ringkeeper@32473 number="1" sequence="1" ')
            assert 'tenant="a\\]b"' in odd[4]
            assert odd[5].endswith('say "]\\" in Köln again')
