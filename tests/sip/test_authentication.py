"""Who may register: policies, proofs, and what guessers meet."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.authentication.digest import Credentials, answer_challenge, expected_response, hashed
from daemon.config.settings import Sip
from daemon.errors import StoreUnavailable
from daemon.fleet.events import Registered
from daemon.fleet.model import Mac
from daemon.sip import authentication
from daemon.sip.message import Source
from daemon.sip.responses import Reply
from tests.support.sip_messages import ALICE, BOB, register
from tests.support.sip_registry import PASSWORD, SOURCE, Registry, credentials

OTHER = Source("203.0.113.5", 40000)


def protected(**settings: object) -> Registry:
    registry = Registry(Sip.model_validate({"domain": "pbx.example.net", **settings}))
    registry.protect()
    return registry


def verdict(reply: Reply) -> tuple[int, str]:
    return reply.response.status, reply.refused


def without_nonces(reply: Reply) -> list[str]:
    """Everything in an answer that may differ between two users, made comparable."""
    texts = (f"{name}: {value}" for name, value in reply.response.headers if name not in ("from", "to", "via"))
    return [part for text in texts for part in text.split(", ") if not part.startswith("nonce=")]


def test_a_phone_with_a_password_is_asked_for_it_and_let_in_with_it() -> None:
    registry = protected()
    asked = registry.hear(register())
    assert verdict(asked) == (401, "")  # a question is no refusal
    offers = asked.response.all("www-authenticate")
    assert [offer.split("algorithm=")[1] for offer in offers] == ["SHA-256", "MD5"]
    assert all('realm="pbx.example.net"' in offer and 'qop="auth"' in offer for offer in offers)
    answered = registry.hear(register(cseq="2 REGISTER", authorization=credentials(asked)))
    assert answered.response.status == 200
    assert [type(event) for event in answered.events] == [Registered]


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_an_old_phone_may_use_md5(algorithm: str) -> None:
    registry = protected()
    authorization = credentials(registry.hear(register()), algorithm=algorithm)
    assert registry.hear(register(authorization=authorization)).response.status == 200


def test_an_algorithm_that_is_not_offered_is_asked_again_instead_of_taken() -> None:
    registry = protected()
    md5 = credentials(registry.hear(register()), algorithm="MD5")
    registry.registrar.apply(Sip(domain="pbx.example.net", digest_algorithms=("SHA-256",)))
    assert registry.hear(register(authorization=md5)).response.status == 401


def test_a_wrong_password_and_an_unknown_user_meet_the_same_answer() -> None:
    registry = protected()
    replies = []
    for user in ("2041", "9999"):
        names = {"from_": f"<sip:{user}@pbx.example.net>;tag=f1", "to": f"<sip:{user}@pbx.example.net>"}
        asked = registry.hear(register(**names))
        wrong = registry.hear(register(**names, authorization=credentials(asked, user, "guess")))
        assert (asked.response.status, verdict(wrong)) == (401, (401, "wrong-password"))
        replies.append((without_nonces(asked), without_nonces(wrong)))
    assert replies[0] == replies[1]


@pytest.mark.parametrize(
    ("policy", "tenant", "alice", "bob", "nobody"),
    [
        ("passwords", "", 401, 200, 401),
        ("passwords", "always", 401, 200, 401),  # Bob belongs to no tenant
        ("always", "", 401, 401, 401),
        ("always", "never", 200, 401, 401),
        ("never", "", 200, 200, 404),
        ("never", "passwords", 401, 200, 404),
    ],
)
def test_the_policy_says_who_must_prove_it_and_the_tenants_own_goes_first(
    policy: str, tenant: str, alice: int, bob: int, nobody: int
) -> None:
    registry = protected(authentication=policy)
    registry.protect(tenant=tenant)
    statuses = [
        registry.hear(register(to=f"<sip:{user}@h>", from_=f"<sip:{user}@h>;tag=1")).response.status
        for user in ("2041", "2042", "9999")
    ]
    assert statuses == [alice, bob, nobody]


def test_without_a_password_nobody_registers_where_one_is_always_needed() -> None:
    registry = protected(authentication="always")
    names = {"from_": "<sip:2042@h>;tag=1", "to": "<sip:2042@h>"}
    asked = registry.hear(register(**names))
    assert verdict(registry.hear(register(**names, authorization=credentials(asked, "2042", "")))) == (
        401,
        "wrong-password",
    )


def no_key(mac: Mac) -> str | None:
    raise StoreUnavailable("sealed with another key")


def test_nobody_proves_a_password_that_we_do_not_have() -> None:
    registry = protected()
    registry.registrar.authentication._password_of = authentication.nobodys_password
    wrong = registry.hear(register(authorization=credentials(registry.hear(register()))))
    assert verdict(wrong) == (401, "wrong-password")


def test_a_password_that_cannot_be_opened_is_our_fault_and_not_the_phones() -> None:
    registry = protected()
    registry.registrar.authentication._password_of = no_key
    proof = register(authorization=credentials(registry.hear(register())))
    with pytest.raises(StoreUnavailable):
        registry.hear(proof)


def test_only_the_user_himself_registers_him() -> None:
    registry = protected()
    registry.protect(BOB, "sealed:sled")
    from_bob = {"from_": "<sip:2042@pbx.example.net>;tag=1"}
    asked = registry.hear(register(**from_bob))
    as_bob = registry.hear(register(**from_bob, authorization=credentials(asked, "2042", "sled")))
    assert verdict(as_bob) == (403, "third-party")
    asked = registry.hear(register(**from_bob))
    as_alice = registry.hear(register(**from_bob, authorization=credentials(asked)))
    assert as_alice.response.status == 200


def test_without_a_password_to_prove_it_from_and_to_must_be_the_same() -> None:
    reply = Registry().hear(register(from_="<sip:2042@pbx.example.net>;tag=1"))
    assert verdict(reply) == (403, "third-party")


def test_a_nonce_is_used_once_per_count_and_then_is_stale() -> None:
    registry = protected()
    authorization = credentials(registry.hear(register()))
    assert registry.hear(register(authorization=authorization)).response.status == 200
    again = registry.hear(register(cseq="2 REGISTER", authorization=authorization))
    assert verdict(again) == (401, "")
    assert all(offer.endswith(", stale=true") for offer in again.response.all("www-authenticate"))
    assert registry.hear(register(cseq="3 REGISTER", authorization=credentials(again))).response.status == 200
    statistics = registry.registrar.authentication.statistics()
    assert (statistics.challenged, statistics.stale, statistics.proved, statistics.nonces) == (1, 1, 2, 2)


def test_a_nonce_that_is_too_old_or_from_before_a_restart_is_stale_only_with_the_right_password() -> None:
    registry = protected(nonce_lifetime="300s")
    asked = registry.hear(register())
    late = registry.hear(register(authorization=credentials(asked)), at=301)
    assert "stale=true" in late.response.first("www-authenticate")
    wrong = registry.hear(register(authorization=credentials(asked, password="guess")), at=301)
    assert "stale" not in wrong.response.first("www-authenticate")
    foreign = f'Digest realm="pbx.example.net", nonce="{"x" * 32}", qop="auth", algorithm=SHA-256'
    restarted = protected()
    answer = answer_challenge([foreign], "REGISTER", "sip:pbx.example.net", "2041", PASSWORD, "c")
    assert "stale=true" in restarted.hear(register(authorization=answer)).response.first("www-authenticate")


def counted(
    registry: Registry, nc: str, nonce: str, uri: str = "sip:pbx.example.net", at: float = 0.0, **more: Any
) -> Reply:
    """A REGISTER with credentials made by hand."""
    fields: dict[str, Any] = {"username": "2041", "algorithm": "SHA-256", "qop": "auth", "cnonce": "c", **more}
    made = Credentials(realm="pbx.example.net", nonce=nonce, uri=uri, response="", nc=nc, **fields)
    named = "2041" if made.userhash else made.username
    secret = hashed(made.algorithm, named, made.realm, PASSWORD)
    response = expected_response(made, secret, "REGISTER")
    algorithm = made.algorithm + ("-sess" if made.session else "")
    userhash = ", userhash=true" if made.userhash else ""
    written = (
        f'Digest username="{made.username}", realm="{made.realm}", nonce="{nonce}", uri="{uri}", response="{response}",'
        f' algorithm={algorithm}, qop={made.qop}, nc={nc}, cnonce="c"{userhash}'
    )
    return registry.hear(register(call_id=f"by-hand-{nc}", authorization=written), at=at)


def test_a_phone_that_counts_up_refreshes_the_longest_registration_without_being_asked_again() -> None:
    registry = protected()
    nonce = registry.hear(register()).response.first("www-authenticate").split('nonce="')[1].split('"')[0]
    longest = registry.settings.max_expires
    refreshes = [counted(registry, f"{number + 1:08x}", nonce, at=number * longest) for number in range(4)]
    assert [reply.response.status for reply in refreshes] == [200, 200, 200, 401]
    assert "stale=true" in refreshes[3].response.first("www-authenticate")


def nonce_of(asked: Reply) -> str:
    return asked.response.first("www-authenticate").split('nonce="')[1].split('"')[0]


def test_counts_may_arrive_out_of_order_but_never_twice() -> None:
    registry = protected()
    nonce = nonce_of(registry.hear(register()))
    statuses = [counted(registry, f"{nc:08x}", nonce).response.status for nc in (1, 3, 2, 3, 4)]
    assert statuses == [200, 200, 200, 401, 200]


@pytest.mark.parametrize(
    "more",
    [
        {"session": True},
        {"qop": "auth-int"},
        {"userhash": True, "username": hashed("SHA-256", "2041", "pbx.example.net")},
        {"username": "2041@pbx.example.net"},
    ],
)
def test_all_that_the_rfc_allows_a_phone_to_choose_is_understood(more: dict[str, Any]) -> None:
    registry = protected()
    nonce = nonce_of(registry.hear(register()))
    assert counted(registry, "00000001", nonce, **more).response.status == 200


def test_a_hashed_user_of_somebody_else_is_nobody() -> None:
    registry = protected()
    nonce = nonce_of(registry.hear(register()))
    reply = counted(registry, "00000001", nonce, userhash=True, username=hashed("SHA-256", "x", "y"))
    assert verdict(reply) == (401, "wrong-password")


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("sip:pbx.example.net:5060", 200),
        ("sip:pbx.example.net;transport=udp", 200),
        ("sip:2041@PBX.example.net", 200),
        ("sip:", 200),
        ("pbx.example.net", 200),
        ("sip:192.0.2.1:5060", 200),
        ("sip:::1:5060", 200),  # as SIPp 3.6.1 writes [::1]
        ("sip:2001:db8:0:0:0:0:0:7:5060", 200),
        ("sip:[2001:db8::1]:5060", 200),
        ("sip:elsewhere.example.net", 400),
        ("sip:a b", 400),
    ],
)
def test_the_digest_uri_is_compared_tolerantly(uri: str, status: int) -> None:
    registry = protected()
    nonce = nonce_of(registry.hear(register()))
    assert counted(registry, "00000001", nonce, uri).response.status == status


def test_credentials_for_others_are_passed_over_and_malformed_ones_refused() -> None:
    registry = protected()
    asked = registry.hear(register())
    assert registry.hear(register(authorization="NoOneKnowsThisScheme opaque-data=here")).response.status == 401
    elsewhere = credentials(asked).replace('realm="pbx', 'realm="other')
    assert verdict(registry.hear(register(authorization=elsewhere))) == (401, "")
    assert verdict(registry.hear(register(authorization='Digest username="2041"'))) == (400, "authorization")


def guess(registry: Registry, source: Source, user: str = "2041", at: float = 0.0) -> str:
    """A wrong password; what came of it."""
    names = {"from_": f"<sip:{user}@h>;tag=1", "to": f"<sip:{user}@h>"}
    asked = registry.hear(register(**names), at, source)
    wrong = register(**names, authorization=credentials(asked, user, "guess"))
    return "silence" if registry.silent(wrong, at, source) else str(registry.hear(wrong, at, source).response.status)


def test_a_source_that_fails_too_often_is_put_off_and_then_ignored() -> None:
    registry = protected(failures_per_minute=4, wrong_passwords_per_minute=1000)
    wrong = register(authorization=credentials(registry.hear(register()), password="guess"))
    seen = ["silence" if registry.silent(wrong) else "answer" for _ in range(9)]
    assert seen == ["answer"] * 8 + ["silence"]
    registry = protected(failures_per_minute=4, wrong_passwords_per_minute=1000)
    statuses = [registry.hear(wrong).response.status for _ in range(8)]
    assert statuses == [401] * 4 + [503] * 4
    assert registry.hear(wrong, at=60).response.first("retry-after") == "60"
    assert registry.hear(wrong, source=OTHER).response.status == 401


def test_a_right_phone_gets_in_from_where_somebody_guesses() -> None:
    registry = protected(failures_per_minute=2)
    registry.protect(BOB, "sealed:sled")
    for _ in range(9):
        registry.silent(register(authorization=credentials(registry.hear(register()), password="guess")))
    names = {"from_": "<sip:2042@pbx.example.net>;tag=1", "to": "<sip:2042@pbx.example.net>"}
    asked = registry.hear(register(**names))
    assert registry.hear(register(**names, authorization=credentials(asked, "2042", "sled"))).response.status == 200


def test_beyond_the_limit_of_a_user_no_password_is_looked_at_unless_it_comes_from_the_phone() -> None:
    registry = protected(wrong_passwords_per_minute=3)
    registry.hear(register(authorization=credentials(registry.hear(register()))))
    for _ in range(3):
        wrong = register(authorization=credentials(registry.hear(register()), password="guess"))
        assert verdict(registry.hear(wrong, source=OTHER)) == (401, "wrong-password")
    right = register(cseq="2 REGISTER", authorization=credentials(registry.hear(register())))
    assert verdict(registry.hear(right, source=OTHER)) == (503, "throttled-user")
    assert registry.hear(right).response.status == 200
    later = register(cseq="3 REGISTER", authorization=credentials(registry.hear(register(), at=20)))
    assert registry.hear(later, at=20, source=OTHER).response.status == 200  # one token came back


def test_unknown_users_are_throttled_like_known_ones() -> None:
    registry = protected(wrong_passwords_per_minute=2)
    for user in ("2041", "9999"):
        source = Source(f"203.0.113.{user[-1]}", 5060)
        names = {"from_": f"<sip:{user}@h>;tag=1", "to": f"<sip:{user}@h>"}
        seen = []
        for _ in range(3):
            asked = registry.hear(register(**names), source=source)
            seen.append(
                verdict(registry.hear(register(**names, authorization=credentials(asked, user, "x")), source=source))
            )
        assert seen == [(401, "wrong-password"), (401, "wrong-password"), (503, "throttled-user")]


def test_an_attacker_with_a_whole_ipv6_network_is_one_source() -> None:
    registry = protected(failures_per_minute=1, wrong_passwords_per_minute=1000)
    wrong = register(authorization=credentials(registry.hear(register()), password="guess"))
    seen = [registry.silent(wrong, source=Source(f"2001:db8::{i}", 5060)) for i in range(1, 4)]
    assert seen == [False, False, True]


def test_a_password_is_opened_once_and_the_memory_of_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "MAX_SECRETS", 1)
    registry = protected()
    registry.protect(BOB, "sealed:sled")

    def registers(mac: Mac, number: int) -> None:
        user, password = ("2041", PASSWORD) if mac == ALICE else ("2042", "sled")
        names = {"from_": f"<sip:{user}@h>;tag=1", "to": f"<sip:{user}@h>", "cseq": f"{number} REGISTER"}
        asked = registry.hear(register(**names), source=SOURCE)
        assert registry.hear(register(**names, authorization=credentials(asked, user, password))).response.status == 200

    for number, mac in enumerate((ALICE, ALICE, BOB, ALICE), 1):
        registers(mac, number)
    assert registry.opened == [ALICE, BOB, ALICE]
    registry.protect(sealed="sealed:new")
    asked = registry.hear(register())
    old = registry.hear(register(authorization=credentials(asked)))
    assert verdict(old) == (401, "wrong-password")
