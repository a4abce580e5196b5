"""The phones of a benchmark: one process on the last core that answers for every address of 127/8.

Every request gets its 200, with the headers copied as they came, but while all phones are told to be silent. What was
answered is counted here, on neutral ground, so that whoever loses pings cannot flatter itself; and while it is asked
to, it notes when each phone was pinged. Not here: who pings them.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

BUFFER = 8 * 1024 * 1024
DRAIN = 256  # datagrams answered before somebody is looked after who asks

Times = dict[int, list[float]]


class Phones:
    """The responder as its user sees it; every address of 127/8 answers at `port`."""

    def __init__(self, port: int, asked: Connection, count: Synchronized[int]) -> None:
        self.port = port
        self._asked = asked
        self._count = count

    def answered(self) -> int:
        """How many requests got their answer so far."""
        return self._count.value

    def listen(self) -> None:
        """From now on note when each phone is pinged."""
        self._asked.send("begin")

    def fall_silent(self) -> None:
        """From now on nobody answers."""
        self._asked.send("silence")

    def answer_again(self) -> None:
        """Everybody answers again."""
        self._asked.send("answer")

    def heard(self) -> Times:
        """When each phone was pinged since `listen`, in monotonic seconds, by its number."""
        self._asked.send("end")
        times: Times = self._asked.recv()
        return times


@contextmanager
def responder() -> Iterator[Phones]:
    """Phones that are there until the end of the block."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    count: Synchronized[int] = context.Value("Q")
    process = context.Process(target=_answer, args=(theirs, count), daemon=True)
    process.start()
    try:
        yield Phones(ours.recv(), ours, count)
    finally:
        process.terminate()
        process.join()


def address_of(index: int) -> str:
    """An address for each phone, the first of 15 million."""
    return f"127.{1 + index // 62500}.{index // 250 % 250}.{1 + index % 250}"


def contact_of(index: int, port: int) -> str:
    """The Contact of each phone."""
    return f"sip:{index}@{address_of(index)}:{port}"


def drops(port: int) -> int:
    """Datagrams for this port that found its socket's buffer full (proc(5), the last column)."""
    rows = (line.split() for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:])
    return sum(int(row[-1]) for row in rows if row[1].endswith(f":{port:04X}"))


def first_core() -> int:
    """The one for whoever is measured."""
    return min(os.sched_getaffinity(0))


def last_core() -> int:
    """The one for everybody else."""
    return max(os.sched_getaffinity(0))


def _answer(asked: Connection, count: Synchronized[int]) -> None:
    os.sched_setaffinity(0, {last_core()})
    times: Times | None = None
    silent = False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phones:
        phones.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        phones.setblocking(False)
        phones.bind(("0.0.0.0", 0))
        asked.send(phones.getsockname()[1])
        while True:
            ready = select.select((phones.fileno(), asked.fileno()), (), ())[0]
            if phones.fileno() in ready:
                _drain(phones, count, times, silent=silent)
            if asked.fileno() not in ready:
                continue
            match asked.recv():
                case "begin":
                    times = {}
                case "end":
                    asked.send(times)
                    times = None
                case said:
                    silent = said == "silence"


def _drain(phones: socket.socket, count: Synchronized[int], times: Times | None, *, silent: bool) -> None:
    answered = 0
    for _ in range(DRAIN):
        try:
            request, source = phones.recvfrom(65535)
            if silent:
                continue
            phones.sendto(b"SIP/2.0 200 OK" + request[request.index(b"\r\n") :], source)
        except OSError:  # nothing more, or nobody there to take it
            break
        answered += 1
        if times is not None:
            number = int(request[request.index(b":") + 1 : request.index(b"@")])
            times.setdefault(number, []).append(time.monotonic())
    count.value += answered
