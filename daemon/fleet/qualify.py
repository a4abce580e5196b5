"""When a target is pinged, and when silence counts: interval, spread, confirmation, back-off, giving up.

Each target has a fixed place in the interval, a hash of its key, on an absolute time grid: a restart finds the same
places and does not burst, and a power cut that makes all phones register at once does not synchronise their pings.
Whoever answers stays on the ring of its interval, which costs no planning. A first miss is confirmed by quick extra
pings; a dead phone is pinged ever more seldom, never more often than a live one (chan_sip pings it six times as
often, with retransmissions seventeen times the packets); those have their own deadlines.

What a ping's outcome does to a state is `reachability`'s. Not here: sockets, timeouts of a single ping.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain

from daemon.config.settings import Qualify
from daemon.fleet import reachability
from daemon.fleet.commands import Decided, SendProbes
from daemon.fleet.events import NOT_BACK, OUR_DOING, ProbeAnswer, ProbeAnswered
from daemon.fleet.model import Reachability, Transition
from daemon.fleet.pace import Pace
from daemon.fleet.reachability import ALIVE, Stimulus
from daemon.fleet.target import NEVER_REGISTERED, Target
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.ring import GRAIN, Ring

Outcome = Transition | Decided

FIRST_PING = "has a contact, first ping under way"
# Seconds between a REGISTER and the ping it earns: the answer, which waits for the disk, is to be there before it
# (sipsak takes whatever comes first for the answer).
SETTLE = 0.25
# A turn of the daemon costs as much as ten pings however few it sends, so those that are due are collected: until a
# turn is full, but no longer than `LONGEST_TURN`; and for `SHORTEST_TURN` at least, which spreads a large fleet well
# enough (with 250,000 the busiest 100 ms saw 1.43 times their share: bench/README.md).
FULL_TURN = 64
SHORTEST_TURN, LONGEST_TURN = 0.04, 0.25


def slot(now: float, period: float, share: float) -> float:
    """The next time after `now` that is the place `share` (0 to 1) in a grid of `period` seconds.

    A place less than a thousandth of the period away is `now` itself, seen through rounding, and is not the next.
    """
    place = (math.floor(now / period - share) + 1 + share) * period
    return place if place - now > period / 1000 else place + period


class Pinging:
    """The deadlines of the qualify rules, for all targets; steps their reachability and returns what happened."""

    def __init__(self, settings: Qualify, now: float) -> None:
        self.targets: dict[str, Target] = {}
        self.pings: Deadlines[str] = Deadlines()  # of those that are not pinged at their regular place
        self.long_silences: Deadlines[str] = Deadlines()
        self.registrations: Deadlines[str] = Deadlines()
        self.pace = Pace(settings)
        self._rings: dict[float, Ring[Target]] = {}  # by period, of those that are
        self._turned_at = now
        self.apply(settings)

    def apply(self, settings: Qualify) -> None:
        """Go on with these settings; deadlines that are set stay until `watch` looks at their target."""
        self.settings = settings
        self.pace.apply(settings)
        self._accepts_all = "any" in settings.accept

    def next_deadline(self) -> float:
        """The earliest of all deadlines here."""
        return min(
            max(self._next_place(), self._turned_at + self._turn()),
            self.pings.next_deadline(),
            self.pace.next_deadline(),
            self.long_silences.next_deadline(),
            self.registrations.next_deadline(),
        )

    def watch(self, target: Target, now: float) -> Transition | None:
        """Begin, resume or end watching `target` after a start, a reload or an operator's edit."""
        self.targets[target.key] = target
        target.steady = False  # its limits may have changed
        if not target.monitored:
            self._stop(target)
            return reachability.step(target, Stimulus.QUALIFY_OFF, now)
        moved = reachability.step(target, Stimulus.QUALIFY_ON, now)
        if target.reachability is Reachability.NO_STATUS and target.contact:
            target.reachability_reason = FIRST_PING
        elif moved and not target.ever_registered:
            target.reachability_reason = NEVER_REGISTERED
        self._expect_renewal(target)
        self._arm(target)
        self._plan(target, now)
        return moved

    def forget(self, key: str) -> None:
        """The target of this key is gone."""
        if target := self.targets.pop(key, None):
            self._stop(target)

    def unusual(self, answers: Iterable[ProbeAnswer]) -> list[ProbeAnswered]:
        """Take in the everyday answers, those of steady targets in time; the others, for `answered` to judge."""
        others = list[ProbeAnswered]()
        weight, accepts_all, target_of = self.settings.smoothing, self._accepts_all, self.targets.get
        for key, code, rtt in answers:
            target = target_of(key)
            # All samples that the smoothed round trip is made of were below the limit, so it is, too.
            if target and target.steady and rtt is not None and rtt <= target.lagged_after and accepts_all:
                target.round_trips.add(rtt, weight)
            else:
                others.append(ProbeAnswered(key, code, rtt))
        return others

    def answered(self, target: Target, answer: ProbeAnswered, now: float) -> Outcome | None:
        """A ping was answered; None if that changed nothing."""
        if not target.monitored or target.contact is None:
            return Decided("qualify", "answer of what is no longer watched", target.key)
        if not reachability.accepts(answer.code, self.settings.accept):
            return self.missed(target, f"answer {answer.code} is not in qualify.accept", now)
        irregular = target.misses or target.interval
        stimulus = reachability.judge(target, answer.rtt, self.settings)
        if target.reachability not in ALIVE and not self._convinced(target):
            self.ask_again(target, now + self.settings.confirm_after)
            return Decided("qualify", "answer to be confirmed", target.key)
        how_fast = _how_fast(target, answer.rtt)
        moved = reachability.step(target, stimulus, now, how_fast)
        if target.reachability_reason == NOT_BACK:
            target.reachability_reason = f"{stimulus}: {how_fast}"
        if moved or irregular or not target.ring:
            self._arm(target)
            self._plan(target, now)
        target.steady = target.ring > 0 and target.reachability is Reachability.OK
        return moved

    def missed(self, target: Target, cause: str, now: float) -> Outcome:
        """A ping went unanswered."""
        if not target.monitored or target.contact is None:
            return Decided("qualify", "miss of what is no longer watched", target.key)
        if cause == NOT_BACK:
            target.reachability_reason, target.steady = NOT_BACK, False
        if cause in OUR_DOING:
            self._ask_another_time(target, now)
            return Decided("qualify", cause, target.key)
        target.steady = False
        target.misses += 1
        target.answers = 0
        target.round_trips.lose()
        if target.misses < self.settings.misses:
            self.ask_again(target, now + self.settings.confirm_after)
            return Decided("qualify", "miss to be confirmed", target.key)
        moved = reachability.step(target, Stimulus.SILENT, now, f"{target.misses} unanswered, {cause}")
        target.round_trips.fall_silent()
        self._back_off(target)
        self._arm(target)
        self._plan(target, now)
        return moved or Decided("qualify", "still silent", target.key)

    def registered(self, target: Target, now: float) -> None:
        """The phone registered, with its own server, the contact it now has."""
        if target.reachability is Reachability.NO_STATUS:
            target.reachability_reason = FIRST_PING
        self._expect_renewal(target)
        self.wake(target, now, after=SETTLE)

    def strayed(self, target: Target, now: float, detail: str) -> Transition | None:
        """The phone registered with somebody else's server: it has no contact that is ours to ping."""
        self._stop(target)
        moved = reachability.step(target, Stimulus.WRONG_SERVER, now, detail)
        if target.reachability is Reachability.NO_STATUS:
            target.reachability_reason = f"{Stimulus.WRONG_SERVER}: {detail}"
        return moved

    def departed(self, target: Target, why: Stimulus, now: float) -> Transition | None:
        """The registration ended, by its time or by the phone; a static contact may have taken its place."""
        self.registrations.cancel(target.key)
        moved = None if target.contact else reachability.step(target, why, now)
        self._arm(target)
        self._plan(target, now)
        return moved

    def silent_for_long(self, target: Target, now: float) -> Transition | None:
        """The phone stayed unreachable until we give it up."""
        moved = reachability.step(target, Stimulus.SILENT_FOR_LONG, now)
        self._arm(target)
        self._plan(target, now)
        return moved

    def wake(self, target: Target, now: float, after: float = 0.0) -> Decided | None:
        """Any sign of life of a phone that does not answer pings earns one extra ping, at most every `confirm_after`.

        It never moves the phone's place in the grid (a fleet that registers at once would stay in step for good).
        """
        if target.contact is None or not target.monitored or target.reachability in ALIVE:
            return None
        if now - target.pinged_at < self.settings.confirm_after:
            return Decided("qualify", "sign of life, pinged a moment ago", target.key)
        target.misses = 0
        self.ask_again(target, now + after)
        return Decided("qualify", "sign of life, pinged at once", target.key)

    def ask_again(self, target: Target, at: float) -> None:
        """An extra ping at `at`, instead of the regular one."""
        self._leave_ring(target)
        self.pings.set(target.key, at)

    def due(self, now: float) -> list[SendProbes]:
        """The pings to send now, no faster than `pace` allows; each target's next one is planned."""
        # On the grid of places, so that a turn that came late does not make the next ones late, too.
        self._turned_at = math.floor(now / GRAIN) * GRAIN
        regular = list(chain.from_iterable(ring.expire(now) for ring in self._rings.values()))
        extra = [target for key in self.pings.expire(now) if (target := self.targets.get(key)) and target.contact]
        for target in extra:  # its outcome plans the next one; two under way would count one outage twice
            self._leave_for_later(target, self._period(target), now)
        sent = list[Target]()
        for target in self.pace.admit(regular + extra, now):
            if target.contact:
                target.pinged_at = now
                sent.append(target)
        return [SendProbes(sent)] if sent else []

    def _convinced(self, target: Target) -> bool:
        """Whether a target that was given up has answered often enough in a row to count as alive."""
        target.answers += 1
        if target.reachability is not Reachability.NO_STATUS and target.answers < self.settings.answers:
            return False
        target.answers = 0
        return True

    def _ask_another_time(self, target: Target, now: float) -> None:
        """A ping told nothing; one that was to confirm a miss is sent again soon, any other at its regular place."""
        if target.misses:
            self.ask_again(target, now + self.settings.confirm_after)
        else:
            self._plan(target, now)

    def _plan(self, target: Target, now: float) -> None:
        """Set the next regular ping by the target's state."""
        period = self._period(target)
        if period == target.period < math.inf:
            self.pings.cancel(target.key)
            self._join_ring(target, period, now)
            return
        self._leave_ring(target)
        self._leave_for_later(target, period, now)

    def _leave_for_later(self, target: Target, period: float, now: float) -> None:
        """A ping at its place in another grid than that of its ring, but no sooner than a live one has its next.

        The grids of two pauses do not fit into each other, so a place of one may be close behind a place of the other.
        """
        earliest = now + 0.99 * target.period
        self.pings.set(target.key, math.inf if math.isinf(period) else slot(earliest, period, target.share))

    def _period(self, target: Target) -> float:
        """How often it is pinged now, in seconds; infinity for not at all."""
        if target.contact is None:
            return math.inf
        if target.reachability is Reachability.UNKNOWN:
            return self.settings.unknown_interval
        return target.interval or target.period

    def _join_ring(self, target: Target, period: float, now: float) -> None:
        if target.ring == period:
            return
        self._leave_ring(target)
        if period not in self._rings:
            self._rings[period] = Ring(period, now)
        self._rings[period].add(target, target.share)
        target.ring = period

    def _leave_ring(self, target: Target) -> None:
        if not target.ring:
            return
        ring = self._rings[target.ring]
        ring.discard(target, target.share)
        if not ring:
            del self._rings[target.ring]
        target.ring = 0.0
        target.steady = False

    def _next_place(self) -> float:
        return min((ring.next_deadline() for ring in self._rings.values()), default=math.inf)

    def _turn(self) -> float:
        """How long to collect those that are due."""
        rate = sum(len(ring) / period for period, ring in self._rings.items())
        return max(SHORTEST_TURN, min(LONGEST_TURN, FULL_TURN / rate)) if rate else 0.0

    def _stop(self, target: Target) -> None:
        self._leave_ring(target)
        self.pace.forget(target)
        for deadlines in (self.pings, self.long_silences, self.registrations):
            deadlines.cancel(target.key)

    def _expect_renewal(self, target: Target) -> None:
        """A registered contact ends at its time unless it is renewed; a static one never does."""
        if target.contact and target.contact.expires_at is not None and target.monitored:
            self.registrations.set(target.key, target.contact.expires_at)

    def _back_off(self, target: Target) -> None:
        """Double the pause of a silent phone, up to its ceiling; never below that of a live one."""
        ceiling = max(self.settings.unreachable_interval, target.period)
        target.interval = min(2 * target.interval or target.period, ceiling)

    def _arm(self, target: Target) -> None:
        """An UNREACHABLE target becomes UNKNOWN when its time is up; nothing else does."""
        if target.reachability is Reachability.UNREACHABLE:
            self.long_silences.set(target.key, target.reachability_since + self.settings.unknown_after)
        else:
            self.long_silences.cancel(target.key)


def _how_fast(target: Target, rtt: float | None) -> str:
    """The round trip as an operator wants to read it."""
    smoothed = target.round_trips.smoothed
    return "after the timeout" if rtt is None or smoothed is None else f"round trip {smoothed * 1000:.0f} ms"
