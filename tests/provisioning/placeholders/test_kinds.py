"""What values are taken."""

from __future__ import annotations

import pytest

from daemon.provisioning.placeholders.kinds import ADDRESS, OFFSET, SWITCH, TIME, Choice, Kind, Text, Whole, fault_of


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        (Whole(0, 180), ["0", "180", "060"], ["181", "-1", "", "1.5", "x", "\uff11", "9" * 5000]),
        (Choice(("CDP", "LLDP")), ["CDP", "lldp"], ["", "CDP_LLDP"]),
        (SWITCH, ["Enable", "DISABLE"], ["1", ""]),
        (Text(3), ["", "abc"], ["abcd", "a\nb", "\u2028", "\x00"]),
        (Text(3, least=1), ["a"], [""]),
        (ADDRESS, ["", "10.1.2.3", "ntp.example.net", "2001:db8::1"], ["a b", "a:80x", "-a", "http://x", "a" * 254]),
        (TIME, ["", "4:30", "23:59"], ["24:00", "4", "4:60"]),
        (OFFSET, ["not_set", "+10:00", "-3:30", "00:00"], ["+15:00", "UTC"]),
    ],
)
def test_each_kind_takes_what_it_says(kind: Kind, fitting: list[str], others: list[str]) -> None:
    assert kind.words
    assert [value for value in fitting if not kind.fits(value)] == []
    assert [value for value in others if kind.fits(value)] == []


def test_what_is_wrong_is_said_without_the_value() -> None:
    assert fault_of(Whole(0, 1), "s3cret") == "is not a whole number from 0 to 1"
    assert fault_of(Whole(0, 1), "a\nb") == "is not one line of at most 4096 characters"
    assert fault_of(Whole(0, 1), "1") == ""
