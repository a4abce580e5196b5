"""Tasks that follow a list of settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from daemon.scheduler.crew import Crew


class Works:
    """What a crew does for words: who works, who was let go, and every list that was announced."""

    def __init__(self, *words: str) -> None:
        self.hired: list[str] = []
        self.at_work: list[str] = []
        self.let_go: list[str] = []
        self.announced: list[tuple[str, ...]] = []
        self.beside: list[str] = []
        self.crew = Crew(words, self._hire, self._serve, self._announce)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Crew[str, str]]:
        async with trio.open_nursery() as nursery:
            await nursery.start(self.crew.run)
            await trio.testing.wait_all_tasks_blocked()
            yield self.crew
            nursery.cancel_scope.cancel()

    async def apply(self, *words: str) -> None:
        self.crew.apply(words)
        await trio.testing.wait_all_tasks_blocked()

    def _hire(self, word: str) -> str:
        self.hired.append(word)
        return word.upper()

    async def _serve(self, member: str) -> None:
        self.at_work.append(member)
        try:
            await trio.sleep_forever()
        finally:
            self.at_work.remove(member)
            self.let_go.append(member)

    def _announce(self, words: tuple[str, ...]) -> None:
        self.announced.append(words)
        self.crew.start_soon(self._aside)

    async def _aside(self) -> None:
        self.beside.append("done")


async def test_each_entry_has_a_task_and_those_that_stay_are_not_disturbed() -> None:
    works = Works("a", "b")
    async with works.running() as crew:
        assert sorted(works.at_work) == ["A", "B"]
        await works.apply("c", "b")
        assert sorted(works.at_work) == ["B", "C"]
        assert works.let_go == ["A"]
        assert works.hired == ["a", "b", "c"]
        assert crew.members() == ("C", "B")  # as in the list, not as they came


async def test_every_list_is_announced_before_anybody_begins_with_it() -> None:
    works = Works("a")
    async with works.running():
        await works.apply("a")
        await works.apply()
        assert works.announced == [("a",), ("a",), ()]
        assert works.beside == ["done"] * 3


async def test_a_list_of_before_the_start_is_the_one_to_begin_with() -> None:
    works = Works("a")
    works.crew.apply(["b"])
    assert works.announced == []
    async with works.running():
        assert works.at_work == ["B"]


async def test_nobody_is_left_at_work_when_it_ends() -> None:
    works = Works("a")
    async with works.running() as crew:
        pass
    assert (works.let_go, crew.members()) == (["A"], ())
    await works.apply("b")
    assert works.hired == ["a"]


async def test_a_fault_of_one_ends_all() -> None:
    async def stumble(member: str) -> None:
        raise ValueError(member)

    with pytest.raises(ExceptionGroup):
        await Crew(["a"], str, stumble).run()
