"""Does a flood of junk move a single ping, or flip a single state?

The whole daemon in a process of its own qualifies simulated phones, which the responder answers for and whose pings it
times. A third sends junk to the same port, in equal parts: random bytes, a scanner's well-formed requests, broken
SIP, and responses to nothing, a part of them with the mark of our own branch. Each phone's pings ought to come an
interval apart; by how much the worst of them strays is the shift.

    .venv/bin/python -m bench.flood [--phones 2000] [--rate 20000] [--seconds 60] [--interval 10] [--sources 64]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.responder import address_of, drops, first_core, last_core, responder

ROOT = Path(__file__).parents[1]
GRAIN = 0.005  # the flood comes in portions of 5 ms
POOL = 4096  # different pieces of junk
# The scanner tries numbers below it. A phone that has no password would be its own at the first guess.
FIRST_NUMBER = 10_000
SETTLE = 60.0  # seconds that the phones have until all of them are OK
WORST_SHIFT = 1.0  # seconds: the budget


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to the daemon."""

    phones: int = 2000
    rate: int = 20_000  # datagrams a second
    seconds: float = 60.0
    interval: int = 10  # seconds between two pings of one phone
    sources: int = 64  # addresses the junk comes from


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; shifts in seconds, CPU as a share of one core."""

    sent: int
    elapsed: float
    pings: int
    median_shift: float
    late_shift: float  # 99 % are below
    worst_shift: float
    flips: int  # steps of reachability since the flood began
    not_ok: int  # phones, at the end
    missed: int  # pings
    dropped: int  # datagrams that the kernel threw away before the daemon could read them
    refused: dict[str, int]  # by reason: what the daemon read and turned down, or dropped
    cpu: float
    grown: int  # KiB of memory

    def __str__(self) -> str:
        return (
            f"{self.sent} datagrams in {self.elapsed:.1f} s: {self.sent / self.elapsed:.0f} a second;"
            f" {self.dropped} of them dropped by the kernel\n"
            f"turned down: {', '.join(f'{count} {why}' for why, count in sorted(self.refused.items()))}\n"
            f"{self.pings} pings, shifted by {self.median_shift * 1000:.0f} ms (median),"
            f" {self.late_shift * 1000:.0f} ms (99 %), {self.worst_shift * 1000:.0f} ms (worst); {self.missed} missed\n"
            f"{self.flips} flips, {self.not_ok} phones not OK at the end;"
            f" {100 * self.cpu:.0f} % of a core, {self.grown} KiB grown"
        )


def measure(plan: Plan) -> Outcome:
    """Run it: settle, listen for an interval, flood, ask."""
    with tempfile.TemporaryDirectory() as folder, responder() as phones:
        port = _free_port()
        with _daemon(Path(folder), plan, port, phones.port) as (pid, operators):
            _wait_until_ok(operators, plan.phones)
            before, refused = _look(operators, pid, port, Path(folder)), _refused(operators)
            phones.listen()
            time.sleep(plan.interval + 1)
            began = time.monotonic()
            sent = _flood(plan, port)
            elapsed = time.monotonic() - began
            times = phones.heard()
            after = _look(operators, pid, port, Path(folder))
            refused = _refused(operators) - refused
    shifts = sorted(_shifts(times, plan.interval))
    return Outcome(
        sent=sent,
        elapsed=elapsed,
        pings=len(shifts),
        median_shift=shifts[len(shifts) // 2],
        late_shift=shifts[len(shifts) * 99 // 100],
        worst_shift=shifts[-1],
        flips=after["flips"] - before["flips"],
        not_ok=plan.phones - after["ok"],
        missed=after["missed"] - before["missed"],
        dropped=after["dropped"] - before["dropped"],
        refused=dict(refused),
        cpu=(after["cpu"] - before["cpu"]) / (elapsed + plan.interval + 1) / 1000,
        grown=after["memory"] - before["memory"],
    )


def _look(operators: httpx.Client, pid: int, port: int, folder: Path) -> dict[str, int]:
    """Everything that is counted, now; CPU in milliseconds."""
    return {
        **_seen(operators),
        "flips": _flips(folder / "log"),
        "memory": _memory(pid),
        "cpu": round(_cpu(pid) * 1000),
        "dropped": drops(port),
    }


def _shifts(times: dict[int, list[float]], interval: float) -> Iterator[float]:
    """By how much each ping strayed from the place in the interval that the first one of its phone had."""
    for first, *later in times.values():
        for at in later:
            away = (at - first) % interval
            yield min(away, interval - away)


def _flood(plan: Plan, port: int) -> int:
    """Send junk at the plan's pace; what the kernel does not take was not sent. The daemon has its core for itself."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {last_core()})
    chance = random.Random(20_000)  # the same junk every time
    pool = [_junk(chance, number) for number in range(POOL)]
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(plan.sources)]
    for number, sock in enumerate(sockets):
        sock.bind((f"127.66.{number // 250}.{1 + number % 250}", 0))
        sock.setblocking(False)
    began, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < plan.seconds:
        while sent < elapsed * plan.rate:
            try:
                sockets[sent % plan.sources].sendto(pool[sent % POOL], ("127.0.0.1", port))
            except OSError:
                break
            sent += 1
        time.sleep(GRAIN)
    for sock in sockets:
        sock.close()
    os.sched_setaffinity(0, cores)
    return sent


def _junk(chance: random.Random, number: int) -> bytes:
    """One of four kinds in turn."""
    if number % 4 == 0:
        return chance.randbytes(chance.randint(1, 600))
    if number % 4 == 1:
        return _scanned(chance, chance.choice(("OPTIONS", "INVITE", "REGISTER")))
    if number % 4 == 2:
        return _broken(chance, _scanned(chance, chance.choice(("OPTIONS", "REGISTER", "PUBLISH"))))
    branch = chance.choice(("rk", "", "-524287-")) + chance.randbytes(8).hex()
    return _scanned(chance, "OPTIONS", branch).replace(b"OPTIONS sip:100@127.0.0.1 SIP/2.0", b"SIP/2.0 200 OK", 1)


def _scanned(chance: random.Random, method: str, branch: str = "") -> bytes:
    """What the scanners of the open net send all day."""
    user, tag = chance.randint(100, 9999), chance.randbytes(8).hex()
    return (
        f"{method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK{branch or tag};rport\r\n"
        f"Max-Forwards: 70\r\nTo: <sip:{user}@127.0.0.1>\r\nFrom: <sip:{user}@127.0.0.1>;tag={tag}\r\n"
        f"User-Agent: friendly-scanner\r\nCall-ID: {tag}\r\nContact: <sip:{user}@127.0.0.1>\r\nCSeq: 1 {method}\r\n"
        "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _broken(chance: random.Random, request: bytes) -> bytes:
    """Cut short, a part of it thrown about, or blown up."""
    at = chance.randrange(len(request))
    kind = chance.randrange(3)
    if kind == 0:
        return request[:at]
    if kind == 1:
        return request[:at] + chance.randbytes(8) + request[at:]
    return request.replace(b"To: ", b"To: " + b'"' * chance.randint(1, 2000), 1)


@contextmanager
def _daemon(folder: Path, plan: Plan, port: int, phones_port: int) -> Iterator[tuple[int, httpx.Client]]:
    """The daemon with its fleet, and an operator at its Unix socket."""
    config = _write_config(folder, plan, port, phones_port)
    command = [sys.executable, "-m", "daemon", "serve", "--config", str(config)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as process:
        os.sched_setaffinity(process.pid, {first_core()})
        client = httpx.Client(transport=httpx.HTTPTransport(uds=str(folder / "api.sock")), base_url="http://ringkeeper")
        try:
            yield process.pid, client
        finally:
            client.close()
            process.kill()


def _write_config(folder: Path, plan: Plan, port: int, phones_port: int) -> Path:
    devices = [_phone(number, phones_port) for number in range(plan.phones)]
    tenants = [{"name": "bench", "subnet": "127.0.0.0/8", "default": True}]
    (folder / "inventory.yml").write_text(json.dumps({"tenants": tenants, "devices": devices}), encoding="utf-8")
    settings = {
        "state_dir": str(folder / "state"),
        "inventory": "inventory.yml",
        "http": {"operators": {"listen": [f"unix://{folder / 'api.sock'}"]}},
        "sip": {"listen": [f"udp://127.0.0.1:{port}"]},
        "qualify": {"interval": f"{plan.interval}s", "timeout": "4s"},
    }
    config = folder / "ringkeeper.yml"
    config.write_text(json.dumps(settings), encoding="utf-8")
    return config


def _phone(number: int, port: int) -> dict[str, str]:
    """A phone with an address of its own in 127/8, as the inventory has it."""
    user, host = FIRST_NUMBER + number, address_of(number)
    return {
        "mac": f"00908f{number:06x}",
        "tenant": "bench",
        "number": str(user),
        "contact": f"sip:{user}@{host}:{port}",
    }


def _wait_until_ok(operators: httpx.Client, phones: int) -> None:
    deadline = time.monotonic() + SETTLE
    while time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            if _seen(operators)["ok"] == phones:
                return
        except httpx.HTTPError:
            continue  # it is still starting
    raise TimeoutError(f"not every phone was OK after {SETTLE:.0f} s")


def _seen(operators: httpx.Client) -> dict[str, int]:
    """Phones that are OK now, and pings missed since the start."""
    lines = dict(line.rsplit(" ", 1) for line in operators.get("/metrics").text.splitlines() if line[:1] != "#")
    return {
        "ok": int(float(lines.get('ringkeeper_device_reachability{state="OK"}', 0))),
        "missed": int(float(lines.get('ringkeeper_sip_probes_total{result="missed"}', 0))),
    }


def _refused(operators: httpx.Client) -> Counter[str]:
    """What was turned down since the start, by reason."""
    name, counts = 'ringkeeper_refused_total{listener="sip",reason=', Counter[str]()
    for line in operators.get("/metrics").text.splitlines():
        if line.startswith(name):
            reason, _, count = line.removeprefix(name).partition("} ")
            counts[reason.strip('"')] = int(float(count))
    return counts


def _flips(log: Path) -> int:
    """Steps of reachability since the start, of which the first is each phone's own; each is a line of the log."""
    return log.read_bytes().count(b'"axis": "reachability"')


def _memory(pid: int) -> int:
    """KiB that are resident."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmRSS:")[2].split()[0])


def _cpu(pid: int) -> float:
    """Seconds of processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def main() -> None:
    """Measure and print; exit code 1 if a state flipped, a ping strayed too far, or it was no such flood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("phones", 2000), ("rate", 20_000), ("seconds", 60), ("interval", 10), ("sources", 64)):
        parser.add_argument(f"--{name}", type=int, default=default)
    plan = Plan(**vars(parser.parse_args()))
    outcome = measure(plan)
    print(outcome)
    strong = outcome.sent > plan.rate * plan.seconds * 0.9
    if not strong:
        print("this machine could not send what was asked for")
    sys.exit(not strong or outcome.flips > 0 or outcome.not_ok > 0 or outcome.worst_shift > WORST_SHIFT)


if __name__ == "__main__":
    main()
