"""One master key, two uses: sealing the phones' passwords at rest, and making each phone's permanent secret.

Sealed text is AES-SIV (RFC 5297): the same text gives the same token, so an inventory that is applied again changes
nothing; whoever has the database but not the key can tell at most that two passwords are equal. A phone's secret is
not stored at all: it is an HMAC of its MAC and generation, so raising the generation changes it. Both keys are
derived from the master by HKDF (RFC 5869), so that neither use tells anything about the other. Not here: the key's
file (`daemon.store.files`).
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Protocol
from zlib import compress, decompress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.errors import StoreUnavailable
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.provisioning.placeholders.lookup import looks_secret

KEY_BYTES = 32
_SIV_KEY_BYTES = 64  # two AES-256 keys: one makes the initialisation vector, one encrypts
# 24 bytes are 32 characters of URL-safe Base64 without padding: 192 bits, and room for the rest of a URL in the
# 128 characters that a phone keeps of it.
_SECRET_BYTES = 24
# In front of a sealed value among open ones. Nobody can write it: values with control characters are refused.
_MARK = "\x01"


class Sealer:
    """Seals and opens text, and knows every phone's permanent secret. `key`: 32 bytes in URL-safe Base64.

    `ValueError` for a key of another shape.
    """

    def __init__(self, key: bytes) -> None:
        master = urlsafe_b64decode(key)
        if len(master) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, this one {len(master)}")
        self._siv = AESSIV(_derive(master, b"ringkeeper: sealed text", _SIV_KEY_BYTES))
        self._secrets = _derive(master, b"ringkeeper: device secrets", KEY_BYTES)

    def seal(self, text: str) -> str:
        """Text -> a token fit for the disk."""
        # A byte in front, since AES-SIV as the library has it takes no empty text.
        return urlsafe_b64encode(self._siv.encrypt(b"\0" + text.encode(), None)).decode()

    def open(self, token: str) -> str:
        """A token of `seal` -> its text; `StoreUnavailable` if it was sealed with another key or altered."""
        try:
            return self._siv.decrypt(urlsafe_b64decode(token), None)[1:].decode()
        except (InvalidTag, ValueError):
            raise StoreUnavailable(
                "a sealed password cannot be opened: the key file is not the one it was sealed with; put back the"
                " former key file, or enter the passwords again"
            ) from None

    def device_secret(self, mac: Mac, generation: int) -> str:
        """The phone's permanent secret: 32 characters that stand in a URL as they are."""
        digest = hmac.digest(self._secrets, f"{mac}/{generation}".encode(), sha256)
        return urlsafe_b64encode(digest[:_SECRET_BYTES]).decode()

    def secret_matches(self, mac: Mac, generation: int, given: str) -> bool:
        """Whether `given` is the phone's permanent secret; takes as long for a near miss as for any other."""
        return hmac.compare_digest(self.device_secret(mac, generation).encode(), given.encode(errors="replace"))


def seal_values(values: Mapping[str, str], seal: Callable[[str], str]) -> dict[str, str]:
    """Placeholder values fit for the disk: those whose name looks secret are sealed and marked, unless they are."""
    return {
        name: _MARK + seal(text) if text and looks_secret(name) and not text.startswith(_MARK) else text
        for name, text in values.items()
    }


def open_values(values: Mapping[str, str], open_text: Callable[[str], str]) -> Mapping[str, str]:
    """The same in the clear; `StoreUnavailable` as `Sealer.open`."""
    if not any(text.startswith(_MARK) for text in values.values()):
        return values
    return {name: open_text(text[1:]) if text.startswith(_MARK) else text for name, text in values.items()}


def pack(body: bytes, seal: Callable[[str], str]) -> str:
    """A file, made small and sealed; `unpack` gives it back."""
    return seal(b64encode(compress(body)).decode("ascii"))


def unpack(packed: str, open_text: Callable[[str], str]) -> bytes:
    """The file; `StoreUnavailable` as `Sealer.open`."""
    return decompress(b64decode(open_text(packed)))


class Devices(Protocol):
    """What is asked of the fleet about a password."""

    def device(self, mac: Mac) -> Device | None:
        """The device, with its sealed password."""


def password_of(devices: Devices, sealer: Sealer, mac: Mac) -> str | None:
    """A phone's SIP password in clear, None if it has none; `StoreUnavailable` if it cannot be opened."""
    device = devices.device(mac)
    return sealer.open(device.record.sip_password) if device and device.record.sip_password else None


def _derive(master: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(master)
