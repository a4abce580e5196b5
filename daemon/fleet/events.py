"""What happened: the facts that edges hand to the fleet. Frozen, one sentence each; nothing here decides.

Edges take care of the wire; by the time something is an event it is well-formed, bounded in size, and its device
is named by MAC. `switchboard.deliver` is the only way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from daemon.fleet.acts import Act
from daemon.fleet.calls import QualityReport
from daemon.fleet.model import Binding, Contact, LearnedContact, Mac, Report
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Draft

# The target registered over a connection that ended with our last run; it cannot be reached before it comes back.
NOT_BACK = "has not come back since our start"
# Answers that had arrived were thrown away by our own kernel, because we did not take them in fast enough.
OVERFLOWN = "our own receive buffer overflowed"
OUR_DOING = frozenset({NOT_BACK, OVERFLOWN})


ProbeAnswer = tuple[str, int, float | None]
"""The key of a target that answered a ping, its status code, and the round trip in seconds (None: worthless, since it
came too late). Plain, because there are thousands a second."""


class ProbeAnswered(NamedTuple):
    """A `ProbeAnswer` that something may follow from."""

    key: str
    code: int
    rtt: float | None


@dataclass(frozen=True, slots=True)
class ProbesAnswered:
    """Pings were answered. They come by the handful, and one event for all of them is a fraction of the work."""

    answers: Sequence[ProbeAnswer]


@dataclass(frozen=True, slots=True)
class ProbeMissed:
    """A ping found no answer; `cause` says why: "timeout", "send failed", what ICMP said, or one of `OUR_DOING`."""

    key: str
    cause: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A phone registered with our listener, at the domain or address `domain`.

    `bindings` are all that it has from now on: one at least, the newest first, each contact's `expires_at` set.
    """

    mac: Mac
    bindings: tuple[Binding, ...]
    domain: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A phone took its registration back (Expires: 0)."""

    mac: Mac


@dataclass(frozen=True, slots=True)
class ContactsLearned:
    """Another server of this name has these contacts now; those of one list come in several events."""

    server: str
    contacts: tuple[LearnedContact, ...]


@dataclass(frozen=True, slots=True)
class ContactsLost:
    """Users are no longer registered with that server: each with the URI that ended, "" for whichever it was."""

    server: str
    users: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ConnectorFailed:
    """A server whose registrations we learn has not been heard for long; `why` in a few words."""

    server: str
    why: str


@dataclass(frozen=True, slots=True)
class ConnectorRecovered:
    """Registrations are learned from that server again."""

    server: str


@dataclass(frozen=True, slots=True)
class ConnectorsConfigured:
    """These are the servers whose registrations are learned from now on."""

    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LifeSign:
    """Something else came from the phone: a bare packet, a late answer, a PUBLISH. `kind` names it."""

    mac: Mac
    kind: str


@dataclass(frozen=True, slots=True)
class QualityReported:
    """A phone, or some host of a tenant's network (`mac` None), reported how a call sounded, from address `source`."""

    mac: Mac | None
    report: QualityReport
    source: str


@dataclass(frozen=True, slots=True)
class KeepAliveHeard:
    """A phone reported itself from the network address `source`."""

    mac: Mac
    report: Report
    source: str
    with_secret: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """One entry of a phone's alarm message, as the phone put it."""

    name: str
    description: str
    severity: Severity
    event_type: int
    probable_cause: int
    unique_id: str
    date: str
    additional_info: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertsHeard:
    """A phone sent alarms or clears."""

    mac: Mac
    alerts: tuple[Alert, ...]
    source: str
    with_secret: bool


@dataclass(frozen=True, slots=True)
class TrapHeard:
    """A device, or somebody who may speak of it, sent an SNMP notification from the network address `source`.

    It is a keep-alive, or raises or clears `alert` in that `part` of the device ("" for all of it), or is worth a
    `remark` in its timeline; with none of these it is a sign of life.
    """

    mac: Mac
    source: str
    keep_alive: bool = False
    alert: Alert | None = None
    part: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class FileFetched:
    """A phone fetched a file; `kind` is "config" or "firmware", `complete` whether it held its secrets."""

    mac: Mac
    kind: str
    source: str
    model: str
    user_agent: str
    complete: bool
    with_secret: bool


@dataclass(frozen=True, slots=True)
class UserLinesHeard:
    """A phone sent us what its user set on it: the next version of the document of `draft`."""

    mac: Mac
    draft: Draft
    source: str


@dataclass(frozen=True, slots=True)
class FileMade:
    """A phone is about to get a complete file that reads otherwise than the last one; fields as in `FileVersion`."""

    mac: Mac
    digest: str
    made_by: str
    body: str


@dataclass(frozen=True, slots=True)
class TokenUsed:
    """A phone at address `source` is being handed its complete file for its one-time token."""

    mac: Mac
    source: str


@dataclass(frozen=True, slots=True)
class UnknownPhoneHeard:
    """A phone nobody defined came from a network we trust; it waits among the unapproved."""

    mac: Mac
    tenant: str
    model: str
    source: str


@dataclass(frozen=True, slots=True)
class TargetLocated:
    """A target's name leads to these addresses, best first; to be looked up again after `ttl` seconds."""

    key: str
    contacts: tuple[Contact, ...]
    ttl: float


@dataclass(frozen=True, slots=True)
class TargetNotLocated:
    """A target's name leads nowhere, or nobody could say; `why` in an operator's words. `ttl` as above."""

    key: str
    why: str
    ttl: float


@dataclass(frozen=True, slots=True)
class ResyncEnded:
    """A check-sync was taken, or not; `outcome` says which way, as in "answered 200" or "found no answer"."""

    mac: Mac
    reboot: bool
    delivered: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """A phone's own server took a command, or not; `outcome` as above. `unsure`: it may have heard it all the same."""

    mac: Mac
    action: str
    delivered: bool
    outcome: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """The disk refuses writes; `why` is its own word."""

    why: str


@dataclass(frozen=True, slots=True)
class StoreRecovered:
    """The disk takes writes again."""


@dataclass(frozen=True, slots=True)
class LoadMeasured:
    """How much we had to do since the last measurement.

    `late_turns` is the share of the loop's turns that were late, `turned_away` counts requests a second, `pending` is
    the share of what may wait for the disk.
    """

    late_turns: float
    turned_away: float
    pending: float


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """The certificate that a listener ("http.phones") shows, and until when it is good, in UTC seconds."""

    listener: str
    path: str
    ends_at: float


@dataclass(frozen=True, slots=True)
class CertificatesRead:
    """These are the certificates of our listeners, all of them."""

    certificates: tuple[ShownCertificate, ...]


@dataclass(frozen=True, slots=True)
class OutboxFilling:
    """A receiver takes less than it is sent: `waiting` of at most `limit`, the oldest for `oldest` seconds."""

    receiver: str
    waiting: int
    limit: int
    oldest: float


@dataclass(frozen=True, slots=True)
class OutboxDrained:
    """A receiver has taken most of what waited for it, or is no receiver any more."""

    receiver: str


@dataclass(frozen=True, slots=True)
class OutputFailed:
    """A receiver of alarms that is no SNMP manager has not been reached for long; `why` in a few words."""

    receiver: str
    why: str


@dataclass(frozen=True, slots=True)
class OutputRecovered:
    """That receiver takes alarms, perhaps again."""

    receiver: str


@dataclass(frozen=True, slots=True)
class OutputsConfigured:
    """These are the receivers besides SNMP managers from now on."""

    receivers: tuple[str, ...]


Event = (
    ProbesAnswered
    | ProbeMissed
    | Registered
    | Unregistered
    | ContactsLearned
    | ContactsLost
    | ConnectorFailed
    | ConnectorRecovered
    | ConnectorsConfigured
    | LifeSign
    | QualityReported
    | KeepAliveHeard
    | AlertsHeard
    | TrapHeard
    | FileFetched
    | TokenUsed
    | UserLinesHeard
    | FileMade
    | UnknownPhoneHeard
    | TargetLocated
    | TargetNotLocated
    | ResyncEnded
    | CommandEnded
    | StoreFailed
    | StoreRecovered
    | LoadMeasured
    | CertificatesRead
    | OutputFailed
    | OutputRecovered
    | OutputsConfigured
    | OutboxFilling
    | OutboxDrained
    | Act
)
