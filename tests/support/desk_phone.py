"""A desk phone that does what the test says: fetches, reports and raises alarms over HTTP, registers over SIP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.simulate.http_side import HttpReply, HttpRequest, exchange

KEEP_ALIVE = "/rest/v1/ipphoneMgrStatus/keep-alive"
ALERT = "/rest/v1/ipphoneMgrAlert/alert"
REGISTRATION_FAILURE = "IPPHONE REGISTRATION FAILURE"


@dataclass(frozen=True)
class DeskPhone:
    """A phone with this MAC at this loopback address, and the daemon it talks to."""

    url: str
    mac: str = "00908f4867af"
    address: str = "127.10.1.7"
    secret: str = ""  # "/k/…" in front of every path, once it knows it

    async def get(self, path: str, **headers: str) -> HttpReply:
        """Fetch a file."""
        return await exchange(HttpRequest("GET", self._at(path), tuple(headers.items())), self.address)

    async def fetch(self) -> HttpReply:
        """Fetch its own configuration by tenant and MAC."""
        return await self.get(f"/ipp/tenant/acme/{self.mac}.cfg")

    async def post(self, path: str, body: bytes, content_type: str = "application/json") -> HttpReply:
        """Post a report."""
        headers = (("Content-Type", content_type),) if content_type else ()
        return await exchange(HttpRequest("POST", self._at(path), headers, body), self.address)

    async def keep_alive(self, status: str = "registered", **fields: str) -> HttpReply:
        """Report itself."""
        said = {"mac": self.mac, "status": status, "model": "420HD", "ip": self.address, **fields}
        return await self.post(KEEP_ALIVE, json.dumps(said).encode())

    async def alarm(self, severity: int, name: str = REGISTRATION_FAILURE, **fields: Any) -> HttpReply:
        """Raise an alarm, or end it with severity 0."""
        entry = {"name": name, "severity": str(severity), "source": f"IPPhone/{self.mac}", "type": 1, **fields}
        return await self.post(ALERT, json.dumps({"alerts": [entry]}).encode())

    def _at(self, path: str) -> str:
        return f"{self.url}{self.secret}{path}"


def requests_of(reply: HttpReply) -> list[Mapping[str, Any]]:
    """What a keep-alive's answer wants of the phone."""
    found: list[Mapping[str, Any]] = json.loads(reply.body)["requests"]
    return found


def settings_of(reply: HttpReply) -> dict[str, str]:
    """What a configuration file says."""
    pairs = (line.partition("=") for line in reply.body.decode().splitlines() if not line.startswith(";"))
    return {key.strip(): value.strip() for key, sign, value in pairs if sign}
