"""Whose login a phone's own server is shown: the most specific one written down, the maker's user if nobody says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.errors import StoreUnavailable
from daemon.fleet.model import DeviceRecord, Mac
from daemon.provisioning.library import Library
from daemon.provisioning.making import FileMaker
from daemon.provisioning.phone_login import Login, login_of
from daemon.provisioning.placeholders.computed import House as Settings
from daemon.provisioning.sealing import seal_values
from daemon.provisioning.templates.shelf import load_templates
from tests.support.provisioned import ACME, ALICE, MAC, SEALER, House

PARTS = "".join(f"<file_config><type>{kind}</type><data>a=b</data></file_config>" for kind in ("global_file", "file"))
LAYOUT = f"<ipphonetamplate>{PARTS}</ipphonetamplate>".encode()
SHELF = load_templates({f"{name}.xml": LAYOUT for name in ("generic", "poly", "yealink")}, {})
VVX = replace(ALICE, model="VVX411")


def login(record: DeviceRecord, of_tenant: dict[str, str] | None = None) -> Login | None:
    house = House()
    house.put(record)
    house.tenants["acme"] = replace(ACME, placeholders=seal_values(of_tenant or {}, SEALER.seal))
    return login_of(house, lambda: maker(house), MAC)


def maker(house: House) -> FileMaker:
    settings = Settings(Provisioning(), KeepAlive(), Sip())
    return FileMaker({}, Library(SHELF, house.documents, SEALER.open), SEALER, settings)


@pytest.mark.parametrize(
    ("record", "of_tenant", "expected"),
    [
        (VVX, {}, None),
        (VVX, {"PhoneWebUser": "root"}, None),
        (VVX, {"PhoneWebPassword": "4711"}, Login("Polycom", "4711")),
        (VVX, {"PhoneWebPassword": "4711", "PhoneWebUser": "root"}, Login("root", "4711")),
        (replace(VVX, model="T46S"), {"PhoneWebPassword": "4711"}, Login("admin", "4711")),
        (
            replace(VVX, placeholders=seal_values({"PhoneWebPassword": "its own"}, SEALER.seal)),
            {"PhoneWebPassword": "4711"},
            Login("Polycom", "its own"),
        ),
    ],
)
def test_the_most_specific_password_counts_and_without_one_there_is_no_login(
    record: DeviceRecord, of_tenant: dict[str, str], expected: Login | None
) -> None:
    assert login(record, of_tenant) == expected


def test_a_password_never_shows_and_one_of_another_key_is_said_to_be_so() -> None:
    assert "4711" not in repr(Login("Polycom", "4711"))
    with pytest.raises(StoreUnavailable):
        login(replace(VVX, placeholders={"PhoneWebPassword": "\x01torn"}))


def test_a_device_that_is_gone_has_no_login() -> None:
    assert login_of(House(), lambda: maker(House()), Mac("00908f000001")) is None
