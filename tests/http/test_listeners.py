from __future__ import annotations

import socket
from pathlib import Path

import pytest

from daemon.config.listen import Listen
from daemon.http.listeners import bound, open_listeners, remove_socket


async def test_port_0_becomes_a_real_port() -> None:
    (listener,) = await open_listeners(Listen("http", host="127.0.0.1", port=0))
    async with listener:
        assert bound(Listen("http", host="127.0.0.1", port=0), listener).port > 0


async def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    (listener,) = await open_listeners(Listen("unix", path=str(path)))
    await listener.aclose()


async def test_a_socket_that_still_answers_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(OSError, match="another daemon"):
            await open_listeners(Listen("unix", path=str(path)))
    assert path.exists()


async def test_an_address_that_cannot_be_had_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = Listen("http", host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(OSError, match=f"cannot listen on {wanted}: Address already in use"):
            await open_listeners(wanted)


async def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        await open_listeners(Listen("unix", path=str(path)))
    assert path.read_text() == "precious"


def test_removing_a_socket_twice_is_no_error(tmp_path: Path) -> None:
    remove_socket(Listen("unix", path=str(tmp_path / "gone.sock")))
    remove_socket(Listen("http", host="127.0.0.1", port=1))
