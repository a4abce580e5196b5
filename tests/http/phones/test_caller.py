from __future__ import annotations

import pytest
from starlette.requests import Request

from daemon.http.phones.caller import Caller, Doorkeeper, caller_of, take_off_secret
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.http_peer import scope
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Directory


def caller(source: str = INSIDE, secret: str = "") -> Caller:
    return Caller(source, secret, "", "rk")


def doorkeeper() -> Doorkeeper:
    matches = {(MAC, 3, SECRET), (OTHER_MAC, 0, SECRET)}
    return Doorkeeper(Directory(record(secret_generation=3)), lambda *given: given in matches)


@pytest.mark.parametrize(
    ("path", "secret", "rest"),
    [
        ("/k/abc/ipp/x.cfg", "abc", "/ipp/x.cfg"),
        ("/k/abc", "abc", "/"),
        ("/k//ipp/x.cfg", "", "/"),
        ("/k", "", "/k"),
        ("/ipp/k/abc", "", "/ipp/k/abc"),
        ("/k/abc/k/def/x", "abc", "/k/def/x"),
    ],
)
def test_a_secret_is_taken_off_the_path(path: str, secret: str, rest: str) -> None:
    seen = scope("GET", path, {}, INSIDE)
    take_off_secret(seen)
    assert (seen["state"]["secret"], seen["path"]) == (secret, rest)
    assert not secret or secret.encode() not in seen["raw_path"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("rk.example.net:8081", "rk.example.net:8081"),
        ("[::1]:80", "[::1]:80"),
        ("a/b", "10.1.0.1:8081"),
        ("", "10.1.0.1:8081"),
    ],
)
def test_a_host_that_is_none_gives_way_to_our_own_address(host: str, expected: str) -> None:
    seen = scope("GET", "/", {"host": host}, INSIDE)
    take_off_secret(seen)
    assert caller_of(Request(seen)).host == expected


def test_the_secret_of_the_right_generation_counts_from_anywhere() -> None:
    standing = doorkeeper().standing(MAC, caller(OUTSIDE, SECRET))
    assert (standing.belief.believed, standing.with_secret, standing.wrong_secret) == (True, True, False)


def test_a_wrong_secret_is_worse_than_none() -> None:
    assert doorkeeper().standing(MAC, caller(INSIDE)).belief.believed
    standing = doorkeeper().standing(MAC, caller(INSIDE, "guess"))
    assert (standing.belief.believed, standing.wrong_secret) == (False, True)


def test_a_newcomer_is_placed_by_its_network() -> None:
    standing = doorkeeper().standing(OTHER_MAC, caller(INSIDE))
    assert (standing.device, standing.tenant, standing.belief.believed) == (None, "acme", True)
    assert not doorkeeper().standing(OTHER_MAC, caller(OUTSIDE)).belief.believed


def test_a_secret_does_not_make_a_newcomer_believed_from_outside() -> None:
    assert not doorkeeper().standing(OTHER_MAC, caller(OUTSIDE, SECRET)).belief.believed
