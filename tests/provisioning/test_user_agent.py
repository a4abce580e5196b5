"""Which model a phone says it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.fleet.model import Mac
from daemon.provisioning.user_agent import UserAgent, model_named, parse_user_agent
from tests.support.builders import MAC


@pytest.mark.parametrize(
    ("user_agent", "model"),
    [
        ("AUDC-IPPhone/2.2.8.61 (420HD; 00908F4867AF)", "420HD"),
        ("AUDC-IPPhone/2.2.8.61 (420HD-Rev1; 00908f4867af)", "420HD"),
        ("AUDC-IPPhone/2.0.0_build_15 (420HD; 00908F4867AF)", "420HD"),
        ("AUDC-IPPhone-430HD_UC_3.0.4.1264/1.0.0000.0", "430HD"),
        ("AUDC/3.4.4.1000 AUDC-IPPhone-C450HD_UC_3.4.4.1000/1", "C450HD"),
        ("Genesys /2.2.12.61 (420HDG-Rev2-AC494; 00908F4867AF)", "420HDG"),
        ("AUDC-IPPhone/2.2.8.61", ""),
        ("curl/8.5.0", ""),
        ("Mozilla/5.0 (X11; Linux x86_64)", ""),
        ("AUDC-IPPhone/1 (../../etc; 00908F4867AF)", ""),
        ("", ""),
    ],
)
def test_samples_of_every_firmware_line(user_agent: str, model: str) -> None:
    assert parse_user_agent(user_agent).model == model


@given(st.text())
@example("(" * 100_000)
@example("IPPhone-" * 50_000)
def test_any_text_gives_a_model_fit_for_a_file_name_or_none(text: str) -> None:
    assert re.fullmatch(r"[A-Z0-9]{0,32}", parse_user_agent(text).model)
    assert re.fullmatch(r"[A-Z0-9]{0,16}", model_named(text))


def test_the_rest_that_a_phone_says() -> None:
    said = parse_user_agent("Genesys /2.2.12.61 (420HDG-Rev2-AC494; 00908F4867AF)")
    assert said == UserAgent("Genesys", "420HDG", "2.2.12.61", Mac("00908f4867af"))


def test_a_written_model_is_taken_in_capitals_if_it_is_one() -> None:
    assert model_named("420hd") == "420HD"
    assert model_named("Trio 8800") == ""
    assert model_named("../x") == ""


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
