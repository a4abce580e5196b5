"""What operators are shown of templates, and how a template's name stands in a URL.

A name may have one slash (`acme/420HD`), which a path cannot hold: in URLs it is written `~` (`acme~420HD`), a mark
that needs no escape (RFC 3986 section 2.3) and stands in no name. Not here: the routes (`templates`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from daemon.errors import Fault
from daemon.fleet.records import Document
from daemon.http.operators.desk import Desk
from daemon.http.operators.lists import Field, Listing
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.provisioning.library import template_path
from daemon.provisioning.templates.template import Template
from daemon.scheduler.timestamps import rfc3339

Origin = Literal["shipped", "folder", "edited"]

_PART = r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,62}"
_NAME = re.compile(rf"(?:{_PART}/)?{_PART}\Z")
_RESERVED = "defaults"  # stands in the paths itself
_TEMPLATES, _DEFAULTS = "template/", "default/"


class TemplateItem(BaseModel):
    """A template in a list. `version` is 0 as long as nobody edited it; `defaults`: the pairs it is the default for."""

    name: str
    type: str
    description: str
    origin: Origin
    edited: bool
    restorable: bool
    defaults: list[str]
    version: int
    by: str
    at: str


class TemplateList(BaseModel):
    """A page of templates."""

    items: list[TemplateItem]
    next: str | None


class TemplateWritten(BaseModel):
    """What became of a template that was written; `warnings` did not keep it out."""

    name: str
    version: int
    applied: bool
    warnings: list[ProblemFault]


def _read(name: str) -> Field[TemplateItem]:
    return Field(lambda item: getattr(item, name))


TEMPLATES: Listing[TemplateItem] = Listing(
    "name",
    {name: _read(name) for name in ("name", "type", "description", "origin", "version", "by", "at")},
    ("name", "type", "description"),
)


@dataclass(frozen=True, slots=True)
class Held:
    """A template, and the document it stands in if somebody wrote it."""

    name: str
    template: Template
    document: Document | None


def name_in(part: str) -> str:
    """A part of a URL -> the template's name; `Problem` 422 if it cannot be one."""
    name = part.replace("~", "/")
    if not _NAME.match(name) or name.casefold() == _RESERVED:
        hint = "such as 420HD or acme/420HD, in a URL acme~420HD"
        fault = ProblemFault(key="name", wrong="is no template's name", hint=hint)
        raise Problem(422, "a template's name is <model> or <tenant>/<model>", (fault,))
    return name


def held(desk: Desk, name: str) -> Held:
    """The template of this name; `Problem` 404 if there is none."""
    library = desk.maker().library
    template = library.named(name)
    if template is None:
        raise not_found(f"template {name}")
    return Held(name, template, live_document(desk, name))


def live_document(desk: Desk, name: str) -> Document | None:
    """The document that a template stands in, unless it was removed."""
    document = desk.directory.documents.get(template_path(name))
    return document if document and document.body else None


def version_of(desk: Desk, path: str) -> int:
    """The newest version of a document, 0 if there never was one."""
    document = desk.directory.documents.get(path)
    return document.version if document else 0


def template_items(desk: Desk) -> Iterator[TemplateItem]:
    """Every template there is, as it is in force."""
    library = desk.maker().library
    names = {name.casefold(): name for name in library.shelf.names()}
    for path, document in desk.directory.documents.items():
        if path.startswith(_TEMPLATES) and document.body:
            name = path.removeprefix(_TEMPLATES)
            names.setdefault(name, name)
    chosen = choices(desk)
    for name in names.values():
        template = library.named(name)
        if template is not None:
            yield _item(desk, Held(name, template, live_document(desk, name)), chosen.get(name.casefold(), []))


def choices(desk: Desk) -> dict[str, list[str]]:
    """Template's name in lower case -> the pairs `tenant/model` it is the default for."""
    library = desk.maker().library
    found: dict[str, list[str]] = defaultdict(list)
    for path in desk.directory.documents:
        if path.startswith(_DEFAULTS) and (name := library.text(path)):
            found[name.casefold()].append(path.removeprefix(_DEFAULTS))
    return found


def _item(desk: Desk, one: Held, defaults: list[str]) -> TemplateItem:
    shelf = desk.maker().library.shelf
    origin: Origin = "folder" if shelf.in_folder(one.name) else "shipped"
    document = one.document
    return TemplateItem(
        name=one.name,
        type=one.template.type,
        description=one.template.description,
        origin="edited" if document else origin,
        edited=document is not None,
        restorable=document is not None and shelf.named(one.name) is not None,
        defaults=sorted(defaults),
        version=document.version if document else 0,
        by=document.by if document else "",
        at=rfc3339(document.at) if document else "",
    )


def shown_faults(faults: tuple[Fault, ...]) -> tuple[ProblemFault, ...]:
    """Faults as an answer names them."""
    return tuple(
        ProblemFault(key=fault.key, wrong=fault.wrong, hint=fault.hint, file=fault.file, line=fault.line)
        for fault in faults
    )


def faulty(faults: tuple[Fault, ...]) -> Problem:
    """What was written will not do."""
    how_many = f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}"
    return Problem(422, f"{how_many}; nothing was applied", shown_faults(faults))
