from __future__ import annotations

from secrets import randbelow

from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.model import Mac
from daemon.provisioning.tokens import ALPHABET, LENGTH, draw_token, token_hash, token_path
from daemon.provisioning.urls import MAX_URL

LONGEST_SERVER = 72  # of what a phone calls us, with the port (`provisioner`)


def test_a_token_is_drawn_letter_by_letter() -> None:
    drawn = iter(range(LENGTH))
    assert draw_token(lambda _: next(drawn)) == ALPHABET[:LENGTH]
    assert draw_token(randbelow) != draw_token(randbelow)
    assert 5 * LENGTH == 80


def test_its_url_fits_what_phones_keep_beside_the_longest_server_name() -> None:
    path = token_path(draw_token(randbelow), Mac("00908f4867af"))
    assert len(f"http://{'s' * LONGEST_SERVER}/{path}") <= MAX_URL


def test_it_is_the_same_token_in_upper_case() -> None:
    token = draw_token(randbelow)
    assert token_hash(token.upper()) == token_hash(token)
    assert token not in token_hash(token)


@given(st.text())
def test_anything_has_a_hash(text: str) -> None:
    assert len(token_hash(text)) == 64
