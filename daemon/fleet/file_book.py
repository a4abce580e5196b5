"""The files that operators uploaded, by name, and which of them is a model's firmware.

A file of the default name, `<MODEL>.img`, is taken up by every phone of that model, because that is what phones ask for
when nobody says otherwise. The book knows names and hashes only. Not here: the content (`daemon.store.content`),
files that were put into a folder by hand, what stands in an image's header (`daemon.provisioning.image`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from daemon.config.file_settings import Files
from daemon.fleet.acts import FileEdited
from daemon.fleet.commands import Command, Decided
from daemon.fleet.records import StoredFile, StoredKind
from daemon.fleet.store_commands import DropStoredFile, SaveStoredFile

MAX_NAME = 128  # characters; phones keep as many of a whole URL
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")


def fit_name(name: str) -> bool:
    """Whether a file may be called so: no separator, no leading dot, nothing a shell or a log would trip over."""
    return 0 < len(name) <= MAX_NAME and _SAFE.issuperset(name) and name[0] not in ".+-"


@dataclass(frozen=True, slots=True)
class FileStatistics:
    """Uploaded files by kind, and how many bytes they may have together."""

    files: Mapping[str, int]
    quota: int


class FileBook:
    """All uploaded files."""

    def __init__(self, files: Iterable[StoredFile], settings: Files) -> None:
        self.settings = settings
        self._files = {file.name: file for file in files}

    @property
    def by_name(self) -> Mapping[str, StoredFile]:
        """Live: a later upload shows in it."""
        return self._files

    def fault(self, file: StoredFile) -> str:
        """Why this file cannot be taken; "" if it can."""
        if not fit_name(file.name):
            return f"{file.name[:MAX_NAME]!r} is no name for a file: letters, digits and . _ + -, no dot in front"
        if file.name not in self._files and len(self._files) >= self.settings.max_files:
            return f"there are {len(self._files)} uploaded files already: delete some, or raise files.max_files"
        return ""

    def store(self, file: StoredFile) -> list[Command]:
        """Take a file, or one in another's place."""
        former = self._files.get(file.name)
        self._files[file.name] = file
        return [SaveStoredFile(file), Decided("file", "replaced" if former else "stored")]

    def edit(self, event: FileEdited) -> list[Command]:
        """Describe a file anew; the caller has seen to it that there is one."""
        file = self._files[event.name]
        fields = ("model", "version", "description", "group")
        said = {name: value for name in fields if (value := getattr(event, name)) is not None}
        edited = replace(file, **said)
        if edited == file:
            return [Decided("file", "unchanged")]
        self._files[file.name] = edited
        return [SaveStoredFile(edited), Decided("file", "edited")]

    def remove(self, name: str) -> list[Command]:
        """Forget a file that there is."""
        del self._files[name]
        return [DropStoredFile(name), Decided("file", "removed")]

    def statistics(self) -> FileStatistics:
        """How many files there are now."""
        kinds = Counter(file.kind.value for file in self._files.values())
        return FileStatistics({kind.value: kinds[kind.value] for kind in StoredKind}, self.settings.quota)
