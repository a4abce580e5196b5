"""The SIP traces of single devices: what came from them and went to them, kept in memory for an operator to read.

An operator starts a trace and it ends by itself. Of each traced device the newest messages are kept, bounded in number,
bytes and time; for everybody else nothing happens, because the endpoint asks `active` first. Nothing reaches the disk
or the log, and a restart forgets all of it. Not here: what of a packet may be shown (`masking`), the way in for
operators (`daemon.http.operators.trace`).
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, Protocol

from daemon.config.settings import TraceLimits
from daemon.errors import Refused
from daemon.fleet.model import Mac
from daemon.scheduler.timestamps import rfc3339
from daemon.sip.masking import legible
from daemon.sip.message import Address, Source

Direction = Literal["received", "sent", "noted"]  # "noted": no packet, only a remark
NOTED: Direction = "noted"

# What an entry costs besides its text (the object, its time, its addresses): 411 bytes by tracemalloc.
_ENTRY = 400
# Whose a REGISTER or PUBLISH is, or the answer to one, stands in its To (RFC 3261 section 10.2, RFC 3903 section 4).
_NAMES_ITS_AOR = re.compile(rb"(?im)^(?:(?:REGISTER|PUBLISH) |cseq[ \t]*:[ \t]*\d{1,10}[ \t]+(?:REGISTER|PUBLISH)\b)")
_TO = re.compile(rb"(?im)^(?:to|t)[ \t]*:([^\r\n]{0,500})")
_USER = re.compile(rb"sips?:([^@:;>\s]{1,128})(?::[^@;>\s]{0,128})?@", re.IGNORECASE)


class Directory(Protocol):
    """What is asked of the fleet to tell whose a packet is."""

    def mac_at(self, host: str, port: int) -> Mac | None:
        """Which device's present contact is at this address."""

    def mac_of_user(self, user: str) -> Mac | None:
        """Whose SIP user (number) this is."""


class Packet(NamedTuple):
    """Bytes that came from `remote` or go there; `local` is our own end, if the transport knows it."""

    direction: Direction
    remote: Source
    data: bytes
    local: Address | None = None


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One packet, or one remark. `number` counts from 1; addresses are `host:port`, and "" of a remark."""

    number: int
    at: float
    direction: Direction
    transport: str
    local: str
    remote: str
    text: str
    remark: str

    def __str__(self) -> str:
        head = f"{rfc3339(self.at)} #{self.number} {self.direction}"
        if self.direction != NOTED:
            ends = (self.remote, self.local or "us")
            head += f" {self.transport} {' -> '.join(ends if self.direction == 'received' else reversed(ends))}"
        return "\n".join(filter(None, (f"{head}: {self.remark}" if self.remark else head, self.text.rstrip("\n"))))


class Trace:
    """What is kept of one device. `ends_at` is when it stops recording; what it has can be read for a while longer."""

    def __init__(self, key: str, by: str, now: float, seconds: float) -> None:
        self.key = key
        self.by = by
        self.began_at = now
        self.ends_at = now + seconds
        self.pushed_out = 0  # entries that made room for newer ones
        self.size = 0  # bytes, about
        self._entries: deque[TraceEntry] = deque()
        self._numbered = 0

    @property
    def messages(self) -> int:
        """How many entries are kept."""
        return len(self._entries)

    def since(self, number: int = 0) -> Iterator[TraceEntry]:
        """Entries with a higher number, oldest first."""
        behind = number - (self._numbered - len(self._entries))
        return islice(self._entries, max(0, behind), None)

    def add(self, at: float, packet: Packet | None, remark: str) -> None:
        """Keep one more; `keep_within` makes room."""
        self._numbered += 1
        entry = _entry(self._numbered, at, packet, remark)
        self._entries.append(entry)
        self.size += _cost(entry)

    def keep_within(self, limits: TraceLimits, now: float) -> int:
        """Let the oldest go until what is left is within the limits; how many went."""
        entries, before = self._entries, len(self._entries)
        while entries and (
            len(entries) > limits.messages or self.size > limits.bytes or entries[0].at <= now - limits.duration
        ):
            self.size -= _cost(entries.popleft())
        self.pushed_out += before - len(entries)
        return before - len(entries)


@dataclass(frozen=True, slots=True)
class TraceStatistics:
    """How much is traced now, and what came of it since start."""

    devices: int  # that record now
    bytes: int  # kept of all of them
    recorded: int  # entries
    pushed_out: int  # entries that made room for newer ones
    refused: int  # traces that could not be started, because others use up the number


class Traces:
    """Every trace of this daemon. Times on the program's axis, seconds."""

    def __init__(self, limits: TraceLimits, directory: Directory) -> None:
        self.active = False  # whether anything is recorded: asked once a packet, before anything else here
        self._limits = limits
        self._directory = directory
        self._traces: dict[str, Trace] = {}
        self._recorded = 0
        self._pushed_out = 0
        self._refused = 0

    def apply(self, limits: TraceLimits) -> None:
        """A reload. Traces that run keep their end; what is too much goes with their next message."""
        self._limits = limits

    def start(self, key: str, by: str, now: float, seconds: float | None = None) -> Trace:
        """Record this device's messages for so long, at most (and by default) as long as the limits say.

        A trace that is there goes on with what it has. `Refused` when that many others are being recorded.
        """
        self.expire(now)
        seconds = min(self._limits.duration, seconds or math.inf)
        trace = self._traces.get(key)
        if trace is None:
            self._make_room(now)
            trace = self._traces[key] = Trace(key, by, now, seconds)
        trace.by, trace.ends_at = by, now + seconds
        self.active = True
        return trace

    def stop(self, key: str, now: float) -> bool:
        """End a trace and forget what it has; whether there was one."""
        found = self._traces.pop(key, None)
        self.expire(now)
        return found is not None

    def of(self, key: str, now: float) -> Trace | None:
        """The trace of this device, running or not; it is forgotten as long after its end as it may last."""
        self.expire(now)
        return self._traces.get(key)

    def note(self, key: str, now: float, packet: Packet, remark: str = "") -> None:
        """A packet that is known to be this device's; nothing happens unless the device is traced."""
        self._keep(key, now, packet, remark)

    def overhear(self, now: float, packet: Packet, remark: str = "") -> None:
        """The same for a packet of whoever it may be."""
        if key := self.whose(packet.remote, packet.data):
            self._keep(key, now, packet, remark)

    def remark(self, key: str, now: float, remark: str) -> None:
        """Something about this device that is no packet: a missed ping, a decision, a step of its timeline."""
        self._keep(key, now, None, remark)

    def whose(self, remote: Source, data: bytes) -> str | None:
        """Which device a packet comes from or goes to: by its address, else by the AOR that it registers or publishes.

        The AOR is taken as it is said: a trace also shows what others send in the device's name.
        """
        return self._directory.mac_at(remote.host, remote.port) or self._by_aor(data)

    def expire(self, now: float) -> None:
        """End what is over, and forget what ended long ago."""
        for key, trace in list(self._traces.items()):
            if trace.ends_at + self._limits.duration <= now:
                del self._traces[key]
        self.active = any(trace.ends_at > now for trace in self._traces.values())

    def next_deadline(self) -> float:
        """When the next trace stops recording or is forgotten; infinity if there is none."""
        kept = self._limits.duration
        return min((trace.ends_at + (0 if self.active else kept) for trace in self._traces.values()), default=math.inf)

    def statistics(self, now: float) -> TraceStatistics:
        """A snapshot."""
        traces = self._traces.values()
        return TraceStatistics(
            devices=sum(trace.ends_at > now for trace in traces),
            bytes=sum(trace.size for trace in traces),
            recorded=self._recorded,
            pushed_out=self._pushed_out,
            refused=self._refused,
        )

    def _keep(self, key: str, now: float, packet: Packet | None, remark: str) -> None:
        trace = self._traces.get(key)
        if trace is None:
            return
        if trace.ends_at <= now:
            self.expire(now)
            return
        trace.add(now, packet, remark)
        self._recorded += 1
        self._pushed_out += trace.keep_within(self._limits, now)

    def _make_room(self, now: float) -> None:
        """Of traces that are over the one that ended first makes room for a new one."""
        if len(self._traces) < self._limits.devices:
            return
        over = [trace for trace in self._traces.values() if trace.ends_at <= now]
        if not over:
            self._refused += 1
            traced = ", ".join(sorted(self._traces))
            raise Refused(f"as many devices are traced as sip.trace.devices allows: {traced}; end one of these first")
        del self._traces[min(over, key=lambda trace: trace.ends_at).key]

    def _by_aor(self, data: bytes) -> str | None:
        to = _TO.search(data) if _NAMES_ITS_AOR.search(data) else None
        user = _USER.search(to[1]) if to else None
        return self._directory.mac_of_user(user[1].decode("utf-8", "replace")) if user else None


def _entry(number: int, at: float, packet: Packet | None, remark: str) -> TraceEntry:
    if packet is None:
        return TraceEntry(number, at, NOTED, "", "", "", "", remark)
    direction, remote, data, local = packet
    here = _address(local) if local else ""
    return TraceEntry(number, at, direction, remote.transport, here, _address(remote[:2]), legible(data), remark)


def _address(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _cost(entry: TraceEntry) -> int:
    return _ENTRY + len(entry.text) + len(entry.remark)
