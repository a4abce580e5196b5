"""The message of SNMPv3: header, parameters of the user-based security model, scoped PDU (RFC 3412, 3414).

Bytes to frozen values and back, and nothing is believed here: whether a MAC is right and a time recent, the engines
decide. What is read is read whole or refused with a reason. Not here: PDUs (`pdu`), keys (`usm`).
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.errors import BadMessage
from daemon.snmp import ber
from daemon.snmp.ber import Syntax
from daemon.snmp.pdu import Version
from daemon.snmp.v3.usm import SALT_OCTETS, Keys, Level

MAX_SIZE = 65507  # octets that we take: whatever fits into a datagram over IPv4
LEAST_SIZE = 484  # what everybody must take (RFC 3412, section 6.1)

_USER_SECURITY_MODEL = 3
_REPORTABLE = 4
_LEVELS = frozenset(Level)
_LONGEST_ENGINE_ID = 32
_LONGEST_USER = 32
_BEYOND = 2**31


class Header(NamedTuple):
    """Who says it, to which engine's keys and clock, and how it is protected. `reportable`: a Report is welcome."""

    message_id: int
    max_size: int
    level: Level
    reportable: bool
    engine_id: bytes  # the authoritative one; empty when it is asked for
    boots: int
    time: int
    user: bytes


class Message(NamedTuple):
    """A message, not believed yet. `data` is the encoded scoped PDU, or its ciphertext if the level is PRIVATE."""

    header: Header
    mac: bytes
    salt: bytes
    data: bytes
    whole: bytes
    mac_at: int  # where in `whole` the MAC stands

    @property
    def signed(self) -> bytes:
        """What the MAC is made of: the whole message with zeros in the MAC's place."""
        end = self.mac_at + len(self.mac)
        return self.whole[: self.mac_at] + bytes(len(self.mac)) + self.whole[end:]


class ScopedPdu(NamedTuple):
    """An encoded PDU, and whose objects it is about."""

    context_engine_id: bytes
    context_name: bytes
    pdu: bytes


def decode_message(datagram: bytes) -> Message:
    """A message of v3 with the user-based security model; `BadMessage` for any other."""
    start, stop = _expect(datagram, 0, len(datagram), ber.SEQUENCE)
    whole = datagram[:stop]
    version, at = _natural(whole, start, stop)
    if version != Version.V3:
        raise BadMessage("version", f"version field {version}, not {Version.V3} (v3)")
    start, at = _expect(whole, at, stop, ber.SEQUENCE)
    message_id, max_size, flags = _global_data(whole, start, at)
    start, at = _expect(whole, at, stop, Syntax.OCTETS)
    (engine_id, boots, time, user), mac, mac_at, salt = _security_parameters(whole, start, at)
    level = Level(flags & Level.PRIVATE)
    header = Header(message_id, max_size, level, bool(flags & _REPORTABLE), engine_id, boots, time, user)
    if level is Level.PRIVATE:
        begin, end = _expect(whole, at, stop, Syntax.OCTETS)
        if len(salt) != SALT_OCTETS:
            raise BadMessage("salt", f"{len(salt)} octets, not {SALT_OCTETS} as AES asks for")
    else:
        begin = at
        _, end = _expect(whole, at, stop, ber.SEQUENCE)
    if end != stop:
        raise BadMessage("trailing", "something follows the scoped PDU")
    return Message(header, mac, salt, whole[begin:end], whole, mac_at)


def encode_message(header: Header, scoped_pdu: bytes, keys: Keys, salt: bytes) -> bytes:
    """One datagram, enciphered and authenticated as the header's level says; `salt` matters to PRIVATE only."""
    private = header.level is Level.PRIVATE
    if private:
        scoped_pdu = ber.wrap(Syntax.OCTETS, keys.encrypt(scoped_pdu, header.boots, header.time, salt))
    flags = header.level | (_REPORTABLE if header.reportable else 0)
    salted = ber.wrap(Syntax.OCTETS, salt if private else b"")
    mac_octets = keys.mac_octets if header.level else 0
    parameters = ber.sequence(
        (
            ber.wrap(Syntax.OCTETS, header.engine_id),
            ber.integer(header.boots),
            ber.integer(header.time),
            ber.wrap(Syntax.OCTETS, header.user),
            ber.wrap(Syntax.OCTETS, bytes(mac_octets)),
            salted,
        )
    )
    about = (
        ber.integer(header.message_id),
        ber.integer(header.max_size),
        ber.wrap(Syntax.OCTETS, bytes((flags,))),
        ber.integer(_USER_SECURITY_MODEL),
    )
    parts = (ber.integer(Version.V3), ber.sequence(about), ber.wrap(Syntax.OCTETS, parameters), scoped_pdu)
    whole = ber.sequence(parts)
    if not mac_octets:
        return whole
    mac_end = len(whole) - len(scoped_pdu) - len(salted)
    return whole[: mac_end - mac_octets] + keys.mac(whole) + whole[mac_end:]


def decode_scoped_pdu(data: bytes) -> ScopedPdu:
    """What was enciphered, or stood in the clear; `BadMessage` for anything else."""
    start, stop = _expect(data, 0, len(data), ber.SEQUENCE)
    start, at = _expect(data, start, stop, Syntax.OCTETS)
    context_engine_id = data[start:at]
    start, at = _expect(data, at, stop, Syntax.OCTETS)
    return ScopedPdu(context_engine_id, data[start:at], data[at:stop])


def encode_scoped_pdu(scoped: ScopedPdu) -> bytes:
    """A scoped PDU, before it is enciphered."""
    engine_id, name = ber.wrap(Syntax.OCTETS, scoped.context_engine_id), ber.wrap(Syntax.OCTETS, scoped.context_name)
    return ber.sequence((engine_id, name, scoped.pdu))


def _global_data(data: bytes, at: int, stop: int) -> tuple[int, int, int]:
    message_id, at = _natural(data, at, stop)
    max_size, at = _natural(data, at, stop)
    start, at = _expect(data, at, stop, Syntax.OCTETS)
    flags = data[start:at]
    model, _ = _natural(data, at, stop)
    if max_size < LEAST_SIZE:
        raise BadMessage("max_size", f"msgMaxSize {max_size}, less than the {LEAST_SIZE} that everybody must take")
    if len(flags) != 1 or flags[0] & Level.PRIVATE not in _LEVELS:
        raise BadMessage("flags", f"msgFlags {flags.hex()}: privacy without authentication, or no flags")
    if model != _USER_SECURITY_MODEL:
        raise BadMessage("security_model", f"security model {model}, not {_USER_SECURITY_MODEL} (user-based)")
    return message_id, max_size, flags[0]


def _security_parameters(data: bytes, at: int, end: int) -> tuple[tuple[bytes, int, int, bytes], bytes, int, bytes]:
    at, stop = _expect(data, at, end, ber.SEQUENCE)
    start, at = _expect(data, at, stop, Syntax.OCTETS)
    engine_id = data[start:at]
    boots, at = _natural(data, at, stop)
    time, at = _natural(data, at, stop)
    start, at = _expect(data, at, stop, Syntax.OCTETS)
    user = data[start:at]
    mac_at, at = _expect(data, at, stop, Syntax.OCTETS)
    mac = data[mac_at:at]
    start, at = _expect(data, at, stop, Syntax.OCTETS)
    if len(engine_id) > _LONGEST_ENGINE_ID or len(user) > _LONGEST_USER:
        raise BadMessage("security_parameters", f"engine of {len(engine_id)} octets, user of {len(user)}")
    return (engine_id, boots, time, user), mac, mac_at, data[start:at]


def _expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    found, start, stop = ber.read_any(data, at, end)
    if found != tag:
        raise BadMessage("unexpected_type", f"type {found:#04x} where {tag:#04x} belongs")
    return start, stop


def _natural(data: bytes, at: int, end: int) -> tuple[int, int]:
    start, stop = _expect(data, at, end, Syntax.INTEGER)
    value = int.from_bytes(data[start:stop], "big", signed=True)
    if start == stop or not 0 <= value < _BEYOND:
        raise BadMessage("integer", f"a number outside 0..{_BEYOND - 1}, or without octets")
    return value, stop
