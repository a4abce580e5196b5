"""Digest arithmetic against the examples of its RFC, and both sides against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.authentication.digest import (
    ALGORITHMS,
    Credentials,
    answer_challenge,
    expected_response,
    hashed,
    parse_credentials,
    parse_digest,
)
from daemon.errors import BadMessage

REALM = "http-auth@example.org"
# RFC 7616 section 3.9.1.
MUFASA = Credentials(
    username="Mufasa",
    realm=REALM,
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    uri="/dir/index.html",
    response="",
    qop="auth",
    nc="00000001",
    cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    secret = hashed(algorithm, "Mufasa", REALM, "Circle of Life")
    assert expected_response(replace(MUFASA, algorithm=algorithm), secret, "GET") == response


def test_the_example_of_rfc_2617_without_qop_and_the_one_of_rfc_7616_with_a_hashed_user() -> None:
    assert hashed("SHA-512-256", "J\u00e4s\u00f8n Doe", "api@example.org") == (
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    )
    old = Credentials("Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html", "")
    secret = hashed("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    assert expected_response(old, secret, "GET") == "670fd8c2df070c60b045671b8b24ff02"


@pytest.mark.parametrize(
    "written",
    [
        'Digest username="2041", realm="r", nonce="n", uri="sip:r", response="x", qop=auth, nc=00000001, cnonce="c"',
        'digest username=2041,realm=r,nonce=n,uri=sip:r,response=x,qop="auth",nc="00000001",cnonce=c',
        'DIGEST realm = "r" , nonce= "n",uri ="sip:r",RESPONSE="x",username="2041", qop=AUTH, nc=00000001 ,cnonce="c",',
    ],
)
def test_quotes_case_order_and_spaces_are_free(written: str) -> None:
    assert parse_credentials(written) == Credentials(
        "2041", "r", "n", "sip:r", "x", qop="auth", nc="00000001", cnonce="c"
    )


def test_a_quoted_value_may_hold_commas_and_escaped_quotes() -> None:
    assert parse_digest(r'Digest a="1,b=2", c="say \"x\"", d=3') == {"a": "1,b=2", "c": r"say \"x\"", "d": "3"}


def test_another_scheme_is_not_ours() -> None:
    assert parse_credentials("Basic YWxpY2U6eA==") is None
    assert parse_credentials("NoOneKnowsThisScheme opaque-data=here") is None


@pytest.mark.parametrize(
    "written",
    [
        "Digest",
        'Digest username="2041"',
        'Digest username="2041',
        'Digest username="2041", realm="r", nonce="n", uri="u", response="x", qop=auth',
        'Digest username="2041", realm="r", nonce="n", uri="u", response="x", qop=auth, nc=1g',
        'Digest username="2041", realm="r", nonce="n", uri="u", response="x", qop=other, nc=1',
    ],
)
def test_what_is_no_credentials_is_malformed(written: str) -> None:
    with pytest.raises(BadMessage, match="authorization"):
        parse_credentials(written)


@given(st.text(st.sampled_from('Digest abc=",\\ \t1-*'), max_size=60))
def test_reading_returns_or_says_bad_message(text: str) -> None:
    for written in (text, f"Digest {text}"):
        try:
            params = parse_digest(written)
        except BadMessage:
            continue
        assert params is None or all(params)


def offer(algorithm: str = "", qop: str = 'qop="auth"', **more: str) -> str:
    parts = ['realm="r"', f'nonce="n-{algorithm}"', qop, f"algorithm={algorithm}" if algorithm else ""]
    return "Digest " + ", ".join(filter(None, parts)) + "".join(f', {name}="{value}"' for name, value in more.items())


@pytest.mark.parametrize(
    ("offers", "chosen"),
    [
        ([offer("MD5"), offer("SHA-512-256"), offer("SHA-256")], "SHA-256"),
        ([offer("MD5"), offer("SHA-512-256")], "SHA-512-256"),
        ([offer("SHA-1"), offer("MD5")], "MD5"),
        ([offer("SHA-256", 'qop="auth-int"'), offer("MD5", 'qop="auth-int,auth"')], "MD5"),
        ([offer(""), "Basic realm=x", 'Digest nonce="without realm"', 'Digest "'], ""),
    ],
)
def test_the_best_challenge_that_can_be_answered_is(offers: list[str], chosen: str) -> None:
    answer = answer_challenge(offers, "NOTIFY", "sip:2041@10.1.2.7", "2041", "rosebud", "c")
    assert answer
    credentials = parse_credentials(answer)
    assert credentials
    assert credentials.nonce == f"n-{chosen}"
    assert ("algorithm" in answer) == bool(chosen)


@pytest.mark.parametrize("offers", [[], [offer("SHA-1")], [offer("MD5", 'qop="auth-int"')]])
def test_what_cannot_be_answered_is_not(offers: list[str]) -> None:
    assert answer_challenge(offers, "NOTIFY", "sip:2041@10.1.2.7", "2041", "rosebud", "c") is None


@pytest.mark.parametrize("session", ["", "-sess"])
@pytest.mark.parametrize("qop", ["", 'qop="auth"'])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_answer_is_what_the_other_side_expects(algorithm: str, qop: str, session: str) -> None:
    written = answer_challenge(
        [offer(algorithm + session, qop, opaque="o")], "NOTIFY", "sip:2041@10.1.2.7", "2041", "rosebud", "c"
    )
    assert written
    assert 'opaque="o"' in written
    credentials = parse_credentials(written)
    assert credentials
    secret = hashed(algorithm, "2041", "r", "rosebud")
    assert credentials.response == expected_response(credentials, secret, "NOTIFY")
    assert credentials.response != expected_response(credentials, secret, "REGISTER")


def test_auth_int_is_over_the_body_as_well() -> None:
    credentials = replace(MUFASA, qop="auth-int")
    assert expected_response(credentials, "s", "PUBLISH", b"a") != expected_response(credentials, "s", "PUBLISH", b"b")
