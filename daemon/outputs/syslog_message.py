"""One notification -> one syslog message (RFC 5424), and its frame on a stream. Pure.

Severities are those that RFC 5674 (section 2) gives to alarms. The facts stand as structured data under our enterprise
number, so that a collector need not take the text apart. A message longer than `max_size` first has its values cut
short, then its text; it is never broken. Not here: sockets (`syslog`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import get_args

from daemon.config.output_settings import Facility, SyslogOutput
from daemon.fleet.notifications import Notification, Severity
from daemon.outputs.wording import clean, headline
from daemon.scheduler.timestamps import rfc3339

FACILITIES: Mapping[str, int] = MappingProxyType({name: code for code, name in enumerate(get_args(Facility))})

# RFC 5674, section 2: the alarm's perceived severity -> syslog's.
SEVERITIES: Mapping[Severity, int] = MappingProxyType(
    {
        Severity.CRITICAL: 1,
        Severity.MAJOR: 2,
        Severity.MINOR: 3,
        Severity.WARNING: 4,
        Severity.INDETERMINATE: 5,
        Severity.CLEARED: 5,
    }
)

_LONGEST_VALUES = (1024, 255, 64, 12)  # characters of each value, tried in turn until the message fits
_ESCAPES = str.maketrans({'"': r"\"", "\\": r"\\", "]": r"\]"})  # RFC 5424, section 6.3.3


def syslog_message(
    output: SyslogOutput, notification: Notification, *, enterprise: int, hostname: str, process: int, number: int
) -> bytes:
    """The message, `output.max_size` octets at most. `number` counts what this output was told, without a gap."""
    alarm = notification.alarm
    priority = FACILITIES[output.facility] * 8 + SEVERITIES[alarm.severity]
    host, name = _word(hostname, 255), _word(alarm.name, 32)
    header = f"<{priority}>1 {rfc3339(notification.at)} {host} ringkeeper {process} {name}"
    facts = [(key, clean(value)) for key, value in _facts(notification, number) if value]
    for longest in _LONGEST_VALUES:
        message = f"{header} {_element(facts, enterprise, longest)} "
        room = output.max_size - len(message.encode())
        if room >= 0:
            break
    else:
        message = f"{header} - "
        room = output.max_size - len(message.encode())
    # No byte order mark in front of the text: RFC 5424 wants one, and the collectors in use show it as rubbish.
    text = f"{headline(notification)}: {clean(alarm.description)}".encode(errors="replace")
    return message.encode(errors="replace") + text[:room].decode(errors="ignore").encode()


def framed(message: bytes) -> bytes:
    """As it goes on a stream: octet counting (RFC 6587, section 3.4.1; RFC 5425, section 4.3)."""
    return b"%d %s" % (len(message), message)


def _facts(notification: Notification, number: int) -> Iterator[tuple[str, str]]:
    alarm = notification.alarm
    yield "number", str(number)
    yield "sequence", str(notification.sequence)
    yield "occasion", notification.occasion
    yield "id", alarm.id
    yield "name", alarm.name
    yield "severity", alarm.severity.name.lower()
    yield "peak", alarm.peak.name.lower()
    yield "source", alarm.source
    yield "tenant", alarm.tenant
    yield "site", alarm.site
    yield "device", alarm.device or ""
    yield "address", notification.device_ip
    yield "eventType", alarm.event_type.name.lower()
    yield "probableCause", str(alarm.probable_cause)
    yield "raisedAt", rfc3339(alarm.raised_at)
    yield "info", "; ".join(alarm.additional_info)


def _element(facts: list[tuple[str, str]], enterprise: int, longest: int) -> str:
    values = " ".join(f'{key}="{value[:longest].translate(_ESCAPES)}"' for key, value in facts)
    return f"[ringkeeper@{enterprise} {values}]"


def _word(text: str, longest: int) -> str:
    """Visible ASCII without spaces, as header fields are; "-" says that there is none."""
    return "".join(each for each in text if "!" <= each <= "~")[:longest] or "-"
