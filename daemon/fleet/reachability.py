"""Whether a phone answers pings: MOR's six registration statuses as a table.

Everything that moves a target from one reachability to another stands in this file; *when* it is pinged stands in
`qualify`. The rules, in words: an answer brings any state to OK or LAGGED at once; silence needs several misses in
a row; an hour of silence, or the end of the registration, means we no longer know. Two stimuli are the same
everywhere and stand below the table: switching qualify off, and registering with somebody else's server.

LAGGED is judged on the smoothed round trip and has two limits, one to enter and a lower one to leave, so a phone at
the limit does not flutter. Not here: alarms, deadlines, sockets.
"""

from __future__ import annotations

from enum import StrEnum
from sys import intern

from daemon.config.settings import Qualify
from daemon.fleet.model import Reachability, Transition
from daemon.fleet.target import Target

_OK, _LAGGED, _UNREACHABLE, _UNKNOWN, _UNMONITORED, _NO_STATUS = (
    Reachability.OK,
    Reachability.LAGGED,
    Reachability.UNREACHABLE,
    Reachability.UNKNOWN,
    Reachability.UNMONITORED,
    Reachability.NO_STATUS,
)

ALIVE = frozenset({_OK, _LAGGED})


class Stimulus(StrEnum):
    """What can happen to a target's reachability; the text is the reason an operator reads."""

    ANSWERED = "answers pings in time"
    ANSWERED_SLOWLY = "answers pings, but slower than its limit"
    SILENT = "stopped answering pings"
    SILENT_FOR_LONG = "unreachable for too long, probing stopped"
    REGISTRATION_EXPIRED = "registration expired"
    UNREGISTERED = "took its registration back"
    ENDED_ELSEWHERE = "no longer registered with its server"
    NOT_LOCATED = "its name could not be looked up"
    QUALIFY_ON = "qualify switched on"
    QUALIFY_OFF = "qualify is off"
    WRONG_SERVER = "registered with another server than its own"


TABLE: dict[Reachability, dict[Stimulus, Reachability]] = {
    _OK: {
        Stimulus.ANSWERED_SLOWLY: _LAGGED,
        Stimulus.SILENT: _UNREACHABLE,
        Stimulus.NOT_LOCATED: _UNREACHABLE,
        Stimulus.REGISTRATION_EXPIRED: _UNKNOWN,
        Stimulus.UNREGISTERED: _UNKNOWN,
        Stimulus.ENDED_ELSEWHERE: _UNKNOWN,
    },
    _LAGGED: {
        Stimulus.ANSWERED: _OK,
        Stimulus.SILENT: _UNREACHABLE,
        Stimulus.NOT_LOCATED: _UNREACHABLE,
        Stimulus.REGISTRATION_EXPIRED: _UNKNOWN,
        Stimulus.UNREGISTERED: _UNKNOWN,
        Stimulus.ENDED_ELSEWHERE: _UNKNOWN,
    },
    _UNREACHABLE: {
        Stimulus.ANSWERED: _OK,
        Stimulus.ANSWERED_SLOWLY: _LAGGED,
        Stimulus.SILENT_FOR_LONG: _UNKNOWN,
        Stimulus.REGISTRATION_EXPIRED: _UNKNOWN,
        Stimulus.UNREGISTERED: _UNKNOWN,
        Stimulus.ENDED_ELSEWHERE: _UNKNOWN,
    },
    _UNKNOWN: {
        Stimulus.ANSWERED: _OK,
        Stimulus.ANSWERED_SLOWLY: _LAGGED,
    },
    _NO_STATUS: {
        Stimulus.ANSWERED: _OK,
        Stimulus.ANSWERED_SLOWLY: _LAGGED,
        Stimulus.SILENT: _UNREACHABLE,
        Stimulus.NOT_LOCATED: _UNREACHABLE,
        Stimulus.REGISTRATION_EXPIRED: _UNKNOWN,
        Stimulus.UNREGISTERED: _UNKNOWN,
        Stimulus.ENDED_ELSEWHERE: _UNKNOWN,
    },
    _UNMONITORED: {
        Stimulus.QUALIFY_ON: _NO_STATUS,
    },
}

# The same from every state, and therefore not repeated six times above.
EVERYWHERE: dict[Stimulus, Reachability] = {
    Stimulus.QUALIFY_OFF: _UNMONITORED,
    Stimulus.WRONG_SERVER: _NO_STATUS,
}


def destination(state: Reachability, stimulus: Stimulus) -> Reachability:
    """Where `stimulus` leads from `state`; the same state if the table does not name it."""
    return EVERYWHERE.get(stimulus) or TABLE[state].get(stimulus, state)


def step(target: Target, stimulus: Stimulus, now: float, detail: str = "") -> Transition | None:
    """Move `target` by `stimulus`; the transition if its state changed, else None.

    `detail` ("3 pings unanswered: timeout") follows the stimulus in the reason. A stimulus the table does not name
    for the state leaves everything as it is.
    """
    old = target.reachability
    new = destination(old, stimulus)
    reason = intern(f"{stimulus}: {detail}" if detail else str(stimulus))  # many phones have the same
    if new is old:
        return None
    target.reachability = new
    target.reachability_reason = reason
    target.reachability_since = now
    return Transition(target.key, now, "reachability", old, new, reason)


def judge(target: Target, rtt: float | None, qualify: Qualify) -> Stimulus:
    """Take an answer's round trip into account and say what kind of answer it was.

    `rtt` is in seconds; None is an answer that came after its timeout. That is slow whatever the history says, unless a
    newer ping was answered in time: then the network only delivered it out of turn, and it says nothing new.
    """
    overtaken = rtt is None and target.misses == 0
    target.misses = 0
    target.interval = 0.0
    if rtt is not None:
        target.round_trips.add(rtt, qualify.smoothing)
    limit = target.lagged_after
    if target.reachability is _LAGGED:
        limit *= qualify.lagged_leave_ratio
    smoothed = target.round_trips.smoothed
    slow = smoothed is None or smoothed > limit or (rtt is None and not overtaken)
    return Stimulus.ANSWERED_SLOWLY if slow else Stimulus.ANSWERED


def accepts(code: int, accept: tuple[str, ...]) -> bool:
    """Whether a final SIP answer with `code` counts as life under `qualify.accept`.

    "any" takes all of them: a phone that says 404 or 486 is alive (as chan_sip, res_pjsip and Kamailio have it).
    """
    return "any" in accept or str(code) in accept or f"{code // 100}xx" in accept
