"""Which files phones were given: every complete file that reads otherwise than the one before is a version.

Kept before it is handed out, so that what a phone has can always be shown, compared and given back. A fleet that
reboots gets the files it has, which are no new versions, and costs nothing here. Not here: the former versions' bytes
(the store has them), giving one back (that is a document: `daemon.provisioning.library`).
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.config.settings import Provisioning
from daemon.fleet.commands import Command, Decided
from daemon.fleet.events import FileMade
from daemon.fleet.model import Mac
from daemon.fleet.records import FileVersion
from daemon.fleet.store_commands import DropFileVersion, SaveFileVersion


class FileHistory:
    """The newest version of every device's file, without its bytes."""

    def __init__(self, versions: Iterable[FileVersion], settings: Provisioning) -> None:
        self.settings = settings
        self._newest: dict[Mac, FileVersion] = {version.mac: version for version in versions}

    def newest(self, mac: Mac) -> FileVersion | None:
        """What the phone was last given."""
        return self._newest.get(mac)

    def add(self, made: FileMade, now: float) -> list[Command]:
        """Keep a version; very old ones go."""
        former = self._newest.get(made.mac)
        if former and former.digest == made.digest:
            return []
        number = former.number + 1 if former else 1
        version = FileVersion(made.mac, number, made.digest, now, made.made_by, made.body)
        self._newest[made.mac] = FileVersion(made.mac, number, made.digest, now, made.made_by)
        orders: list[Command] = [SaveFileVersion(version), Decided("provisioning", "a new version of a file", made.mac)]
        if number > self.settings.file_versions_kept:
            orders.append(DropFileVersion(f"{made.mac}@{number - self.settings.file_versions_kept}"))
        return orders

    def forget(self, mac: Mac) -> list[Command]:
        """The device is no more, and what its files held goes with it."""
        former = self._newest.pop(mac, None)
        oldest = max(1, former.number - self.settings.file_versions_kept + 1) if former else 0
        return [DropFileVersion(f"{mac}@{number}") for number in range(oldest, former.number + 1)] if former else []
