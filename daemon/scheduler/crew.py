"""A task for each entry of a list of settings, and a list that may change.

A new list lets go of the entries that are gone or changed, begins with new ones and leaves the others undisturbed.
Not here: what is done for an entry, and what is made of its failures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import trio

Entry = TypeVar("Entry", bound=Hashable)
Member = TypeVar("Member")


class Crew(Generic[Entry, Member]):
    """`hire` says who takes care of an entry, `serve` is their task; made inside `trio.run`.

    `announce` is told every list that comes into force, the first one too, before anybody begins with it.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        hire: Callable[[Entry], Member],
        serve: Callable[[Member], Awaitable[None]],
        announce: Callable[[tuple[Entry, ...]], None] = lambda _: None,
    ) -> None:
        self._entries = tuple(entries)
        self._hire = hire
        self._serve = serve
        self._announce = announce
        self._nursery: trio.Nursery | None = None
        self._posts: dict[Entry, _Post[Member]] = {}  # in the order of the list

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled."""
        try:
            async with trio.open_nursery() as self._nursery:
                self.apply(self._entries)
                task_status.started()
                await trio.sleep_forever()
        finally:
            self._nursery = None
            self._posts.clear()

    def apply(self, entries: Iterable[Entry]) -> None:
        """Take a new list; before `run` it is the one to begin with."""
        self._entries = tuple(entries)
        if self._nursery is None:
            return
        for entry in self._posts.keys() - set(self._entries):
            self._posts.pop(entry).scope.cancel()
        self._announce(self._entries)
        for entry in self._entries:
            post = self._posts.pop(entry, None) or self._begin(entry, self._nursery)
            self._posts[entry] = post  # behind those before it in the list

    def start_soon(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done beside, for no entry; only while this runs, as from `announce`."""
        if self._nursery is not None:
            self._nursery.start_soon(work)

    def members(self) -> tuple[Member, ...]:
        """Who is at work, in the order of the list; nobody unless this runs."""
        return tuple(post.member for post in self._posts.values())

    def _begin(self, entry: Entry, nursery: trio.Nursery) -> _Post[Member]:
        post = _Post(self._hire(entry), trio.CancelScope())
        nursery.start_soon(self._hold, post)
        return post

    async def _hold(self, post: _Post[Member]) -> None:
        with post.scope:
            await self._serve(post.member)


@dataclass(frozen=True, slots=True)
class _Post(Generic[Member]):
    """A member at work, and what ends that."""

    member: Member
    scope: trio.CancelScope
