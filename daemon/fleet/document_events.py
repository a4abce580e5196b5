"""What the fleet does about documents: templates and the like are taken together or not at all.

Not here: what stands in them (`daemon.provisioning.library`).
"""

from __future__ import annotations

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.model import Transition
from daemon.fleet.parts import Parts
from daemon.fleet.records import Document, Draft
from daemon.fleet.store_commands import AppendTransition


def documents_written(parts: Parts, event: DocumentsWritten, now: float) -> list[Command]:
    """Take every draft as its document's next version."""
    faults = parts.documents.faults(event.drafts)
    if faults:
        return [Answer(refused=tuple(faults)), Decided("document", "refused")]
    orders: list[Command] = []
    for draft in event.drafts:
        orders += write(parts, draft, event.by, now)
    return orders


def write(parts: Parts, draft: Draft, by: str, now: float) -> list[Command]:
    """Take a draft that nothing speaks against as its document's next version."""
    former = parts.documents.newest.get(draft.path)
    orders = parts.documents.write(draft, by, now)
    newest = parts.documents.newest.get(draft.path)
    if newest and newest is not former:
        orders.append(AppendTransition(_told(former, newest)))
    return orders


def _told(former: Document | None, newest: Document) -> Transition:
    old = f"version {former.version}" if former else ""
    new = f"version {newest.version}" if newest.body else "removed"
    return Transition(f"document/{newest.path}", newest.at, "document", old, new, f"by {newest.by}")
