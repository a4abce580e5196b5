"""Routes about templates: list, show, write, clone, restore.

A template that was never edited is the shipped one, or that of the operators' folder; writing it makes a document over
it, restoring it removes the document, so an upgrade never overwrites what somebody wrote. Not here: former versions
(`template_versions`), which one is whose default (`template_defaults`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import trio
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.errors import BadMessage
from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.records import Draft, Role
from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.lists import find, parameters_of, parse_query
from daemon.http.operators.problems import Problem
from daemon.http.operators.provisioning.template_views import (
    TEMPLATES,
    Held,
    TemplateList,
    TemplateWritten,
    choices,
    faulty,
    held,
    name_in,
    shown_faults,
    template_items,
    version_of,
)
from daemon.provisioning.library import template_path
from daemon.provisioning.templates.check import Checked, check_template, holds_secrets, masked
from daemon.provisioning.templates.plain_form import parse_text, write_text
from daemon.provisioning.templates.template import Template
from daemon.provisioning.templates.xml_form import as_file, as_text, parse_template, write_template

router = APIRouter(prefix="/templates", tags=["templates"])

_XML, _TEXT = "application/xml", "text/plain; charset=utf-8"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string"}} for kind in (_XML, "text/plain")},
    }
}
FILE_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for kind in (_XML, "text/plain")}}
}
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"\Z')

Form = Literal["xml", "plain"]


class Clone(BaseModel):
    """What the copy is to be called."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(min_length=1, max_length=130)]


@router.get("", openapi_extra=parameters_of(TEMPLATES))
async def list_templates(request: Request, desk: AtDesk, caller: Reader) -> TemplateList:
    """Templates, filtered by any of their fields."""
    page = find(TEMPLATES, template_items(desk), parse_query(TEMPLATES, request.query_params.multi_items()))
    return TemplateList(items=page.items, next=page.next)


@router.get("/{name}", response_class=Response, responses=FILE_ANSWER)
async def show_template(
    name: str,
    request: Request,
    desk: AtDesk,
    caller: Reader,
    *,
    form: Form | None = None,
    secrets: bool = False,
) -> Response:
    """A template as a file: the vendor's XML, or plain text if `form` or Accept says so. Secrets in it are masked."""
    one = held(desk, name_in(name))
    text = desk.open_text(one.document.body) if one.document else ""
    return template_file(request, one, text, form, plain_secrets=may_see_secrets(caller, secrets))


@router.put("/{name}", openapi_extra=_BODY)
async def write_one(
    name: str,
    request: Request,
    desk: AtDesk,
    caller: Actor,
    *,
    allow_undefined: bool = False,
    dry_run: bool = False,
    if_match: Annotated[str | None, Header()] = None,
) -> TemplateWritten:
    """Upload or edit a template; 422 names every fault with its line. If-Match: the version you edited."""
    called = name_in(name)
    based_on = version_in(if_match)
    raw = await request.body()
    text, template = await trio.to_thread.run_sync(_read, called, raw)
    checked = check_template(template, defined_names(desk), allow_undefined=allow_undefined)
    if checked.faults:
        raise faulty(checked.faults)
    if not dry_run:
        await _write(desk, caller, called, text, based_on)
    return _written(desk, called, checked, applied=not dry_run)


@router.post("/{name}/clone", status_code=201)
async def clone_template(name: str, order: Clone, desk: AtDesk, caller: Actor) -> TemplateWritten:
    """Copy a template under another name, such as a tenant's own; 409 if there is one of that name."""
    one, to = held(desk, name_in(name)), name_in(order.to)
    if desk.maker().library.named(to) is not None:
        raise Problem(409, f"there is a template {to} already")
    text = desk.open_text(one.document.body) if one.document else _as_document(one.template)
    await _write(desk, caller, to, text, None)
    return _written(desk, to, Checked((), ()), applied=True)


@router.delete("/{name}", status_code=204)
async def restore_template(
    name: str, desk: AtDesk, caller: Actor, if_match: Annotated[str | None, Header()] = None
) -> None:
    """Restore a template to what was shipped, or delete it if there is nothing below it and nobody uses it."""
    one = held(desk, name_in(name))
    if one.document is None:
        raise Problem(409, f"template {one.name} was not edited: there is nothing to restore")
    users = [] if desk.maker().library.shelf.named(one.name) else _users(desk, one.name)
    if users:
        raise Problem(409, f"template {one.name} is in use: {', '.join(users)}; choose another there first")
    await _write(desk, caller, one.name, "", version_in(if_match))


def template_file(request: Request, one: Held, text: str, form: Form | None, *, plain_secrets: bool) -> Response:
    """A template on the wire; `text` is its document's, "" if it stands in none."""
    covered = not plain_secrets and holds_secrets(one.template)
    template = masked(one.template) if covered else one.template
    version = one.document.version if one.document else 0
    headers = {"ETag": f'"{version}"', "Vary": "Accept"}
    if form == "plain" or (form is None and request.headers.get("accept", "").startswith("text/plain")):
        return Response(write_text(template), media_type=_TEXT, headers=headers)
    raw = as_file(text) if text and not covered else write_template(template)
    return Response(raw, media_type=_XML, headers=headers)


def may_see_secrets(caller: Caller, wanted: bool) -> bool:
    """Whether secrets are shown; `Problem` 403 if somebody asks for them who may not see them."""
    if wanted and not caller.may(Role.ADMINISTRATOR):
        raise Problem(403, f"secrets are for administrators; {caller.name} is {caller.role}")
    return wanted


def version_in(tag: str | None) -> int | None:
    """The version that an If-Match header names; None if any will do."""
    if tag is None or tag.strip() == "*":
        return None
    found = _TAG.match(tag.strip())
    if found is None:
        raise Problem(422, 'If-Match takes the ETag that GET gave, such as "3"')
    return int(found.group(1))


def defined_names(desk: Desk) -> frozenset[str]:
    """Every placeholder that anybody gave a value, whoever it was."""
    provisioning, library, directory = desk.settings().provisioning, desk.maker().library, desk.directory
    tables: list[Mapping[str, str]] = [provisioning.placeholders, *provisioning.template_placeholders.values()]
    tables += [library.values(path[len("placeholders/") :]) for path in directory.documents if _holds_values(path)]
    for tenant in directory.tenants.values():
        tables += [tenant.placeholders, *(site.placeholders for site in tenant.sites)]
    tables += [device.record.placeholders for device in directory.devices()]
    return frozenset(name for table in tables for name in table)


def _holds_values(path: str) -> bool:
    return path == "placeholders" or path.startswith("placeholders/")


def _read(name: str, raw: bytes) -> tuple[str, Template]:
    """A file in either form -> the document's text, and what it means. XML stays as it was written."""
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        template = parse_template(name, raw)
        return as_text(name, raw), template
    try:
        template = parse_text(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadMessage("encoding", f"the text is not UTF-8: {error.reason} at byte {error.start}", 422) from None
    return _as_document(template), template


def _as_document(template: Template) -> str:
    return as_text(template.name, write_template(template))


async def _write(desk: Desk, caller: Caller, name: str, text: str, based_on: int | None) -> None:
    body = desk.seal(text) if text else ""
    await kept(desk.deliver(DocumentsWritten((Draft(template_path(name), body, based_on),), caller.name)))


def _written(desk: Desk, name: str, checked: Checked, *, applied: bool) -> TemplateWritten:
    warnings = list(shown_faults(checked.warnings))
    return TemplateWritten(name=name, version=version_of(desk, template_path(name)), applied=applied, warnings=warnings)


def _users(desk: Desk, name: str) -> list[str]:
    """Who would be without a template: defaults, and devices it was chosen for."""
    devices = sum(device.record.template.casefold() == name.casefold() for device in desk.directory.devices())
    found = [f"default of {pair}" for pair in choices(desk).get(name.casefold(), [])]
    return [*found, f"{devices} devices"] if devices else found
