"""REGISTER (RFC 3261 section 10.3): which contact of which device, until when.

Whoever knows a device's number may register it: there is no authentication yet, so the listener belongs where only
phones are. Any domain that led here is served; whether it is the device's assigned server is the fleet's rule. Each
device has one contact: of several in one request the one with the highest q, of several requests the newest. Packets
go to the address the REGISTER came from, whatever the contact says, since that is what passes NAT (RFC 3581).

What the fleet and the disk hold is the binding; kept here is only the Call-ID and CSeq it was made with, so that an
older REGISTER that arrives late does not undo a newer one. Not here: refusing malformed requests (`refusals`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from email.utils import formatdate
from typing import Protocol

from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.fleet.device import Device
from daemon.fleet.events import Event, Registered, Unregistered
from daemon.fleet.model import Contact, Mac
from daemon.scheduler.deadlines import Deadlines
from daemon.sip.grammar import NameAddr, parse_number
from daemon.sip.message import LARGEST_EXPIRES, Address, Request
from daemon.sip.responses import Reply, Responder
from daemon.sip.uri import SipUri, parse_contact_uri, parse_sip_uri

MALFORMED_EXPIRES = 3600  # section 10.3 step 7: what a malformed value is to be treated as
_LONGEST_USER_AGENT = 200  # the longest seen in public traces is under 100 characters
_FORGET_AT_ONCE = 16  # lapsed bindings let go of per REGISTER: more than come, so their number only falls


class Directory(Protocol):
    """What the registrar asks the fleet."""

    def mac_of_user(self, user: str) -> Mac | None:
        """Whose SIP user (number) this is."""

    def device(self, mac: Mac) -> Device | None:
        """The device, with its present contact."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a device's present registration was made with."""

    call_id: str
    cseq: int
    contact: Contact | None  # None: it took its registration back


@dataclass(frozen=True, slots=True)
class Wish:
    """One Contact of a REGISTER: for how many seconds (0: remove it), and how much it is preferred."""

    text: str
    uri: SipUri
    expires: int
    q: float


class Registrar:
    """Answers REGISTER requests that `refusals` let pass."""

    def __init__(self, settings: Sip, directory: Directory, responder: Responder) -> None:
        self.settings = settings
        self._directory = directory
        self._responder = responder
        self._bindings: dict[Mac, Binding] = {}
        self._lapses: Deadlines[Mac] = Deadlines()

    def __len__(self) -> int:
        return len(self._bindings)

    def handle(self, request: Request, source: Address, now: float) -> Reply:
        """The steps of section 10.3; what it changed stands in the reply's events."""
        for lapsed in self._lapses.expire(now, _FORGET_AT_ONCE):
            del self._bindings[lapsed]
        try:
            mac = self._mac_of(request.to())
            star = self._takes_all_back(request)
            wishes = [] if star else [self._wish(request, contact) for contact in request.contacts()]
        except BadMessage as bad:
            return self._responder.refuse(request, source, bad.status, bad.reason)
        if mac is None:
            return self._responder.refuse(request, source, 404, "unknown-user")
        if any(self._too_brief(wish) for wish in wishes):
            minimum = ("min-expires", str(self.settings.min_expires))
            return self._responder.refuse(request, source, 423, "too-brief", minimum)
        if not star and not wishes:
            return self._listing(request, source, self._current(mac, now), now)
        return self._change(request, source, mac, wishes, now)

    def _change(self, request: Request, source: Address, mac: Mac, wishes: list[Wish], now: float) -> Reply:
        call_id, cseq = request.first("call-id"), request.cseq().number
        before = self._bindings.get(mac)
        if before and before.call_id == call_id and cseq <= before.cseq:
            if cseq == before.cseq:  # a retransmission: its first answer got lost, or waits for the disk
                return self._listing(request, source, before.contact, now, self._event(request, mac, before.contact))
            return self._responder.refuse(request, source, 500, "cseq-order")
        wanted = max((wish for wish in wishes if wish.expires), key=lambda wish: wish.q, default=None)
        if wanted:
            contact: Contact | None = Contact(wanted.text, *source, expires_at=now + self._granted(wanted))
        elif self._names_another(wishes, current := self._current(mac, now)):
            return self._listing(request, source, current, now)
        else:
            contact = None
        self._remember(mac, Binding(call_id, cseq, contact), now)
        return self._listing(request, source, contact, now, self._event(request, mac, contact))

    def _listing(self, request: Request, source: Address, contact: Contact | None, now: float, *events: Event) -> Reply:
        """200 with the present binding; Date is for phones without a clock (section 10.3 step 8)."""
        headers = [("date", formatdate(now, usegmt=True))]
        if contact and contact.expires_at is not None:
            headers.insert(0, ("contact", f"<{contact.uri}>;expires={max(0, math.ceil(contact.expires_at - now))}"))
        return Reply(self._responder.respond(request, source, 200, *headers), events)

    def _remember(self, mac: Mac, binding: Binding, now: float) -> None:
        """Until the registration ends by itself; one that was taken back, for as long as its request may wander."""
        self._bindings[mac] = binding
        until = binding.contact.expires_at if binding.contact else None
        self._lapses.set(mac, now + self.settings.max_expires if until is None else until)

    def _mac_of(self, to: NameAddr) -> Mac | None:
        return self._directory.mac_of_user(parse_sip_uri(to.uri).user)

    def _current(self, mac: Mac, now: float) -> Contact | None:
        """The registration in force, also one from before our last start; a static contact is none."""
        device = self._directory.device(mac)
        contact = device.contact if device else None
        return contact if contact and contact.expires_at is not None and contact.expires_at > now else None

    def _takes_all_back(self, request: Request) -> bool:
        """The star: only alone, and only with Expires 0 (section 10.3 step 6)."""
        values = request.listed("contact")
        if "*" not in values:
            return False
        if len(values) > 1 or request.first("expires") != "0":
            raise BadMessage("star", "a star goes with nothing but Expires: 0")
        return True

    def _wish(self, request: Request, contact: NameAddr) -> Wish:
        expires = contact.params.get("expires") or request.first("expires") or str(self.settings.max_expires)
        seconds = parse_number(expires, LARGEST_EXPIRES)
        return Wish(
            contact.uri,
            parse_contact_uri(contact.uri),
            MALFORMED_EXPIRES if seconds is None else seconds,
            _quality(contact.params.get("q", "1")),
        )

    def _too_brief(self, wish: Wish) -> bool:
        """Section 10.3 step 7: an hour and more is never too brief, even where an operator wants longer."""
        return 0 < wish.expires < min(self.settings.min_expires, 3600)

    def _granted(self, wish: Wish) -> int:
        return min(wish.expires, self.settings.max_expires)

    def _names_another(self, removals: list[Wish], current: Contact | None) -> bool:
        """Whether what is to be removed is somebody's older contact; a star (no removals) names all."""
        if not removals or current is None:
            return False
        uri = parse_sip_uri(current.uri)
        return not any(wish.uri.matches(uri) for wish in removals)

    def _event(self, request: Request, mac: Mac, contact: Contact | None) -> Event:
        if contact is None:
            return Unregistered(mac)
        return Registered(mac, contact, parse_sip_uri(request.uri).host, _printable(request.first("user-agent")))


def _quality(text: str) -> float:
    """A q-value (section 25.1); what is none counts as the least."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _printable(text: str) -> str:
    """Text from the net that goes into logs and onto the disk: bounded, without controls and broken UTF-8."""
    return "".join(char for char in text[:_LONGEST_USER_AGENT] if char.isprintable())
