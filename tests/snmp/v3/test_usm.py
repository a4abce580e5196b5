"""Keys and MACs against the RFCs' own figures, and pysnmp's where there are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.snmp_settings import SnmpUser
from daemon.snmp.v3.usm import HASHES, Keys, Level, Users, localised, password_to_key, user_of
from tests.support import snmp_v3
from tests.support.snmp_v3 import ENGINE_ID, SALT, Algorithm, a_user

RFC_ENGINE = bytes.fromhex("000000000000000000000002")


def test_the_key_of_maplesyrup_is_that_of_rfc_3414_a_3_2() -> None:
    key = password_to_key(b"maplesyrup", HASHES["SHA-1"])
    assert key.hex() == "9fb5cc0381497b3793528939ff788d5d79145211"
    assert localised(key, RFC_ENGINE, HASHES["SHA-1"]).hex() == "6695febc9288e36282235fc7151f128497b38f3f"


def test_the_key_of_newsyrup_is_that_of_rfc_3414_a_5_2() -> None:
    key = localised(password_to_key(b"newsyrup", HASHES["SHA-1"]), RFC_ENGINE, HASHES["SHA-1"])
    assert key.hex() == "78e2dcce79d59403b58c1bbaa5bff46391f1cd25"


@pytest.mark.parametrize("algorithm", HASHES)
def test_localised_keys_are_pysnmps(algorithm: Algorithm) -> None:
    user = a_user(algorithm=algorithm)
    made = user_of(user).at(ENGINE_ID)
    assert (made.authentication, made.privacy) == tuple(map(bytes, snmp_v3.keys(user, ENGINE_ID)))


def test_macs_are_as_long_as_rfc_7860_says() -> None:
    assert {name: each.mac for name, each in HASHES.items()} == {
        "SHA-1": 12,
        "SHA-224": 16,
        "SHA-256": 24,
        "SHA-384": 32,
        "SHA-512": 48,
    }
    assert all(len(Keys(each, b"k").mac(b"message")) == each.mac for each in HASHES.values())


def test_a_mac_of_another_message_another_key_or_another_length_is_refused() -> None:
    keys = Keys(HASHES["SHA-256"], b"k" * 32)
    mac = keys.mac(b"message")
    assert keys.authentic(b"message", mac)
    assert not keys.authentic(b"massage", mac)
    assert not keys.authentic(b"message", mac[:-1])
    assert not keys.authentic(b"message", b"")
    assert not Keys(HASHES["SHA-256"], b"K" * 32).authentic(b"message", mac)
    assert not Keys().authentic(b"message", b"")


def test_encryption_is_aes_128_in_cfb_mode() -> None:
    """NIST SP 800-38A, F.3.13, whose vector is boots 0x00010203, time 0x04050607 and the salt 08..0f here."""
    keys = Keys(HASHES["SHA-1"], b"", bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    salt = bytes(range(8, 16))
    ciphertext = keys.encrypt(plain, 0x00010203, 0x04050607, salt)
    assert ciphertext.hex() == "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
    assert keys.decrypt(ciphertext, 0x00010203, 0x04050607, salt) == plain


@settings(max_examples=50)
@given(st.binary(max_size=100))
def test_what_is_enciphered_is_deciphered(plain: bytes) -> None:
    keys = Keys(HASHES["SHA-256"], b"k" * 32, b"p" * 16)
    assert keys.decrypt(keys.encrypt(plain, 7, 100, SALT), 7, 100, SALT) == plain


@pytest.mark.parametrize(
    ("user", "level"),
    [
        (a_user(algorithm="none"), Level.PLAIN),
        (a_user(private=False), Level.AUTHENTICATED),
        (a_user(), Level.PRIVATE),
    ],
)
def test_a_user_has_the_level_of_its_passwords(user: SnmpUser, level: Level) -> None:
    assert user_of(user).level is level
    assert bool(user_of(user).at(ENGINE_ID).privacy) == (level is Level.PRIVATE)


def test_one_password_serves_for_both_if_there_is_only_one() -> None:
    user = user_of(SnmpUser.model_validate({"name": "noc", "password": "maplesyrup"}))
    assert user.level is Level.PRIVATE
    assert user.key == user.privacy_key


def test_users_that_did_not_change_are_not_hashed_again() -> None:
    users = Users([a_user("a"), a_user("b")])
    before = users.get(b"a")
    users.apply([a_user("a"), a_user("b", "SHA-512")])
    assert users.get(b"a") is before
    changed = users.get(b"b")
    assert changed
    assert changed.hash == HASHES["SHA-512"]
    users.apply([])
    assert users.get(b"a") is None


def test_keys_do_not_show_where_values_are_printed() -> None:
    shown = f"{user_of(a_user())!r} {user_of(a_user()).at(ENGINE_ID)!r}"
    assert user_of(a_user()).key.hex() not in shown
    assert "key" not in shown
