"""A Kamailio that pings: started, filled with contacts, measured and ended. Its configuration is `kamailio.cfg`.

Not here: what it is compared with (`qualify`).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.responder import contact_of

CONFIG = Path(__file__).with_name("kamailio.cfg")
STARTS_WITHIN = 15.0
# MiB of memory, shared and of each process; bytes of its receive buffer, as many as the daemon asks for: with the 256
# KiB that it takes by default it lost a quarter of the answers to its own bursts.
ROOM = ("-m", "256", "-M", "16", "-b", str(4 * 1024 * 1024))
WINDOW = 40  # REGISTERs under way: its receive buffer holds more


def program() -> str | None:
    """Where it is; None if it is not installed."""
    return shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin")


def described() -> str:
    """Its version, and what its configuration says about pinging."""
    version = subprocess.run([program() or "kamailio", "-v"], capture_output=True, text=True, check=False).stdout
    lines = (line for line in CONFIG.read_text().splitlines() if "nathelper" in line or line.startswith("children"))
    told = [line.removeprefix("modparam(").removesuffix(")") for line in lines if not line.startswith("loadmodule")]
    return "\n".join([version.splitlines()[0], *(f"    {line}" for line in told)])


@contextmanager
def kamailio(endpoints: int, interval: int, phones_port: int, core: int) -> Iterator[tuple[int, int]]:
    """Its process group and its port, while it pings all these endpoints."""
    with tempfile.TemporaryDirectory(prefix="kamailio-") as folder:
        port = _free_port()
        text = CONFIG.read_text().replace("PORT", str(port)).replace("INTERVAL", str(interval))
        config = Path(folder) / "kamailio.cfg"
        config.write_text(text)
        command = [program() or "kamailio", "-f", str(config), "-DD", "-E", "-Y", folder, *ROOM]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                ["taskset", "-c", str(core), *command], stdout=log, stderr=log, start_new_session=True
            )
        try:
            _wait_for(port, process)
            _register(endpoints, port, phones_port)
            yield process.pid, port
        finally:
            _end(process)


def members(group: int) -> Sequence[int]:
    """All processes of a group."""
    found = list[int]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            if int(path.read_text().rpartition(")")[2].split()[2]) == group:
                found.append(int(path.parent.name))
    return found


def _register(endpoints: int, port: int, phones_port: int) -> None:
    """All contacts, some at a time; those whose answer got lost again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.5)
        missing = set(range(endpoints))
        while missing:
            batch = sorted(missing)[: 100 * WINDOW]
            for first in range(0, len(batch), WINDOW):
                part = batch[first : first + WINDOW]
                for index in part:
                    sock.sendto(_registration(index, phones_port, sock.getsockname()[1]), ("127.0.0.1", port))
                missing -= _granted(sock, len(part))


def _registration(index: int, phones_port: int, port: int) -> bytes:
    user = f"<sip:{index}@bench.example>"
    return (
        f"REGISTER sip:bench.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{index}\r\n"
        f"From: {user};tag={index}\r\nTo: {user}\r\nCall-ID: {index}\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
        f"Contact: <{contact_of(index, phones_port)}>\r\nExpires: 86400\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _granted(sock: socket.socket, count: int) -> set[int]:
    """Whose 200 came, `count` answers at most."""
    granted = set[int]()
    with suppress(TimeoutError):
        for _ in range(count):
            answer = sock.recv(65535)
            if answer.startswith(b"SIP/2.0 200"):
                at = answer.index(b"z9hG4bK") + len(b"z9hG4bK")
                granted.add(int(answer[at:].partition(b"\r\n")[0].partition(b";")[0]))
    return granted


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it answers; it turns OPTIONS down."""
    deadline = time.monotonic() + STARTS_WITHIN
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.2)
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):  # refused, or no answer yet
                sock.send(_registration(0, 9, sock.getsockname()[1]).replace(b"REGISTER", b"OPTIONS"))
                if sock.recv(65535).startswith(b"SIP/2.0"):
                    return
                time.sleep(0.05)
            time.sleep(0.05)
    raise SystemExit("Kamailio did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(3)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
