"""When a phone is pinged, and when silence counts: interval, spread, confirmation, back-off, giving up.

Each phone has a fixed place in the interval, a hash of its MAC, on an absolute time grid: a restart finds the same
places and does not burst, and a power cut that makes all phones register at once does not synchronise their pings.
A first miss is confirmed by quick extra pings; a dead phone is pinged ever more seldom, never more often than a live
one (chan_sip pings it six times as often, with retransmissions seventeen times the packets).

What a ping's outcome does to a device's state is `reachability`'s. Not here: sockets, timeouts of a single ping.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from daemon.config.settings import Qualify
from daemon.fleet import reachability
from daemon.fleet.commands import Decided, SendProbe
from daemon.fleet.device import NEVER_REGISTERED, Device
from daemon.fleet.events import ProbeAnswered, ProbeMissed
from daemon.fleet.model import Mac, Reachability, Transition
from daemon.fleet.reachability import Stimulus
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
    """The deadlines of the qualify rules, for all devices; steps their reachability and returns what happened."""

    def __init__(self, settings: Qualify) -> None:
        self.apply(settings)
        self.pings: Deadlines[Mac] = Deadlines()
        self.long_silences: Deadlines[Mac] = Deadlines()
        self.registrations: Deadlines[Mac] = Deadlines()

    def apply(self, settings: Qualify) -> None:
        """Go on with these settings; deadlines that are set stay until `watch` looks at their device."""
        self.settings = settings
        # A twentieth of a second's worth at once, 250 by default: many machines allow a socket 208 KiB of buffer only.
        self._rate = TokenBucket(settings.max_rate, burst=max(1.0, settings.max_rate / 20))

    def next_deadline(self) -> float:
        """The earliest of all deadlines here."""
        return min(self.pings.next_deadline(), self.long_silences.next_deadline(), self.registrations.next_deadline())

    def watch(self, device: Device, now: float) -> Transition | None:
        """Begin, resume or end watching `device` after a start, a reload or an operator's edit."""
        if not device.record.qualify or not device.record.approved:
            self.forget(device.mac)
            return reachability.step(device, Stimulus.QUALIFY_OFF, now)
        moved = reachability.step(device, Stimulus.QUALIFY_ON, now)
        if device.reachability is Reachability.NO_STATUS and device.contact:
            device.reachability_reason = FIRST_PING
        elif moved and not device.ever_registered:
            device.reachability_reason = NEVER_REGISTERED
        self._expect_renewal(device)
        self._arm(device)
        self._plan(device, now)
        return moved

    def forget(self, mac: Mac) -> None:
        """Stop everything about a device."""
        for deadlines in (self.pings, self.long_silences, self.registrations):
            deadlines.cancel(mac)

    def answered(self, device: Device, event: ProbeAnswered, now: float) -> Transition | Decided | None:
        """A ping was answered; None in the everyday case that nothing changed."""
        if not reachability.accepts(event.code, self.settings.accept):
            return self.missed(device, ProbeMissed(event.mac, f"answer {event.code} is not in qualify.accept"), now)
        stimulus = reachability.judge(device, event.rtt, self.settings)
        if reachability.destination(device.reachability, stimulus) is device.reachability:
            return None
        moved = reachability.step(device, stimulus, now, _how_fast(device, event.rtt))
        self._arm(device)
        self._plan(device, now)
        return moved

    def missed(self, device: Device, event: ProbeMissed, now: float) -> Transition | Decided | None:
        """A ping went unanswered."""
        if not device.record.qualify or device.contact is None:
            return Decided("qualify", "miss of a device no longer watched", device.mac)
        device.misses += 1
        if device.misses < self.settings.misses:
            self.pings.set(device.mac, now + self.settings.confirm_after)
            return Decided("qualify", "miss to be confirmed", device.mac)
        moved = reachability.step(device, Stimulus.SILENT, now, f"{device.misses} unanswered, {event.cause}")
        device.round_trips.fall_silent()
        self._back_off(device)
        self._arm(device)
        self._plan(device, now)
        return moved or Decided("qualify", "still silent", device.mac)

    def registered(self, device: Device, now: float) -> None:
        """The phone registered, with its own server, the contact it now has."""
        if device.reachability is Reachability.NO_STATUS:
            device.reachability_reason = FIRST_PING
        self._expect_renewal(device)
        self.wake(device, now)

    def strayed(self, device: Device, now: float, detail: str) -> Transition | None:
        """The phone registered with somebody else's server: it has no contact that is ours to ping."""
        self.forget(device.mac)
        moved = reachability.step(device, Stimulus.WRONG_SERVER, now, detail)
        if device.reachability is Reachability.NO_STATUS:
            device.reachability_reason = f"{Stimulus.WRONG_SERVER}: {detail}"
        return moved

    def departed(self, device: Device, why: Stimulus, now: float) -> Transition | None:
        """The registration ended, by its time or by the phone; a static contact may have taken its place."""
        self.registrations.cancel(device.mac)
        moved = None if device.contact else reachability.step(device, why, now)
        self._arm(device)
        self._plan(device, now)
        return moved

    def silent_for_long(self, device: Device, now: float) -> Transition | None:
        """The phone stayed unreachable until we give it up."""
        moved = reachability.step(device, Stimulus.SILENT_FOR_LONG, now)
        self._arm(device)
        self._plan(device, now)
        return moved

    def wake(self, device: Device, now: float) -> Decided | None:
        """Any sign of life of a phone that does not answer pings earns one extra ping, at most every `confirm_after`.

        It never moves the phone's place in the grid (a fleet that registers at once would stay in step for good).
        """
        if device.contact is None or not device.record.qualify or device.reachability in reachability.ALIVE:
            return None
        if now - device.pinged_at < self.settings.confirm_after:
            return Decided("qualify", "sign of life, pinged a moment ago", device.mac)
        device.misses = 0
        self.pings.set(device.mac, now)
        return Decided("qualify", "sign of life, pinged at once", device.mac)

    def due(self, now: float, device_of: Callable[[Mac], Device | None]) -> list[SendProbe]:
        """The pings to send now, no faster than `max_rate`; each phone's next one is planned."""
        probes = []
        for mac in self.pings.expire(now, self._rate.level(now)):
            device = device_of(mac)
            if device is None or device.contact is None:
                continue
            device.pinged_at = now
            probes.append(SendProbe(mac, device.contact))
            self._plan(device, now)
        self._rate.spend(len(probes))
        return probes

    def _plan(self, device: Device, now: float) -> None:
        """Set the next regular ping by the device's state."""
        if device.contact is None:
            self.pings.cancel(device.mac)
            return
        given_up = device.reachability is Reachability.UNKNOWN
        period = self.settings.unknown_interval if given_up else device.interval or self.settings.interval
        self.pings.set(device.mac, math.inf if math.isinf(period) else slot(now, period, device.share))

    def _expect_renewal(self, device: Device) -> None:
        """A registered contact ends at its time unless it is renewed; a static one never does."""
        if device.contact and device.contact.expires_at is not None and device.record.qualify:
            self.registrations.set(device.mac, device.contact.expires_at)

    def _back_off(self, device: Device) -> None:
        """Double the pause of a silent phone, up to its ceiling; never below that of a live one."""
        ceiling = max(self.settings.unreachable_interval, self.settings.interval)
        device.interval = min(2 * device.interval or self.settings.interval, ceiling)

    def _arm(self, device: Device) -> None:
        """An UNREACHABLE device becomes UNKNOWN when its time is up; nothing else does."""
        if device.reachability is Reachability.UNREACHABLE:
            self.long_silences.set(device.mac, device.reachability_since + self.settings.unknown_after)
        else:
            self.long_silences.cancel(device.mac)


def _how_fast(device: Device, rtt: float | None) -> str:
    """The round trip as an operator wants to read it."""
    smoothed = device.round_trips.smoothed
    return "after the timeout" if rtt is None or smoothed is None else f"round trip {smoothed * 1000:.0f} ms"
