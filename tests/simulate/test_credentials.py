"""A phone's proof, against the examples of RFC 7616 and the daemon's own reading of it."""

from __future__ import annotations

import pytest

from daemon.authentication.digest import expected_response, hashed, parse_credentials
from daemon.simulate.credentials import Proof, authorization

REALM = "pbx.example.net"


def offer(algorithm: str, qop: str) -> str:
    return f'Digest realm="{REALM}", opaque="o", nonce="n1"{qop}{algorithm}, stale=true'


@pytest.mark.parametrize("qop", ["", ', qop="auth"'])
@pytest.mark.parametrize(
    ("algorithm", "name"), [("", "MD5"), (", algorithm=MD5", "MD5"), (", algorithm=SHA-256", "SHA-256")]
)
def test_a_challenge_is_answered_as_the_daemon_expects(algorithm: str, name: str, qop: str) -> None:
    proof = Proof((offer(algorithm, qop),), "rosebud", 3)
    credentials = parse_credentials(authorization(proof, "REGISTER", "sip:pbx.example.net", "2001"))
    assert credentials
    assert (credentials.username, credentials.realm, credentials.nonce, credentials.algorithm) == (
        "2001",
        REALM,
        "n1",
        name,
    )
    assert credentials.count() == (3 if qop else 1)
    secret = hashed(name, "2001", REALM, "rosebud")
    assert credentials.response == expected_response(credentials, secret, "REGISTER")


def test_the_first_challenge_that_is_understood_is_answered() -> None:
    offers = ("Basic realm=x", offer(", algorithm=SHA-512-256", ""), offer(", algorithm=SHA-256", ""), offer("", ""))
    assert "algorithm=SHA-256," in authorization(Proof(offers, "rosebud", 1), "REGISTER", "sip:x", "2001")


def test_what_is_not_understood_is_not_answered() -> None:
    assert not authorization(Proof(("Basic realm=x", "Digest realm=x"), "rosebud", 1), "REGISTER", "sip:x", "2001")
