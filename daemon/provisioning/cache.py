"""Finished files, kept by everything they were made from. Bounded; the file not asked for longest goes first.

A file is found again only if its inputs are the same: they are frozen values, so `is` mostly suffices and `==` always
does, and a changed tenant, site or device needs nobody to announce it. Not here: making files (`render`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import sha256

# 30,000 devices with a file of 2 KiB each; phones beyond it cost a rendering per fetch, once a day.
MAX_BYTES = 64 * 1024 * 1024

Inputs = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """The bytes of a file, whether a password or secret is among them, and the name of the template it was made by."""

    body: bytes
    secret: bool
    template: str = ""
    digest: str = field(init=False)  # SHA-256 (hex) of the body: its ETag, and how versions are told apart

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self.body).hexdigest())


class FileCache:
    """Files by key; `size` is the sum of their bytes, never above `max_bytes`."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._files: OrderedDict[Hashable, tuple[Inputs, RenderedFile]] = OrderedDict()
        self.size = 0
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    def get(self, key: Hashable, inputs: Inputs) -> RenderedFile | None:
        """The file under `key`, if it was made from just these inputs."""
        entry = self._files.get(key)
        if entry is None or entry[0] != inputs:
            self.misses += 1
            return None
        self._files.move_to_end(key)
        self.hits += 1
        return entry[1]

    def put(self, key: Hashable, inputs: Inputs, file: RenderedFile) -> RenderedFile:
        """Keep a file in place of the former one; returns it."""
        self._drop(key)
        self._files[key] = (inputs, file)
        self.size += len(file.body)
        while self.size > self._max_bytes:
            self._drop(next(iter(self._files)))
            self.evictions += 1
        return file

    def clear(self) -> None:
        """Forget every file."""
        self._files.clear()
        self.size = 0

    def _drop(self, key: Hashable) -> None:
        entry = self._files.pop(key, None)
        self.size -= len(entry[1].body) if entry else 0
