"""Routes about the files that phones get: generated ones, what stands in their place, and what was uploaded.

A text that an operator writes under a generated file's name is served instead of that, until it is deleted; each
writing is a version, and an earlier one can be taken up again. Whoever is no administrator sees passwords and secrets
masked. Not here: uploads as such (`firmware`), what users set on their phones (`user_configuration`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.errors import ConfigError
from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.file_book import fit_name
from daemon.fleet.records import Document, Draft, Role
from daemon.http.operators import lists
from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.lists import Listing, find, parameters_of, parse_query
from daemon.http.operators.problems import Problem, not_found
from daemon.http.operators.provisioning.firmware import all_files, content, remove
from daemon.provisioning.directory import company_directory, directory_name, tenant_of_directory
from daemon.provisioning.library import file_path
from daemon.provisioning.making import global_name
from daemon.provisioning.masking import masked
from daemon.provisioning.option160 import FILE as OPTION160
from daemon.provisioning.option160 import Variant, check
from daemon.provisioning.user_agent import model_named
from daemon.provisioning.vendors.registry import DEFAULT, by_mac, by_model, recognise
from daemon.provisioning.vendors.vendor import Role as FileUse
from daemon.provisioning.vendors.vendor import Vendor
from daemon.provisioning.view import view
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/files", tags=["files"])

MAX_TEXT = 256 * 1024  # bytes; a full dump of a phone's 1,253 keys is a quarter of it
MOST_VERSIONS = 100
_PREFIX = "file/"
_TEXT_BODY = {"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}}


@dataclass(frozen=True, slots=True)
class FileThing:
    """A file that exists, before it is shown."""

    name: str
    kind: str
    origin: str
    mac: str = ""
    model: str = ""
    tenant: str = ""
    size: int | None = None
    version: int | None = None
    changed_at: str | None = None
    by: str = ""


class FileItem(BaseModel):
    """A file.

    `kind`: device, global, directory, option160, firmware, speaker or other. `origin`: generated (made when it is asked
    for, so without a size), edited (an operator's text stands in its place, of this `version`), uploaded or folder.
    """

    name: str
    kind: str
    origin: str
    mac: str
    model: str
    tenant: str
    size: int | None
    version: int | None
    changed_at: str | None
    by: str


class FileList(BaseModel):
    """A page of files."""

    items: list[FileItem]
    next: str | None


class VersionItem(BaseModel):
    """A version of a text; `removed`: with it the generated file came back."""

    version: int
    at: str
    by: str
    removed: bool


class VersionList(BaseModel):
    """The versions there are, newest first."""

    items: list[VersionItem]


class Rollback(BaseModel):
    """Which version is to be taken up again."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1)]


_TEXTS = ("name", "kind", "origin", "mac", "model", "tenant", "changed_at", "by")
FILES: Listing[FileThing] = Listing(
    "name",
    {
        **{name: lists.Field(attrgetter(name)) for name in _TEXTS},
        "size": lists.Field(attrgetter("size")),
    },
    ("name",),
)


@router.get("", openapi_extra=parameters_of(FILES))
async def list_files(request: Request, desk: AtDesk, caller: Reader) -> FileList:
    """Every file that phones can get, filtered by any of its fields."""
    query = parse_query(FILES, request.query_params.multi_items())
    uploaded = [
        FileThing(one.name, one.kind, one.origin, "", one.model, "", one.size, None, one.uploaded_at, one.by)
        for one in await all_files(desk)
    ]
    page = find(FILES, [*_texts(desk), *uploaded], query)
    items = [FileItem(**{name: getattr(thing, name) for name in FileItem.model_fields}) for thing in page.items]
    return FileList(items=items, next=page.next)


@router.get("/{name}", response_class=Response)
async def show_file(
    name: str,
    request: Request,
    desk: AtDesk,
    caller: Reader,
    *,
    secrets: Annotated[bool, Query(description="with passwords; for administrators")] = False,
    download: bool = False,
) -> Response:
    """The file as phones get it; X-Origin says where it comes from."""
    if secrets and not caller.may(Role.ADMINISTRATOR):
        raise Problem(403, f"secrets=true needs the role administrator; {caller.name} is {caller.role}")
    stored = desk.directory.files.get(name)
    if stored is not None:
        return await content(desk, stored, request)
    text, origin = _text_of(desk, name, secrets=secrets)
    headers = {"x-origin": origin}
    if download:
        headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(text, headers=headers, media_type="text/plain; charset=utf-8")


@router.put("/{name}", openapi_extra=_TEXT_BODY)
async def write_file(
    name: str, request: Request, desk: AtDesk, caller: Actor, based_on: int | None = None
) -> VersionItem:
    """Serve the body instead of the generated file of this name; 409 if it has another version than `based_on`."""
    if not fit_name(name):
        raise Problem(422, "a file's name has letters, digits and . _ + -, and no dot in front; 128 characters at most")
    if not _is_generated(desk, name):
        raise Problem(404, f"no file {name} is generated: upload it by PUT /api/v1/firmware/{name}")
    text = _checked_text(await request.body(), name)
    return await _write(desk, caller, Draft(path_of(name), desk.seal(text), based_on))


@router.delete("/{name}", status_code=204)
async def delete_file(name: str, desk: AtDesk, caller: Actor) -> None:
    """Remove an uploaded file, or the text that stands in a generated one's place."""
    stored = desk.directory.files.get(name)
    if stored is not None:
        await remove(desk, stored, caller)
        return
    document = desk.directory.documents.get(path_of(name))
    if document is None or not document.body:
        raise not_found(f"text in place of the file {name[:128]}")
    await kept(desk.deliver(DocumentsWritten((Draft(document.path, ""),), caller.name)))


@router.get("/{name}/versions")
async def list_versions(name: str, desk: AtDesk, caller: Reader) -> VersionList:
    """What was written in this file's place."""
    found = await desk.versions(path_of(name), MOST_VERSIONS)
    return VersionList(items=[_version_item(document) for document in found])


@router.post("/{name}/rollback")
async def roll_back(name: str, wanted: Rollback, desk: AtDesk, caller: Actor) -> VersionItem:
    """Take up an earlier version again, which becomes the newest."""
    found = await desk.versions(path_of(name), desk.settings().provisioning.versions_kept)
    former = next((document for document in found if document.version == wanted.version), None)
    if former is None:
        raise not_found(f"version {wanted.version} of {name[:128]}")
    return await _write(desk, caller, Draft(former.path, former.body))


def path_of(name: str) -> str:
    """The document that stands in a generated file's place."""
    return str(Variant.DIRECT) if name.lower() == OPTION160 else file_path(name)


def _texts(desk: Desk) -> Iterator[FileThing]:
    """Generated files, with what stands in their place."""
    edited = dict(_edited(desk))
    for thing in _generated(desk):
        document = edited.pop(path_of(thing.name), None) if edited else None
        yield _with_document(thing, document) if document else thing
    for path, document in edited.items():
        if path.startswith(_PREFIX):
            yield _with_document(FileThing(path.removeprefix(_PREFIX), "other", "edited"), document)


def _generated(desk: Desk) -> Iterator[FileThing]:
    """What is made when a phone asks for it."""
    directory = desk.directory
    vendors: dict[str, Vendor | None] = {}  # thirty models, thirty thousand phones
    for device in directory.devices():
        if not device.record.approved:
            continue
        if device.model not in vendors:
            vendors[device.model] = by_model(device.model)
        name = (vendors[device.model] or by_mac(device.mac) or DEFAULT).device_file_name(device.mac)
        yield FileThing(name, "device", "generated", device.mac, device.model, device.record.tenant)
    shared = {model_named(model) for model, vendor in vendors.items() if (vendor or DEFAULT).includes}
    for model in sorted(filter(None, shared)):
        yield FileThing(global_name(model), "global", "generated", model=model)
    for tenant in directory.tenants:
        yield FileThing(directory_name(tenant), "directory", "generated", tenant=tenant)
    yield FileThing(OPTION160, "option160", "generated")


def _edited(desk: Desk) -> Mapping[str, Document]:
    paths = (_PREFIX, str(Variant.DIRECT))
    return {path: doc for path, doc in desk.directory.documents.items() if doc.body and path.startswith(paths)}


def _with_document(thing: FileThing, document: Document) -> FileThing:
    return FileThing(
        thing.name,
        thing.kind,
        "edited",
        thing.mac,
        thing.model,
        thing.tenant,
        None,
        document.version,
        rfc3339(document.at),
        document.by,
    )


def _is_generated(desk: Desk, name: str) -> bool:
    """Whether a file of this name is made by us, so that a text can stand in its place."""
    seen = recognise(name, "")
    if seen.role is FileUse.DEVICE and seen.mac:
        device = desk.directory.device(seen.mac)
        return device is not None and device.record.approved
    return (
        seen.role is FileUse.FIRST
        or (seen.role is FileUse.SHARED and seen.vendor.includes)
        or tenant_of_directory(name, desk.directory.tenants) is not None
    )


def _text_of(desk: Desk, name: str, *, secrets: bool) -> tuple[str, str]:
    """A text file as it is served, and its origin; `Problem` 404 if there is none, 422 if it cannot be made."""
    document = desk.directory.documents.get(path_of(name))
    if document is not None and document.body:
        text = desk.open_text(document.body)
        return (text if secrets else masked(text)), "edited"
    people = company_directory(name, desk.directory)
    if people is not None:
        return people.decode(), "generated"
    found = view(desk.maker(), desk.directory, name, desk.address()) if fit_name(name) else None
    if found is None:
        raise not_found(f"file {name[:128]}")
    return (found.text if secrets else found.masked), "generated"


def _checked_text(body: bytes, name: str) -> str:
    if not body.strip():
        raise Problem(422, "the body is empty: to bring the generated file back, delete this one")
    if len(body) > MAX_TEXT:
        raise Problem(413, f"a text may have {MAX_TEXT} bytes")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(422, f"the text is not UTF-8: {error.reason} at byte {error.start}") from None
    if "\0" in text:
        raise Problem(422, "the text holds a zero byte")
    faults = check(text) if name.lower() == OPTION160 else []
    if faults:
        raise ConfigError(faults)
    return text


async def _write(desk: Desk, caller: Caller, draft: Draft) -> VersionItem:
    await kept(desk.deliver(DocumentsWritten((draft,), caller.name)))
    return _version_item(desk.directory.documents[draft.path])


def _version_item(document: Document) -> VersionItem:
    return VersionItem(version=document.version, at=rfc3339(document.at), by=document.by, removed=not document.body)
