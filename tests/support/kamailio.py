"""A real Kamailio on loopback: a registrar, and a judge of SIP, that somebody else wrote.

`async with kamailio(config) as server:` starts it with this text as its configuration and ends it again; in the text
LISTEN_UDP and LISTEN_HTTP stand for two free ports and FOLDER for a folder of its own. It needs real time.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import trio

REGISTRAR = Path(__file__).parents[1] / "data" / "kamailio" / "registrar.cfg"
_STARTS_WITHIN = 15.0
_ANSWERS_WITHIN = 5.0


class Kamailio:
    """The running server. `udp` and `http` are its ports on 127.0.0.1, `url` is where its JSON-RPC answers."""

    def __init__(self, udp: int, http: int, pid: int) -> None:
        self.udp, self.http, self.pid = udp, http, pid
        self.url = f"http://127.0.0.1:{http}/RPC"

    async def register(self, user: str, contact: str = "", expires: int = 3600, *headers: str) -> int:
        """Register a contact (default: the port it is sent from) and wait for the 200; that port."""
        sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with closing(sock):
            await sock.bind(("127.0.0.1", 0))
            port = int(sock.getsockname()[1])
            lines = [
                "REGISTER sip:127.0.0.1 SIP/2.0",
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{user}{port}",
                "Max-Forwards: 70",
                f"From: <sip:{user}@127.0.0.1>;tag=1",
                f"To: <sip:{user}@127.0.0.1>",
                f"Call-ID: {user}@ringkeeper.test",
                f"CSeq: {int(trio.current_time() * 1000) % 2**31} REGISTER",
                f"Contact: <{contact or f'sip:{user}@127.0.0.1:{port}'}>;expires={expires}",
                *headers,
                "Content-Length: 0",
            ]
            await sock.sendto("\r\n".join([*lines, "", ""]).encode(), ("127.0.0.1", self.udp))
            with trio.fail_after(_ANSWERS_WITHIN):
                answer = await sock.recv(65535)
            assert answer.startswith(b"SIP/2.0 200 "), answer
            return port

    async def rpc(self, method: str, *params: str) -> object:
        """What a command says."""
        request = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        async with httpx.AsyncClient(timeout=_ANSWERS_WITHIN, trust_env=False) as client:
            return (await client.post(self.url, json=request)).json()["result"]


@asynccontextmanager
async def kamailio(
    config: str | Path = REGISTRAR, arguments: Sequence[str] = ("-m", "64", "-M", "8")
) -> AsyncIterator[Kamailio]:
    """A Kamailio with this configuration, a text or a file; ready when its HTTP port answers."""
    program = shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin")
    assert program, "Kamailio is missing: apt-get install kamailio"
    with tempfile.TemporaryDirectory(prefix="kamailio-") as folder:
        udp, http = _free_port(socket.SOCK_DGRAM), _free_port(socket.SOCK_STREAM)
        filled_in = {"LISTEN_UDP": str(udp), "LISTEN_HTTP": str(http), "FOLDER": folder}
        process = _start(program, config, filled_in, arguments)
        try:
            await _ready(process, http, folder)
            yield Kamailio(udp, http, process.pid)
        finally:
            _end(process)


def _start(
    program: str, config: str | Path, filled_in: Mapping[str, str], arguments: Sequence[str]
) -> subprocess.Popen[bytes]:
    text, folder = config.read_text() if isinstance(config, Path) else config, filled_in["FOLDER"]
    for name, value in filled_in.items():
        text = text.replace(name, value)
    path = Path(folder) / "kamailio.cfg"
    path.write_text(text)
    command = [program, "-f", str(path), "-DD", "-E", "-Y", folder, "-P", f"{folder}/pid", *arguments]
    with (Path(folder) / "kamailio.log").open("wb") as output:
        # In a session of its own: it forks, and all of them are ended together.
        return subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)


async def _ready(process: subprocess.Popen[bytes], port: int, folder: str) -> None:
    with trio.move_on_after(_STARTS_WITHIN):
        while process.poll() is None:
            try:
                async with await trio.open_tcp_stream("127.0.0.1", port):
                    return
            except OSError:
                await trio.sleep(0.05)
    log = await trio.Path(folder, "kamailio.log").read_text(errors="replace")
    raise AssertionError(f"Kamailio did not start:\n{log[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(3)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(3)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
