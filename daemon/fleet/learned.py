"""What other servers said of who is registered with them: server -> user -> device and contact, the last word of each.

So a statement that only repeats itself costs a comparison, and a list that lacks somebody can be noticed. In memory;
after a restart it is made again from the devices. Not here: what follows (`connector_events`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from daemon.fleet.model import Contact, Mac


class Word(NamedTuple):
    """A device, and the contact it is said to have; None if that was not kept over a restart."""

    mac: Mac
    contact: Contact | None


class LearnedBook:
    """The last word of every server about every user we know."""

    def __init__(self) -> None:
        self._by_server: dict[str, dict[str, Word]] = {}

    def servers(self) -> Collection[str]:
        """The servers of whom anything is known."""
        return self._by_server.keys()

    def users(self, server: str) -> Collection[str]:
        """Who is registered with that server, as far as it said."""
        return self._by_server.get(server, {}).keys()

    def word(self, server: str, user: str) -> Word | None:
        """What that server last said of that user."""
        return self._by_server.get(server, {}).get(user)

    def note(self, server: str, user: str, word: Word) -> None:
        """It said this."""
        self._by_server.setdefault(server, {})[user] = word

    def forget(self, server: str, user: str) -> None:
        """The user is no longer registered with it."""
        users = self._by_server.get(server, {})
        users.pop(user, None)
        if not users:
            self._by_server.pop(server, None)
