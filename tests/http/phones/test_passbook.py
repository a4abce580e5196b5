from __future__ import annotations

import pytest

from daemon.http.phones.logins import Passwords
from daemon.http.phones.passbook import Passbook, nobodys_secret
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.phones import Directory


@pytest.mark.parametrize(
    ("generation", "armed_until", "expected"),
    [
        (0, 0.0, Passwords("s0")),
        (3, 0.0, Passwords("s3")),
        (3, NOW + 1, Passwords("s3", "s2")),
        (3, NOW, Passwords("s3")),
        (0, NOW + 1, Passwords("s0")),
    ],
)
def test_the_former_password_counts_while_the_device_is_armed(
    generation: int, armed_until: float, expected: Passwords
) -> None:
    directory = Directory(record(secret_generation=generation, armed_until=armed_until))
    book = Passbook(directory, lambda _, generation: f"s{generation}", lambda: NOW)
    assert book.passwords_of(MAC) == expected


def test_a_stranger_costs_as_much_as_a_device() -> None:
    assert Passbook(Directory(), lambda *_: "made", lambda: NOW).passwords_of(OTHER_MAC) == Passwords("made")
    assert nobodys_secret(MAC, 0) == ""
