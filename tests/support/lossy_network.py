"""A network in memory that loses, doubles, delays and thereby reorders what is sent; the same for the same seed.

Time is a plain number that the test turns. What arrives is whatever was sent: bytes, or any value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Generic, TypeVar

Packet = TypeVar("Packet")


@dataclass(frozen=True, slots=True)
class Weather:
    """`loss` and `doubling` are shares of what is sent, 0 to 1; delays are seconds, each drawn evenly between them."""

    loss: float = 0.0
    doubling: float = 0.0
    shortest: float = 0.001
    longest: float = 0.4


class LossyNetwork(Generic[Packet]):
    """Packets on their way, each to somebody by name."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.weather = weather
        self._random = Random(seed)
        self._under_way: list[tuple[float, int, str, Packet]] = []
        self._sent = 0

    def send(self, to: str, packet: Packet, now: float) -> None:
        """It arrives once, twice, or never."""
        copies = 2 if self._random.random() < self.weather.doubling else 1
        for _ in range(copies):
            if self._random.random() >= self.weather.loss:
                self._sent += 1  # breaks ties, so packets are never compared
                delay = self._random.uniform(self.weather.shortest, self.weather.longest)
                heappush(self._under_way, (now + delay, self._sent, to, packet))

    def next_arrival(self) -> float:
        """When something arrives next; infinity if nothing is under way."""
        return self._under_way[0][0] if self._under_way else math.inf

    def arrivals(self, now: float) -> list[tuple[str, Packet]]:
        """To whom what has arrived by `now`, in that order."""
        arrived = []
        while self.next_arrival() <= now:
            _, _, to, packet = heappop(self._under_way)
            arrived.append((to, packet))
        return arrived
