"""What a firmware file's name and beginning say of it, and whether they agree. Pure.

A phone flashes whatever differs from what it runs, so a wrong image under a right name is the one mistake that takes a
whole model down: an image that names another model than its name, or than the operator, is refused. Not here: the
layout of the makers' headers (`daemon.provisioning.vendors`), storing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from daemon.fleet.records import StoredFile, StoredKind
from daemon.provisioning.vendors.registry import VENDORS
from daemon.provisioning.vendors.vendor import ImageHeader, Role

HEAD_BYTES = 4096  # of an image that are looked at; no maker's header that we can read is longer

_SUFFIX = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")
_SPEAKER = frozenset({"dfu"})  # of AudioCodes' Huddle Room Solution
_FIRMWARE = frozenset({"img", "rom", "ld"})  # AudioCodes, Yealink, Poly
_DEFAULT_NAME = re.compile(r"(?=[^.]*\d)([A-Za-z0-9_]{2,32})\.img\Z", re.IGNORECASE)  # every model has a digit in it


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of an image. `objection` says why it should not be taken, "" if nothing speaks against it."""

    model: str
    version: str
    objection: str = ""


def kind_of(name: str) -> StoredKind:
    """What a file of this name is for."""
    found = _SUFFIX.search(name)
    suffix = found[1].lower() if found else ""
    if suffix in _SPEAKER:
        return StoredKind.SPEAKER
    return StoredKind.FIRMWARE if suffix in _FIRMWARE else StoredKind.OTHER


def default_name(model: str) -> str:
    """What phones of a model ask for when nobody says otherwise (AudioCodes' administrator's manual, option 160)."""
    return f"{model}.img"


def model_of(name: str) -> str:
    """The model in a file's name, in capitals: that of a default name, else a known one at its beginning; else ""."""
    found = _DEFAULT_NAME.match(name)
    if found:
        return found[1].upper()
    roles = (vendor.file_role(name) for vendor in VENDORS)
    return next((role.model for role in roles if role and role.role is Role.FIRMWARE and role.model), "")


def judge(name: str, head: bytes, model: str = "", version: str = "") -> Judgement:
    """What a file of this name that begins with `head` is; `model` and `version` are the operator's, "" if not said."""
    header = _header(head) if kind_of(name) is StoredKind.FIRMWARE else None
    named = model_of(name)
    if header is None:
        return Judgement(model.upper() or named, version)
    claims = {"its name": named, "model": model.upper()}
    wrong = [f"{what} says {claim}" for what, claim in claims.items() if claim and claim != header.model]
    told = Judgement(model.upper() or named or header.model, version or header.version)
    if not wrong:
        return told
    return Judgement(told.model, told.version, f"the image is made for {header.model}, but {' and '.join(wrong)}")


def firmware_of(model: str, stored: Iterable[StoredFile], loose: Collection[str]) -> str:
    """The name of the file that phones of a model are given, "" if there is none.

    That of the default name, else the newest that is said to be theirs; `loose` are the names of files in the folder.
    """
    files = {file.name: file for file in stored if file.kind is StoredKind.FIRMWARE}
    if default_name(model) in files or default_name(model) in loose:
        return default_name(model)
    own = [file for file in files.values() if file.model == model]
    return max(own, key=lambda file: file.uploaded_at).name if own else ""


def _header(head: bytes) -> ImageHeader | None:
    for vendor in VENDORS:
        found = vendor.read_image_header(head[:HEAD_BYTES]) if vendor.read_image_header else None
        if found is not None:
            return found
    return None
