"""Folders and files beside the database, read into values: templates, and the master key.

Everything here blocks on the disk: while serving, call it through `trio.to_thread.run_sync`. What cannot be used is a
`ConfigError` with file and hint, what the disk refuses a `StoreUnavailable`. Not here: what the content means
(`daemon.provisioning`), and sending firmware.
"""

from __future__ import annotations

import os
import stat
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from cryptography.fernet import Fernet

from daemon.config.settings import Settings
from daemon.errors import ConfigError, Fault, StoreUnavailable
from daemon.provisioning.sealing import KEY_BYTES
from daemon.provisioning.templates.shelf import MAX_BYTES, Templates, load_templates

# 30 models for each of 300 tenants; more is a folder that was meant to be another.
MAX_TEMPLATES = 10_000


def read_shipped_templates() -> dict[str, bytes]:
    """The templates that come with the program: `generic.xml` -> bytes."""
    folder = files("daemon.provisioning") / "shipped"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".xml")}


def read_templates(folder: Path) -> dict[str, bytes]:
    """The operators' templates: `<model>.xml` and `<tenant>/<model>.xml` -> bytes; none if there is no folder."""
    found: dict[str, bytes] = {}
    try:
        for path in _template_paths(folder):
            if len(found) == MAX_TEMPLATES:
                raise ConfigError([Fault(str(folder), 1, "templates", f"more than {MAX_TEMPLATES} files")])
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([_unreadable(folder, "templates", error)]) from error
    return found


def _template_paths(folder: Path) -> Iterator[Path]:
    if not folder.exists():
        return
    for pattern in ("*.xml", "*/*.xml"):
        yield from sorted(path for path in folder.glob(pattern) if path.is_file())


def load_all_templates(settings: Settings) -> Templates:
    """The shipped templates and the operators' ones, parsed; `ConfigError` names every fault in them."""
    folder = settings.provisioning.templates or settings.state_dir / "templates"
    return load_templates(read_shipped_templates(), read_templates(folder))


def firmware_folder(settings: Settings) -> Path:
    """Where firmware files lie."""
    return settings.provisioning.firmware or settings.state_dir / "firmware"


def load_or_create_key(path: Path) -> bytes:
    """The master key in `path`, made at the first start (mode 0600); 32 bytes in URL-safe Base64.

    `ConfigError` if others could read it, or it is no key: a new one in its place would make every sealed password
    unreadable, so that is never done.
    """
    try:
        if not os.path.lexists(path):
            _create_key(path)
        return _read_key(path)
    except OSError as error:
        raise StoreUnavailable(f"the key file {path} cannot be used: {error.strerror}") from error


def _read_key(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ConfigError([Fault(str(path), 1, "key", "is not a plain file", "put the key file back")])
        if facts.st_mode & 0o077:
            wrong = f"others may read it (mode {stat.S_IMODE(facts.st_mode):04o})"
            raise ConfigError([Fault(str(path), 1, "key", wrong, f"chmod 600 {path}")])
        key = file.read(1024).strip()
    if not _is_key(key):
        hint = "put it back from a backup; with a new one every phone's password must be entered again"
        raise ConfigError([Fault(str(path), 1, "key", "holds no key", hint)])
    return key


def _is_key(key: bytes) -> bool:
    try:
        return len(urlsafe_b64decode(key)) == KEY_BYTES
    except ValueError:
        return False


def _create_key(path: Path) -> None:
    """Written whole under another name and then linked, so that a crash leaves no half a key, nor replaces one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(descriptor)
        _link_unless_there(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _link_unless_there(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another start was quicker; its key is as good


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(folder: Path, key: str, error: OSError) -> Fault:
    return Fault(str(error.filename or folder), 1, key, f"cannot be read: {error.strerror}", "check owner and mode")
