"""Values that name files: relative paths, and the `_file` twin that every secret has.

Relative names are relative to the folder of the file being read. Whoever reads a text that came over the network
gives no folder: then a `_file` key is a fault, or a remote operator could have any file of this machine read out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from daemon.config.positions import Items, Key, Table
from daemon.config.shape import Shape, shape_of
from daemon.errors import Fault

# A community or password is a line; more than this is another file, named by mistake.
MOST_SECRET_BYTES = 4096

Report = Callable[[tuple[Key, ...], str, str], None]  # path of the key, what is wrong, what to do


def read_text(path: Path, faults: list[Fault]) -> str:
    """A whole UTF-8 file, with or without a byte order mark; a fault at its line 1 and "" if that fails."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        faults.append(Fault(str(path), 1, "file", f"cannot be read: {error.strerror}", "check its name and its owner"))
    except UnicodeDecodeError as error:
        faults.append(Fault(str(path), 1, "file", f"is not UTF-8 at byte {error.start}", "save it as UTF-8"))
    return ""


def resolve_files(table: Table, block: type[BaseModel], folder: Path | None, report: Report) -> None:
    """Make every path of `table` (to be read as a `block`) absolute and put every secret in place of its twin.

    An empty block (all its keys commented out) counts as not written.
    """
    _Resolver(folder, report).resolve(table, block, ())


class _Resolver:
    """Walks tables and blocks side by side."""

    def __init__(self, folder: Path | None, report: Report) -> None:
        self._folder = folder
        self._report = report

    def resolve(self, table: Table, block: type[BaseModel], path: tuple[Key, ...]) -> None:
        shape = shape_of(block)
        for key in [*table]:
            value = table[key]
            if key in shape.blocks:
                self._resolve_block(table, key, shape, path)
            elif key in shape.lists and isinstance(value, Items):
                for index, item in enumerate(value):
                    if isinstance(item, Table):
                        self.resolve(item, shape.lists[key], (*path, key, index))
            elif key in shape.choices and isinstance(value, Items):
                for index, item in enumerate(value):
                    form = shape.choices[key].get(str(item.get("kind"))) if isinstance(item, Table) else None
                    if form is not None:  # without a kind that we know there is a fault already
                        self.resolve(item, form, (*path, key, index))
            elif key in shape.paths and isinstance(value, str) and self._folder is not None:
                table[key] = str(self._folder / value)
            elif key in shape.twins:
                self._put_secret(table, key, shape.twins[key], path)

    def _resolve_block(self, table: Table, key: str, shape: Shape, path: tuple[Key, ...]) -> None:
        if table[key] is None:
            del table[key]
        elif isinstance(table[key], Table):
            self.resolve(table[key], shape.blocks[key], (*path, key))

    def _put_secret(self, table: Table, twin: str, key: str, path: tuple[Key, ...]) -> None:
        name = table.pop(twin)
        if key in table:
            self._report((*path, twin), f"stands beside {key}", "keep one of the two")
            return
        table.places[key] = table.places[twin]
        secret = self._read_secret(name, (*path, twin))
        table[key] = secret or "?"  # a fault has been reported; this keeps a second one about a missing key away

    def _read_secret(self, name: Any, path: tuple[Key, ...]) -> str:
        """The text of a secret's file without its last newline; "" once a fault has been reported."""
        if self._folder is None:
            self._report(path, "files are read only for an inventory on the daemon's own disk", "write the value")
            return ""
        if not isinstance(name, str):
            self._report(path, "is not a path", "write one file name")
            return ""
        try:
            with (self._folder / name).open("rb") as file:
                secret = file.read(MOST_SECRET_BYTES + 1).decode().removesuffix("\n").removesuffix("\r")
        except OSError as error:
            self._report(path, f"{name} cannot be read: {error.strerror}", "check its name and its owner")
        except ValueError:
            self._report(path, f"{name} is not UTF-8 text", "a secret is one line of text")
        else:
            if secret and len(secret) <= MOST_SECRET_BYTES and "\n" not in secret:
                return secret
            self._report(path, f"{name} does not hold one line of text", "a secret is one line of text")
        return ""
