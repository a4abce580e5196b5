"""What to do: the orders the fleet gives. Frozen, one sentence each; the switchboard carries them to an edge.

Not here: the orders for the store, of which there are most (`store_commands`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.fleet.model import Contact, Mac
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.records import PhoneRequest
from daemon.fleet.store_commands import StoreCommand
from daemon.fleet.target import Target


@dataclass(frozen=True, slots=True)
class SendProbes:
    """Ping each of these targets once, at its contact, which it has."""

    targets: Sequence[Target]


@dataclass(frozen=True, slots=True)
class LocateTarget:
    """Look up where the SIP URI of the target of this key leads."""

    key: str
    uri: str


@dataclass(frozen=True, slots=True)
class SendNotify:
    """Tell a phone at this contact, by a check-sync, to fetch its configuration; a challenge is answered as `user`."""

    mac: Mac
    contact: Contact
    user: str
    reboot: bool


@dataclass(frozen=True, slots=True)
class OnceStored:
    """Carry this out as soon as all that was ordered before it is durable: it must not be ordered twice."""

    order: SendNotify | SendCommand


@dataclass(frozen=True, slots=True)
class TellIntake:
    """Say in the log how far a large inventory has come: `done` of `total` entries, and whose it is."""

    by: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that changes nothing on disk, with its named reason; becomes a counter and, if `key`, a debug line."""

    rule: str
    reason: str
    key: str | None = None  # whom it is about: a MAC, or "connection/<name>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What whoever delivered the event is to be told: requests for the phone, or why it was refused."""

    requests: tuple[PhoneRequest, ...] = ()
    refused: tuple[str, ...] = ()
    operation: int = 0  # the id that a new one was given
    shelf: int = 0  # likewise


Command = (
    StoreCommand | SendProbes | LocateTarget | SendNotify | SendCommand | OnceStored | TellIntake | Decided | Answer
)
