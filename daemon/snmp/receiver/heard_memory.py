"""What the receiver remembers of what it heard: kinds nobody understood, and remarks that were just made. Bounded.

So that the log names each kind once and a timeline is not filled by an agent that says the same thing all day. Not
here: what is understood (`heard`).
"""

from __future__ import annotations

from collections import OrderedDict

from daemon.fleet.model import Mac
from daemon.snmp.ber import Oid

# The same remark about the same device is not written again within this; a scanner makes an agent send thousands.
QUIET = 300.0
# Remarks that are remembered, some 200 octets each: more devices than restart together after a power cut.
MOST_REMARKS = 10_000


class Kinds:
    """Kinds of notification that were not understood; `limit` of them, those heard longest ago are forgotten."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._seen: OrderedDict[Oid, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, kind: Oid) -> bool:
        """Whether this one was not heard before, as far as is remembered; it was, from now on."""
        fresh = kind not in self._seen
        self._seen[kind] = None
        self._seen.move_to_end(kind)
        while len(self._seen) > self.limit:
            self._seen.popitem(last=False)
        return fresh


class Remarks:
    """When a remark about a device was last made."""

    def __init__(self, limit: int = MOST_REMARKS) -> None:
        self._limit = limit
        self._made: OrderedDict[tuple[Mac, str], float] = OrderedDict()

    def is_news(self, mac: Mac, remark: str, now: float) -> bool:
        """Whether it was not made within `QUIET` seconds; it was, from now on."""
        before = self._made.get((mac, remark))
        if before is not None and now - before < QUIET:
            return False
        self._made[mac, remark] = now
        self._made.move_to_end((mac, remark))
        while len(self._made) > self._limit:
            self._made.popitem(last=False)
        return True
