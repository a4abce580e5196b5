from __future__ import annotations

import pytest

from daemon.http.operators.probe import SCRAPE_TIMEOUT, allowed
from tests.support.operators_desk import DeskWithFleet


async def test_prometheus_asks_without_a_token_and_reads_text() -> None:
    desk = DeskWithFleet()
    async with desk.script() as client:
        answer = await client.get(
            "/probe", params={"target": "sip:a", "module": "sip_tcp"}, headers={SCRAPE_TIMEOUT: "3"}
        )
    assert (answer.status_code, answer.text) == (200, "probe_success 1\n")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert desk.probed == [("sip:a", "sip_tcp", 2.5, False)]


async def test_the_module_has_a_default_and_debugging_is_passed_on() -> None:
    desk = DeskWithFleet()
    async with desk.script() as client:
        await client.get("/probe", params={"target": "10.1.2.3", "debug": "true"})
    assert desk.probed == [("10.1.2.3", "sip_udp", 5, True)]


@pytest.mark.parametrize("query", ["", "target=", f"target={'x' * 401}", f"target=a&module={'x' * 41}"])
async def test_without_a_target_there_is_nothing_to_probe(query: str) -> None:
    desk = DeskWithFleet()
    async with desk.script() as client:
        answer = await client.get(f"/probe?{query}")
    assert answer.status_code == 422
    assert desk.probed == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 5), ("10", 5), ("3", 2.5), ("0.4", 0.4), ("0", 5), ("-1", 5), ("nan", 5), ("inf", 5), ("soon", 5)],
)
def test_a_scrape_leaves_a_probe_less_time_than_itself(header: str | None, seconds: float) -> None:
    assert allowed(header, 5.0) == seconds
