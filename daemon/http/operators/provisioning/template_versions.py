"""Routes about the former versions of templates: list, show, roll back.

A rollback writes the former text anew, as a version of its own, so it can be rolled back as well.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.records import Document, Draft
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.problems import Problem, not_found
from daemon.http.operators.provisioning.template_views import Held, TemplateWritten, name_in, version_of
from daemon.http.operators.provisioning.templates import FILE_ANSWER, Form, may_see_secrets, template_file
from daemon.provisioning.library import template_path
from daemon.provisioning.templates.xml_form import parse_template
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/templates/{name}", tags=["templates"])

Number = Annotated[int, Path(ge=1, le=999_999_999)]


class Version(BaseModel):
    """One version of a template; `removed`: with it the template was restored or deleted."""

    version: int
    at: str
    by: str
    removed: bool


class VersionList(BaseModel):
    """The versions that are kept, newest first."""

    items: list[Version]


class Rollback(BaseModel):
    """To which version."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=999_999_999)]


@router.get("/versions")
async def list_versions(name: str, desk: AtDesk, caller: Reader) -> VersionList:
    """Who wrote a template when; empty if nobody ever did."""
    found = await _versions(desk, name_in(name))
    return VersionList(
        items=[Version(version=each.version, at=rfc3339(each.at), by=each.by, removed=not each.body) for each in found]
    )


@router.get("/versions/{version}", response_class=Response, responses=FILE_ANSWER)
async def show_version(
    name: str,
    version: Number,
    request: Request,
    desk: AtDesk,
    caller: Reader,
    *,
    form: Form | None = None,
    secrets: bool = False,
) -> Response:
    """A former version as a file."""
    called = name_in(name)
    document = await _version(desk, called, version)
    if not document.body:
        raise not_found(f"text: with version {version} template {called} was removed")
    text = desk.open_text(document.body)
    one = Held(called, parse_template(called, text.encode()), document)
    return template_file(request, one, text, form, plain_secrets=may_see_secrets(caller, secrets))


@router.post("/rollback")
async def roll_back(name: str, order: Rollback, desk: AtDesk, caller: Actor) -> TemplateWritten:
    """Write a former version anew."""
    called = name_in(name)
    document = await _version(desk, called, order.version)
    if not document.body:
        raise Problem(409, f"with version {order.version} template {called} was removed; restore it by DELETE instead")
    await kept(desk.deliver(DocumentsWritten((Draft(document.path, document.body),), caller.name)))
    return TemplateWritten(name=called, version=version_of(desk, document.path), applied=True, warnings=[])


async def _version(desk: Desk, name: str, version: int) -> Document:
    for document in await _versions(desk, name):
        if document.version == version:
            return document
    raise not_found(f"version {version} of template {name}")


async def _versions(desk: Desk, name: str) -> list[Document]:
    return list(await desk.versions(template_path(name), desk.settings().provisioning.versions_kept))
