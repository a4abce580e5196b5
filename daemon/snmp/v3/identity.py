"""Who we are to other SNMPv3 engines: an id for good, and a count of starts that never goes back (RFC 3414, 2.2.2).

Both are marks of the store. The id is made of the enterprise number and a number drawn once (RFC 3411,
SnmpEngineID, octets), so setting another enterprise number makes it another. Pure. Not here: what an engine does
(`engine`), seeing to it that the count is on disk (`start`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.fleet.store_commands import SaveMark
from daemon.snmp.v3.usm import MOST_BOOTS

ENGINE_NUMBER = "snmp_engine"
ENGINE_BOOTS = "snmp_boots"
NUMBER_BITS = 48  # as many as a MAC has; a mark holds up to 53 exactly

_OCTETS = 5  # the format of what follows: octets, as whoever administers the engine likes


@dataclass(frozen=True, slots=True)
class Identity:
    """Our engine's id, the count of starts with this one, and the marks that remember both."""

    engine_id: bytes
    boots: int
    marks: tuple[SaveMark, ...]


def next_identity(marks: Mapping[str, float], enterprise: int, chance: int) -> Identity:
    """The identity of this start; `chance` is a number of `NUMBER_BITS` bits, for the first.

    An engine that has started so often that it may not go on becomes another one.
    """
    number, boots = int(marks.get(ENGINE_NUMBER, 0)), int(marks.get(ENGINE_BOOTS, 0)) + 1
    if not number or boots >= MOST_BOOTS:
        number, boots = chance or 1, 1
    engine_id = (2**31 | enterprise).to_bytes(4, "big") + bytes((_OCTETS,)) + number.to_bytes(NUMBER_BITS // 8, "big")
    return Identity(engine_id, boots, (SaveMark(ENGINE_NUMBER, number), SaveMark(ENGINE_BOOTS, boots)))
