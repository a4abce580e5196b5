"""One-time tokens: how one is drawn, what is kept of it, and the URL a phone is given.

A token opens one complete file of one device, once. It is short, since people type it on a phone's keys and it has to
fit a URL of 128 characters beside a long server name, and it needs not be longer: 80 bits, for the days it is valid,
against a listener that slows guessers. Pure: chance is an argument. Not here: when one counts (`first_contact`).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from daemon.fleet.model import Mac

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's Base32: no i, l, o, u, which are read as something else
LENGTH = 16  # five bits each


def draw_token(below: Callable[[int], int]) -> str:
    """A new token; `below(n)` is an unguessable number from 0 to n - 1 (`secrets.randbelow`)."""
    return "".join(ALPHABET[below(len(ALPHABET))] for _ in range(LENGTH))


def token_hash(token: str) -> str:
    """What is kept of a token: SHA-256 (hex), of its lower-case form, since a phone's keys may give either."""
    return sha256(token.lower().encode(errors="replace")).hexdigest()


def token_path(token: str, mac: Mac) -> str:
    """The path, without a slash in front, by which the phone fetches its own file."""
    return f"t/{token}/configfiles/{mac}.cfg"
