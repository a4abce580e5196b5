from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.model import Mac
from daemon.provisioning.served import FileKind, FileRequest, ServedFile
from tests.support.builders import MAC, NOW, OTHER_MAC, inventory, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER


def given(desk: DeskWithFleet, name: str) -> None:
    """The phone is renamed and fetches its file."""
    desk.deliver(InventoryApplied(inventory(record(display_name=name, sip_password=SEALER.seal("rosebud"))), "ops"))
    secret = SEALER.device_secret(Mac(MAC), 0)
    request = FileRequest(FileKind.CONFIGFILES, "", f"{MAC}.cfg", "10.1.2.7", "", secret, "prov.example.net")
    served = desk.provisioner.serve(request, NOW)
    assert isinstance(served, ServedFile)
    if served.made:
        desk.deliver(served.made)


async def test_what_a_phone_gets_was_given_and_is_given_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = DeskWithFleet()
    given(desk, "Alice")
    given(desk, "Alicia")
    async with serving(desk, tmp_path) as config:
        for words in (
            ("show", MAC),
            ("versions", MAC),
            ("version", MAC, "1", "--secrets"),
            ("diff", MAC, "1", "2"),
            ("rollback", MAC, "1"),
            ("versions", MAC),
            ("release", MAC),
        ):
            assert await run_beside("configuration", *words, "--config", config) == 0, words
        assert await run_beside("configuration", "release", MAC, "--config", config) == 1
    said = capsys.readouterr()
    assert "voip/line/0/id=2041\tshipped/generic.xml:" in said.out
    assert "\tLine1Id: device\n" in said.out
    assert "voip/line/0/auth_password=rosebud" in said.out
    assert "-voip/line/0/description=Alice\n+voip/line/0/description=Alicia" in said.out
    assert "A former version stands in place" in said.err


async def test_all_files_are_made_and_those_that_cannot_be_end_it_badly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042", template="lobby", model="405"))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("configuration", "generate", "--model", "420HD", "--config", config) == 0
        assert await run_beside("configuration", "generate", "--config", config) == 1
    said = capsys.readouterr().err
    assert "1 of 1 files can be made." in said
    assert f"{OTHER_MAC}: " in said
    assert "1 of 2 files can be made." in said
