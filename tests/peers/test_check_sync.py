"""Kamailio as a phone that challenges: its digest is not ours, and it takes our check-sync only if the sums agree."""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from daemon.config.settings import Sip
from daemon.fleet.commands import SendNotify
from daemon.fleet.events import ResyncEnded
from daemon.fleet.model import Contact
from daemon.sip.message import Response
from daemon.sip.parser import parse
from daemon.sip.resyncs import Resyncs
from daemon.sip.transactions.client import SendMessage
from tests.support.builders import MAC

pytestmark = pytest.mark.peer
CONFIG = Path(__file__).parents[1] / "data" / "kamailio" / "challenge_notify.cfg"


@asynccontextmanager
async def kamailio(port: int, algorithm: str, folder: Path) -> AsyncIterator[None]:
    """Kamailio on that port of loopback until the block ends."""
    program = shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin")
    assert program, "Kamailio is missing: apt-get install kamailio"
    command = [program, "-f", str(CONFIG), "-l", f"udp:127.0.0.1:{port}", "-Y", str(folder), "-m", "16", "-M", "4"]
    command += ["-DD", "-E", "-A", f'ALGORITHM="{algorithm}"']
    with (folder / "kamailio.log").open("wb") as log:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trio.run_process, command, stdout=log, stderr=log))
            yield
            nursery.cancel_scope.cancel()


async def outcome(port: int, password: str) -> ResyncEnded:
    """What becomes of one check-sync to that port of loopback, over a real socket."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        sent_by = f"127.0.0.1:{sock.getsockname()[1]}"
        resyncs = Resyncs(
            Sip(domain="pbx.example.net"), lambda _mac: password, lambda _to: sent_by, lambda: secrets.token_hex(8)
        )
        contact = Contact(f"sip:2041@127.0.0.1:{port}", "127.0.0.1", port)
        orders = resyncs.submit(SendNotify(MAC, contact, "2041", True), trio.current_time())
        while True:
            for order in orders:
                if isinstance(order, ResyncEnded):
                    return order
                assert isinstance(order, SendMessage)
                await sock.sendto(order.data, (order.to.host, order.to.port))
            orders = await _turn(sock, resyncs)


async def _turn(sock: trio.socket.SocketType, resyncs: Resyncs) -> list[SendMessage | ResyncEnded]:
    with trio.move_on_at(resyncs.next_deadline()):
        try:
            datagram, _ = await sock.recvfrom(65535)
        except ConnectionError:  # Kamailio is not there yet
            return []
        message = parse(datagram)
        assert isinstance(message, Response)
        return resyncs.received(message, trio.current_time())
    return resyncs.expire(trio.current_time())


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("s3cret", (True, "answered 200")),
        ("guessed", (False, "refused with 401: it did not take its own password")),
    ],
)
async def test_kamailio_takes_our_check_sync_with_the_right_password_only(
    algorithm: str, password: str, expected: tuple[bool, str], port: int, tmp_path: Path
) -> None:
    with trio.fail_after(15):
        async with kamailio(port, algorithm, tmp_path):
            ended = await outcome(port, password)
    assert (ended.delivered, ended.outcome) == expected, (tmp_path / "kamailio.log").read_text()
