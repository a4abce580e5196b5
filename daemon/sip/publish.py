"""PUBLISH (RFC 3903) of voice quality reports (RFC 6035): who is believed, and what the report is about.

Nobody is asked for a password, since phones have none for a collector; but anybody could fake bad calls, so a report
is believed only from the address of its device, from a network of the device's tenant, or, if it is about no device
we know, from any tenant's network (an SBC, say). Nothing is kept between two requests: an entity-tag proves itself,
since it is made of its expiry and of a secret. Not here: reading a body (`vq_report`), what is made of it (the fleet).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2s
from hmac import compare_digest
from typing import Protocol

from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.fleet.calls import QualityReport
from daemon.fleet.device import Device
from daemon.fleet.events import QualityReported
from daemon.fleet.model import Mac, Tenant
from daemon.provisioning.first_contact import in_networks
from daemon.provisioning.served import FileKind
from daemon.provisioning.zero_touch import Rule, place_newcomer
from daemon.sip.grammar import parse_number
from daemon.sip.message import LARGEST_EXPIRES, Header, Request, Source
from daemon.sip.responses import Reply, Responder
from daemon.sip.throttle import Throttle
from daemon.sip.uri import parse_sip_uri
from daemon.sip.vq_report import parse_report

PACKAGE = "vq-rtcpxr"
BODY = "application/vq-rtcpxr"
DEFAULT_EXPIRES = 3600  # what RFC 6035 section 4.5 proposes for a subscription; ours to choose (RFC 3903 section 6)
RETRY_AFTER = 60  # seconds, after which a sender who reported too much has all its tokens back


class Directory(Protocol):
    """What publications ask the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """Tenants by name."""

    def device(self, mac: Mac) -> Device | None:
        """The device, with its present contacts."""

    def mac_of_user(self, user: str) -> Mac | None:
        """Whose SIP user (number) this is."""

    def mac_at(self, host: str, port: int) -> Mac | None:
        """Which device's present contact is at this address."""


class Publications:
    """Answers PUBLISH requests that `refusals` let pass."""

    def __init__(self, settings: Sip, directory: Directory, responder: Responder) -> None:
        self._settings = settings
        self._directory = directory
        self._responder = responder
        self._key = responder.key_for(b"entity-tags")
        self._throttle = Throttle(settings.quality_reports_per_minute, settings.quality_reports_per_minute)

    def apply(self, settings: Sip) -> None:
        """Go on with these settings."""
        self._settings = settings
        self._throttle.per_minute = self._throttle.burst = settings.quality_reports_per_minute

    def handle(self, request: Request, source: Source, now: float) -> Reply:
        """The steps of RFC 3903 section 6; what was reported stands in the reply's events."""
        try:
            return self._published(request, source, now)
        except BadMessage as bad:
            return self._responder.refuse(request, source, bad.status, bad.reason, *_hints(bad.status, self._settings))

    def _published(self, request: Request, source: Source, now: float) -> Reply:
        _check_event(request)
        self._check_tag(request, now)
        expires = self._expires(request)
        if not request.body:
            return self._accepted(request, source, expires, now)
        _check_type(request)
        self._check_sender(request, source)
        if self._throttle.take(source.host, now) < 1:
            raise BadMessage("publish-rate", source.host, 503)
        report = parse_report(request.body)
        device = self._device(request, report, source)
        self._check_belief(device, source)
        event = QualityReported(device.mac if device else None, _turned(report, device), source.host)
        return self._accepted(request, source, expires, now, event)

    def _accepted(self, request: Request, source: Source, expires: int, now: float, *events: QualityReported) -> Reply:
        headers = ("sip-etag", self._tag(int(now) + expires)), ("expires", str(expires))
        return Reply(self._responder.respond(request, source, 200, *headers), events)

    def _check_tag(self, request: Request, now: float) -> None:
        """Whether a condition holds; without one there has to be a body (section 4.1, table 1)."""
        tag = request.first("sip-if-match")
        if not tag:
            if not request.body:
                raise BadMessage("publish-empty", "neither SIP-If-Match nor a body")
            return
        until = parse_number(tag.partition(".")[0], LARGEST_EXPIRES)
        ours = self._tag(until or 0).encode()
        if until is None or until < now or not compare_digest(tag.encode("utf-8", "replace"), ours):
            raise BadMessage("publish-tag", "no publication has this tag", 412)

    def _tag(self, until: int) -> str:
        return f"{until}.{blake2s(str(until).encode(), key=self._key, digest_size=8).hexdigest()}"

    def _expires(self, request: Request) -> int:
        """What is granted. We keep nothing, so it is only politeness; 0 takes a publication back."""
        asked = parse_number(request.first("expires"), LARGEST_EXPIRES)
        expires = DEFAULT_EXPIRES if asked is None else asked
        if 0 < expires < min(self._settings.min_expires, DEFAULT_EXPIRES):
            raise BadMessage("too-brief", f"{expires} s", 423)
        return min(expires, self._settings.max_expires)

    def _check_sender(self, request: Request, source: Source) -> None:
        """A stranger's body is not even read: who is in no tenant's network must be where a device of ours is."""
        place = place_newcomer(FileKind.SYSTEM, "", source.host, self._directory.tenants.values(), None)
        if place.rule is Rule.SUBNET or self._directory.mac_at(source.host, source.port):
            return
        mac = self._directory.mac_of_user(_user(request.from_().uri))
        device = self._directory.device(mac) if mac else None
        if device is None or not _is_at(device, source.host):
            raise _stranger(source)

    def _device(self, request: Request, report: QualityReport, source: Source) -> Device | None:
        """Whose report it is: by MAC, by who publishes, by who talks, and by where it comes from, the first known."""
        users = (user for uri in (request.from_().uri, report.local) if (user := _user(uri)))
        by_user = (self._directory.mac_of_user(user) for user in users)
        for mac in (report.local_mac, *by_user, self._directory.mac_at(source.host, source.port)):
            if mac and (device := self._directory.device(mac)):
                return device
        return None

    def _check_belief(self, device: Device | None, source: Source) -> None:
        """Reports about no device were believed for their network; others must come from their device or tenant."""
        if device is None:
            return
        tenant = self._directory.tenants.get(device.record.tenant)
        near = _is_at(device, source.host) or in_networks(tenant, source.host)
        if not near or not device.record.approved:
            raise _stranger(source)


def _stranger(source: Source) -> BadMessage:
    return BadMessage("publish-of-stranger", source.host, 403)


def _check_event(request: Request) -> None:
    if request.first("event").partition(";")[0].strip().lower() != PACKAGE:
        raise BadMessage("event", f"not {PACKAGE}", 489)


def _check_type(request: Request) -> None:
    """No type at all is let pass: what it is shows in its first word."""
    kind = request.media_type()
    if kind not in ("", BODY) or request.first("content-encoding").lower() not in ("", "identity"):
        raise BadMessage("content-type", f"not {BODY}", 415)


def _hints(status: int, settings: Sip) -> tuple[Header, ...]:
    """What else a refusal must say so that the sender can do better."""
    hints: dict[int, tuple[Header, ...]] = {
        415: (("accept", BODY), ("accept-encoding", "identity")),
        423: (("min-expires", str(settings.min_expires)),),
        489: (("allow-events", PACKAGE),),
        503: (("retry-after", str(RETRY_AFTER)),),
    }
    return hints.get(status, ())


def _user(uri: str) -> str:
    """The user of an identity; bare ones, without scheme or host, are written too."""
    try:
        return parse_sip_uri(uri).user
    except BadMessage:
        return uri.partition("@")[0].rpartition(":")[2]


def _is_at(device: Device, host: str) -> bool:
    contacts = (device.contact, *(binding.contact for binding in device.bindings))
    return any(contact is not None and contact.host == host for contact in contacts)


def _turned(report: QualityReport, device: Device | None) -> QualityReport:
    """With the device as the local party: old phones only say who called whom."""
    number = device.number if device else ""
    if number and _user(report.remote) == number != _user(report.local):
        return replace(report, local=report.remote, remote=report.local)
    return report
