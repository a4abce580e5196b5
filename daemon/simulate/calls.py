"""The calls of simulated phones, and what a phone reports of them (RFC 6035, in the manner of AudioCodes' phones).

Nobody talks: a call is some figures, made up at its end. Most calls are good, a few middling; those over a poor line
are bad. Like the vendor's phones these give R and leave MOS to whoever reads it. Not here: when a call ends
(`phone`), the PUBLISH around the report (`sip_text`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from daemon.simulate.plan import Identity

# Numbers that Ofcom keeps free for fiction: +44 20 7946 0000 to 0999.
_OUTSIDE = "+442079460"
_MIDDLING = 0.04  # share of calls over a good line that are not quite


@dataclass(frozen=True, slots=True)
class _Range:
    """Between what a call's figures lie: R (G.107), percent lost, and milliseconds."""

    rating: tuple[int, int]
    loss: tuple[float, float]
    jitter: tuple[int, int]
    round_trip: tuple[int, int]


_GOOD = _Range(rating=(84, 92), loss=(0.0, 0.4), jitter=(1, 8), round_trip=(20, 60))
_FAIR = _Range(rating=(61, 69), loss=(1.0, 2.5), jitter=(10, 30), round_trip=(60, 150))
_POOR = _Range(rating=(32, 56), loss=(5.0, 12.0), jitter=(35, 90), round_trip=(150, 400))


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is over; times are UTC seconds, loss percent, jitter and round trip milliseconds."""

    id: str
    peer: str
    started_at: float
    ended_at: float
    rating: int
    loss: float
    jitter: int
    round_trip: int


def make_number(rng: Random) -> str:
    """Somebody outside."""
    return f"{_OUTSIDE}{rng.randrange(1000):03d}"


def make_call(rng: Random, began_at: float, now: float, *, poor: bool) -> Call:
    """A call that ends now."""
    lies = _POOR if poor else _FAIR if rng.random() < _MIDDLING else _GOOD
    return Call(
        id=f"{rng.getrandbits(64):016x}",
        peer=make_number(rng),
        started_at=began_at,
        ended_at=now,
        rating=rng.randint(*lies.rating),
        loss=rng.uniform(*lies.loss),
        jitter=rng.randint(*lies.jitter),
        round_trip=rng.randint(*lies.round_trip),
    )


def session_report(call: Call, phone: Identity, domain: str) -> bytes:
    """The phone's report of a whole call, as the body of a PUBLISH."""
    own, peer = f"sip:{phone.number}@{domain}", f"sip:{call.peer}@{domain}"
    lines = (
        "VQSessionReport: CallTerm",
        f"CallID: {call.id}@{phone.address}",
        f'LocalID: "{phone.display_name}" <{own}>',
        f"RemoteID: <{peer}>",
        f"OrigID: <{own}>",
        f"LocalMAC: {phone.mac}",
        "LocalMetrics:",
        f"Timestamps: START={_moment(call.started_at)} STOP={_moment(call.ended_at)}",
        "SessionDesc: PT=8 PD=PCMA SR=8000 FD=20 FPP=1 PPS=50 PLC=3 SSUP=off",
        f"PacketLoss: NLR={call.loss:.2f} JDR=0.00",
        f"Delay: RTD={call.round_trip} ESD=65535 IAJ={call.jitter}",
        f"QualityEst: RLQ={call.rating} RCQ=127 MOSLQ=127 MOSCQ=127",
        f"DialogID: {call.id}@{phone.address}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
