"""Routes about outputs of alarms: how they fare, and whether a test gets through."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.problems import not_found
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/outputs", tags=["outputs"])


class OutputItem(BaseModel):
    """One output: `told` notifications were taken since start, `failures` are tries by reason."""

    name: str
    kind: str
    up: bool
    since: str
    told: int
    given_up: int
    failures: dict[str, int]
    last_error: str


class OutputList(BaseModel):
    """All of them, in the order of the configuration."""

    items: list[OutputItem]


class OutputTestResult(BaseModel):
    """Whether the receiver took the test, and why not."""

    name: str
    taken: bool
    why: str


@router.get("")
async def list_outputs(desk: AtDesk, caller: Reader) -> OutputList:
    """Every output of alarms besides SNMP managers, and how it fares."""
    return OutputList(
        items=[
            OutputItem(
                name=one.name,
                kind=one.kind,
                up=one.up,
                since=rfc3339(one.since),
                told=one.told,
                given_up=one.given_up,
                failures=dict(one.failures),
                last_error=one.last_error,
            )
            for one in desk.outputs.statistics()
        ]
    )


@router.post("/{name}/test")
async def test_output(name: str, desk: AtDesk, caller: Actor) -> OutputTestResult:
    """Tell an output that this is a test, past its queue; answered when its receiver has answered, or its timeout."""
    why = await desk.outputs.test(name)
    if why is None:
        raise not_found(f"output {name[:63]}")
    return OutputTestResult(name=name, taken=not why, why=why)
