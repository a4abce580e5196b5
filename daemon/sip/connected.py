"""Who is connected: the connections there are, by far end, by host and by descriptor, and whose were lost.

Not here: why one begins or ends (`connections`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from daemon.config.settings import Sip
from daemon.sip.connection import Connection
from daemon.sip.message import STREAMS, Source


class Connected:
    """An index of connections; iterating gives those there are."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter(dict.fromkeys(STREAMS, 0))  # by transport
        self._by_descriptor: dict[int, Connection] = {}
        self._by_source: dict[Source, Connection] = {}
        self._per_host: Counter[str] = Counter()
        self._lost: dict[Source, None] = {}  # far ends that had registered and whose connection is gone, oldest first

    def __len__(self) -> int:
        return len(self._by_descriptor)

    def __iter__(self) -> Iterator[Connection]:
        return iter([*self._by_descriptor.values()])

    def add(self, connection: Connection) -> None:
        """There is one more; its far end must be nobody else's."""
        source = connection.source
        self._by_source[source] = self._by_descriptor[connection.socket.fileno()] = connection
        self._per_host[source.host] += 1
        self.open[source.transport] += 1

    def remove(self, connection: Connection, remembered: int) -> None:
        """There is one less; of far ends that had registered, the newest so many are remembered."""
        source = connection.source
        del self._by_descriptor[connection.socket.fileno()], self._by_source[source]
        self.open[source.transport] -= 1
        self._per_host[source.host] -= 1
        if not self._per_host[source.host]:
            del self._per_host[source.host]
        if connection.held_until:
            self._lose(source, remembered)

    def hold(self, source: Source, until: float, remembered: int) -> None:
        """Somebody registered over the connection with that far end, which may be lost by the time that is durable."""
        if connection := self._by_source.get(source):
            connection.held_until = max(connection.held_until, until)
        elif source.transport in STREAMS:
            self._lose(source, remembered)

    def at(self, source: Source) -> Connection | None:
        """The connection with that far end."""
        return self._by_source.get(source)

    def of(self, descriptor: int) -> Connection | None:
        """The connection with that file descriptor."""
        return self._by_descriptor.get(descriptor)

    def had(self, source: Source) -> bool:
        """Whether somebody registered over a connection with that far end, be it open or lost."""
        connection = self._by_source.get(source)
        return source in self._lost or (connection is not None and connection.held_until > 0)

    def refusal(self, host: str, settings: Sip) -> str:
        """Why one more with that host is too many; "" if it is not."""
        if len(self._by_descriptor) >= settings.max_connections:
            return "connections"
        return "connections-per-host" if self._per_host[host] >= settings.max_connections_per_host else ""

    def _lose(self, source: Source, remembered: int) -> None:
        self._lost.pop(source, None)
        self._lost[source] = None
        if len(self._lost) > remembered:
            del self._lost[next(iter(self._lost))]
