"""What a phone does over HTTP: fetch its files at boot, report itself, raise alarms.

The first boot goes to the URL that DHCP would have given, by tenant and MAC; every later one, and every report, goes
to the URLs that the fetched file holds (which carry the phone's own secret). Not here: the exchange itself
(`http_side`), when it happens (`phone`).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from daemon.simulate.acts import SendAlert
from daemon.simulate.http_side import HttpReply, HttpRequest, HttpTrouble, exchange
from daemon.simulate.phone import Phone
from daemon.simulate.phone_settings import CONFIGURATION_URL, FIRMWARE_URL, PROVISIONING_URL, read_configuration
from daemon.simulate.reports import alert, keep_alive, requests_in

KEEP_ALIVE = "rest/v1/ipphoneMgrStatus/keep-alive"
ALERT = "rest/v1/ipphoneMgrAlert/alert"
# Model, version and date stand in the first part of an image; the phone drops the rest unread if they match its own.
FIRMWARE_HEADER = 1024
MAX_INCLUDES = 4


class Visits:
    """The HTTP manners of all phones towards one daemon at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/"

    async def fetch_files(self, phone: Phone) -> dict[str, str]:
        """The firmware's header, then the configuration with what it includes; raises `HttpTrouble`."""
        await self._look_at_firmware(phone)
        url = self._configuration_url(phone)
        file = read_configuration(await self._fetch(phone, url))
        settings: dict[str, str] = {}
        for name in file.includes[:MAX_INCLUDES]:
            included = await self._fetch(phone, urljoin(url, name))
            settings.update(read_configuration(included).settings)
        return {**settings, **file.settings}

    async def report(self, phone: Phone, status: str) -> list[object]:
        """Send a keep-alive; the requests that its answer holds. Raises `HttpTrouble`."""
        body = keep_alive(phone.identity, phone.kept, status, phone.rng)
        return requests_in((await self._post(phone, KEEP_ALIVE, body)).body)

    async def alert(self, phone: Phone, act: SendAlert, now: float) -> None:
        """Send an alarm or its clear; raises `HttpTrouble`."""
        body = alert(phone.identity, phone.kept, act.trouble, raised=act.raised, now=now, rng=phone.rng)
        await self._post(phone, ALERT, body)

    async def _look_at_firmware(self, phone: Phone) -> None:
        """Read an image's header; that there is none (404) is everyday and stops no phone."""
        folder = phone.kept.get(FIRMWARE_URL) or f"{self._url}firmwarefiles/"
        url = urljoin(folder, f"{phone.identity.model}.img")
        headers = (*_agent(phone), ("Range", f"bytes=0-{FIRMWARE_HEADER - 1}"))
        await exchange(HttpRequest("GET", url, headers, enough=FIRMWARE_HEADER), phone.identity.address)

    def _configuration_url(self, phone: Phone) -> str:
        folder = phone.kept.get(CONFIGURATION_URL)
        first = f"{self._url}ipp/tenant/{phone.identity.tenant}/"
        return urljoin(folder or first, f"{phone.identity.mac}.cfg")

    async def _fetch(self, phone: Phone, url: str) -> bytes:
        reply = await exchange(HttpRequest("GET", url, _agent(phone)), phone.identity.address)
        return _checked(reply).body

    async def _post(self, phone: Phone, path: str, body: bytes) -> HttpReply:
        url = urljoin(_folder(phone.kept, self._url), path)
        headers = (*_agent(phone), ("Content-Type", "application/json"))
        return _checked(await exchange(HttpRequest("POST", url, headers, body), phone.identity.address))


def _agent(phone: Phone) -> tuple[tuple[str, str], ...]:
    return (("User-Agent", phone.identity.user_agent),)


def _folder(kept: Mapping[str, str], default: str) -> str:
    url = kept.get(PROVISIONING_URL) or default
    return url if url.endswith("/") else f"{url}/"


def _checked(reply: HttpReply) -> HttpReply:
    if reply.status != 200:
        raise HttpTrouble(f"status {reply.status}")
    return reply
