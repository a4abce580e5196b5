"""Every limit of the HTTP server, with its reason, and how its peers fared against them.

Sizes and times that an operator may set come from the listener's block of the settings (`Limits` is its shape); those
nobody should need to set stand here as constants. Not here: anything that acts on them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

# A phone's request head is under 1 KiB; 16 KiB is what Apache, h11 and uvicorn allow. Beyond it: 431.
MAX_HEAD = 16 * 1024
# Bytes taken from a socket at once; with MAX_HEAD it bounds what a connection holds before its request is understood.
READ_SIZE = 16 * 1024
# Pipelined bytes taken while an answer is still being made; beyond it the peer waits in its own send buffer.
MAX_AHEAD = 64 * 1024
# How long current requests may still run when the server stops; systemd's own patience is 90 s.
GRACE = 5.0
# After a refusal we go on reading for this long, so that our answer is not destroyed by the reset that follows a
# close with unread bytes (RFC 9112 section 9.6).
LINGER = 2.0
# Pause when the kernel has no file descriptor or buffer for another connection (trio's serve_listeners does the same).
ACCEPT_PAUSE = 0.1
# TLS takes two round trips, one second over a bad satellite link; a SYN lost three times costs 7 s. SIP's is the same.
HANDSHAKE = 10.0
# Log lines a minute about handshakes that failed; the counters miss nothing.
LINES_PER_MINUTE = 30
# Bytes a second that a body larger than usual must come in with: 128 kbit/s, a branch office's uplink in bad weather.
SLOWEST_BODY = 16 * 1024
# Bytes of a file handed to the kernel before others have their turn.
FILE_TURN = 512 * 1024
# Writing "503, come back" to a connection beyond the ceiling may take this long; it fits every socket's buffer.
TURN_AWAY = 1.0


class Limits(Protocol):
    """What a listener's settings block says. Sizes in bytes, times in seconds."""

    @property
    def max_body(self) -> int:
        """The largest request body; beyond it 413."""

    @property
    def max_connections(self) -> int:
        """Connections held at once; beyond it 503 and close."""

    @property
    def max_in_progress(self) -> int:
        """Requests under way at once; beyond it 503."""

    @property
    def idle_timeout(self) -> float:
        """How long a connection may rest between requests, and before its first."""

    @property
    def request_timeout(self) -> float:
        """From a request's first byte to its last; also the longest that one piece of an answer may take to send."""


@dataclass(frozen=True, slots=True)
class HttpStatistics:
    """What one server has done. `connections` and `in_progress` (requests) are now, all else since start.

    `responses` counts by class ("2xx"), `refused` by reason: requests and connections the application never saw, or
    not to their end. `handshakes` counts those of TLS by what came of them, "done" or why not. `aborted` counts
    requests whose peer left before the end, which is nobody's fault.
    """

    connections: int
    accepted: int
    requests: int
    aborted: int
    failures: int
    responses: dict[str, int]
    refused: dict[str, int]
    in_progress: int = 0
    handshakes: dict[str, int] = field(default_factory=dict)


class Counts:
    """The running counters behind `HttpStatistics`."""

    def __init__(self) -> None:
        self.accepted = 0
        self.requests = 0
        self.aborted = 0
        self.failures = 0  # exceptions out of the application
        self.responses: Counter[int] = Counter()  # by first digit
        self.refused: Counter[str] = Counter()
        self.in_progress = 0  # requests that have a head and no answer yet, now
        self.handshakes: Counter[str] = Counter()

    def snapshot(self, connections: int) -> HttpStatistics:
        """The counters as they stand."""
        return HttpStatistics(
            connections=connections,
            accepted=self.accepted,
            requests=self.requests,
            aborted=self.aborted,
            failures=self.failures,
            responses={f"{digit}xx": count for digit, count in sorted(self.responses.items())},
            refused=dict(self.refused),
            in_progress=self.in_progress,
            handshakes=dict(self.handshakes),
        )
