"""REGISTER (RFC 3261 section 10.3): which contacts of which device, until when.

A device has several bindings (`bindings`); all of them stand in the fleet, and on the disk, so that the order of
requests counts across a restart. What stands here is only who took everything back a moment ago. Any domain that led
here is served; whether it is the device's assigned server is the fleet's rule. Packets go to the address the REGISTER
came from, whatever the contact says, since that is what passes NAT (RFC 3581, RFC 5626): by the listener that it came
in by, over a stream by the very connection. With Path (RFC 3327) that address is the proxy's.

Requests of one device are handled in the order in which they come, since each is handled whole. Not here: refusing
malformed requests (`refusals`), who may register (`authentication`), retransmissions (`transactions`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from email.utils import formatdate

from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.fleet.events import Event, Registered, Unregistered
from daemon.fleet.model import Binding, Contact, Mac
from daemon.scheduler.deadlines import Deadlines
from daemon.sip import authentication
from daemon.sip.authentication import Authentication, PasswordOf, nobodys_password
from daemon.sip.bindings import Bindings, Wish, changed, made_by, without_all
from daemon.sip.grammar import NameAddr, parse_name_addr, parse_number
from daemon.sip.message import LARGEST_EXPIRES, Header, Request, Source
from daemon.sip.refusals import Refusal
from daemon.sip.responses import Reply, Responder
from daemon.sip.uri import parse_contact_uri, parse_sip_uri

Directory = authentication.Directory

MALFORMED_EXPIRES = 3600  # section 10.3 step 7: what a malformed value is to be treated as
LARGEST_REG_ID = 2**31 - 1  # RFC 5626 section 4.2
# How long a request may still wander about after a later one took everything back: 64*T1 (section 17.1.2.2).
WANDERING = 32.0
# A route stands in every request to the phone, beside a contact of 400 characters; see `uri`.
_LONGEST_ROUTE = 400
_LONGEST_CALL_ID = 255  # it is kept on disk, and compared; those of phones are under 100 characters
_LONGEST_USER_AGENT = 200  # the longest seen in public traces is under 100 characters
_INSTANCE = re.compile(r"<[!#-;=?-\[\]-~]{1,98}>")  # a URN (RFC 5626 section 4.1); a UUID has 45 characters
_FORGET_AT_ONCE = 16  # departures let go of per REGISTER: more than come, so their number only falls


@dataclass(frozen=True, slots=True)
class _Origin:
    """What all bindings of one request share."""

    source: Source
    call_id: str
    cseq: int
    route: tuple[str, ...]
    outbound: bool


class Registrar:
    """Answers REGISTER requests that `refusals` let pass."""

    def __init__(
        self, settings: Sip, directory: Directory, responder: Responder, password_of: PasswordOf = nobodys_password
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._responder = responder
        self._departed: dict[Mac, tuple[str, int]] = {}  # Call-ID and CSeq that took everything back
        self._lapses: Deadlines[Mac] = Deadlines()
        self.authentication = Authentication(settings, directory, responder.key_for(b"nonces"), password_of)

    def __len__(self) -> int:
        return len(self._departed)

    def apply(self, settings: Sip) -> None:
        """Go on with these settings; bindings stay as they were granted."""
        self._settings = settings
        self.authentication.apply(settings)

    def handle(self, request: Request, source: Source, now: float) -> Reply:
        """The steps of section 10.3; what it changed stands in the reply's events.

        `BadMessage` ("flood") for a source that failed so often that it gets no answer.
        """
        for lapsed in self._lapses.expire(now, _FORGET_AT_ONCE):
            del self._departed[lapsed]
        try:
            return self._registered(request, source, now)
        except BadMessage as bad:
            if bad.reason == "flood":
                raise
            return self._responder.refuse(request, source, bad.status, bad.reason)

    def _registered(self, request: Request, source: Source, now: float) -> Reply:
        user = parse_sip_uri(request.to().uri).user
        if refusal := self.authentication.refusal_of(request, user, source, now):
            return self._refused(request, source, refusal)
        mac = self._directory.mac_of_user(user)
        if mac is None:
            unknown = self.authentication.failed(Refusal(404, "unknown-user"), source, now)
            return self._refused(request, source, unknown)
        origin = _origin(request, source)
        star = _takes_all_back(request)
        wishes = [] if star else self._wishes(request, origin, now)
        if any(self._too_brief(wish) for wish in wishes):
            return self._refused(
                request, source, Refusal(423, "too-brief", (("min-expires", str(self._settings.min_expires)),))
            )
        present = self._present(mac, now)
        if not star and not wishes:
            return self._listing(request, origin, present, now)
        return self._change(request, origin, mac, present, wishes, now)

    def _change(  # noqa: PLR0917 - one request, and everything it is about
        self, request: Request, origin: _Origin, mac: Mac, present: Bindings, wishes: list[Wish], now: float
    ) -> Reply:
        this = origin.call_id, origin.cseq
        departed_by, number = self._departed.get(mac, ("", 0))
        if departed_by == origin.call_id and origin.cseq < number:
            raise BadMessage("cseq-order", f"{origin.cseq} after {number}", 500)
        if this == (departed_by, number) or made_by(present, *this):  # its first answer got lost, or waits for the disk
            return self._listing(request, origin, present, now, _event(request, mac, present))
        after = changed(present, wishes, self._settings.max_contacts) if wishes else without_all(present, *this)
        if after == present != ():
            return self._listing(request, origin, present, now)
        if not after:
            self._departed[mac] = this
            self._lapses.set(mac, now + WANDERING)
        return self._listing(request, origin, after, now, _event(request, mac, after))

    def _listing(self, request: Request, origin: _Origin, bindings: Bindings, now: float, *events: Event) -> Reply:
        """200 with what is bound now; Date is for phones without a clock (section 10.3 step 8)."""
        headers: list[Header] = [("contact", _contact_value(binding, now)) for binding in bindings]
        if origin.route:
            headers += [("path", value) for value in request.all("path")]
        if origin.outbound:
            headers.append(("require", "outbound"))
        headers.append(("date", formatdate(now, usegmt=True)))
        return Reply(self._responder.respond(request, origin.source, 200, *headers), events)

    def _refused(self, request: Request, source: Source, refusal: Refusal) -> Reply:
        return self._responder.refuse(request, source, refusal.status, refusal.reason, *refusal.headers)

    def _present(self, mac: Mac, now: float) -> Bindings:
        device = self._directory.device(mac)
        return device.live_bindings(now) if device else ()

    def _wishes(self, request: Request, origin: _Origin, now: float) -> list[Wish]:
        contacts = request.contacts()
        if len(contacts) > 2 * self._settings.max_contacts:  # all of them replaced in one request, at most
            raise BadMessage("too-many-contacts", f"{len(contacts)} contacts", 403)
        wishes = [self._wish(request, contact, origin, now) for contact in contacts]
        if sum(bool(wish.binding.reg_id and wish.expires) for wish in wishes) > 1:  # RFC 5626 section 6
            raise BadMessage("reg-id", "several flows in one request")
        return wishes

    def _wish(self, request: Request, contact: NameAddr, origin: _Origin, now: float) -> Wish:
        uri = parse_contact_uri(contact.uri)
        expires = self._expires(request, contact)
        reg_id = _reg_id(contact) if origin.outbound else 0
        host, port, transport, listener = origin.source
        until = now + min(expires, self._settings.max_expires)
        binding = Binding(
            contact=Contact(contact.uri, host, port, until, transport, origin.route, listener),
            call_id=origin.call_id,
            cseq=origin.cseq,
            q=_quality(contact.params.get("q", "1")),
            instance=contact.params["+sip.instance"] if reg_id else "",
            reg_id=reg_id,
        )
        return Wish(binding, uri, expires)

    def _expires(self, request: Request, contact: NameAddr) -> int:
        text = contact.params.get("expires") or request.first("expires") or str(self._settings.max_expires)
        seconds = parse_number(text, LARGEST_EXPIRES)
        return MALFORMED_EXPIRES if seconds is None else seconds

    def _too_brief(self, wish: Wish) -> bool:
        """Section 10.3 step 7: an hour and more is never too brief, even where an operator wants longer."""
        return 0 < wish.expires < min(self._settings.min_expires, 3600)


def _origin(request: Request, source: Source) -> _Origin:
    """`BadMessage` for a Path or Call-ID that will not do, and 439 for a first hop that cannot keep a flow."""
    known = [tag.lower() for name in ("supported", "require") for tag in request.listed(name)]
    route = _route(request) if "path" in known else ()
    call_id = request.first("call-id")
    if len(call_id) > _LONGEST_CALL_ID:
        raise BadMessage("call-id", f"{len(call_id)} characters")
    outbound = "outbound" in known and any(map(_reg_id, _plain_contacts(request)))
    # RFC 5626 section 6. Each proxy puts its Path in front, so the first hop's stands last.
    if outbound and len(request.listed("via")) > 1 and not (route and "ob" in parse_sip_uri(route[-1]).params):
        raise BadMessage("outbound", "the first hop has no ;ob in its Path", 439)
    return _Origin(source, call_id, request.cseq().number, route, outbound)


def _plain_contacts(request: Request) -> list[NameAddr]:
    return [] if "*" in request.listed("contact") else request.contacts()


def _route(request: Request) -> tuple[str, ...]:
    """The URIs of the Path, topmost first; `BadMessage` ("uri", "name-addr", "path-too-long")."""
    uris = tuple(parse_name_addr(value).uri for value in request.listed("path"))
    if sum(map(len, uris)) > _LONGEST_ROUTE:
        raise BadMessage("path-too-long", f"{sum(map(len, uris))} characters")
    for uri in uris:
        parse_sip_uri(uri)
    return uris


def _reg_id(contact: NameAddr) -> int:
    """The number of the flow; 0 if the contact has none, or no instance that it could be a flow of (RFC 5626)."""
    if not _INSTANCE.fullmatch(contact.params.get("+sip.instance", "")):
        return 0
    return parse_number(contact.params.get("reg-id", ""), LARGEST_REG_ID) or 0


def _takes_all_back(request: Request) -> bool:
    """The star: only alone, and only with Expires 0 (section 10.3 step 6)."""
    values = request.listed("contact")
    if "*" not in values:
        return False
    if len(values) > 1 or request.first("expires") != "0":
        raise BadMessage("star", "a star goes with nothing but Expires: 0")
    return True


def _contact_value(binding: Binding, now: float) -> str:
    contact = binding.contact
    value = f"<{contact.uri}>;expires={max(0, math.ceil((contact.expires_at or now) - now))}"
    if binding.q != 1:
        value += f";q={binding.q:g}"
    return f'{value};+sip.instance="{binding.instance}";reg-id={binding.reg_id}' if binding.reg_id else value


def _event(request: Request, mac: Mac, bindings: Bindings) -> Event:
    if not bindings:
        return Unregistered(mac)
    return Registered(mac, bindings, parse_sip_uri(request.uri).host, _printable(request.first("user-agent")))


def _quality(text: str) -> float:
    """A q-value of three decimals (section 25.1); what is none counts as the least."""
    try:
        return round(min(1.0, max(0.0, float(text))), 3)
    except ValueError:
        return 0.0


def _printable(text: str) -> str:
    """Text from the net that goes into logs and onto the disk: bounded, without controls and broken UTF-8."""
    text = text[:_LONGEST_USER_AGENT]
    return text if text.isprintable() else "".join(filter(str.isprintable, text))
