"""How much of a stranger's traffic is looked at: enough for every phone and every scanner, not enough for a flood.

Reading a message costs twenty times what counting it does, so one host that was turned down too often within a
second is not read any more until the next, and all hosts that are nobody's contact together are read only so often.
Answers to pings and what comes from a known contact are not asked. Not here: passwords that are tried (`throttle`).
"""

from __future__ import annotations

from collections import Counter

# Refusals of one host a second, before the rest of that second is dropped unread. A scanner at full speed on a DSL line
# is below it; a site behind NAT whose 2,000 phones have all lost their password, too.
PER_HOST = 200
# Messages of strangers a second, in all: a fleet that comes back after a power cut, and scanners besides.
IN_ALL = 5000
# Hosts that are counted at a time; forged senders beyond it fall under the ceiling for all.
HOSTS = 4096


class Flood:
    """Counts within the present second. `now` in seconds on the caller's axis."""

    def __init__(self) -> None:
        self._second = 0
        self._seen = 0
        self._refused: Counter[str] = Counter()

    def admits(self, host: str, now: float) -> bool:
        """Whether another message of this stranger is to be read."""
        second = int(now)
        if second != self._second:
            self._second, self._seen = second, 0
            self._refused.clear()
        self._seen += 1
        return self._seen <= IN_ALL and self._refused.get(host, 0) < PER_HOST

    def refused(self, host: str) -> None:
        """A message of this host was turned down."""
        if host in self._refused or len(self._refused) < HOSTS:
            self._refused[host] += 1
