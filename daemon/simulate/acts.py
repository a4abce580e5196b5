"""What a simulated phone wants done on the network: one frozen value per act, carried out by `fleet`."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.simulate.calls import Call
from daemon.simulate.credentials import Proof
from daemon.simulate.trouble import Trouble


@dataclass(frozen=True, slots=True)
class FetchFiles:
    """Look at the firmware's header, then fetch the configuration; when it starts, or because it was told to."""

    starting: bool = True


@dataclass(frozen=True, slots=True)
class SendReport:
    """Send a keep-alive with this status."""

    status: str


@dataclass(frozen=True, slots=True)
class SendAlert:
    """Send an alarm, or its clear if not `raised`."""

    trouble: Trouble
    raised: bool


@dataclass(frozen=True, slots=True)
class SendSettings:
    """Send the settings that its user made, by the path of the phone's own file."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendRegister:
    """Send a REGISTER (again, if `cseq` was sent before); `expires` 0 takes the registration back.

    `proof` answers a challenge; None while there was none.
    """

    domain: str
    user: str
    call_id: str
    cseq: int
    expires: int
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class SendCallReport:
    """Publish how a call sounded; the number of the report is part of what tells it from the others."""

    call: Call
    domain: str
    user: str
    number: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the TCP connection, if there is one."""


Act = FetchFiles | SendReport | SendAlert | SendSettings | SendRegister | SendCallReport | HangUp
