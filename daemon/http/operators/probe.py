"""`/probe` for Prometheus: one OPTIONS to the target that the query names, answered in blackbox_exporter's terms.

Without a token, like `/metrics`; what may be probed is bounded by `probe` in the settings. Not here: the probe itself
and its bounds (`daemon.sip.prober`).
"""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from daemon.http.operators.desk import AtDesk

router = APIRouter(include_in_schema=False)

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
SCRAPE_TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
MARGIN = 0.5  # seconds that the answer needs to get back in time; blackbox_exporter's default


@router.get("/probe")
async def probe(
    request: Request,
    desk: AtDesk,
    target: Annotated[str, Query(min_length=1, max_length=400)],
    module: Annotated[str, Query(max_length=40)] = "sip_udp",
    debug: bool = False,
) -> Response:
    """200 whatever the target does: `probe_success` says. Refused: 400, 403, 429, 503."""
    seconds = allowed(request.headers.get(SCRAPE_TIMEOUT), desk.settings().probe.timeout)
    return Response(await desk.probe(target, module, seconds, debug), media_type=_PROMETHEUS)


def allowed(scrape_timeout: str | None, longest: float) -> float:
    """How long a probe may take, in seconds; a header that is no number of seconds does not count."""
    try:
        seconds = float(scrape_timeout or "")
    except ValueError:
        return longest
    if not math.isfinite(seconds) or seconds <= 0:
        return longest
    return min(longest, seconds - MARGIN if seconds > MARGIN else seconds)
