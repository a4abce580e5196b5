"""Uploaded files to rows and back. `file_of(file_row(x)) == x`. Pure. Not here: their content (`content`)."""

from __future__ import annotations

from daemon.fleet.records import StoredFile, StoredKind
from daemon.store.rows import Row


def file_row(file: StoredFile) -> Row:
    """What is known of an uploaded file."""
    return (
        file.name,
        file.kind.value,
        file.hash,
        file.size,
        file.model,
        file.version,
        file.description,
        file.group,
        file.uploaded_at,
        file.by,
    )


def file_of(row: Row) -> StoredFile:
    """The uploaded file of a row."""
    name, kind, *rest = row
    return StoredFile(name, StoredKind(kind), *rest)
