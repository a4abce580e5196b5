"""The beginning of a firmware file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.provisioning.vendors.audiocodes_image import HEADER_BYTES, read_image_header
from daemon.provisioning.vendors.vendor import ImageHeader

MODELS = {"420HD", "450HD", "C450HD"}


@pytest.mark.parametrize(
    ("first_bytes", "expected"),
    [
        (b"\x7fIMG\x00420HD\x00\x002.2.16.142\x00Jan  5 2017\x00", ImageHeader("420HD", "2.2.16.142")),
        (b"model=C450HD;version=3.4.6.604;", ImageHeader("C450HD", "3.4.6.604")),
        (b"450hd_UC_3.4.4.1000", ImageHeader("450HD", "3.4.4.1000")),
        (b"420HD 2.2.16 for 450HD", None),
        (b"420HD and no version", None),
        (b"420HDX 2.2.16", None),
        (b"2.2.16.142", None),
        (b"420HD 10.1.2.3.4.5", None),
        (b"", None),
    ],
)
def test_a_header_names_one_known_model_and_a_version_or_is_not_judged(
    first_bytes: bytes, expected: ImageHeader | None
) -> None:
    assert read_image_header(first_bytes, MODELS) == expected


def test_what_stands_far_inside_belongs_to_the_image() -> None:
    assert read_image_header(b"\x00" * HEADER_BYTES + b"420HD 2.2.16", MODELS) is None


@given(st.binary(max_size=2000))
def test_any_bytes_are_answered(first_bytes: bytes) -> None:
    header = read_image_header(first_bytes, MODELS)
    assert header is None or header.model in MODELS
