"""When a request is sent away because too many are under way, and when its peer is told to come back. Pure.

A boot storm that is sent away at once must not come back at once: the pause is spread by a hash, so that it needs no
memory and no chance. Not here: counting, answering (`connection`).
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

# Seconds. A full house of requests is answered in 1.5 s (`max_in_progress`), so after 5 there is room again; 30,000
# phones over a minute are 500 a second, well below what one core answers.
SOONEST, LATEST = 5, 60


def retry_after(source: str, date: bytes) -> int:
    """Seconds until `source` may come again; another number each second (`date` is the Date header's value)."""
    return SOONEST + crc32(source.encode() + date) % (LATEST - SOONEST + 1)


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request's body follows its head, however short."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and int(value) > 0) for name, value in headers
    )
