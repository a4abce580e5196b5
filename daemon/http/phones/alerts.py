"""What a phone's alarm message says. Pure: bytes in, nouns out; numbers may come as text.

All entries of a message must speak of one phone. Not here: what an alarm means and whether it is new (the fleet).
"""

from __future__ import annotations

from daemon.errors import BadMessage
from daemon.fleet.events import Alert
from daemon.fleet.model import Mac, parse_mac
from daemon.fleet.notifications import Severity
from daemon.http.phones.lenient_json import JsonValue, read_object, text_field

MAX_ALERTS = 32  # in one message; simulators send one
_MAX_CODE = 2**31 - 1  # an INTEGER of the MIB
_SEVERITIES = {str(severity.value): severity for severity in Severity}
_INFO = ("additionalInfo1", "additionalInfo2", "additionalInfo3")


def read_alerts(body: bytes) -> tuple[Mac, tuple[Alert, ...]]:
    """An alarm message's body -> whose it is, and its entries.

    `BadMessage` reasons: "alerts", "mac", "name", "severity", "number", and those of `lenient_json`.
    """
    fields = read_object(body)
    entries = fields.get("alerts")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_ALERTS:
        raise BadMessage("alerts", f"not a list of 1 to {MAX_ALERTS}")
    objects = [entry for entry in entries if isinstance(entry, dict)]
    if len(objects) < len(entries):
        raise BadMessage("alerts", "an entry is no object")
    return _mac(fields, objects), tuple(map(_alert, objects))


def _mac(fields: dict[str, JsonValue], entries: list[dict[str, JsonValue]]) -> Mac:
    """From a `mac` field, or from `source`: "IPPhone/<mac>"."""
    named = [text_field(fields, "mac"), *(text_field(entry, "mac") or _source(entry) for entry in entries)]
    macs = {parse_mac(mac) for mac in named if mac}
    if len(macs) != 1:
        raise BadMessage("mac", f"{len(macs)} phones are named instead of one")
    return macs.pop()


def _source(entry: dict[str, JsonValue]) -> str:
    return text_field(entry, "source").rpartition("/")[2]


def _alert(entry: dict[str, JsonValue]) -> Alert:
    name = text_field(entry, "name")
    if not name:
        raise BadMessage("name", "an alarm without a name")
    info = [text_field(entry, key) for key in _INFO]
    while info and not info[-1]:
        info.pop()
    return Alert(
        name=name,
        description=text_field(entry, "description"),
        severity=_severity(text_field(entry, "severity")),
        event_type=_number(entry, "type"),
        probable_cause=_number(entry, "probableCause"),
        unique_id=text_field(entry, "uniqueId"),
        date=text_field(entry, "date"),
        additional_info=tuple(info),
    )


def _severity(text: str) -> Severity:
    """One digit, 0 to 5; 0 is a clear."""
    if text not in _SEVERITIES:
        raise BadMessage("severity", f"not 0 to 5: {text[:20]!r}")
    return _SEVERITIES[text]


def _number(entry: dict[str, JsonValue], key: str) -> int:
    """A code of the MIB; 0 ("other") where it is not said."""
    text = text_field(entry, key) or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _MAX_CODE):
        raise BadMessage("number", f"{key} is no number: {text[:20]!r}")
    return int(text)
