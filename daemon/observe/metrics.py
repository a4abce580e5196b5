"""Prometheus' text, made when it is asked for from the statistics of the daemon's parts.

Nothing is counted here and nothing is global: each daemon has its own `Metrics`, so two can live in one process. Not
here: which families there are and how they are named (`families`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_Statistics = TypeVar("_Statistics")


class Metrics(Collector):
    """Asks every part for its statistics at each scrape."""

    def __init__(self) -> None:
        self._parts: list[Callable[[], Iterable[Metric]]] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)  # process_*: CPU, memory, open files

    def add(self, statistics: Callable[[], _Statistics], families: Callable[[_Statistics], Iterable[Metric]]) -> None:
        """From now on show `families(statistics())`, too."""
        self._parts.append(lambda: families(statistics()))

    def render(self) -> bytes:
        """Everything in the text format 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The families of all parts; those that several parts contribute to (refusals) are put together."""
        together: dict[str, Metric] = {}
        for part in self._parts:
            for family in part():
                known = together.setdefault(family.name, family)
                if known is not family:
                    known.samples += family.samples
        yield from together.values()
