"""The texts that operators write and phones leave with us: templates, choices, placeholder values, files.

Every writing is a version of its own, and the former ones can be read and written anew, so nothing an operator did is
beyond repair. The book never looks inside: a body is sealed text, and whether it makes sense was checked where it came
in. Not here: what a document means (`daemon.provisioning.library`), the former versions (the store has them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from daemon.config.settings import Provisioning
from daemon.fleet.commands import Command, Decided
from daemon.fleet.records import Document, Draft
from daemon.fleet.store_commands import DropDocument, SaveDocument


class DocumentBook:
    """The newest version of every document, by path; removed ones too, since their version numbers go on."""

    def __init__(self, documents: Iterable[Document], settings: Provisioning) -> None:
        self.settings = settings
        self._newest: dict[str, Document] = {document.path: document for document in documents}

    @property
    def newest(self) -> Mapping[str, Document]:
        """By path; a body "" says that the document was removed."""
        return self._newest

    def faults(self, drafts: Collection[Draft]) -> list[str]:
        """Why these drafts cannot be taken, one sentence each; empty if they can."""
        newcomers = sum(draft.path not in self._newest for draft in drafts)
        if len(self._newest) + newcomers > self.settings.max_documents:
            return [f"there would be more than {self.settings.max_documents} documents: see provisioning.max_documents"]
        return [fault for draft in drafts if (fault := self._fault(draft))]

    def write(self, draft: Draft, by: str, now: float) -> list[Command]:
        """Take a draft as the next version, unless it says what is there already; very old versions go."""
        former = self._newest.get(draft.path)
        if draft.body == (former.body if former else ""):
            return [Decided("document", "unchanged")]
        version = former.version + 1 if former else 1
        document = Document(draft.path, version, draft.body, now, by)
        self._newest[draft.path] = document
        orders: list[Command] = [SaveDocument(document), Decided("document", "written" if draft.body else "removed")]
        if version > self.settings.versions_kept:
            orders.append(DropDocument(f"{draft.path}@{version - self.settings.versions_kept}"))
        return orders

    def _fault(self, draft: Draft) -> str:
        version = former.version if (former := self._newest.get(draft.path)) else 0
        if draft.based_on is None or draft.based_on == version:
            return ""
        return (
            f"{draft.path} has been written by somebody else since: it is at version {version}, yours was made from"
            f" version {draft.based_on}; look at it again"
        )
