"""The whole daemon in this process: a configuration file as an operator writes it, real sockets, and an operator.

`async with whole_daemon(config) as daemon:` starts it as `ringkeeper serve` does and ends it in good order. Everything
is on loopback, and the kernel chooses the ports. It needs real time: not for tests on a mock clock.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio

from daemon.app import run_daemon
from daemon.config.listen import Listen
from daemon.config.loader import load_settings
from daemon.running import Running
from tests.support.waiting import until

API = "/api/v1"
ENDS_WITHIN = 15.0  # seconds for a stop that has nothing to wait for

# Everything that happens within minutes and hours in a fleet happens within seconds here.
HURRIED_QUALIFY = {
    "interval": "1s",
    "timeout": "800ms",
    "lagged_after": "150ms",
    "misses": 2,
    "confirm_after": "100ms",
    "unreachable_interval": "1s",
    "unknown_after": "1s",
}

ACME = {"name": "acme", "subnet": "127.10.0.0/16", "default": True}
PBX_A = {"name": "pbx-a", "address": "sip:pbx-a.example.net:5060"}


def write_config(folder: Path, inventory: dict[str, Any] | None = None, **blocks: Any) -> Path:
    """A configuration in `folder`, state and API socket beside it; written as JSON, which is YAML too."""
    written: dict[str, Any] = {
        "state_dir": str(folder / "state"),
        "http": {
            "phones": {"listen": ["http://127.0.0.1:0"]},
            "operators": {"listen": [f"unix://{folder / 'api.sock'}"]},
        },
        "sip": {"listen": ["udp://127.0.0.1:0"], "domain": "pbx-a.example.net", "min_expires": 1},
        **blocks,
    }
    if inventory is not None:
        (folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
        written["inventory"] = "inventory.yml"
    config = folder / "ringkeeper.yml"
    config.write_text(json.dumps(written, indent=1), encoding="utf-8")
    return config


def a_device(mac: str, number: str = "", **fields: Any) -> dict[str, Any]:
    """An inventory's entry for a phone of acme."""
    return {"mac": mac, "model": "420HD", "tenant": "acme", "server": "pbx-a", "number": number, **fields}


def an_inventory(*devices: dict[str, Any], **lists: Any) -> dict[str, Any]:
    """Acme, its server, and these phones."""
    return {"tenants": [ACME], "servers": [PBX_A], "devices": list(devices), **lists}


class Operator:
    """Somebody at the Unix socket, who needs no token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def see(self, path: str) -> Any:
        """What the API shows at `path`."""
        answer = await self.client.get(API + path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def items(self, path: str) -> list[Any]:
        """The items of a list that fits on one page."""
        found: list[Any] = (await self.see(path))["items"]
        return found

    async def see_until(self, path: str, fits: Callable[[Any], bool]) -> Any:
        """The same, as soon as it fits."""
        return await until(partial(self.see, path), fits)

    async def alarm_names_until(self, *names: str) -> None:
        """Return when exactly these alarms are active."""
        await self.see_until("/alarms", lambda seen: sorted(a["name"] for a in seen["items"]) == sorted(names))

    async def tell(self, path: str, body: Any) -> httpx.Response:
        """POST something."""
        return await self.client.post(API + path, json=body)

    async def metric(self, line: str) -> float:
        """The value of one line of /metrics, named with its labels; 0 if it is not there."""
        text = (await self.client.get("/metrics")).text
        return next((float(value) for name, _, value in map(_parted, text.splitlines()) if name == line), 0.0)

    async def ready(self) -> int:
        """The status of /-/ready."""
        return (await self.client.get("/-/ready")).status_code


class WholeDaemon(Operator):
    """A daemon that runs, and its operator."""

    def __init__(self, running: Running, client: httpx.AsyncClient) -> None:
        super().__init__(client)
        self.running = running
        self.sip = Listen("udp", *running.sip_address)


@asynccontextmanager
async def operator(socket_path: str) -> AsyncIterator[Operator]:
    """An operator at the Unix socket of a daemon that runs somewhere else."""
    async with _client(socket_path) as client:
        yield Operator(client)


@asynccontextmanager
async def whole_daemon(config: Path) -> AsyncIterator[WholeDaemon]:
    """The daemon that `config` describes, from its readiness to its orderly end."""
    settings = load_settings(config)
    async with trio.open_nursery() as nursery:
        running: Running = await nursery.start(partial(run_daemon, settings, config_path=config))
        async with _client(running.socket_path) as client:
            yield WholeDaemon(running, client)
        running.stop()
        nursery.cancel_scope.deadline = trio.current_time() + ENDS_WITHIN
    assert not nursery.cancel_scope.cancelled_caught, "the daemon did not end"


def _client(socket_path: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=socket_path)
    return httpx.AsyncClient(transport=transport, base_url="http://ringkeeper", timeout=30)


def _parted(line: str) -> tuple[str, str, str]:
    return line.rpartition(" ")
