"""Values of MIB objects as BER, tag and all. Not here: which object has which value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from daemon.snmp import ber
from daemon.snmp.ber import Syntax
from daemon.snmp.sending.traps import clip, date_and_time

_State = TypeVar("_State")

NO_SUCH_OBJECT = ber.wrap(Syntax.NO_SUCH_OBJECT, b"")
NO_SUCH_INSTANCE = ber.wrap(Syntax.NO_SUCH_INSTANCE, b"")
END_OF_MIB_VIEW = ber.wrap(Syntax.END_OF_MIB_VIEW, b"")

TRUE, FALSE = ber.integer(1), ber.integer(2)  # TruthValue (RFC 2579)
NO_TIME = ber.wrap(Syntax.OCTETS, bytes(8))  # what DateAndTime has for no time at all


def text(value: str, limit: int) -> bytes:
    """A text of at most `limit` octets of UTF-8."""
    return ber.wrap(Syntax.OCTETS, clip(value, limit))


# Models, tenants, sites, versions and reasons are few, and asked for once a row.
common_text = lru_cache(maxsize=4096)(text)


def octets(value: bytes) -> bytes:
    """Octets as they are."""
    return ber.wrap(Syntax.OCTETS, value)


@lru_cache(maxsize=1024)
def natural(value: int) -> bytes:
    """Unsigned32 or Gauge32; what is more than it can hold stays at its highest (RFC 2578, section 7.1.7)."""
    return ber.integer(min(max(value, 0), 2**32 - 1), Syntax.UNSIGNED)


def counter(value: int) -> bytes:
    """Counter32, which begins again at its end."""
    return ber.integer(value % 2**32, Syntax.COUNTER32)


def ticks(seconds: float) -> bytes:
    """TimeTicks: hundredths of a second, beginning again after 497 days."""
    return ber.integer(int(seconds * 100) % 2**32, Syntax.TIME_TICKS)


def truth(value: bool) -> bytes:
    """TruthValue."""
    return TRUE if value else FALSE


def moment(at: float | None) -> bytes:
    """A time as DateAndTime, in UTC."""
    return NO_TIME if at is None else ber.wrap(Syntax.OCTETS, date_and_time(at))


def numbers(states: Mapping[_State, int]) -> dict[_State, bytes]:
    """The values of an enumeration, encoded once."""
    return {state: ber.integer(number) for state, number in states.items()}
