"""Kamailio's dispatcher takes Ringkeeper for a gateway: it pings us by OPTIONS, and believes our answers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.kamailio import Kamailio, kamailio
from tests.support.sipp import free_port
from tests.support.waiting import until
from tests.support.whole_daemon import an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer

CONFIG = Path(__file__).parents[1] / "data" / "kamailio" / "pinger.cfg"


async def destination(proxy: Kamailio) -> Any:
    """The one destination as the dispatcher sees it."""
    listed: Any = await proxy.rpc("dispatcher.list")
    return listed["RECORDS"][0]["SET"]["TARGETS"][0]["DEST"]


@pytest.mark.parametrize("over", ["udp", "tcp"])
async def test_kamailio_finds_us_alive_while_we_live(over: str, tmp_path: Path) -> None:
    port = free_port()
    destinations = tmp_path / "destinations"
    destinations.write_text(f"1 sip:127.0.0.1:{port};transport={over}\n", encoding="utf-8")
    text = CONFIG.read_text(encoding="utf-8").replace("DESTINATIONS", str(destinations))
    config = write_config(tmp_path, an_inventory(), sip={"listen": [f"{over}://127.0.0.1:{port}"]})
    async with kamailio(text) as proxy:
        look = partial(destination, proxy)
        await until(look, lambda seen: seen["FLAGS"] == "IP")
        async with whole_daemon(config):
            seen = await until(look, lambda seen: seen["FLAGS"] == "AP")
            assert seen["LATENCY"]["AVG"] >= 0
        await until(look, lambda seen: seen["FLAGS"] == "IP")
