from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.output_settings import SyslogOutput
from daemon.fleet.notifications import Notification, Severity
from daemon.outputs.syslog_message import FACILITIES, framed, syslog_message
from tests.support.notifications import a_notification, an_alarm

# RFC 5424, section 6, as one expression; a parameter's value escapes quotes, backslashes and closing brackets.
_PARAMETER = r'[!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*"'
RFC5424 = re.compile(
    rf"<(\d{{1,3}})>1 (\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{1,6}}Z) ([!-~]{{1,255}}) ([!-~]{{1,48}}) ([!-~]{{1,128}}) "
    rf"([!-~]{{1,32}}) (-|\[[!#-<>-\\^-~]{{1,32}}(?: {_PARAMETER})*\]) (.*)"
)


def message(told: Notification, **fields: object) -> bytes:
    output = SyslogOutput.model_validate({"name": "log", "kind": "syslog", "host": "a", **fields})
    return syslog_message(output, told, enterprise=32473, hostname="rk.example.net", process=42, number=3)


def test_a_message_has_every_fact_as_structured_data() -> None:
    assert message(a_notification()).decode() == (
        "<129>1 2026-03-04T09:15:02.125Z rk.example.net ringkeeper 42 IPPhoneRegisterFailure "
        '[ringkeeper@32473 number="3" sequence="7" occasion="raised" '
        'id="IPPhone#1/00908f4867af/IPPhoneRegisterFailure/5" name="IPPhoneRegisterFailure" '
        'severity="critical" peak="cleared" source="IPPhone#1/00908f4867af" tenant="acme" '
        'device="00908f4867af" address="10.1.2.7" eventType="communications" probableCause="5" '
        'raisedAt="2026-03-04T09:15:02.125Z" info="pbx-a refused it"] '
        "CRITICAL IPPhoneRegisterFailure: IPPhone#1/00908f4867af (acme): SIP registration failed"
    )


@pytest.mark.parametrize(
    ("severity", "facility", "priority"),
    [(Severity.CRITICAL, "kern", 1), (Severity.CLEARED, "local7", 189), (Severity.WARNING, "daemon", 28)],
)
def test_severities_are_those_of_rfc_5674(severity: Severity, facility: str, priority: int) -> None:
    told = a_notification(alarm=an_alarm(severity=severity))
    assert message(told, facility=facility).startswith(b"<%d>1 " % priority)


def test_facilities_are_numbered_as_in_the_rfc() -> None:
    assert (FACILITIES["kern"], FACILITIES["cron"], FACILITIES["local0"], FACILITIES["local7"]) == (0, 9, 16, 23)


def test_a_stream_is_told_how_long_a_message_is() -> None:
    assert framed(b"<1>1 - - - - - -") == b"16 <1>1 - - - - - -"


TEXT = st.text(max_size=600) | st.text(alphabet='"\\] \r\n\x00\udcff', max_size=40)


@settings(max_examples=100)
@given(name=TEXT, description=TEXT, info=TEXT, tenant=TEXT, size=st.sampled_from([480, 700, 2048]))
def test_whatever_a_phone_writes_the_message_is_whole_and_within_its_size(
    name: str, description: str, info: str, tenant: str, size: int
) -> None:
    alarm = an_alarm(name, description=description, additional_info=(info, info), tenant=tenant)
    made = message(a_notification(alarm=alarm), max_size=size)
    assert len(made) <= size
    assert RFC5424.fullmatch(made.decode()), made
