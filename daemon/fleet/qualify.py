"""When a phone is pinged, and when silence counts: interval, spread, confirmation, back-off, giving up.

Each phone has a fixed place in the interval, a hash of its MAC, on an absolute time grid: a restart finds the same
places and does not burst, and a power cut that makes all phones register at once does not synchronise their pings.
A first miss is confirmed by quick extra pings; a dead phone is pinged ever more seldom, never more often than a live
one (chan_sip pings it six times as often, with retransmissions seventeen times the packets).

What a ping's outcome does to a state is `reachability`'s. Not here: sockets, timeouts of a single ping.
"""

from __future__ import annotations

import math

from daemon.config.settings import Qualify
from daemon.fleet import reachability
from daemon.fleet.commands import Decided, SendProbe
from daemon.fleet.events import ProbeAnswered, ProbeMissed
from daemon.fleet.model import Reachability, Transition
from daemon.fleet.reachability import Stimulus
from daemon.fleet.target import NEVER_REGISTERED, Target
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.pacing import TokenBucket

FIRST_PING = "has a contact, first ping under way"


def slot(now: float, period: float, share: float) -> float:
    """The next time after `now` that is the place `share` (0 to 1) in a grid of `period` seconds.

    A place less than a thousandth of the period away is `now` itself, seen through rounding, and is not the next.
    """
    place = (math.floor(now / period - share) + 1 + share) * period
    return place if place - now > period / 1000 else place + period


class Pinging:
    """The deadlines of the qualify rules, for all targets; steps their reachability and returns what happened."""

    def __init__(self, settings: Qualify) -> None:
        self.apply(settings)
        self.targets: dict[str, Target] = {}
        self.pings: Deadlines[str] = Deadlines()
        self.long_silences: Deadlines[str] = Deadlines()
        self.registrations: Deadlines[str] = Deadlines()

    def apply(self, settings: Qualify) -> None:
        """Go on with these settings; deadlines that are set stay until `watch` looks at their target."""
        self.settings = settings
        # A twentieth of a second's worth at once, 250 by default: many machines allow a socket 208 KiB of buffer only.
        self._rate = TokenBucket(settings.max_rate, burst=max(1.0, settings.max_rate / 20))

    def next_deadline(self) -> float:
        """The earliest of all deadlines here."""
        return min(self.pings.next_deadline(), self.long_silences.next_deadline(), self.registrations.next_deadline())

    def watch(self, target: Target, now: float) -> Transition | None:
        """Begin, resume or end watching `target` after a start, a reload or an operator's edit."""
        self.targets[target.key] = target
        if not target.monitored:
            self._stop(target.key)
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
        self._stop(key)
        self.targets.pop(key, None)

    def answered(self, target: Target, event: ProbeAnswered, now: float) -> Transition | Decided | None:
        """A ping was answered; None in the everyday case that nothing changed."""
        if not reachability.accepts(event.code, self.settings.accept):
            return self.missed(target, ProbeMissed(event.key, f"answer {event.code} is not in qualify.accept"), now)
        stimulus = reachability.judge(target, event.rtt, self.settings)
        if reachability.destination(target.reachability, stimulus) is target.reachability:
            return None
        moved = reachability.step(target, stimulus, now, _how_fast(target, event.rtt))
        self._arm(target)
        self._plan(target, now)
        return moved

    def missed(self, target: Target, event: ProbeMissed, now: float) -> Transition | Decided | None:
        """A ping went unanswered."""
        if not target.monitored or target.contact is None:
            return Decided("qualify", "miss of what is no longer watched", target.key)
        target.misses += 1
        if target.misses < self.settings.misses:
            self.pings.set(target.key, now + self.settings.confirm_after)
            return Decided("qualify", "miss to be confirmed", target.key)
        moved = reachability.step(target, Stimulus.SILENT, now, f"{target.misses} unanswered, {event.cause}")
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
        self.wake(target, now)

    def strayed(self, target: Target, now: float, detail: str) -> Transition | None:
        """The phone registered with somebody else's server: it has no contact that is ours to ping."""
        self._stop(target.key)
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

    def wake(self, target: Target, now: float) -> Decided | None:
        """Any sign of life of a phone that does not answer pings earns one extra ping, at most every `confirm_after`.

        It never moves the phone's place in the grid (a fleet that registers at once would stay in step for good).
        """
        if target.contact is None or not target.monitored or target.reachability in reachability.ALIVE:
            return None
        if now - target.pinged_at < self.settings.confirm_after:
            return Decided("qualify", "sign of life, pinged a moment ago", target.key)
        target.misses = 0
        self.pings.set(target.key, now)
        return Decided("qualify", "sign of life, pinged at once", target.key)

    def due(self, now: float) -> list[SendProbe]:
        """The pings to send now, no faster than `max_rate`; each phone's next one is planned."""
        probes = []
        for key in self.pings.expire(now, self._rate.level(now)):
            target = self.targets.get(key)
            if target is None or target.contact is None:
                continue
            target.pinged_at = now
            probes.append(SendProbe(key, target.contact))
            self._plan(target, now)
        self._rate.spend(len(probes))
        return probes

    def _stop(self, key: str) -> None:
        for deadlines in (self.pings, self.long_silences, self.registrations):
            deadlines.cancel(key)

    def _plan(self, target: Target, now: float) -> None:
        """Set the next regular ping by the target's state."""
        if target.contact is None:
            self.pings.cancel(target.key)
            return
        given_up = target.reachability is Reachability.UNKNOWN
        period = self.settings.unknown_interval if given_up else target.interval or target.period
        self.pings.set(target.key, math.inf if math.isinf(period) else slot(now, period, target.share))

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
