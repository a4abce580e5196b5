"""Tells the fleet what a server said, in pieces: a list of 30,000 contacts must not hold anybody else up.

Each piece is one event and waits for the disk, so a big list cannot run ahead of it. Not here: any server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

import trio

from daemon.errors import BadMessage
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import ContactsLearned, ContactsLost
from daemon.fleet.model import LearnedContact, Mac
from daemon.integrations.ami_contacts import Gone
from daemon.integrations.sightings import ParseContact, Sighting, learn

# Contacts per event: few enough that pings are not late for it, many enough that each commit is worth its while.
PIECE = 200

Thing = TypeVar("Thing")


class Directory(Protocol):
    """What is asked of the fleet."""

    def mac_of_user(self, user: str) -> Mac | None:
        """The device whose number is this SIP user."""

    def learned_servers(self) -> Collection[str]:
        """The servers of whom it knows contacts."""

    def learned_users(self, server: str) -> Collection[str]:
        """The users it knows to be registered with that server."""


class Telling:
    """What one server says, on its way to the fleet.

    `contacts` and `unknown` are those of the last list: users whom a device has as its number, and others. `skipped`
    counts contacts that could not be used, by reason, since start.
    """

    def __init__(self, server: str, deliver: Deliver, directory: Directory, parse: ParseContact) -> None:
        self.contacts = self.unknown = 0
        self.skipped: Counter[str] = Counter()
        self._server = server
        self._deliver = deliver
        self._directory = directory
        self._parse = parse

    async def everything(self, sightings: Iterable[Sighting]) -> None:
        """These are all contacts of the server: whoever is not among them is no longer registered with it.

        `StoreUnavailable` if the disk does not take it; then what is left of it was not told.
        """
        seen: set[str] = set()
        unknown = 0
        for piece in _pieces(sightings):
            # A contact that cannot be read is a registration all the same.
            known = self._known(piece)
            unknown += len(piece) - len(known)
            seen.update(sighting.user for sighting in known)
            await self._learn(known)
        lost = [(user, "") for user in [*self._directory.learned_users(self._server)] if user not in seen]
        await self._lose(lost)
        self.contacts, self.unknown = len(self._directory.learned_users(self._server)), unknown

    async def changes(self, sightings: Sequence[Sighting], gone: Sequence[Gone]) -> None:
        """These contacts are new, or ended."""
        for piece in _pieces(sightings):
            await self._learn(self._known(piece))
        await self._lose([(one.user, one.uri) for one in gone])

    async def _learn(self, sightings: Iterable[Sighting]) -> None:
        if learned := tuple(self._contacts(sightings)):
            await self._deliver(ContactsLearned(self._server, learned)).stored()
        await trio.lowlevel.checkpoint()

    async def _lose(self, users: Iterable[tuple[str, str]]) -> None:
        for piece in _pieces(users):
            await self._deliver(ContactsLost(self._server, piece)).stored()
            await trio.lowlevel.checkpoint()

    def _known(self, sightings: Iterable[Sighting]) -> list[Sighting]:
        return [sighting for sighting in sightings if self._directory.mac_of_user(sighting.user) is not None]

    def _contacts(self, sightings: Iterable[Sighting]) -> Iterator[LearnedContact]:
        for sighting in sightings:
            try:
                yield learn(sighting, self._parse)
            except BadMessage as bad:
                self.skipped[bad.reason] += 1


async def forget_server(server: str, deliver: Deliver, directory: Directory) -> None:
    """A server is asked no longer: what was learned from it is over."""
    for piece in _pieces([*directory.learned_users(server)]):
        await deliver(ContactsLost(server, tuple((user, "") for user in piece))).stored()
        await trio.lowlevel.checkpoint()


def _pieces(things: Iterable[Thing]) -> Iterator[tuple[Thing, ...]]:
    left = iter(things)
    while piece := tuple(islice(left, PIECE)):
        yield piece
