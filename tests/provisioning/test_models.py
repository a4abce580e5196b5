from __future__ import annotations

from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.provisioning.models import ModelFirmware, models
from tests.support.builders import NOW, record
from tests.support.stored_files import stored


def phone(index: int, model: str, firmware: str = "") -> Device:
    return Device(record(Mac(f"00908f{index:06x}"), model=model, firmware=firmware), NOW)


def test_models_are_counted_and_those_without_firmware_are_flagged() -> None:
    fleet = [phone(1, "420HD"), phone(2, "420hd"), phone(3, "440HD"), phone(4, "")]
    assert models(fleet, {"420HD.img": stored()}, ()) == (
        ModelFirmware("420HD", 2, "420HD.img", False),
        ModelFirmware("440HD", 1, "", True),
    )


def test_a_file_in_the_folder_is_as_good() -> None:
    assert models([phone(1, "440HD")], {}, {"440HD.img": 3})[0].firmware == "440HD.img"


def test_a_model_whose_phones_all_have_a_file_of_their_own_misses_nothing() -> None:
    own = {"trial.img": stored("trial.img", model="")}
    assert not models([phone(1, "440HD", "trial.img")], own, ())[0].missing
    assert models([phone(1, "440HD", "trial.img"), phone(2, "440HD")], own, ())[0].missing
