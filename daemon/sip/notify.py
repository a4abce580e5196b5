"""How our check-sync looks: the NOTIFY by which phones are told to fetch their configuration, or to restart.

No RFC describes it; phones of every maker take it without having subscribed, when it comes from their registrar.
`reboot` is always written, since makers differ in what they do without it: "false" fetches, "true" restarts first.
The subscription that never was is over at once (`terminated`), so nothing is kept on either side. Not here: sending
it, answering the phone's challenge (`resyncs`).
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.fleet.model import Contact
from daemon.sip.message import Header, Request, Source
from daemon.sip.transactions import UNRELIABLE
from daemon.sip.uri import request_uri


@dataclass(frozen=True, slots=True)
class CheckSync:
    """What all transmissions of one check-sync share. `token` is its own; `sent_by` (`host:port`) is where we are."""

    contact: Contact
    reboot: bool
    token: str
    sent_by: str
    domain: str
    user_agent: str

    @property
    def uri(self) -> str:
        """Its Request-URI, which is also what a digest is made over."""
        return request_uri(self.contact.uri)

    def request(self, cseq: int, *credentials: Header) -> Request:
        """The NOTIFY without a Via; the first has `cseq` 1, one with credentials a higher one (section 22.2)."""
        transport = self.contact.transport
        over = "" if transport == UNRELIABLE else f";transport={transport}"
        headers: tuple[Header, ...] = (
            ("max-forwards", "70"),
            *(("route", f"<{hop}>") for hop in self.contact.route),
            ("from", f"<sip:ringkeeper@{self.domain}>;tag={self.token}"),
            ("to", f"<{self.uri}>"),
            ("call-id", f"{self.token}@{self.domain}"),
            ("cseq", f"{cseq} NOTIFY"),
            ("contact", f"<sip:ringkeeper@{self.sent_by}{over}>"),
            ("event", f"check-sync;reboot={'true' if self.reboot else 'false'}"),
            ("subscription-state", "terminated"),
            *credentials,
            ("user-agent", self.user_agent),
        )
        return Request(headers, b"", "NOTIFY", self.uri)


def destination(contact: Contact) -> Source:
    """Where packets to a contact go, and by which listener; over a stream this names its connection."""
    return Source(contact.host, contact.port, contact.transport, contact.listener)
