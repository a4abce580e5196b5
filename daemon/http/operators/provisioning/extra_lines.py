"""Routes about extra lines: configuration that a tenant or a site wants on all its phones, whatever their template.

They go in where a template has its tenant and site markers, may hold placeholders, and win over what stands above
them. Not here: what a phone's user set (phones leave that with us), the markers
(`daemon.provisioning.templates.template`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.records import Draft
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.problems import not_found
from daemon.http.operators.provisioning.template_views import faulty
from daemon.http.operators.provisioning.templates import defined_names, may_see_secrets
from daemon.provisioning.templates.check import check_lines, covered
from daemon.provisioning.templates.extra_lines import lines_path, read_extra_lines
from daemon.provisioning.templates.template import Line

router = APIRouter(prefix="/extra-lines", tags=["templates"])


class ExtraLines(BaseModel):
    """Lines as a file has them: settings, comments, empty ones."""

    model_config = ConfigDict(extra="forbid")

    lines: Annotated[list[Annotated[str, Field(max_length=40_000)]], Field(max_length=1000)]


@router.get("/{tenant}")
async def show_tenant_lines(tenant: str, desk: AtDesk, caller: Reader, secrets: bool = False) -> ExtraLines:
    """The lines of a tenant's phones; secrets are masked."""
    return _shown(desk, tenant, "", plain=may_see_secrets(caller, secrets))


@router.put("/{tenant}")
async def write_tenant_lines(tenant: str, order: ExtraLines, desk: AtDesk, caller: Actor) -> ExtraLines:
    """Replace them; none takes them away. 422 names every line that will not do."""
    return await _write(desk, caller.name, tenant, "", order)


@router.get("/{tenant}/{site}")
async def show_site_lines(tenant: str, site: str, desk: AtDesk, caller: Reader, secrets: bool = False) -> ExtraLines:
    """The lines of a site's phones; secrets are masked."""
    return _shown(desk, tenant, site, plain=may_see_secrets(caller, secrets))


@router.put("/{tenant}/{site}")
async def write_site_lines(tenant: str, site: str, order: ExtraLines, desk: AtDesk, caller: Actor) -> ExtraLines:
    """Replace them; none takes them away. 422 names every line that will not do."""
    return await _write(desk, caller.name, tenant, site, order)


def _shown(desk: Desk, tenant: str, site: str, *, plain: bool) -> ExtraLines:
    text = desk.maker().library.text(_path(desk, tenant, site))
    lines = text.split("\n") if text else []
    return ExtraLines(lines=lines if plain else [covered(Line(0, line)).text for line in lines])


async def _write(desk: Desk, by: str, tenant: str, site: str, order: ExtraLines) -> ExtraLines:
    path, text = _path(desk, tenant, site), "\n".join(order.lines)
    faults = check_lines(path, read_extra_lines(path, text), defined_names(desk))
    if faults:
        raise faulty(faults)
    draft = Draft(path, desk.seal(text) if text.strip() else "")
    await kept(desk.deliver(DocumentsWritten((draft,), by)))
    return _shown(desk, tenant, site, plain=False)


def _path(desk: Desk, tenant: str, site: str) -> str:
    known = desk.directory.tenants.get(tenant)
    if known is None:
        raise not_found(f"tenant {tenant[:40]}")
    if site and known.site_named(site) is None:
        raise not_found(f"site {site[:40]} of tenant {tenant}")
    return lines_path(tenant, site)
