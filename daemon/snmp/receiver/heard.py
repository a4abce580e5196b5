"""What a notification of somebody else says: about whom, and what we make of it. Pure; a PDU in, a frozen value out.

AudioCodes' devices describe their alarms whole in eleven varbinds, so any trap of theirs with a severity is an alarm
or its end; of the generic traps a table says what they mean (`heard_table`). Values that cannot be what they should
be are left out, for a device with one odd varbind has its trouble all the same. Not here: who is believed (`belief`),
whose device it is, what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from daemon.errors import BadMessage
from daemon.fleet.events import Alert, TrapHeard
from daemon.fleet.model import Mac, mac_or_none
from daemon.fleet.notifications import EventType, Severity
from daemon.snmp.ber import Oid
from daemon.snmp.oids import SNMP_TRAP_ADDRESS
from daemon.snmp.pdu import Pdu, RawVarbind, notification_identity, value_of
from daemon.snmp.receiver import heard_table
from daemon.snmp.receiver.heard_table import (
    BOARD_TRAPS,
    GENERIC,
    GROUPS,
    IF_INDEX,
    KEEP_ALIVE,
    PASSING,
    Columns,
    Generic,
)

# acBoardTrapGlobals: texts of 200 octets in one object, 100 in the others. Whoever sends more is cut short.
_DESCRIPTION_LIMIT = 200
_TEXT_LIMIT = 100
_INFOS = 3
_BOARD_DEPTH = len(BOARD_TRAPS)
_MOST_CAUSE = 2**31


@dataclass(frozen=True, slots=True)
class Heard:
    """A notification that was understood, or was not: `known` says which, `kind` is its identity.

    `mac` and `address` are whom it says it is about. What it means is as in `TrapHeard`.
    """

    kind: Oid
    mac: Mac | None
    address: str
    known: bool = True
    keep_alive: bool = False
    alert: Alert | None = None
    part: str = ""
    remark: str = ""

    def event(self, mac: Mac, source: str) -> TrapHeard:
        """What happened, once it is clear whose device it is."""
        return TrapHeard(mac, source, self.keep_alive, self.alert, self.part, self.remark)


def understand(pdu: Pdu) -> Heard:
    """What a TRAP or INFORM says; `BadMessage` for one without an identity."""
    kind = notification_identity(pdu)
    said = {varbind.oid: varbind for varbind in pdu.varbinds[2:]}
    for group in GROUPS:
        fields = _fields(said, group)
        if fields:
            return _described(kind, fields, group, _address(said))
    address = _address(said)
    if generic := GENERIC.get(kind):
        return _generic(kind, generic, said, address)
    return Heard(kind, None, address, known=kind[:_BOARD_DEPTH] == BOARD_TRAPS)


def _fields(said: Mapping[Oid, RawVarbind], group: Columns) -> dict[int, RawVarbind]:
    """The varbinds of a group by their arc, whether their names end with the instance's 0 or not."""
    depth = len(group.root)
    return {oid[depth]: varbind for oid, varbind in said.items() if len(oid) > depth and oid[:depth] == group.root}


def _described(kind: Oid, fields: Mapping[int, RawVarbind], group: Columns, address: str) -> Heard:
    infos = tuple(_text(fields.get(group.infos + slot), _TEXT_LIMIT) for slot in range(_INFOS))
    mac = mac_or_none(infos[0])
    if kind == KEEP_ALIVE:
        return Heard(kind, mac, address, keep_alive=True)
    number = _board_number(kind, _number(fields.get(group.name)))
    text = _text(fields.get(group.text), _DESCRIPTION_LIMIT)
    severity = _number(fields.get(group.severity))
    if number is None or severity not in set(Severity):
        return Heard(kind, mac, address, known=False)
    name = heard_table.board_name(number)
    if number in PASSING:
        return Heard(kind, mac, address, remark=f"{name}: {text}" if text else name)
    told_type = _number(fields.get(group.event_type))
    cause = _number(fields.get(group.cause))
    alert = Alert(
        name=name,
        description=text,
        severity=Severity(severity),
        event_type=told_type if told_type in set(EventType) else EventType.OTHER,
        probable_cause=cause if 0 <= cause < _MOST_CAUSE else 0,
        unique_id="",
        date="",
        additional_info=tuple(info for info in infos if info),
    )
    return Heard(kind, mac, address, alert=alert, part=_text(fields.get(group.source), _TEXT_LIMIT))


def _board_number(kind: Oid, name: int) -> int | None:
    """Which board trap it is: by its identity, else by the number that it names itself by, which is one less."""
    if kind[:_BOARD_DEPTH] == BOARD_TRAPS and len(kind) == _BOARD_DEPTH + 1:
        return kind[-1]
    return name + 1 if name >= 0 else None


def _generic(kind: Oid, meaning: Generic, said: Mapping[Oid, RawVarbind], address: str) -> Heard:
    if meaning.severity is None:
        return Heard(kind, None, address, remark=f"{meaning.name}: {meaning.text}")
    index = next((_number(varbind) for oid, varbind in said.items() if oid[: len(IF_INDEX)] == IF_INDEX), -1)
    alert = Alert(meaning.name, meaning.text, meaning.severity, meaning.event_type, meaning.cause, "", "", ())
    return Heard(kind, None, address, alert=alert, part=f"Interface#{index}" if index >= 0 else "")


def _address(said: Mapping[Oid, RawVarbind]) -> str:
    """Whom it is about by snmpTrapAddress.0; "" if it does not say, or says nobody."""
    value = _value(said.get(SNMP_TRAP_ADDRESS))
    return str(IPv4Address(value)) if isinstance(value, bytes) and len(value) == 4 and any(value) else ""


def _text(varbind: RawVarbind | None, limit: int) -> str:
    """A text as it was meant, made fit to be shown: control characters are left out."""
    value = _value(varbind)
    if not isinstance(value, bytes):
        return ""
    text = value[:limit].decode("utf-8", "replace").strip("\0 ")
    return "".join(character for character in text if character.isprintable())


def _number(varbind: RawVarbind | None) -> int:
    """A number, -1 for what is none."""
    value = _value(varbind)
    return value if isinstance(value, int) else -1


def _value(varbind: RawVarbind | None) -> int | bytes | Oid | None:
    try:
        return value_of(varbind) if varbind else None
    except BadMessage:
        return None
