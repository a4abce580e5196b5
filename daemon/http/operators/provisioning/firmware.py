"""Routes about files that phones fetch as they are: firmware of phones and speakers, ring tones and the like.

An upload is streamed to the disk and answered when content and record are durable. Files that somebody put into the
folder of `provisioning.firmware` stand in the same list, and cannot be changed from here. Not here: generated files
(`files`), what an image's header says (`daemon.provisioning.image`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import trio
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import FileEdited, FileRemoved, FileStored
from daemon.fleet.file_book import fit_name
from daemon.fleet.records import StoredFile, StoredKind
from daemon.http.operators import lists
from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.lists import Listing, find, parameters_of, parse_query
from daemon.http.operators.problems import Problem, not_found
from daemon.http.phones.firmware import open_stored, respond
from daemon.provisioning.image import HEAD_BYTES, Judgement, judge, kind_of, model_of
from daemon.provisioning.models import models
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(tags=["firmware"])

_MODEL = r"^[A-Za-z0-9_]{0,32}$"
_LINE = r"^[^\x00-\x1f\x7f]*$"
Model = Annotated[str, Query(pattern=_MODEL, description="whose it is, if its name does not say")]
Version = Annotated[str, Query(max_length=64, pattern=_LINE, description="what is in it, if its header does not say")]
Text = Annotated[str, Query(max_length=500, pattern=_LINE)]
Group = Annotated[str, Query(max_length=64, pattern=_LINE)]
_BINARY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


class FirmwareItem(BaseModel):
    """A file; of one that lies in the folder (`origin` "folder") only name, kind, model and size are known.

    `present` is false if the disk has lost its content.
    """

    name: str
    kind: StoredKind
    origin: str
    model: str
    version: str
    description: str
    group: str
    size: int
    hash: str
    uploaded_at: str | None
    by: str
    present: bool


class FirmwareList(BaseModel):
    """A page of files."""

    items: list[FirmwareItem]
    next: str | None


class FirmwareEdit(BaseModel):
    """What is to be said of a file from now on; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(pattern=_MODEL)] | None = None
    version: Annotated[str, Field(max_length=64, pattern=_LINE)] | None = None
    description: Annotated[str, Field(max_length=500, pattern=_LINE)] | None = None
    group: Annotated[str, Field(max_length=64, pattern=_LINE)] | None = None


class ModelItem(BaseModel):
    """A model, how many phones it has, and the firmware they are given; `missing`: some of them find none."""

    model: str
    devices: int
    firmware: str | None
    missing: bool


class ModelList(BaseModel):
    """Every model that phones have."""

    items: list[ModelItem]


_TEXTS = ("name", "kind", "origin", "model", "version", "description", "group", "hash", "uploaded_at", "by")
FIRMWARE: Listing[FirmwareItem] = Listing(
    "name",
    {
        **{name: lists.Field(attrgetter(name)) for name in _TEXTS},
        "size": lists.Field(attrgetter("size")),
    },
    ("name", "description"),
)


@dataclass
class _Download:
    """Who counts an operator's download: nobody."""

    served: int = 0
    aborted: int = 0
    limiter: trio.CapacityLimiter = field(default_factory=trio.to_thread.current_default_thread_limiter)


@router.get("/firmware", openapi_extra=parameters_of(FIRMWARE))
async def list_firmware(request: Request, desk: AtDesk, caller: Reader) -> FirmwareList:
    """Uploaded files and those in the folder, filtered by any of their fields."""
    query = parse_query(FIRMWARE, request.query_params.multi_items())
    page = find(FIRMWARE, await all_files(desk), query)
    return FirmwareList(items=page.items, next=page.next)


@router.get("/firmware/{name}")
async def show_firmware(name: str, desk: AtDesk, caller: Reader) -> FirmwareItem:
    """What is known of a file."""
    return stored_item(desk, known_file(desk, name))


@router.put("/firmware/{name}", openapi_extra=_BINARY)
@router.post("/firmware/{name}", openapi_extra=_BINARY, operation_id="post_firmware", include_in_schema=False)
async def upload_firmware(
    name: str,
    request: Request,
    desk: AtDesk,
    caller: Actor,
    *,
    model: Model = "",
    version: Version = "",
    description: Text = "",
    group: Group = "",
    force: bool = False,
) -> FirmwareItem:
    """Take the body as a file of this name, new or in another's place; nothing of it is taken if anything is wrong.

    409 for an image that is made for another model than its name or `model` says, unless `force`.
    """
    if not fit_name(name):
        raise Problem(422, "a file's name has letters, digits and . _ + -, and no dot in front; 128 characters at most")
    _expect(request, desk)
    async with aclosing(request.stream()) as pieces:
        head = await _beginning(pieces)
        judgement = judge(name, head, model, version)
        _check(judgement, head, force=force)
        async with (
            aclosing(_with_head(head, pieces)) as whole,
            desk.contents.taking(whole, _declared(request)) as taken,
        ):
            file = StoredFile(
                name=name,
                kind=kind_of(name),
                hash=taken.hash,
                size=taken.size,
                model=judgement.model,
                version=judgement.version,
                description=description,
                group=group,
                uploaded_at=desk.clock.now(),
                by=caller.name,
            )
            await kept(desk.deliver(FileStored(file, caller.name)))
    return stored_item(desk, file)


@router.patch("/firmware/{name}")
async def edit_firmware(name: str, edit: FirmwareEdit, desk: AtDesk, caller: Actor) -> FirmwareItem:
    """Describe a file anew, or move it to another group."""
    known_file(desk, name)
    said = edit.model_dump(exclude_unset=True)
    if said.get("model"):
        said["model"] = said["model"].upper()
    await kept(desk.deliver(FileEdited(name, caller.name, **said)))
    return stored_item(desk, known_file(desk, name))


@router.delete("/firmware/{name}", status_code=204)
async def delete_firmware(name: str, desk: AtDesk, caller: Actor) -> None:
    """Remove a file. Phones that are downloading it get it to its end."""
    await remove(desk, known_file(desk, name), caller)


@router.get("/firmware/{name}/content", response_class=Response)
async def download_firmware(name: str, request: Request, desk: AtDesk, caller: Reader) -> Response:
    """The file itself, whole or the part that Range asks for."""
    return await content(desk, known_file(desk, name), request)


@router.get("/models")
async def list_models(desk: AtDesk, caller: Reader) -> ModelList:
    """Every model that phones have, and whether there is firmware for it."""
    found = models(desk.directory.devices(), desk.directory.files, await desk.contents.look())
    items = [
        ModelItem(model=one.model, devices=one.devices, firmware=one.firmware or None, missing=one.missing)
        for one in found
    ]
    return ModelList(items=items)


async def all_files(desk: Desk) -> list[FirmwareItem]:
    """Uploaded files, and those of the folder that no uploaded one hides."""
    stored = desk.directory.files
    loose = await desk.contents.look()
    items = [stored_item(desk, file) for file in stored.values()]
    return items + [_loose_item(name, size) for name, size in loose.items() if name not in stored and fit_name(name)]


def stored_item(desk: Desk, file: StoredFile) -> FirmwareItem:
    """An uploaded file as it is shown."""
    return FirmwareItem(
        name=file.name,
        kind=file.kind,
        origin="uploaded",
        model=file.model,
        version=file.version,
        description=file.description,
        group=file.group,
        size=file.size,
        hash=file.hash,
        uploaded_at=rfc3339(file.uploaded_at),
        by=file.by,
        present=desk.contents.path(file.hash) is not None,
    )


def known_file(desk: Desk, name: str) -> StoredFile:
    """The uploaded file of this name; `Problem` 404 otherwise."""
    file = desk.directory.files.get(name)
    if file is None:
        raise not_found(f"uploaded file {name[:128]}")
    return file


async def content(desk: Desk, file: StoredFile, request: Request) -> Response:
    """An uploaded file's content as a download."""
    place: Path | None = desk.contents.path(file.hash)
    opened = await trio.to_thread.run_sync(open_stored, file, place) if place else None
    if opened is None:
        raise Problem(410, f"the disk has lost the content of {file.name}: upload it again")
    response = respond(_Download(), request, opened)
    response.headers["content-disposition"] = f'attachment; filename="{file.name}"'
    return response


async def remove(desk: Desk, file: StoredFile, caller: Caller) -> None:
    """Forget a file; its content goes when nobody names it any more."""
    await kept(desk.deliver(FileRemoved(file.name, caller.name)))
    await desk.contents.sweep()


def _loose_item(name: str, size: int) -> FirmwareItem:
    return FirmwareItem(
        name=name,
        kind=kind_of(name),
        origin="folder",
        model=model_of(name),
        version="",
        description="",
        group="",
        size=size,
        hash="",
        uploaded_at=None,
        by="",
        present=True,
    )


def _expect(request: Request, desk: Desk) -> None:
    """Take more than the listener's `max_body`, which is made for inventories (`daemon.http.asgi`)."""
    allow = getattr(request.state, "allow_body", None)
    if allow is not None:
        allow(desk.settings().files.max_size)


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() else 0


def _check(judgement: Judgement, head: bytes, *, force: bool) -> None:
    if not head:
        raise Problem(422, "the body is empty: send the file's content")
    if judgement.objection and not force:
        raise Problem(409, f"{judgement.objection}: phones would flash it; give the right file, or force=true")


async def _beginning(pieces: AsyncIterator[bytes]) -> bytes:
    """As much as it takes to look at the header, or all there is."""
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return head


async def _with_head(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield head
    async for piece in pieces:
        yield piece
