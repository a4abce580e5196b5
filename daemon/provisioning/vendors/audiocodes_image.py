"""The beginning of an AudioCodes firmware file: which model and version it is for.

The layout is not public. What is (administrator's manual, start-up) is that the phone reads a header which names
model, version and date, and flashes whatever differs. So the header's text is searched for a model that is known and
a version behind it. A file in which they are not found, or which names several models, is not judged: None. This is
for refusing an image of another model before phones flash it, not for proving that one is right.
"""

from __future__ import annotations

import re
from collections.abc import Container

from daemon.provisioning.vendors.vendor import ImageHeader

HEADER_BYTES = 1024  # looked at; a text further in is as likely to belong to the image as to its header

_TEXT = re.compile(rb"[ -~]{3,}")
_WORD = re.compile(r"[A-Za-z0-9]+")
_VERSION = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,5}){2,3}(?![\d.]*\d)")


def read_image_header(first_bytes: bytes, models: Container[str]) -> ImageHeader | None:
    """What the first bytes of a firmware file say; `models` holds the known names, in capitals."""
    text = "\n".join(run.decode("ascii") for run in _TEXT.findall(first_bytes[:HEADER_BYTES]))
    named = {word.upper() for word in _WORD.findall(text) if word.upper() in models}
    version = _VERSION.search(text)
    if len(named) != 1 or version is None:
        return None
    return ImageHeader(named.pop(), version[0])
