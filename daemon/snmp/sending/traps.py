"""What a notification says: from a `Notification` to its trap identity and ordered varbinds, per profile.

Profile "ringkeeper" speaks our own MIB. Profile "paired" does so too, but with one identity for the raise of an alarm
and another for its clear, for managers that decide by identity alone. Profile "audiocodes" speaks to managers that
already know AudioCodes' traps: the vendor's trap identities with the eleven varbinds of its board traps. Which
varbinds the vendor's own manager sends with its phone traps is not public; these eleven are what its devices send, in
the order of AcBoard. Alarms for which the vendor has no trap carry our notification's identity, with the same eleven.

Else a clear is the same trap with severity cleared. Two notifications tell of no alarm: that this daemon has started
(`cold_start`), and that it lives (`heartbeat`). Texts that are too long lose their end, never half a character.
Not here: bytes (`encode`), and when and to whom (`sender`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from daemon.fleet.notifications import Alarm, Notification, Severity
from daemon.snmp import oids
from daemon.snmp.ber import Oid, Syntax

Profile = Literal["ringkeeper", "audiocodes", "paired"]
Address = IPv4Address | IPv6Address

# acBoardTrapGlobals: texts of 200 octets in one object, 100 in the others; UniqID 0..32000.
_DESCRIPTION_LIMIT = 200
_TEXT_LIMIT = 100
_UNIQUE_IDS = 32001
_INFO_SLOTS = 3

_UNSIGNED = 2**32


@dataclass(frozen=True, slots=True)
class Varbind:
    """One variable binding: the instance, its type, and its value as that type has it."""

    oid: Oid
    syntax: Syntax
    value: int | bytes | Oid


@dataclass(frozen=True, slots=True)
class Trap:
    """A notification's identity and all its varbinds in order, sysUpTime.0 and snmpTrapOID.0 first."""

    oid: Oid
    varbinds: tuple[Varbind, ...]


def notification_to_trap(
    notification: Notification, profile: Profile, enterprise: int, uptime_seconds: float, number: int
) -> Trap:
    """What a manager of that profile is sent. `uptime_seconds` counts from the start of this daemon.

    `number` is the manager's own: it counts what this manager is told, without a gap.
    """
    name = notification.alarm.name
    if profile == "audiocodes":
        identity = oids.audiocodes_trap(name) or oids.ringkeeper_notification(enterprise, name)
        return _trap(identity, uptime_seconds, _audiocodes_varbinds(notification, identity, number))
    if profile == "paired":
        cleared = notification.alarm.severity is Severity.CLEARED
        identity = oids.ringkeeper_paired(enterprise, name, cleared=cleared)
    else:
        identity = oids.ringkeeper_notification(enterprise, name)
    return _trap(identity, uptime_seconds, _ringkeeper_varbinds(notification, enterprise, number))


def cold_start(uptime_seconds: float) -> Trap:
    """That this daemon has started, as the standard has it (RFC 3418)."""
    return _trap(oids.COLD_START, uptime_seconds, ())


def heartbeat(number: int, at: float, enterprise: int, uptime_seconds: float) -> Trap:
    """That this daemon lives; `number` is the last that this manager was given, 0 for none."""
    said: dict[oids.MibObject, int | bytes] = {oids.SEQUENCE: number % _UNSIGNED, oids.EVENT_TIME: date_and_time(at)}
    details = [_varbind(enterprise, wanted, said[wanted]) for wanted in oids.HEARTBEAT_OBJECTS]
    return _trap(oids.ringkeeper_heartbeat(enterprise), uptime_seconds, details)


def _trap(identity: Oid, uptime_seconds: float, details: Iterable[Varbind]) -> Trap:
    head = (
        Varbind(oids.SYS_UP_TIME, Syntax.TIME_TICKS, int(uptime_seconds * 100) % _UNSIGNED),
        Varbind(oids.SNMP_TRAP_OID, Syntax.OID, identity),
    )
    return Trap(identity, (*head, *details))


def clip(text: str, limit: int) -> bytes:
    """UTF-8 of at most `limit` octets, cut between characters; what UTF-8 cannot say becomes a question mark."""
    data = text.encode("utf-8", "replace")
    return data if len(data) <= limit else data[:limit].decode("utf-8", "ignore").encode()


def date_and_time(at: float) -> bytes:
    """A time of the program's axis as DateAndTime (RFC 2579): eleven octets, in UTC and saying so."""
    when = datetime.fromtimestamp(at, UTC)
    deciseconds = when.microsecond // 100_000
    fields = (when.month, when.day, when.hour, when.minute, when.second, deciseconds)
    return when.year.to_bytes(2, "big") + bytes(fields) + b"+\0\0"


def _ringkeeper_varbinds(notification: Notification, enterprise: int, number: int) -> list[Varbind]:
    alarm = notification.alarm
    address = _address(notification.device_ip)
    infos = "; ".join(info for info in alarm.additional_info if info)
    values: tuple[tuple[oids.MibObject, int | bytes | str], ...] = (  # in the order of oids.OBJECTS
        (oids.SEQUENCE, number % _UNSIGNED),
        (oids.EVENT_TIME, date_and_time(notification.at)),
        (oids.ALARM_ID, alarm.id),
        (oids.ALARM_NAME, alarm.name),
        (oids.ALARM_TEXT, alarm.description),
        (oids.ALARM_SOURCE, alarm.source),
        (oids.SEVERITY, oids.ITU_SEVERITY[alarm.severity]),
        (oids.EVENT_TYPE, oids.IANA_EVENT_TYPE[alarm.event_type]),
        (oids.PROBABLE_CAUSE, oids.IANA_PROBABLE_CAUSE.get(alarm.probable_cause, oids.IANA_OTHER_CAUSE)),
        (oids.TENANT, alarm.tenant),
        (oids.DEVICE_MAC, bytes.fromhex(alarm.device or "")),
        (oids.DEVICE_ADDRESS, "" if address is None else str(address)),
        (oids.ADDITIONAL_INFO, infos),
    )
    varbinds = [_varbind(enterprise, wanted, value) for wanted, value in values]
    if isinstance(address, IPv4Address):  # snmpTrapAddress knows no other kind
        varbinds.append(Varbind(oids.SNMP_TRAP_ADDRESS, Syntax.IP_ADDRESS, address.packed))
    return varbinds


def _varbind(enterprise: int, wanted: oids.MibObject, value: int | bytes | str) -> Varbind:
    instance = oids.ringkeeper_instance(enterprise, wanted)
    if isinstance(value, int):
        return Varbind(instance, Syntax.UNSIGNED if wanted is oids.SEQUENCE else Syntax.INTEGER, value)
    return Varbind(instance, Syntax.OCTETS, clip(value, wanted.limit) if isinstance(value, str) else value)


def _audiocodes_varbinds(notification: Notification, identity: Oid, number: int) -> list[Varbind]:
    alarm = notification.alarm
    infos = [clip(info, _TEXT_LIMIT) for info in _three(alarm.additional_info)]
    values: tuple[int | bytes, ...] = (
        identity[-1] - 1,  # Name: "the last number in the trap's OID, minus 1"
        clip(alarm.description, _DESCRIPTION_LIMIT),
        clip(alarm.source, _TEXT_LIMIT),
        oids.AUDIOCODES_SEVERITY[alarm.severity],
        number % _UNIQUE_IDS,
        oids.AUDIOCODES_EVENT_TYPE[alarm.event_type],
        _audiocodes_cause(alarm),
        *infos,
        date_and_time(notification.at),
    )
    return [
        Varbind(oids.audiocodes_instance(arc), Syntax.INTEGER if isinstance(value, int) else Syntax.OCTETS, value)
        for arc, value in enumerate(values, start=1)
    ]


def _audiocodes_cause(alarm: Alarm) -> int:
    """The cause as the phone gave it, newer numbers too; but a number the vendor's INTEGER cannot hold is "other"."""
    return alarm.probable_cause if 0 <= alarm.probable_cause < 2**31 else 0


def _three(infos: Sequence[str]) -> list[str]:
    return [*infos, "", "", ""][:_INFO_SLOTS]


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
