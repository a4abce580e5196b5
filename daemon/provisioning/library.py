"""The documents' meaning: which template is due, what system and model say, what stands instead of a generated file.

Documents are opened and read when they are first needed and kept until their next version; a template is therefore one
object as long as nobody edits it, which is how finished files know that they are up to date (`cache`). Above the
templates on disk stand those that operators wrote as documents. With other documents than the fleet's it answers what
would be, which is how an edit is looked at before it is made (`preview`). Not here: writing documents (the fleet).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from daemon.errors import ConfigError, Fault
from daemon.fleet.model import NO_PLACEHOLDERS, Mac, Placeholders
from daemon.fleet.records import Document
from daemon.provisioning.templates.shelf import GENERIC, Template, Templates, parse_template

Meaning = TypeVar("Meaning")

Documents = Mapping[str, Document]


def template_path(name: str) -> str:
    """Where the template of this name stands; names are compared without regard to case."""
    return f"template/{name.casefold()}"


def choice_path(tenant: str, model: str) -> str:
    """Where the name of the template stands that new phones of this tenant and model get."""
    return f"default/{tenant.casefold()}/{model.casefold()}"


def values_path(model: str = "") -> str:
    """Where the placeholder values of a model stand, or those of the system."""
    return f"placeholders/{model.upper()}" if model else "placeholders"


def file_path(name: str) -> str:
    """Where the file stands that is served instead of the generated one of this name."""
    return f"file/{name.lower()}"


def user_path(mac: Mac) -> str:
    """Where the lines stand that a phone's user set on it."""
    return f"user/{mac}"


class Library:
    """Reads documents. `shelf` holds the templates on disk, `open_text` opens a sealed body."""

    def __init__(self, shelf: Templates, documents: Documents, open_text: Callable[[str], str]) -> None:
        self.shelf = shelf
        self._documents = documents
        self._open = open_text
        self._read: dict[str, tuple[Document, Any]] = {}

    def with_documents(self, others: Documents) -> Library:
        """The same library with these documents over its own."""
        return Library(self.shelf, {**self._documents, **others}, self._open)

    def template_for(self, tenant: str, model: str, chosen: str = "", last: str = GENERIC) -> Template:
        """The template of a device: the one chosen for it, else for its tenant and model, else the closest by name.

        `last` is its vendor's, for models without one. `ConfigError` if one was chosen that is not there.
        """
        for name in filter(None, (chosen, self.text(choice_path(tenant, model)))):
            found = self.named(name)
            if found is None:
                raise ConfigError([Fault(name, 1, "template", "is chosen, but not there", "choose another one")])
            return found
        return next(template for name in _names(tenant, model, last) if (template := self.named(name)))

    def named(self, name: str) -> Template | None:
        """The template of this name."""
        written = self._meaning(template_path(name), lambda text: parse_template(name, text.encode()))
        return written or self.shelf.named(name)

    def values(self, model: str = "") -> Placeholders:
        """What operators wrote for a model, or for the system."""
        return self._meaning(values_path(model), json.loads) or NO_PLACEHOLDERS

    def text(self, path: str) -> str:
        """A document's text, "" if there is none."""
        return self._meaning(path, str) or ""

    def lines(self, path: str) -> tuple[str, ...]:
        """The lines of a document that say something."""
        return self._meaning(path, lambda text: tuple(filter(None, map(str.strip, text.splitlines())))) or ()

    def _meaning(self, path: str, read: Callable[[str], Meaning]) -> Meaning | None:
        document = self._documents.get(path)
        if document is None or not document.body:
            return None
        known = self._read.get(path)
        if known is None or known[0] is not document:
            known = self._read[path] = (document, read(self._open(document.body)))
        meaning: Meaning = known[1]
        return meaning


def _names(tenant: str, model: str, last: str) -> Iterator[str]:
    """From the most particular to the one that is always there."""
    if model:
        if tenant:
            yield f"{tenant}/{model}"
        yield model
    yield last
    yield GENERIC
