from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from daemon.http.peer_certificate import PeerCertificate
from daemon.http.phones.caller import Caller, Doorkeeper, caller_of, real_source, take_off_secret
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.http_peer import scope
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Directory


def caller(source: str = INSIDE, secret: str = "") -> Caller:
    return Caller(source, secret, "", "rk")


def doorkeeper() -> Doorkeeper:
    matches = {(MAC, 3, SECRET), (OTHER_MAC, 0, SECRET)}
    return Doorkeeper(Directory(record(secret_generation=3)), lambda *given: given in matches, lambda: NOW)


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


def test_a_token_is_taken_off_the_path_likewise() -> None:
    seen = scope("GET", "/t/0123456789abcdef/configfiles/x.cfg", {}, INSIDE)
    take_off_secret(seen)
    state = seen["state"]
    assert (state["token"], state["secret"], seen["path"]) == ("0123456789abcdef", "", "/configfiles/x.cfg")
    assert (state["method"], state["target"]) == ("GET", "/t/0123456789abcdef/configfiles/x.cfg")


@pytest.mark.parametrize(
    ("common_name", "mac"), [("00908F4867AF", MAC), ("00:90:8f:48:67:af", MAC), ("phone.example.net", None), ("", None)]
)
def test_a_factory_certificate_names_a_mac(common_name: str, mac: str | None) -> None:
    seen = scope("GET", "/", {}, INSIDE)
    seen["state"]["certificate"] = PeerCertificate(common_name, "f" * 64)
    take_off_secret(seen)
    found = caller_of(Request(seen))
    assert found.certificate == mac
    assert found.shows_something is (mac is not None)


def test_a_phone_with_the_certificate_of_another_is_not_believed_with_its_secret_either() -> None:
    shown = replace(caller(INSIDE, SECRET), certificate=OTHER_MAC)
    standing = doorkeeper().standing(MAC, shown)
    assert (standing.belief.believed, standing.wrong_secret) == (False, True)
    assert doorkeeper().standing(MAC, replace(shown, certificate=MAC)).belief.believed


def test_a_login_counts_as_the_secret() -> None:
    standing = doorkeeper().standing(MAC, replace(caller(OUTSIDE), login=MAC))
    assert (standing.belief.believed, standing.with_secret) == (True, True)


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


PROXIES = (ip_network("192.0.2.0/28"), ip_network("2001:db8::/64"))
SBC, OTHER_SBC, PHONE = "192.0.2.5", "192.0.2.6", "10.1.2.3"


def _seen(peer: str, *lines: str) -> str:
    return real_source(peer, [(b"host", b"rk"), *((b"X-Forwarded-For", line.encode()) for line in lines)], PROXIES)


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        ((PHONE,), PHONE),
        ((f"{PHONE}:40000",), PHONE),
        ((f" {PHONE} ,{OTHER_SBC} ",), PHONE),
        ((PHONE, OTHER_SBC), PHONE),
        (("fd00::7",), "fd00::7"),
        (("[fd00::7]:40000",), "fd00::7"),
        ((f"::ffff:{PHONE}",), PHONE),
        ((f"10.9.9.9, {PHONE}",), PHONE),
        (("x" * 100_000 + f",{PHONE}",), PHONE),
    ],
)
def test_a_proxy_of_ours_says_whom_it_speaks_for(lines: tuple[str, ...], source: str) -> None:
    assert _seen(SBC, *lines) == source
    assert _seen("2001:db8::5", *lines) == source
    assert _seen(f"::ffff:{SBC}", *lines) == source


@pytest.mark.parametrize(
    "lines", [(), ("",), ("unknown",), (f"{PHONE}, unknown",), (f"{PHONE},",), (OTHER_SBC,), ("[x",)]
)
def test_what_a_proxy_does_not_say_is_not_guessed(lines: tuple[str, ...]) -> None:
    assert _seen(SBC, *lines) == SBC


@pytest.mark.parametrize("peer", [PHONE, "", "192.0.2.16", "rk.example.net"])
def test_nobody_else_is_believed(peer: str) -> None:
    assert _seen(peer, "10.9.9.9") == peer
    assert real_source(SBC, [(b"x-forwarded-for", PHONE.encode())], ()) == SBC


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=60), max_size=4), st.sampled_from([PHONE, f"[{PHONE}]:1", f"{PHONE}, {OTHER_SBC}"]))
def test_what_stands_further_left_changes_nothing(before: list[bytes], last: str) -> None:
    headers = [(b"x-forwarded-for", line) for line in (*before, last.encode())]
    assert real_source(SBC, headers, PROXIES) == PHONE
