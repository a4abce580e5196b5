"""The route that gives the text for a DHCP server, as `ringkeeper dhcp` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from daemon.errors import Refused
from daemon.fleet.model import Tenant
from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.provisioning.dhcp import SERVERS, VENDOR_NAMES, snippets
from daemon.provisioning.urls import Form, address_for, own_url

router = APIRouter(prefix="/dhcp", tags=["provisioning"])

_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

Short = Annotated[str, Query(max_length=200)]
Server = Annotated[str, Query(max_length=200, description=f"one of {', '.join(SERVERS)}; not with form=direct")]
Vendor = Annotated[str, Query(max_length=200, description=f"one of {', '.join(VENDOR_NAMES)}")]


@router.get("", response_class=Response, responses=_TEXT)
async def dhcp_snippet(
    desk: AtDesk,
    caller: Reader,
    *,
    server: Server = "",
    tenant: Short = "",
    form: Form | None = None,
    vendor: Vendor = "audiocodes",
    via_proxy: Short = "",
    url: Short = "",
) -> Response:
    """What to write into a DHCP server; with `form=direct` the URL to type into a phone."""
    form = form or (Form.ZERO_TOUCH if tenant else Form.SYSTEM)
    if tenant and not _named(desk.directory.tenants, tenant, sites=form is Form.REGION):
        raise not_found(f"tenant {tenant[:40]}")
    base = url or _own_url(desk)
    try:
        address = address_for(base, form, tenant, via_proxy)
        text = f"{address.folder()}\n" if form is Form.DIRECT else snippets(server, address, vendor)
    except Refused as error:
        raise Problem(422, str(error)) from None
    return Response(text, media_type="text/plain; charset=utf-8")


def _named(tenants: Mapping[str, Tenant], name: str, *, sites: bool) -> bool:
    """Whether a tenant has that name, or one of its sites where a region is meant; in any case, as phones' URLs."""
    names = [tenant.name for tenant in tenants.values()]
    names += [site.name for tenant in tenants.values() for site in tenant.sites] if sites else []
    return name.casefold() in map(str.casefold, names)


def _own_url(desk: Desk) -> str:
    found = own_url(desk.settings())
    if not found:
        fault = ProblemFault(key="url", wrong="not given", hint="such as url=http://prov.example.net:8081")
        raise Problem(422, "provisioning.server is not set: set it, or say how phones reach us", (fault,))
    return found
