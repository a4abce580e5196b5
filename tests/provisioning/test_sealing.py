"""The master key's two uses."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import StoreUnavailable
from daemon.fleet.model import Mac
from daemon.provisioning.sealing import Sealer, open_values, pack, seal_values, unpack

KEY = urlsafe_b64encode(bytes(range(32)))
MAC = Mac("00908f4867af")
SEALER = Sealer(KEY)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=256))
def test_what_was_sealed_opens_to_the_same(text: str) -> None:
    token = SEALER.seal(text)
    assert Sealer(KEY).open(token) == text
    assert len(text) < 4 or text not in token


def test_another_key_or_an_altered_token_opens_nothing() -> None:
    token = SEALER.seal("rosebud")
    for sealer, given_token in (
        (Sealer(urlsafe_b64encode(bytes(32))), token),
        (SEALER, token[:-6] + "AAAAA="),
        (SEALER, "rosebud"),
        (SEALER, "pässwörd"),
        (SEALER, ""),
    ):
        with pytest.raises(StoreUnavailable, match="key file"):
            sealer.open(given_token)


def test_a_devices_secret_has_32_characters_that_a_url_takes_as_they_are() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", SEALER.device_secret(MAC, 0))


def test_a_devices_secret_is_its_own_and_changes_with_key_and_generation() -> None:
    secrets = {
        SEALER.device_secret(MAC, 0),
        SEALER.device_secret(MAC, 1),
        SEALER.device_secret(Mac("00908f4867a0"), 0),
        Sealer(urlsafe_b64encode(bytes(32))).device_secret(MAC, 0),
    }
    assert len(secrets) == 4
    assert SEALER.device_secret(MAC, 0) == Sealer(KEY).device_secret(MAC, 0)


def test_only_the_right_secret_matches() -> None:
    secret = SEALER.device_secret(MAC, 3)
    assert SEALER.secret_matches(MAC, 3, secret)
    for wrong in ("", secret[:-1], secret + "x", SEALER.device_secret(MAC, 2), "ü" * 32, "\udcff"):
        assert not SEALER.secret_matches(MAC, 3, wrong)


@pytest.mark.parametrize("key", [b"", b"abc", urlsafe_b64encode(bytes(16)), b"!" * 44])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError):
        Sealer(key)


def test_values_whose_name_looks_secret_are_sealed_once_and_opened_again() -> None:
    sealer = Sealer(KEY)
    values = {"Language": "German", "LDAPPassword": "rosebud", "EmptyPassword": ""}
    sealed = seal_values(values, sealer.seal)
    assert sealed["Language"] == "German"
    assert "rosebud" not in str(sealed)
    assert seal_values(sealed, sealer.seal) == sealed
    assert open_values(sealed, sealer.open) == values
    assert open_values({"Language": "German"}, sealer.open) == {"Language": "German"}


def test_a_packed_file_is_small_sealed_and_comes_back() -> None:
    body = b"voip/line/0/auth_password=rosebud\n" * 50
    packed = pack(body, SEALER.seal)
    assert len(packed) < len(body) / 5
    assert unpack(packed, SEALER.open) == body
