from __future__ import annotations

from daemon.provisioning.view import view
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER


async def test_a_device_file_is_seen_as_it_is_served() -> None:
    desk = DeskWithFleet(record(sip_password=SEALER.seal("hush")))
    found = view(desk.provisioner.maker, desk.fleet, f"{MAC}.cfg", "prov.example.net:8081")
    assert found
    assert "voip/line/0/auth_password=hush" in found.text
    assert "hush" not in found.masked
    assert "http://prov.example.net:8081/" in found.masked


async def test_shared_and_first_files_need_no_device() -> None:
    desk = DeskWithFleet()
    shared = view(desk.provisioner.maker, desk.fleet, "Audiocodes_420HD_global_GENERIC_empty.cfg", "h")
    assert shared
    assert shared.text == shared.masked
    first = view(desk.provisioner.maker, desk.fleet, "dhcpoption160.cfg", "h")
    assert first
    assert "provisioning/method=STATIC" in first.text


async def test_nothing_is_made_for_phones_and_names_that_nobody_knows() -> None:
    desk = DeskWithFleet()
    for name in (f"{MAC}.cfg", "420HD.img", "", "x" * 1000):
        assert view(desk.provisioner.maker, desk.fleet, name, "h") is None
