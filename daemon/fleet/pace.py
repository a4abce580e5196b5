"""How fast pings may leave: `qualify.max_rate` for all together, `qualify.site_rate` for the targets of one site.

Who may not go yet waits in line and goes first when its turn comes. Each site has a line of its own, so that one with
50,000 phones in it costs no more than one with 50, and sites take turns. Not here: when a target is due (`qualify`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter

from daemon.config.settings import Qualify
from daemon.fleet.target import Target
from daemon.scheduler.pacing import TokenBucket

# How long those in line wait until they are looked at again: less than what may leave at once lasts, so that a line
# moves at the full rate.
PATIENCE = 0.04


_PLACE = attrgetter("place")


@dataclass(frozen=True, slots=True)
class PaceStatistics:
    """Targets that wait now, and how often one had to wait since start, by the limit that was used up."""

    waiting: int
    held_back: dict[str, int]


class Pace:
    """The lines of targets that are due."""

    def __init__(self, settings: Qualify) -> None:
        self._lines: dict[str, dict[Target, None]] = {}  # by site, "" for none; whose turn is next stands first
        self._waiting: dict[Target, str] = {}  # in which line each is, whatever its site is by now
        self._sites: dict[str, TokenBucket] = {}
        self._look_again_at = math.inf
        self._held_back = {"max_rate": 0, "site_rate": 0}
        self.apply(settings)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def apply(self, settings: Qualify) -> None:
        """Go on with these settings; the lines stay."""
        # A twentieth of a second's worth at once, 250 by default: many machines allow a socket 208 KiB of buffer only.
        self._all = TokenBucket(settings.max_rate, burst=max(1.0, settings.max_rate / 20))
        self._site_rate = settings.site_rate
        self._sites.clear()

    def next_deadline(self) -> float:
        """When those in line are to be looked at again; infinity if nobody waits."""
        return self._look_again_at if self._waiting else math.inf

    def admit(self, due: list[Target], now: float) -> list[Target]:
        """Who may be pinged now, of those that waited and those that are `due`; the others wait."""
        room = self._all.level(now)
        if self._waiting or len(due) > room or not self._sites_bear(due, now):
            arrived = [target for target in due if self._line_up(target)]
            due = self._first(room, now)
            self._held_back["max_rate" if len(due) == room else "site_rate"] += self._still_waiting(arrived)
            self._look_again_at = now + PATIENCE
        self._all.spend(len(due))
        return due

    def _sites_bear(self, due: list[Target], now: float) -> bool:
        """Whether all of them may go at once, as far as their sites are concerned; then they are taken for gone."""
        wanted = Counter(map(_PLACE, due))
        del wanted[""]
        if any(count > self._of(site).level(now) for site, count in wanted.items()):
            return False
        for site, count in wanted.items():
            self._of(site).spend(count)
        return True

    def statistics(self) -> PaceStatistics:
        """A snapshot."""
        return PaceStatistics(len(self._waiting), dict(self._held_back))

    def forget(self, target: Target) -> None:
        """It is not to be pinged any more."""
        site = self._waiting.pop(target, None)
        if site is not None:
            del self._lines[site][target]

    def _line_up(self, target: Target) -> bool:
        """Whether it did not wait already."""
        if target in self._waiting:
            return False
        self._waiting[target] = target.place
        self._lines.setdefault(target.place, {})[target] = None
        return True

    def _still_waiting(self, targets: Iterable[Target]) -> int:
        return sum(target in self._waiting for target in targets)

    def _first(self, room: int, now: float) -> list[Target]:
        """As many as there is room for, of each site as many as it bears; whose line goes on has its turn last."""
        admitted = list[Target]()
        for site in [*self._lines]:
            if len(admitted) == room:
                break
            line = self._lines.pop(site)
            for target in [*islice(line, self._share(site, min(room - len(admitted), len(line)), now))]:
                del line[target], self._waiting[target]
                admitted.append(target)
            if line:
                self._lines[site] = line
        return admitted

    def _share(self, site: str, wanted: int, now: float) -> int:
        """How many of those `wanted` the site may have now; without a site, all of them."""
        if not site:
            return wanted
        bucket = self._of(site)
        share = min(wanted, bucket.level(now))
        bucket.spend(share)
        return share

    def _of(self, site: str) -> TokenBucket:
        bucket = self._sites.get(site)
        if bucket is None:
            bucket = self._sites[site] = TokenBucket(self._site_rate, burst=max(1.0, self._site_rate / 2))
        return bucket
