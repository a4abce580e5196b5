"""Firmware by model: which file a model takes, and which models have none.

A phone asks for `<MODEL>.img` when nothing else is named, so a file of that name is taken up without a setting.
A model without its file is flagged: its phones keep what they run. Not here: the folder (`daemon.store.files`), and
sending a file (`daemon.http`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# .img for phones, .dfu for the speakers of the huddle room solution; no separators, no leading dot, nothing that a
# shell, a URL or a DHCP option would read otherwise.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}\.(?:img|dfu)\Z")


@dataclass(frozen=True, slots=True)
class FirmwareFile:
    """A file in the firmware folder. `modified` in nanoseconds since the epoch, as the file system says."""

    name: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class ModelFirmware:
    """What a model takes; `file` is None if it is missing."""

    model: str
    name: str
    file: FirmwareFile | None

    @property
    def missing(self) -> bool:
        """Whether phones of this model would find nothing."""
        return self.file is None


class FirmwareIndex:
    """The files there are, by name."""

    def __init__(self, files: Iterable[FirmwareFile] = ()) -> None:
        self._files = {file.name: file for file in files if is_firmware_name(file.name)}

    def files(self) -> Collection[FirmwareFile]:
        """All of them, by name."""
        return [self._files[name] for name in sorted(self._files)]

    def named(self, name: str) -> FirmwareFile | None:
        """The file of exactly that name; None for every other name, however it is written."""
        return self._files.get(name) if is_firmware_name(name) else None

    def of_model(self, model: str) -> ModelFirmware:
        """The default file of a model."""
        name = default_name(model)
        return ModelFirmware(model, name, self._files.get(name))

    def missing(self, models: Iterable[str]) -> list[str]:
        """Those of `models` whose phones would find nothing, in order."""
        return sorted(model for model in set(models) if self.of_model(model).missing)


def is_firmware_name(name: str) -> bool:
    """Whether a name is one that a firmware file may have: one plain path component ending in .img or .dfu."""
    return _NAME.match(name) is not None


def default_name(model: str) -> str:
    """The file a phone of this model asks for by itself."""
    return f"{model}.img"
