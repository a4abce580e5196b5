"""What a phone does over HTTP: fetch its files at boot, report itself, raise alarms.

The first boot goes by the option 160 that DHCP would have given, which names the tenant; every later one, and every
report, goes to the URLs that the fetched file holds (which carry the phone's own secret). Not here: the exchange itself
(`http_side`), when it happens (`phone`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from daemon.provisioning.urls import Address, Form, Purpose, requests_of
from daemon.simulate.acts import SendAlert, SendSettings
from daemon.simulate.http_side import HttpReply, HttpRequest, HttpTrouble, exchange
from daemon.simulate.image import HEADER, version_in
from daemon.simulate.phone import Phone
from daemon.simulate.phone_settings import CONFIGURATION_URL, FIRMWARE_URL, PROVISIONING_URL, read_configuration
from daemon.simulate.reports import alert, keep_alive, requests_in

KEEP_ALIVE = "rest/v1/ipphoneMgrStatus/keep-alive"
_TEXT = ("Content-Type", "text/plain")
ALERT = "rest/v1/ipphoneMgrAlert/alert"
MAX_INCLUDES = 4
MAX_IMAGE = 64 * 1024 * 1024  # bytes of firmware that fit into a phone


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the files brought: settings, or another firmware's version, with which the phone starts anew."""

    settings: Mapping[str, str]
    firmware: str = ""


class Visits:
    """The HTTP manners of all phones towards one daemon at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/"

    async def fetch_files(self, phone: Phone) -> Found:
        """The firmware, if it is another; else the configuration with what it includes; raises `HttpTrouble`."""
        firmware = await self._other_firmware(phone)
        if firmware:
            return Found({}, firmware)
        url = self._configuration_url(phone)
        file = read_configuration(await self._fetch(phone, url))
        settings: dict[str, str] = {}
        for name in file.includes[:MAX_INCLUDES]:
            included = await self._fetch(phone, urljoin(url, name))
            settings.update(read_configuration(included).settings)
        return Found({**settings, **file.settings})

    async def send_settings(self, phone: Phone, act: SendSettings) -> None:
        """Write its user's settings where its file is fetched; raises `HttpTrouble`."""
        body = "".join(f"{line}\n" for line in act.lines).encode()
        request = HttpRequest("PUT", self._configuration_url(phone), (*_agent(phone), _TEXT), body)
        _checked(await exchange(request, phone.identity.address))

    async def report(self, phone: Phone, status: str) -> list[object]:
        """Send a keep-alive; the requests that its answer holds. Raises `HttpTrouble`."""
        body = keep_alive(phone.identity, phone.kept, status, phone.rng)
        return requests_in((await self._post(phone, KEEP_ALIVE, body)).body)

    async def alert(self, phone: Phone, act: SendAlert, now: float) -> None:
        """Send an alarm or its clear; raises `HttpTrouble`."""
        body = alert(phone.identity, phone.kept, act.trouble, raised=act.raised, now=now, rng=phone.rng)
        await self._post(phone, ALERT, body)

    async def _other_firmware(self, phone: Phone) -> str:
        """The version of the image that waits for it, all of which it has taken then; "" if there is no other.

        That there is no image (404) is everyday and stops no phone.
        """
        url, source = self._firmware_url(phone), phone.identity.address
        if (await exchange(HttpRequest("HEAD", url, _agent(phone)), source)).status != 200:
            return ""
        first = (*_agent(phone), ("Range", f"bytes=0-{HEADER - 1}"))
        head = (await exchange(HttpRequest("GET", url, first, enough=HEADER), source)).body
        version = version_in(head, phone.identity.model)
        if version in {"", phone.identity.firmware}:
            return ""
        _checked(await exchange(HttpRequest("GET", url, _agent(phone), enough=MAX_IMAGE), source))
        return version

    def _firmware_url(self, phone: Phone) -> str:
        told = phone.kept.get(FIRMWARE_URL)
        if told:
            return told if told.endswith(".img") else urljoin(_folder(told), f"{phone.identity.model}.img")
        return self._by_option(phone, Purpose.FIRMWARE)

    def _configuration_url(self, phone: Phone) -> str:
        told = phone.kept.get(CONFIGURATION_URL)
        if told:
            return told if told.endswith(".cfg") else urljoin(_folder(told), f"{phone.identity.mac}.cfg")
        return self._by_option(phone, Purpose.CONFIGURATION)

    def _by_option(self, phone: Phone, purpose: Purpose) -> str:
        """As a phone reads option 160; "" if that tells it nothing."""
        who = phone.identity
        option = Address(self._url.rstrip("/"), Form.ZERO_TOUCH, who.tenant).option()
        return next((one.url for one in requests_of(option, who.model, who.mac) if one.purpose is purpose), "")

    async def _fetch(self, phone: Phone, url: str) -> bytes:
        reply = await exchange(HttpRequest("GET", url, _agent(phone)), phone.identity.address)
        return _checked(reply).body

    async def _post(self, phone: Phone, path: str, body: bytes) -> HttpReply:
        url = urljoin(_folder(phone.kept.get(PROVISIONING_URL) or self._url), path)
        headers = (*_agent(phone), ("Content-Type", "application/json"))
        return _checked(await exchange(HttpRequest("POST", url, headers, body), phone.identity.address))


def _agent(phone: Phone) -> tuple[tuple[str, str], ...]:
    return (("User-Agent", phone.identity.user_agent),)


def _folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _checked(reply: HttpReply) -> HttpReply:
    if reply.status not in {200, 204}:
        raise HttpTrouble(f"status {reply.status}")
    return reply
