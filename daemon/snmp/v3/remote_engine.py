"""What is known of another SNMP engine: which boots and time it has, and the keys that users have there.

Its clock is only ever learnt from messages whose MAC was right, and never goes back by them (RFC 3414, section 3.2,
step 7b): that is what refuses a replay. Not here: our own engine (`engine`), finding a manager's (`manager_engine`).
"""

from __future__ import annotations

from collections import OrderedDict

from daemon.snmp.v3.message import Header
from daemon.snmp.v3.usm import MOST_BOOTS, TIME_WINDOW, Keys, User

SHORTEST_ENGINE_ID = 5  # octets (RFC 3411, SnmpEngineID)

# Engines whose traps are remembered, each some 500 octets. Only who holds a user's keys gets in here.
MOST_ENGINES = 10_000


class RemoteEngine:
    """One engine that is authoritative for what it sends, or for what it is sent."""

    __slots__ = ("_at", "_keys", "_time", "boots", "id")

    def __init__(self, engine_id: bytes) -> None:
        self.id = engine_id
        self.boots = 0
        self._time = 0  # the newest it told, and when that was
        self._at: float | None = None
        self._keys: dict[User, Keys] = {}

    def keys(self, user: User) -> Keys:
        """The user's keys there."""
        if user not in self._keys:
            self._keys[user] = user.at(self.id)
        return self._keys[user]

    def forget_keys(self) -> None:
        """Users have changed; keys of those gone are of no use."""
        self._keys.clear()

    def time(self, now: float) -> int:
        """What its clock shows, as far as we know; 0 as long as it told nothing."""
        return 0 if self._at is None else self._time + int(now - self._at)

    def learn(self, header: Header, now: float) -> None:
        """Take its boots and time as they are told, back or forth: what told them is known to be new."""
        self.boots, self._time, self._at = header.boots, header.time, now

    def timely(self, header: Header, now: float) -> bool:
        """Whether an authentic message of its is recent, by a clock that may be put forward by it."""
        if (header.boots, header.time) > (self.boots, self._time):
            self.learn(header, now)
        if self.boots == MOST_BOOTS or header.boots < self.boots:
            return False
        return header.time >= self.time(now) - TIME_WINDOW


class RemoteEngines:
    """Engines that sent authentic traps, so that none is taken twice; those heard longest ago make room."""

    def __init__(self, limit: int = MOST_ENGINES) -> None:
        self._engines: OrderedDict[bytes, RemoteEngine] = OrderedDict()
        self._limit = limit
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._engines)

    def get(self, engine_id: bytes) -> RemoteEngine:
        """The engine of that id; one that nobody knows is made up and not remembered before `keep`."""
        return self._engines.get(engine_id) or RemoteEngine(engine_id)

    def keep(self, engine: RemoteEngine) -> None:
        """It said something authentic: remember it."""
        self._engines[engine.id] = engine
        self._engines.move_to_end(engine.id)
        while len(self._engines) > self._limit:
            self._engines.popitem(last=False)
            self.forgotten += 1

    def forget_keys(self) -> None:
        """Users have changed."""
        for engine in self._engines.values():
            engine.forget_keys()
