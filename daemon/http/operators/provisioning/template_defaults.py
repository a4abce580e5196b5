"""Routes about the zero-touch default: the template that new phones of a tenant and model get.

There is one for each pair; another choice takes its place. Without a choice it is the template named
`<tenant>/<model>`, else `<model>`, else the generic one.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.records import Draft
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.problems import not_found
from daemon.http.operators.provisioning.template_views import choices, held, name_in
from daemon.provisioning.library import choice_path

router = APIRouter(prefix="/templates/defaults", tags=["templates"])

Model = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,62}$")]


class Choice(BaseModel):
    """Which template."""

    model_config = ConfigDict(extra="forbid")

    template: Annotated[str, Field(min_length=1, max_length=130)]


class Default(BaseModel):
    """The choice for one pair."""

    tenant: str
    model: str
    template: str


class DefaultList(BaseModel):
    """Every choice that was made."""

    items: list[Default]


@router.get("")
async def list_defaults(desk: AtDesk, caller: Reader) -> DefaultList:
    """The pairs for which a template was chosen; tenants and models in lower case."""
    pairs = [(pair, name) for name, chosen in choices(desk).items() for pair in chosen]
    made = [(*pair.split("/", 1), name) for pair, name in sorted(pairs)]
    return DefaultList(items=[Default(tenant=tenant, model=model, template=name) for tenant, model, name in made])


@router.put("/{tenant}/{model}")
async def choose_default(tenant: str, model: Model, order: Choice, desk: AtDesk, caller: Actor) -> Default:
    """Choose the template of a tenant's new phones of a model."""
    _known_tenant(desk, tenant)
    one = held(desk, name_in(order.template))
    draft = Draft(choice_path(tenant, model), desk.seal(one.name))
    await kept(desk.deliver(DocumentsWritten((draft,), caller.name)))
    return Default(tenant=tenant, model=model, template=one.name)


@router.delete("/{tenant}/{model}", status_code=204)
async def drop_default(tenant: str, model: Model, desk: AtDesk, caller: Actor) -> None:
    """Go back to the template named after tenant and model."""
    path = choice_path(tenant, model)
    document = desk.directory.documents.get(path)
    if document is None or not document.body:
        raise not_found(f"choice for {tenant[:40]} and {model}")
    await kept(desk.deliver(DocumentsWritten((Draft(path, ""),), caller.name)))


def _known_tenant(desk: Desk, name: str) -> None:
    if name not in desk.directory.tenants:
        raise not_found(f"tenant {name[:40]}")
