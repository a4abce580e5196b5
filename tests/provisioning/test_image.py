from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.records import StoredKind
from daemon.provisioning.image import HEAD_BYTES, default_name, firmware_of, judge, kind_of, model_of
from tests.support.stored_files import stored

HEADER = b"\x00AUDC\x00420HD\x00ver 2.2.16.123\x00" + bytes(200)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("420HD.img", StoredKind.FIRMWARE),
        ("HRS457.DFU", StoredKind.SPEAKER),
        ("T46S.rom", StoredKind.FIRMWARE),
        ("sip.ld", StoredKind.FIRMWARE),
        ("ring.wav", StoredKind.OTHER),
        ("noend", StoredKind.OTHER),
    ],
)
def test_a_name_says_what_a_file_is_for(name: str, kind: StoredKind) -> None:
    assert kind_of(name) is kind


def test_a_name_says_whose_it_is() -> None:
    assert model_of("420hd.img") == "420HD"
    assert model_of("420HD_2.2.16.img") == "420HD"
    assert model_of("ring.wav") == ""
    assert default_name("C470HD") == "C470HD.img"


def test_an_image_of_the_right_model_brings_its_version() -> None:
    found = judge("420HD.img", HEADER)
    assert (found.model, found.version, found.objection) == ("420HD", "2.2.16.123", "")
    assert judge("420HD.img", HEADER, version="trial").version == "trial"
    assert judge("new.img", HEADER).model == "420HD"


def test_an_image_of_another_model_is_objected_to() -> None:
    assert judge("440HD.img", HEADER).objection == "the image is made for 420HD, but its name says 440HD"
    assert "model says 450HD" in judge("420HD.img", HEADER, model="450hd").objection


def test_an_image_that_says_nothing_is_taken_at_its_name() -> None:
    found = judge("440HD.img", b"no header that anybody knows")
    assert (found.model, found.version, found.objection) == ("440HD", "", "")


@settings(max_examples=50)
@given(st.binary(max_size=HEAD_BYTES), st.text(max_size=20))
def test_whatever_comes_in_is_judged(head: bytes, name: str) -> None:
    judge(name, head)


def test_the_default_name_wins_over_a_newer_file_of_the_model() -> None:
    trial = stored("420HD_trial.img", uploaded_at=2e9)
    assert firmware_of("420HD", [stored(), trial], ()) == "420HD.img"
    assert firmware_of("420HD", [trial], ()) == "420HD_trial.img"
    assert firmware_of("420HD", [trial], ("420HD.img",)) == "420HD.img"
    assert firmware_of("440HD", [stored()], ()) == ""
