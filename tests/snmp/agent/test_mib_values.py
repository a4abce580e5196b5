"""Values as BER: what does not fit is cut, capped or begun again, as its type has it."""

from __future__ import annotations

from daemon.snmp import ber
from daemon.snmp.agent.mib_values import NO_TIME, counter, moment, natural, numbers, text, ticks, truth
from daemon.snmp.ber import Syntax


def test_a_text_is_cut_between_characters() -> None:
    assert text("Jürgen", 2) == ber.wrap(Syntax.OCTETS, b"J")
    assert text("Jürgen", 64) == ber.wrap(Syntax.OCTETS, "Jürgen".encode())


def test_a_gauge_stays_at_its_highest_and_a_counter_begins_again() -> None:
    assert natural(2**40) == natural(2**32 - 1) == ber.integer(2**32 - 1, Syntax.UNSIGNED)
    assert natural(-1) == ber.integer(0, Syntax.UNSIGNED)
    assert counter(2**32 + 5) == ber.integer(5, Syntax.COUNTER32)


def test_times_are_hundredths_of_seconds_and_dates_in_utc() -> None:
    assert ticks(12.345) == ber.integer(1234, Syntax.TIME_TICKS)
    assert moment(0.0)[2:] == bytes.fromhex("07b20101000000002b0000")
    assert moment(None) == NO_TIME == ber.wrap(Syntax.OCTETS, bytes(8))


def test_truth_and_states_have_their_numbers() -> None:
    assert (truth(True), truth(False)) == (ber.integer(1), ber.integer(2))
    assert numbers({"up": 3}) == {"up": ber.integer(3)}
