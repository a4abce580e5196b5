"""What the fleet does about files: uploads of operators, and what phones' users set on their phones.

Handlers only. A file's content is durable before its record comes here. Not here: what a file holds, and which lines of
a phone's file are its user's (`daemon.provisioning.user_lines`).
"""

from __future__ import annotations

from daemon.fleet.acts import FileEdited, FileRemoved, FileStored
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.events import UserLinesHeard
from daemon.fleet.model import Transition
from daemon.fleet.parts import Parts
from daemon.fleet.store_commands import AppendTransition

BY_PHONE = "the phone"  # who wrote a document that came from the phone it is about
_NO_SUCH_FILE = "there is no such file"


def file_stored(parts: Parts, event: FileStored, now: float) -> list[Command]:
    """A file was uploaded."""
    fault = parts.files.fault(event.file)
    if fault:
        return [Answer(refused=(fault,)), Decided("file", "refused")]
    former = parts.files.by_name.get(event.file.name)
    old, new = (f"{file.hash[:12]} {file.version}".strip() if file else "" for file in (former, event.file))
    return [*parts.files.store(event.file), _told(event.file.name, old, new, event.by, now)]


def file_edited(parts: Parts, event: FileEdited, now: float) -> list[Command]:
    """A file was described anew."""
    if event.name not in parts.files.by_name:
        return [Answer(refused=(_NO_SUCH_FILE,))]
    return [*parts.files.edit(event), _told(event.name, "", "edited", event.by, now)]


def file_removed(parts: Parts, event: FileRemoved, now: float) -> list[Command]:
    """A file was removed; downloads that are under way end as they should."""
    if event.name not in parts.files.by_name:
        return [Answer(refused=(_NO_SUCH_FILE,))]
    return [*parts.files.remove(event.name), _told(event.name, "stored", "removed", event.by, now)]


def user_lines_heard(parts: Parts, event: UserLinesHeard, now: float) -> list[Command]:
    """Keep what a phone's user set on it; the same lines again cost nothing."""
    device = parts.roster.device(event.mac)
    if device is None or not device.record.approved:
        return [Answer(refused=("nobody has defined or approved this phone",)), Decided("user_lines", "unapproved")]
    faults = parts.documents.faults((event.draft,))
    if faults:
        return [Answer(refused=tuple(faults)), Decided("user_lines", "refused")]
    device.last_seen = now
    parts.roster.heard_from(device, event.source)
    parts.heard.add(device.mac)
    former = parts.documents.newest.get(event.draft.path)
    orders = parts.documents.write(event.draft, BY_PHONE, now)
    newest = parts.documents.newest.get(event.draft.path)
    if newest is None or newest is former:
        return [*orders, Decided("user_lines", "same")]
    told = Transition(event.mac, now, "user configuration", "", f"version {newest.version}", f"by {BY_PHONE}")
    return [*orders, AppendTransition(told), Decided("user_lines", "kept")]


def _told(name: str, old: str, new: str, by: str, now: float) -> AppendTransition:
    return AppendTransition(Transition(f"file/{name}", now, "file", old, new, f"by {by}"))
