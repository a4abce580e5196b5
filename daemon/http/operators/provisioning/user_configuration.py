"""Routes about what users set on their phones: look at it, correct it, give it to other phones, forget it.

Not here: how it comes from the phones (`daemon.http.phones.uploads`), and which settings it may hold
(`daemon.provisioning.user_lines`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.device import Device
from daemon.fleet.records import Document, Draft
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept, known_device
from daemon.http.operators.problems import Problem, not_found
from daemon.provisioning.library import user_path
from daemon.provisioning.user_lines import MAX_BYTES, user_lines
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/devices/{mac}/user-configuration", tags=["devices"])

MOST_COPIES = 1000  # phones in one request


class UserConfiguration(BaseModel):
    """The lines of a phone's user, newest version. `files` names what other makers' phones keep in files of theirs."""

    mac: str
    version: int
    at: str
    by: str
    lines: list[str]
    files: list[str]


class Lines(BaseModel):
    """Lines such as `personal_settings/functional_key/0/speed_dial_number=2042`; others than a user's are refused."""

    model_config = ConfigDict(extra="forbid")

    lines: Annotated[list[Annotated[str, Field(max_length=600)]], Field(min_length=1, max_length=1000)]


class Copies(BaseModel):
    """Which phones are to have the same."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=MOST_COPIES)]


class Copied(BaseModel):
    """How many phones have them now."""

    devices: int


@router.get("")
async def show_user_configuration(mac: str, desk: AtDesk, caller: Reader) -> UserConfiguration:
    """What the phone's user set on it; 404 if it has sent nothing yet."""
    return _view(desk, known_device(desk, mac))


@router.put("")
async def write_user_configuration(mac: str, wanted: Lines, desk: AtDesk, caller: Actor) -> UserConfiguration:
    """Keep these lines instead of what the phone sent."""
    device = known_device(desk, mac)
    text = "".join(f"{line.strip()}\n" for line in wanted.lines)
    fit = user_lines(text)
    if len(fit) < len(wanted.lines) or len(text) > MAX_BYTES:
        wrong = next((line for line in wanted.lines if not user_lines(line)), wanted.lines[-1])
        raise Problem(422, f"not a setting of a phone's user, or written twice: {wrong[:100]!r}")
    await kept(desk.deliver(DocumentsWritten((Draft(user_path(device.mac), desk.seal(text)),), caller.name)))
    return _view(desk, device)


@router.delete("", status_code=204)
async def delete_user_configuration(mac: str, desk: AtDesk, caller: Actor) -> None:
    """Forget it; the phone keeps what it has until it is reset."""
    documents = _documents(desk, known_device(desk, mac))
    if not documents:
        raise _nothing(mac)
    await kept(desk.deliver(DocumentsWritten(tuple(Draft(one.path, "") for one in documents), caller.name)))


@router.post("/copy")
async def copy_user_configuration(mac: str, copies: Copies, desk: AtDesk, caller: Actor) -> Copied:
    """Give it to other phones, in place of what they have; to all of them or to none."""
    device = known_device(desk, mac)
    documents = _documents(desk, device)
    if not documents:
        raise _nothing(mac)
    others = {other.mac: other for other in (known_device(desk, text) for text in copies.to)}
    others.pop(device.mac, None)
    own = user_path(device.mac)
    drafts = [
        Draft(user_path(other) + document.path.removeprefix(own), document.body)
        for other in others
        for document in documents
    ]
    await kept(desk.deliver(DocumentsWritten(tuple(drafts), caller.name)))
    return Copied(devices=len(others))


def _documents(desk: Desk, device: Device) -> list[Document]:
    own = user_path(device.mac)
    known = desk.directory.documents
    paths = (own, *(f"{own}/{name}" for name in _NAMES))
    return [document for path in paths if (document := known.get(path)) and document.body]


# What Yealink's and Poly's phones write besides; `left_path` makes these names.
_NAMES = ("local.cfg", "contact.xml", "phone.cfg", "web.cfg", "directory.xml")


def _view(desk: Desk, device: Device) -> UserConfiguration:
    documents = _documents(desk, device)
    if not documents:
        raise _nothing(device.mac)
    own = user_path(device.mac)
    main = next((one for one in documents if one.path == own), None)
    newest = max(documents, key=lambda document: document.at)
    return UserConfiguration(
        mac=device.mac,
        version=(main or newest).version,
        at=rfc3339(newest.at),
        by=newest.by,
        lines=list(user_lines(desk.open_text(main.body))) if main else [],
        files=[f"{device.mac}-{one.path.removeprefix(f'{own}/')}" for one in documents if one is not main],
    )


def _nothing(mac: str) -> Problem:
    return not_found(f"configuration that the user of {mac[:40]} made")
