"""Routes about operators themselves: who may use this listener. For administrators only.

A token is made here, shown once in the answer, and kept as a hash. Adding a name again gives it a new token and role.
"""

from __future__ import annotations

import secrets
from typing import Annotated

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.acts import OperatorAdded, OperatorRemoved
from daemon.fleet.records import Operator, Role
from daemon.http.operators.access import Administrator, token_hash
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.devices import kept
from daemon.http.operators.problems import Problem
from daemon.http.operators.views import OperatorItem
from daemon.scheduler.timestamps import rfc3339

log = structlog.get_logger("operators")

router = APIRouter(prefix="/operators", tags=["operators"])

TOKEN_BYTES = 32  # beyond guessing, so a plain hash keeps it (passwords would need a slow one)


class NewOperator(BaseModel):
    """Who, and what they may do."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
    role: Role


class OperatorToken(OperatorItem):
    """A new operator with the token, which is never shown again."""

    token: str


class OperatorList(BaseModel):
    """Everybody, in order of name."""

    items: list[OperatorItem]


@router.get("")
async def list_operators(desk: AtDesk, caller: Administrator) -> OperatorList:
    """Everybody who may use this listener."""
    found = sorted(desk.directory.operators.values(), key=lambda operator: operator.name)
    return OperatorList(items=[OperatorItem(name=o.name, role=o.role, added_at=rfc3339(o.added_at)) for o in found])


@router.post("", status_code=201)
async def add_operator(new: NewOperator, desk: AtDesk, caller: Administrator) -> OperatorToken:
    """Give somebody access, or a new token and role; the old token and its sessions end."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    operator = Operator(new.name, new.role, token_hash(token), desk.clock.now())
    await kept(desk.deliver(OperatorAdded(operator, caller.name)))
    log.info("operator added", event_name="operator-added", operator=new.name, role=new.role, by=caller.name)
    return OperatorToken(name=new.name, role=new.role, added_at=rfc3339(operator.added_at), token=token)


@router.delete("/{name}", status_code=204)
async def remove_operator(name: str, desk: AtDesk, caller: Administrator) -> None:
    """End somebody's access: the token and every session."""
    if name not in desk.directory.operators:
        raise Problem(404, "there is no such operator")
    await kept(desk.deliver(OperatorRemoved(name, caller.name)))
    log.info("operator removed", event_name="operator-removed", operator=name, by=caller.name)
