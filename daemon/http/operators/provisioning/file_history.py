"""Routes to what a phone was given: the versions of its file, how they differ, and giving one back.

Giving a version back puts its very bytes in place of the generated file until somebody lets that go. Not here: keeping
versions (`daemon.fleet.file_history`), documents in general.
"""

from __future__ import annotations

from difflib import unified_diff
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.records import Draft, FileVersion, Role
from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept, known_device
from daemon.http.operators.problems import Problem, not_found
from daemon.provisioning.library import file_path
from daemon.provisioning.masking import masked
from daemon.provisioning.preview import vendor_of
from daemon.provisioning.sealing import unpack
from daemon.scheduler.timestamps import rfc3339

MOST = 1000  # versions: as many as can be kept of one file

router = APIRouter(prefix="/devices/{mac}/configuration", tags=["preview"])

Number = Annotated[int, Field(ge=1)]


class VersionView(BaseModel):
    """A version of a phone's file; `current` is the one that it was given last."""

    number: int
    at: str
    digest: str
    template: str
    current: bool


class VersionList(BaseModel):
    """What is kept, newest first; `given_back` says that a version stands in place of the generated file."""

    items: list[VersionView]
    given_back: bool


class DiffView(BaseModel):
    """What `diff -u` says of two versions, secrets masked."""

    lines: list[str]


class Rollback(BaseModel):
    """Which version is to be given again."""

    model_config = ConfigDict(extra="forbid")

    version: Number


@router.get("/versions")
async def list_versions(mac: str, desk: AtDesk, caller: Reader) -> VersionList:
    """The versions of a phone's complete file, as they were handed out."""
    device = known_device(desk, mac)
    versions = await desk.file_versions(device.mac, MOST)
    items = [_view(version, current=not place) for place, version in enumerate(versions)]
    return VersionList(items=items, given_back=bool(_instead(desk, device)))


@router.get("/versions/{number}", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def show_version(mac: str, number: Number, desk: AtDesk, caller: Reader, secrets: bool = False) -> Response:
    """One version as text; with its secrets only for an administrator who asks for them."""
    text = await _text(desk, known_device(desk, mac).mac, number)
    return Response(text if secrets and _may_see(caller) else masked(text), media_type="text/plain")


@router.get("/versions/{number}/diff")
async def compare_versions(
    mac: str, number: Number, desk: AtDesk, caller: Reader, against: Annotated[int, Query(ge=1)]
) -> DiffView:
    """How a version differs from another one."""
    device = known_device(desk, mac)
    old, new = await _text(desk, device.mac, against), await _text(desk, device.mac, number)
    names = f"version {against}", f"version {number}"
    lines = unified_diff(masked(old).splitlines(), masked(new).splitlines(), *names, lineterm="")
    return DiffView(lines=list(lines))


@router.post("/rollback")
async def give_back(mac: str, rollback: Rollback, desk: AtDesk, caller: Actor) -> VersionList:
    """Have the phone given the bytes of a former version, whatever would be generated, until that is let go."""
    device = known_device(desk, mac)
    text = await _text(desk, device.mac, rollback.version)
    await _write(desk, device, desk.seal(text), caller)
    return await list_versions(mac, desk, caller)


@router.delete("/rollback", status_code=204)
async def let_go(mac: str, desk: AtDesk, caller: Actor) -> None:
    """Have the phone given the generated file again."""
    device = known_device(desk, mac)
    if not _instead(desk, device):
        raise not_found("file in place of the generated one")
    await _write(desk, device, "", caller)


def _may_see(caller: Caller) -> bool:
    if not caller.may(Role.ADMINISTRATOR):
        raise Problem(403, "only an administrator may see secrets: leave out secrets=true")
    return True


async def _text(desk: Desk, mac: Mac, number: int) -> str:
    for version in await desk.file_versions(mac, MOST):
        if version.number == number:
            return unpack(version.body, desk.open_text).decode("utf-8", "replace")
    raise not_found(f"version {number} of this phone's file")


async def _write(desk: Desk, device: Device, body: str, caller: Caller) -> None:
    await kept(desk.deliver(DocumentsWritten((Draft(_path(device), body),), caller.name)))


def _instead(desk: Desk, device: Device) -> str:
    document = desk.directory.documents.get(_path(device))
    return document.body if document else ""


def _path(device: Device) -> str:
    return file_path(vendor_of(device.mac, device.model).device_file_name(device.mac))


def _view(version: FileVersion, *, current: bool) -> VersionView:
    return VersionView(
        number=version.number,
        at=rfc3339(version.at),
        digest=version.digest,
        template=version.made_by,
        current=current,
    )
