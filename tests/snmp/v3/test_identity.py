"""Who we are to other engines, over restarts."""

from __future__ import annotations

from daemon.snmp.v3.identity import NUMBER_BITS, Identity, next_identity
from daemon.snmp.v3.usm import MOST_BOOTS


def restarted(identity: Identity, enterprise: int = 32473) -> Identity:
    marks = {mark.name: float(mark.value) for mark in identity.marks}
    return next_identity(marks, enterprise, chance=1)


def test_the_first_start_draws_a_name_and_the_next_count() -> None:
    first = next_identity({}, 32473, chance=0xC0FFEE123456)
    assert (first.engine_id.hex(), first.boots) == ("80007ed905c0ffee123456", 1)
    second = restarted(first)
    assert (second.engine_id, second.boots) == (first.engine_id, 2)
    assert restarted(second).boots == 3


def test_the_largest_number_survives_the_store() -> None:
    first = next_identity({}, 32473, chance=2**NUMBER_BITS - 1)
    assert restarted(first).engine_id == first.engine_id


def test_another_enterprise_is_another_engine_whose_count_goes_on() -> None:
    first = next_identity({}, 32473, chance=7)
    second = restarted(first, enterprise=2**31 - 1)
    assert (second.engine_id.hex(), second.boots) == ("ffffffff05000000000007", 2)


def test_an_engine_that_has_counted_to_the_end_becomes_another() -> None:
    last = next_identity({"snmp_engine": 7.0, "snmp_boots": float(MOST_BOOTS - 1)}, 32473, chance=8)
    assert (last.engine_id[-6:], last.boots) == ((8).to_bytes(6, "big"), 1)
