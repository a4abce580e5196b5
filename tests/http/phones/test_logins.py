"""Basic and digest logins: what is right, what is to be made again, and that strangers learn nothing."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.authentication.digest import answer_challenge
from daemon.config.settings import Provisioning
from daemon.fleet.model import Mac
from daemon.http.phones.logins import REALM, Login, Logins, Passwords, Verdict

MAC = Mac("00908f4867af")
USER, SECRET, FORMER = "00:90:8F:48:67:AF", "the-permanent-secret", "the-one-before"
PATH, NOW = f"/ipp/tenant/acme/{MAC}.cfg", 1_800_000_000.0


def logins(**settings: object) -> Logins:
    chosen = Provisioning.model_validate(settings)
    held = {MAC: Passwords(SECRET, FORMER)}
    return Logins(b"k" * 32, lambda: chosen, lambda mac: held.get(mac, Passwords("nobody knows this one")))


def basic(user: str = USER, password: str = SECRET) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def digest(challenge: str, password: str = SECRET, user: str = USER, uri: str = PATH) -> str:
    answer = answer_challenge([challenge], "GET", uri, user, password, "cnonce")
    assert answer is not None
    return answer


def test_the_best_way_is_offered_first() -> None:
    offered = logins().challenges(NOW)
    assert [each.partition(" ")[0] for each in offered] == ["Digest", "Digest", "Basic"]
    assert "algorithm=SHA-256" in offered[0]
    assert "algorithm=MD5" in offered[1]
    assert all(f'realm="{REALM}"' in each for each in offered)
    (only,) = logins(logins=["MD5"]).challenges(NOW, stale=True)
    assert only.endswith("algorithm=MD5, stale=true")


@pytest.mark.parametrize("offer", [0, 1])
def test_a_digest_is_right_once(offer: int) -> None:
    door = logins()
    answer = digest(door.challenges(NOW)[offer])
    assert door.judge(answer, "GET", PATH, NOW + 1) == Login(Verdict.RIGHT, MAC)
    assert door.judge(answer, "GET", PATH, NOW + 2) == Login(Verdict.STALE)
    assert door.statistics().verdicts == {"right": 1, "wrong": 0, "stale": 1, "former": 0}
    assert (door.statistics().challenged, door.statistics().nonces) == (1, 1)


def test_a_nonce_can_be_counted_up() -> None:
    door = logins()
    challenge = door.challenges(NOW)[0]
    first = digest(challenge)
    assert door.judge(first, "GET", PATH, NOW).verdict is Verdict.RIGHT
    assert door.judge(first.replace("nc=00000001", "nc=00000002"), "GET", PATH, NOW).verdict is Verdict.WRONG


def test_an_old_nonce_is_stale_and_one_of_another_start_as_well() -> None:
    door = logins(nonce_lifetime="10s")
    answer = digest(door.challenges(NOW)[0])
    assert door.judge(answer, "GET", PATH, NOW + 11).verdict is Verdict.STALE
    foreign = digest(Logins(b"o" * 32, Provisioning, lambda _: Passwords("")).challenges(NOW)[0])
    assert door.judge(foreign, "GET", PATH, NOW).verdict is Verdict.STALE


def test_a_digest_is_for_one_path_and_method() -> None:
    door = logins()
    challenge = door.challenges(NOW)[0]
    assert door.judge(digest(challenge), "GET", "/ipp/tenant/acme/other.cfg", NOW).verdict is Verdict.WRONG
    assert door.judge(digest(challenge), "HEAD", PATH, NOW).verdict is Verdict.WRONG
    whole = digest(challenge, uri=f"http://rk:8081{PATH}")
    assert door.judge(whole, "GET", PATH, NOW).verdict is Verdict.RIGHT


@pytest.mark.parametrize("user", [USER, str(MAC), "00-90-8f-48-67-af"])
def test_basic_is_right_in_any_punctuation_of_the_user(user: str) -> None:
    assert logins().judge(basic(user), "GET", PATH, NOW) == Login(Verdict.RIGHT, MAC)


def test_what_is_not_offered_is_not_taken() -> None:
    assert logins(logins=["SHA-256"]).judge(basic(), "GET", PATH, NOW).verdict is Verdict.WRONG
    md5 = digest(logins().challenges(NOW)[1])
    assert logins(logins=["SHA-256"]).judge(md5, "GET", PATH, NOW).verdict is Verdict.WRONG


def test_the_secret_before_the_renewal_is_neither_right_nor_wrong() -> None:
    assert logins().judge(basic(password=FORMER), "GET", PATH, NOW) == Login(Verdict.FORMER)


@pytest.mark.parametrize(
    "value",
    [
        basic(password="guess"),
        basic(password=""),
        basic(user="00908f000002"),
        basic(user="alice"),
        "Basic !!!",
        "Basic " + b64encode(b"\xff\xfe").decode(),
        "Digest",
        "Digest username=x",
        "Bearer abc",
        "",
        "Basic " + "A" * 5000,
    ],
)
def test_all_else_is_wrong(value: str) -> None:
    assert logins().judge(value, "GET", PATH, NOW) == Login(Verdict.WRONG)


def test_a_user_without_a_password_cannot_log_in_with_none() -> None:
    door = Logins(b"k" * 32, Provisioning, lambda _: Passwords(""))
    assert door.judge(basic(password=""), "GET", PATH, NOW).verdict is Verdict.WRONG


@given(st.text(max_size=200), st.sampled_from(["Digest ", "Basic ", ""]))
def test_anything_at_all_gets_a_verdict(junk: str, scheme: str) -> None:
    assert logins().judge(scheme + junk, "GET", PATH, NOW).mac is None
