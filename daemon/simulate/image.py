"""The firmware images of the demo: a first line that names model and version, and then nothing of value.

A phone reads the beginning of an image at every start and takes the whole of it when the version is not its own, older
ones too (AudioCodes' administrator's manual, start-up). The layout of real images is not public. Pure. Not here:
fetching them (`visits`).
"""

from __future__ import annotations

import re

HEADER = 1024  # bytes that a phone looks at first
SIZE = 128 * 1024  # of a whole image; a real one has 30 MiB, which would show nothing more

_FIRST_LINE = re.compile(rb"([A-Za-z0-9]{1,32}) (\d{1,3}(?:\.\d{1,5}){2,3})\n")


def make_image(model: str, version: str) -> bytes:
    """An image for this model."""
    return f"{model} {version}\n".encode().ljust(SIZE, b"\0")


def version_in(head: bytes, model: str) -> str:
    """The version in an image's beginning; "" if that is no image for this model."""
    found = _FIRST_LINE.match(head)
    return found[2].decode() if found and found[1].decode() == model else ""
