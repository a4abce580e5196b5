"""Real receivers of alarms from Debian: rsyslogd and prometheus-alertmanager, on loopback, ended with their block."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import trio

from daemon.config.settings import SipTls

_RSYSLOG = """
global(workDirectory="{folder}" DefaultNetstreamDriverCAFile="{ca}"
       DefaultNetstreamDriverCertFile="{tls.certificate}" DefaultNetstreamDriverKeyFile="{tls.key}")
module(load="imudp") module(load="imtcp")
template(name="judged" type="list") {{
  property(name="pri-text") constant(value="|") property(name="hostname") constant(value="|")
  property(name="app-name") constant(value="|") property(name="msgid") constant(value="|")
  property(name="structured-data") constant(value="|") property(name="msg") constant(value="\\n") }}
ruleset(name="judge") {{ action(type="omfile" file="{folder}/heard" template="judged") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="judge")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="judge")
input(type="imtcp" address="127.0.0.1" port="{secured}" ruleset="judge" streamdriver.name="ossl"
      streamdriver.mode="1" streamdriver.authmode="anon")
"""


class Rsyslogd:
    """Where it listens, and what it made of what it heard: priority, host, program, kind, structured data, text."""

    def __init__(self, folder: Path) -> None:
        self._heard = folder / "heard"
        self.ports = dict(zip(("udp", "tcp", "tls"), _free_ports(3), strict=True))

    @property
    def heard(self) -> list[list[str]]:
        text = self._heard.read_text() if self._heard.exists() else ""
        return [line.split("|") for line in text.splitlines()]


@asynccontextmanager
async def rsyslogd(folder: Path, ca: Path, tls: SipTls) -> AsyncIterator[Rsyslogd]:
    program = _installed("rsyslogd", "rsyslog")
    daemon = Rsyslogd(folder)
    udp, tcp, secured = daemon.ports.values()
    (folder / "rsyslog.conf").write_text(
        _RSYSLOG.format(folder=folder, ca=ca, tls=tls, udp=udp, tcp=tcp, secured=secured)
    )
    command = [program, "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")]
    async with _running(command, [tcp, secured]):
        yield daemon


class Alertmanager:
    """What it knows, as its API says."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def alerts(self) -> list[dict[str, str]]:
        """The labels of the alerts that are active."""
        async with httpx.AsyncClient(trust_env=False) as client:
            found = (await client.get(f"{self.url}/api/v2/alerts", params={"active": "true"})).json()
        return [alert["labels"] for alert in found]


@asynccontextmanager
async def alertmanager(folder: Path) -> AsyncIterator[Alertmanager]:
    program = _installed("prometheus-alertmanager", "prometheus-alertmanager")
    [port] = _free_ports(1)
    (folder / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    async with _running(command, [port]):
        yield Alertmanager(f"http://127.0.0.1:{port}")


@asynccontextmanager
async def _running(command: list[str], ports: list[int]) -> AsyncIterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: ASYNC220 - returns at once
    try:
        for port in ports:
            await _listening(port)
        yield
    finally:
        process.kill()
        process.wait()


async def _listening(port: int) -> None:
    with trio.fail_after(20):
        while True:
            try:
                await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
            except OSError:
                await trio.sleep(0.02)
            else:
                return


def _installed(program: str, package: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    assert found, f"{program} is missing: apt-get install {package} (make test does it)"
    return found


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports
