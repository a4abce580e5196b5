"""Causes have the vendor's numbers, and names for people."""

from __future__ import annotations

from daemon.fleet.alarms import kind


def test_every_cause_that_is_used_has_a_name_and_no_number_has_two() -> None:
    numbers = {name: value for name, value in vars(kind).items() if name.isupper() and isinstance(value, int)}
    assert set(numbers.values()) == kind.CAUSE_NAMES.keys()
    assert len(set(kind.CAUSE_NAMES.values())) == len(numbers)
    assert (numbers["KEY_EXPIRED"], kind.CAUSE_NAMES[68]) == (68, "keyExpired")
