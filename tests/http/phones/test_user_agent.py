from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.http.phones.user_agent import UserAgent, parse_user_agent
from tests.support.builders import MAC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AUDC-IPPhone/2.2.16.142 (420HD; 00908F4867AF)", UserAgent("AUDC", "420HD", "2.2.16.142", MAC)),
        ("AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908f4867af)", UserAgent("AUDC", "420HD", "2.2.16.142", MAC)),
        ("AUDC-IPPhone/2.0.0_build_15 (420HD; 00:90:8F:48:67:AF)", UserAgent("AUDC", "420HD", "2.0.0_build_15", MAC)),
        ("AUDC-IPPhone/2.2.16 (310HD)", UserAgent("AUDC", "310HD", "2.2.16")),
        ("AUDC-IPPhone-440HD_UC_3.0.4.123/1.0.0000.0", UserAgent("AUDC", "440HD", "3.0.4.123")),
        ("AUDC/3.4.4.1000 AUDC-IPPhone-450HD_UC_3.4.4.1000/1", UserAgent("AUDC", "450HD", "3.4.4.1000")),
        ("Genesys /2.2.16 (420HDG-Rev2-AC494; 00908F4867AF)", UserAgent("Genesys", "420HDG", "2.2.16", MAC)),
        ("AUDC-IPPhone/2.2.16", UserAgent("AUDC", "", "2.2.16")),
        ("", UserAgent()),
        ("((((;;;;", UserAgent()),
    ],
)
def test_every_known_shape_is_understood(text: str, expected: UserAgent) -> None:
    assert parse_user_agent(text) == expected


@settings(max_examples=60)
@given(st.text(max_size=400))
def test_any_text_gives_some_answer(text: str) -> None:
    assert isinstance(parse_user_agent(text), UserAgent)
