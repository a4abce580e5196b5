"""The user-based security model of SNMPv3: users, their keys, and what a key does to a message.

A password is hashed over a mebibyte once, when the settings are read (RFC 3414, A.2); for each engine the result is
localised, which is cheap. MACs are HMACs of SHA-1 or SHA-2 (RFC 3414, RFC 7860), privacy is AES-128 in CFB mode
(RFC 3826). MD5 and DES are absent: both are broken. Pure: no clock, no chance.

Not here: how a message is laid out (`message`), which messages an engine accepts (`engine`, `remote_engine`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from daemon.config.snmp_settings import SnmpUser

TIME_WINDOW = 150  # seconds a message may be old, or early (RFC 3414, section 2.2.3)
MOST_BOOTS = 2**31 - 1  # an engine that got so far accepts nothing any more (RFC 3414, section 2.2.2)
SALT_OCTETS = 8

_MEBIBYTE = 2**20
_AES_KEY = 16
_HALF = 4  # of what the initialisation vector takes from boots and time


@dataclass(frozen=True, slots=True)
class Hash:
    """What authenticates: hashlib's name of it, and how many octets of the HMAC are sent."""

    name: str
    mac: int


HASHES: Mapping[str, Hash] = MappingProxyType(
    {
        "SHA-1": Hash("sha1", 12),
        "SHA-224": Hash("sha224", 16),
        "SHA-256": Hash("sha256", 24),
        "SHA-384": Hash("sha384", 32),
        "SHA-512": Hash("sha512", 48),
    }
)


class Level(IntEnum):
    """How well a message is protected, as the two lowest bits of msgFlags say it (RFC 3412, section 6.4)."""

    PLAIN = 0  # noAuthNoPriv
    AUTHENTICATED = 1  # authNoPriv
    PRIVATE = 3  # authPriv


class Refusal(IntEnum):
    """Why an engine does not accept a message, as the arc of the counter below `oids.USM_STATS` that says so."""

    UNSUPPORTED_LEVEL = 1
    NOT_IN_TIME_WINDOW = 2
    UNKNOWN_USER = 3
    UNKNOWN_ENGINE = 4
    WRONG_DIGEST = 5
    DECRYPTION = 6


@dataclass(frozen=True, slots=True)
class Keys:
    """A user's keys at one engine; empty where the user has none."""

    hash: Hash | None = None
    authentication: bytes = field(default=b"", repr=False)
    privacy: bytes = field(default=b"", repr=False)

    @property
    def mac_octets(self) -> int:
        """How long a MAC is."""
        return self.hash.mac if self.hash else 0

    def mac(self, message: bytes) -> bytes:
        """The MAC of a whole message in which the place of the MAC is zeros; empty for a user without keys."""
        return hmac.digest(self.authentication, message, self.hash.name)[: self.hash.mac] if self.hash else b""

    def authentic(self, message: bytes, mac: bytes) -> bool:
        """Whether that is its MAC, compared in constant time; nothing is authentic to a user without keys."""
        return self.hash is not None and hmac.compare_digest(self.mac(message), mac)

    def encrypt(self, plain: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """A scoped PDU enciphered. The same salt must never be used twice with one key, boots and time."""
        encryptor = self._cipher(boots, time, salt).encryptor()
        return encryptor.update(plain) + encryptor.finalize()

    def decrypt(self, ciphertext: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """What was enciphered. Whether the key was right, only the result can show."""
        decryptor = self._cipher(boots, time, salt).decryptor()
        return decryptor.update(ciphertext) + decryptor.finalize()

    def _cipher(self, boots: int, time: int, salt: bytes) -> Cipher[CFB]:
        vector = boots.to_bytes(_HALF, "big") + time.to_bytes(_HALF, "big") + salt
        return Cipher(AES(self.privacy), CFB(vector))


@dataclass(frozen=True, slots=True)
class User:
    """A user, and the keys made of the passwords, which belong to no engine yet; empty where there is none."""

    name: bytes
    hash: Hash | None = None
    key: bytes = field(default=b"", repr=False)
    privacy_key: bytes = field(default=b"", repr=False)

    @property
    def level(self) -> Level:
        """How everything is protected that this user sends and is sent, no more and no less."""
        if self.hash is None:
            return Level.PLAIN
        return Level.PRIVATE if self.privacy_key else Level.AUTHENTICATED

    def at(self, engine_id: bytes) -> Keys:
        """The keys for that engine, with which those of another cannot be guessed."""
        if self.hash is None:
            return Keys()
        privacy = localised(self.privacy_key, engine_id, self.hash)[:_AES_KEY] if self.privacy_key else b""
        return Keys(self.hash, localised(self.key, engine_id, self.hash), privacy)


def user_of(settings: SnmpUser) -> User:
    """The user that the settings describe. Takes some milliseconds, by design: see `password_to_key`."""
    chosen = HASHES.get(settings.authentication)
    if chosen is None or settings.password is None:
        return User(settings.name.encode())
    password = settings.password.get_secret_value()
    key = password_to_key(password.encode(), chosen)
    if settings.privacy == "none":
        return User(settings.name.encode(), chosen, key)
    secret = settings.privacy_password.get_secret_value() if settings.privacy_password else password
    privacy_key = key if secret == password else password_to_key(secret.encode(), chosen)
    return User(settings.name.encode(), chosen, key, privacy_key)


class Users:
    """The users of the settings in force, by name; what did not change is not hashed again."""

    def __init__(self, settings: Iterable[SnmpUser] = ()) -> None:
        self._made: dict[SnmpUser, User] = {}
        self._by_name: dict[bytes, User] = {}
        self.apply(settings)

    def apply(self, settings: Iterable[SnmpUser]) -> None:
        """Take new settings."""
        self._made = {each: self._made.get(each) or user_of(each) for each in settings}
        self._by_name = {user.name: user for user in self._made.values()}

    def get(self, name: bytes) -> User | None:
        """The user of that name."""
        return self._by_name.get(name)


def password_to_key(password: bytes, using: Hash) -> bytes:
    """The key of a password: the hash of a mebibyte of it, repeated (RFC 3414, A.2.2)."""
    return hashlib.new(using.name, (password * (_MEBIBYTE // len(password) + 1))[:_MEBIBYTE]).digest()


def localised(key: bytes, engine_id: bytes, using: Hash) -> bytes:
    """The key at one engine (RFC 3414, section 2.6)."""
    return hashlib.new(using.name, key + engine_id + key).digest()
