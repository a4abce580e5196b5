"""Firmware by model."""

from __future__ import annotations

import pytest

from daemon.provisioning.firmware import FirmwareFile, FirmwareIndex, is_firmware_name

INDEX = FirmwareIndex(
    [FirmwareFile("420HD.img", 7, 1), FirmwareFile("hrs.dfu", 3, 1), FirmwareFile("../evil.img", 1, 1)]
)


def test_a_model_takes_the_file_of_its_name() -> None:
    found = INDEX.of_model("420HD")
    assert (found.name, found.missing) == ("420HD.img", False)
    assert found.file == FirmwareFile("420HD.img", 7, 1)


def test_a_model_without_a_file_is_flagged() -> None:
    assert INDEX.of_model("450HD").missing
    assert INDEX.missing(["450HD", "420HD", "405", "450HD"]) == ["405", "450HD"]


def test_files_with_other_names_are_not_there() -> None:
    assert [file.name for file in INDEX.files()] == ["420HD.img", "hrs.dfu"]
    assert INDEX.named("hrs.dfu") is not None
    assert INDEX.named("../evil.img") is None
    assert INDEX.named("nothing.img") is None


@pytest.mark.parametrize("name", ["420HD.img", "420HD_2.2.8.img", "UC-3.4.img", "speaker.dfu"])
def test_names_that_will_do(name: str) -> None:
    assert is_firmware_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".img", "a/b.img", "..\\b.img", "../b.img", "a b.img", "a.img\n", "a.IMG.exe", "a;b.img", "ü.img", "x" * 200],
)
def test_names_that_will_not(name: str) -> None:
    assert not is_firmware_name(name)
