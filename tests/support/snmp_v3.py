"""SNMPv3 in one readable line, and as pysnmp reads and writes it: the judge of our own messages.

pysnmp ships no usable types, so it stands here as Any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pyasn1.type import univ as asn1
from pysnmp.proto.mpmod import rfc3412
from pysnmp.proto.secmod.rfc3414 import localkey, service
from pysnmp.proto.secmod.rfc3414.auth import hmacsha
from pysnmp.proto.secmod.rfc3826.priv import aes
from pysnmp.proto.secmod.rfc7860.auth import hmacsha2

from daemon.config.snmp_settings import SnmpUser
from daemon.snmp.pdu import PduType, encode_pdu, encode_varbind
from daemon.snmp.v3.engine import Engine
from daemon.snmp.v3.message import MAX_SIZE, Header
from daemon.snmp.v3.usm import Level
from tests.support.notifications import WEDNESDAY
from tests.support.oracle import decode, encode

Algorithm = Literal["none", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]

ENGINE_ID = bytes.fromhex("80007ed905c0ffee123456")
THEIR_ID = bytes.fromhex("80001f8804746865697273")
PASSWORD, SECRET = "maplesyrup", "birchsyrup"
NOW = WEDNESDAY
SALT = bytes(range(8))

univ: Any = asn1
_octets: Any = univ.OctetString
_rfc3412: Any = rfc3412
_usm: Any = service
_localkey: Any = localkey
_ciphers: Any = aes
_hmac_sha: Any = hmacsha
_hmac_sha2: Any = hmacsha2
_aes: Any = _ciphers.Aes()
_services: dict[str, Any] = {
    "SHA-1": _hmac_sha.HmacSha(),
    **{
        f"SHA-{bits}": _hmac_sha2.HmacSha2((1, 3, 6, 1, 6, 3, 10, 1, 1, arc))
        for bits, arc in ((224, 4), (256, 5), (384, 6), (512, 7))
    },
}


def a_user(name: str = "noc", algorithm: Algorithm = "SHA-256", *, private: bool = True) -> SnmpUser:
    """A user with both passwords, of which it has as many as it needs."""
    if algorithm == "none":
        return SnmpUser(name=name, authentication="none", privacy="none")
    return SnmpUser.model_validate(
        {
            "name": name,
            "authentication": algorithm,
            "password": PASSWORD,
            "privacy": "AES-128" if private else "none",
            "privacy_password": SECRET if private else None,
        }
    )


def an_engine(*users: SnmpUser, engine_id: bytes = ENGINE_ID, boots: int = 7, uptime: float = 100.0) -> Engine:
    """An engine that has run for so long at `NOW`."""
    engine = Engine(engine_id, boots, NOW - uptime, salt=0)
    engine.apply(users or (a_user(),))
    return engine


def a_pdu(kind: PduType = PduType.GET, request_id: int = 5) -> bytes:
    """A PDU that asks for, or tells, sysUpTime.0 and something else."""
    return encode_pdu(kind, request_id, [encode_varbind((1, 3, 6, 1, 2, 1, 1, 3, 0), b"\x43\x01\x05")])


def a_header(
    user: str = "noc",
    level: Level = Level.PRIVATE,
    *,
    engine_id: bytes = ENGINE_ID,
    boots: int = 7,
    time: int = 100,
    reportable: bool = True,
    message_id: int = 77,
) -> Header:
    """What stands before the PDU of somebody who knows `an_engine`'s clock."""
    return Header(message_id, MAX_SIZE, level, reportable, engine_id, boots, time, user.encode())


@dataclass(frozen=True)
class Read:
    """A message as pysnmp reads it, MAC checked and deciphered."""

    header: Header
    context_engine_id: bytes
    pdu: bytes


def keys(user: SnmpUser, engine_id: bytes) -> tuple[Any, Any]:
    """The two localised keys."""
    auth = _services[user.authentication]
    made = []
    for secret in (PASSWORD, SECRET):
        if user.authentication == "SHA-1":
            made.append(_localkey.localize_key_sha(_localkey.hash_passphrase_sha(secret.encode()), _octets(engine_id)))
        else:
            made.append(auth.localize_key(auth.hash_passphrase(secret.encode()), _octets(engine_id)))
    return made[0], made[1][:16]


def read(datagram: bytes, user: SnmpUser) -> Read:
    """What a message of that user's says; fails if pysnmp does not believe it."""
    message, rest = _decode(datagram, _rfc3412.SNMPv3Message())
    assert rest == b""
    about, scoped = message["msgGlobalData"], message["msgData"].getComponent()
    parameters, rest = _decode(bytes(message["msgSecurityParameters"]), _usm.UsmSecurityParameters())
    assert rest == b""
    engine_id, boots, time, name, mac, salt = (parameters[index] for index in range(6))
    flags = about["msgFlags"].asNumbers()[0]
    if flags & 1:
        auth_key, privacy_key = keys(user, bytes(engine_id))
        _services[user.authentication].authenticate_incoming_message(auth_key, mac, datagram)
    if flags & 2:
        plain = _aes.decrypt_data(privacy_key, (boots, time, list(salt.asNumbers())), scoped)
        scoped, _ = _decode(plain, _rfc3412.ScopedPDU())
    header = Header(
        int(about["msgID"]),
        int(about["msgMaxSize"]),
        Level(flags & 3),
        bool(flags & 4),
        bytes(engine_id),
        int(boots),
        int(time),
        bytes(name),
    )
    return Read(header, bytes(scoped[0]), encode(scoped[2].getComponent()))


def write(header: Header, pdu: bytes, user: SnmpUser, context_engine_id: bytes) -> bytes:
    """That message."""
    scoped = _sequence(_octets(context_engine_id), _octets(b""), univ.Any(pdu))
    salt, mac, data = _octets(b""), _octets(b""), scoped
    if header.level:
        auth_key, privacy_key = keys(user, header.engine_id)
        mac = _octets(bytes(_services[user.authentication].digest_length))
    if header.level is Level.PRIVATE:
        ciphertext, salt = _aes.encrypt_data(privacy_key, (header.boots, header.time, None), encode(scoped))
        data = ciphertext
    integer = univ.Integer
    flags = header.level | (4 if header.reportable else 0)
    about = _sequence(integer(header.message_id), integer(header.max_size), _octets(bytes((flags,))), integer(3))
    clock = (integer(header.boots), integer(header.time))
    parameters = _sequence(_octets(header.engine_id), *clock, _octets(header.user), mac, salt)
    whole = encode(_sequence(integer(3), about, _octets(encode(parameters)), data))
    if header.level:
        whole = _services[user.authentication].authenticate_outgoing_message(auth_key, whole)
    return whole


def _sequence(*parts: Any) -> Any:
    whole = univ.Sequence()
    for index, part in enumerate(parts):
        whole.setComponentByPosition(index, part)
    return whole


def _decode(data: bytes, spec: Any) -> tuple[Any, bytes]:
    return decode(data, spec)
