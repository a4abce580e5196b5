"""What keeps a daemon from starting is said in a sentence, with exit code 1. The rest of a start: tests/acceptance."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from daemon.serving import serve
from daemon.store import database
from tests.support.opened_store import locked
from tests.support.whole_daemon import a_device, an_inventory, whole_daemon, write_config


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """`serve` configures the log of the whole process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def refused(config: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a start that fails says on standard error, besides its log."""
    assert serve(config) == 1
    return [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]


def test_a_wrong_configuration_is_refused_with_every_fault_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "ringkeeper.yml"
    config.write_text("qualify:\n  misses: 0\n  interval: soon\nhttps: {}\n")
    said = refused(config, capsys)
    assert [line.split(":")[1].split()[0] for line in said] == ["2", "3", "4"]
    assert said[0].startswith(f"{config}:2 qualify.misses: ")
    assert not (tmp_path / "state").exists()


def test_an_inventory_that_cannot_be_read_is_a_fault_of_its_own_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, an_inventory())
    (tmp_path / "inventory.yml").write_text("devices:\n- {mac: 00908f4867af, colour: red}\n- {mac: nonsense}\n")
    said = refused(config, capsys)
    assert [line.partition(" ")[0] for line in said] == [f"{tmp_path / 'inventory.yml'}:{line}" for line in (2, 3)]


def test_an_inventory_the_fleet_refuses_names_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, an_inventory(a_device("00908f4867af", "2041")))
    assert trio.run(briefly, config) == 1
    write_config(tmp_path, an_inventory(a_device("00908f000002", "2041")))
    (said,) = refused(config, capsys)
    holder = "device 00908f000002: number 2041 is used by device 00908f4867af"
    assert said == f"{tmp_path / 'inventory.yml'}:1 inventory: {holder}"


async def briefly(config: Path) -> int:
    """How many devices a daemon has that starts and ends."""
    async with whole_daemon(config) as daemon:
        return len(await daemon.items("/devices"))


@pytest.mark.parametrize("kind", ["sip", "phones"])
def test_an_address_in_use_is_named(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    datagrams = kind == "sip"
    with socket.socket(type=socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if not datagrams:
            taken.listen()
        port = taken.getsockname()[1]
        blocks: dict[str, Any] = {
            "sip": {"sip": {"listen": [f"udp://127.0.0.1:{port}"]}},
            "phones": {"http": {"phones": {"listen": [f"http://127.0.0.1:{port}"]}}},
        }
        (said,) = refused(write_config(tmp_path, **blocks[kind]), capsys)
    scheme = "udp" if datagrams else "http"
    assert said == (
        f"cannot listen on {scheme}://127.0.0.1:{port}: Address already in use; is another daemon using it?"
    )


def test_a_locked_database_is_named_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    config = write_config(tmp_path, an_inventory(a_device("00908f4867af")))
    path = tmp_path / "state" / "ringkeeper.db"
    path.parent.mkdir()
    with locked(path):
        (said,) = refused(config, capsys)
    assert said == f"{path}: database is locked: another program holds it: close it"


def test_a_state_folder_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file")
    (said,) = refused(write_config(tmp_path), capsys)
    assert str(tmp_path / "state") in said
