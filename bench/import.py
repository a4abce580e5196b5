"""How long does it take to bring in 30,000 users and devices from a CSV file, and does anybody wait meanwhile?

A daemon with an empty state folder runs as `ringkeeper serve` does. A table of N users with a device each is sent to
it as `ringkeeper import` sends it; the time is from the first byte sent to the answer, which comes when all of it is
durable, and beside it stands the processor time of the daemon. Meanwhile a probe asks the phones' listener for a file
every 5 ms, and its slowest answer is told. Then the same table once more with every display name changed, and once more
unchanged.

    .venv/bin/python -m bench.import [devices] [--dir DIRECTORY]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx
import trio

from tests.support.daemon_process import serving

CONFIGURATION = """\
state_dir: {folder}/state
http:
  phones: {{listen: ["http://127.0.0.1:0"]}}
  operators: {{listen: ["unix://{folder}/api.sock"]}}
sip: {{listen: ["udp://127.0.0.1:0"]}}
imports: {{max_lines: 100000}}
"""
TENANT = {"name": "acme", "subnet": "10.0.0.0/8", "default": True}
HEADER = (
    "Name,Password,Display Name,Tenant,Device 1 Display Name,Device 1 MAC Address,Device 1 Serial Number,"
    "Device 1 IP Phone Model,Device 1 Language,Device 1 VLAN Mode,Device 1 VLAN ID,Device 1 VLAN Priority\r\n"
)


def table(devices: int, title: str) -> bytes:
    """A user with a device each, every column filled in."""
    rows = (
        f"{200000 + n},pw-{n:08},{title} {n},acme,{title}'s {n},00908f{n:06x},{n:08},420HD,German,Manual,12,5\r\n"
        for n in range(devices)
    )
    return (HEADER + "".join(rows)).encode()


def processor(process: int) -> float:
    """Seconds that a process has computed, in user and system (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def probe(url: str, slowest: list[float]) -> None:
    """Ask for a file every 5 ms; how long each answer took."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while True:
            began = time.perf_counter()
            await client.get("/ipp/dhcpoption160.cfg")
            slowest.append(time.perf_counter() - began)
            await trio.sleep(0.005)


async def bring_in(at_socket: httpx.AsyncClient, url: str, data: bytes, what: str, process: int) -> None:
    """One import, and what it cost everybody else."""
    answers: list[float] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(probe, url, answers)
        await trio.sleep(0.3)
        usual = max(answers)
        answers.clear()
        began, before = time.perf_counter(), processor(process)
        applying = 0.0
        last = {}
        headers = {"Accept": "application/x-ndjson", "Content-Type": "text/csv"}
        async with at_socket.stream("POST", "/api/v1/imports", content=data, headers=headers) as answer:
            async for line in answer.aiter_lines():
                last = json.loads(line)
                if last["state"] == "applying" and not applying:
                    applying = time.perf_counter() - began
        spent, used = time.perf_counter() - began, processor(process) - before
        nursery.cancel_scope.cancel()
    assert last["state"] == "done", last
    print(
        f"{what}: {spent:6.2f} s until durable ({applying:.2f} s read and checked), {used:.2f} s of processor;"
        f" slowest answer to a phone {max(answers) * 1000:.0f} ms (idle {usual * 1000:.0f} ms), {len(answers)} answers"
    )


async def main(devices: int, folder: Path) -> None:
    config = folder / "ringkeeper.yml"
    config.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    async with serving(config) as daemon:
        url = (await daemon.ready())["phones"]
        transport = httpx.AsyncHTTPTransport(uds=str(folder / "api.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://ringkeeper", timeout=300) as at_socket:
            (await at_socket.put("/api/v1/tenants/acme", json=TENANT)).raise_for_status()
            for what, title in (("new", "User"), ("changed", "Person"), ("the same", "Person")):
                await bring_in(at_socket, url, table(devices, title), what, daemon.process.pid)
        daemon.process.send_signal(signal.SIGTERM)
        await daemon.ends()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("devices", type=int, nargs="?", default=30_000)
    parser.add_argument("--dir", type=Path, default=None)
    given = parser.parse_args(sys.argv[1:])
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        trio.run(main, given.devices, Path(folder))
