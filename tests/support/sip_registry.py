"""A registrar and a fleet that does what its events say; and phones that know how to answer a challenge."""

from __future__ import annotations

from dataclasses import replace

from daemon.authentication.digest import answer_challenge
from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.fleet.events import Event, Registered, Unregistered
from daemon.fleet.model import Mac, Tenant
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Reply, Responder
from tests.support.sip_messages import ALICE, Phonebook

SOURCE = Source("198.51.100.9", 40000)
START = 1_700_000_000.0
PASSWORD = "rosebud"


class Registry:
    """2041 is Alice, 2042 Bob; neither has a password, unless given one."""

    def __init__(self, settings: Sip | None = None) -> None:
        self.phonebook = Phonebook()
        self.settings = settings or Sip(domain="pbx.example.net")
        self.opened: list[Mac] = []
        self.registrar = Registrar(self.settings, self.phonebook, Responder(b"k" * 32, "Ringkeeper"), self._open)
        self.events: list[Event] = []

    def protect(self, mac: Mac = ALICE, sealed: str = f"sealed:{PASSWORD}", tenant: str = "") -> None:
        """Give a phone a password, and its tenant a policy."""
        device = self.phonebook.devices[mac]
        device.record = replace(device.record, sip_password=sealed, tenant="acme")
        self.phonebook.tenants["acme"] = Tenant("acme", authentication=tenant)

    def hear(self, datagram: bytes, at: float = 0.0, source: Source = SOURCE) -> Reply:
        """A request comes in, and its events happen."""
        message = parse(datagram)
        assert isinstance(message, Request)
        reply = self.registrar.handle(message, source, START + at)
        for event in reply.events:
            self._take(event)
        return reply

    def silent(self, datagram: bytes, at: float = 0.0, source: Source = SOURCE) -> bool:
        """Whether a request gets no answer at all."""
        try:
            self.hear(datagram, at, source)
        except BadMessage as bad:
            return bad.reason == "flood"
        return False

    def uris(self) -> list[str]:
        """What Alice has registered, the newest first."""
        return [binding.contact.uri for binding in self.phonebook.devices[ALICE].bindings]

    def _take(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Registered):
            self.phonebook.settle(event.mac, event.bindings[0].contact, event.bindings)
        elif isinstance(event, Unregistered):
            self.phonebook.settle(event.mac, None)

    def _open(self, mac: Mac) -> str | None:
        self.opened.append(mac)
        return self.phonebook.devices[mac].record.sip_password.removeprefix("sealed:")


def credentials(
    challenged: Reply,
    user: str = "2041",
    password: str = PASSWORD,
    *,
    uri: str = "sip:pbx.example.net",
    algorithm: str = "",
) -> str:
    """The Authorization value a phone makes of a 401; `algorithm`: the only one it knows."""
    offers = [offer for offer in challenged.response.all("www-authenticate") if algorithm in offer]
    answer = answer_challenge(offers, "REGISTER", uri, user, password, "0a4f113b")
    assert answer
    return answer
