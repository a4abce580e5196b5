"""For machines that watch: metrics, whether the program lives and is ready. Without a token, so telling no names."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from daemon.http.operators.desk import AtDesk
from daemon.http.operators.problems import Problem, ProblemFault

router = APIRouter(include_in_schema=False)

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics")
async def metrics(desk: AtDesk) -> Response:
    """Prometheus' text format."""
    return Response(desk.metrics(), media_type=_PROMETHEUS)


@router.get("/-/healthy")
async def healthy() -> PlainTextResponse:
    """200 as long as the main loop turns."""
    return PlainTextResponse("healthy\n")


@router.get("/-/ready")
async def ready(desk: AtDesk) -> PlainTextResponse:
    """200 once everything listens and the disk takes changes; else 503 with the reasons."""
    is_ready, reasons = desk.ready()
    if not is_ready:
        faults = tuple(ProblemFault(wrong=reason) for reason in reasons)
        raise Problem(503, "not ready: " + "; ".join(reasons), faults, {"Retry-After": "1"})
    return PlainTextResponse("ready\n")
