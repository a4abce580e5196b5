"""The conversation with an Asterisk manager, without any socket: bytes in, bytes out, time as an argument.

It greets, proves the secret by a challenge (in plain only if the server knows none), waits until Asterisk is fully
booted, and asks for the lists: of PJSIP, of chan_sip, whichever there is. From then on it hears the live events and
asks for the lists again at every interval, whenever Asterisk restarts its modules, and pings in between.

A list counts only when it is whole: its end has come and names as many entries as there were. Whatever goes wrong is
a `BadMessage`, and the session is over. Not here: what a packet says of a contact (`ami_contacts`), TCP (`ami`).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import md5

from daemon.errors import BadMessage
from daemon.integrations.ami_contacts import Gone, happened, listed
from daemon.integrations.ami_protocol import Packet, PacketReader, write_action
from daemon.integrations.sightings import Sighting, newest

# Asterisk answers an action within milliseconds; one that is starting or reloading holds its locks for seconds.
ANSWER_WITHIN = 15.0
# The whole of one list. Asterisk writes 30,000 entries within seconds, but a slow link or peer must end some time.
LIST_WITHIN = 120.0
# FullyBooted comes at once after the login, or when Asterisk has started; who may not read it goes on without.
BOOTED_WITHIN = 10.0
PING_AFTER = 30.0  # without a word from the server
# A re-registration at another port is "removed" and "created" in either order: events are told together, so late.
TELL_AFTER = 0.5

_CONTACTS = "PJSIPShowContacts"  # Asterisk 13.24, 16.1 and later
_STATUSES = "PJSIPShowRegistrationInboundContactStatuses"  # those before; tells the same
_PEERS = "SIPpeers"  # chan_sip, gone with Asterisk 21


@dataclass(frozen=True, slots=True)
class Listed:
    """Everybody who is registered, each with one contact."""

    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What happened lately, one word of each user: the last."""

    sightings: tuple[Sighting, ...]
    gone: tuple[Gone, ...]


class _State(Enum):
    BANNER = auto()
    CHALLENGE = auto()
    LOGIN = auto()
    BOOTING = auto()
    LISTING = auto()
    IDLE = auto()
    PING = auto()


class AmiSession:
    """One connection's life. `receive` and `expire` return what was learned; `to_send` what is to be written.

    `more` bounds the contacts of one list.
    """

    def __init__(self, user: str, secret: str, refresh: float, most: int, now: float) -> None:
        self.reader = PacketReader()
        self._user, self._secret = user, secret
        self._refresh, self._most = refresh, most
        self._state = _State.BANNER
        self._due = now + ANSWER_WITHIN  # when the server must have answered, or the pause is over
        self._refresh_at = math.inf
        self._tell_at = math.inf
        self._outgoing = bytearray()
        self._actions = 0
        self._asked = ""  # the ActionID whose answer is waited for
        self._lists: deque[str] = deque()
        self._list = ""  # the one in hand
        self._answering = 0  # lists of this round that the server knows
        self._began = False  # whether the list in hand was acknowledged
        self._entries = 0
        self._found: list[Sighting] = []
        self._news: dict[str, Sighting | Gone] = {}
        self._list_again = False

    def to_send(self) -> bytes:
        """What is to be written now; each byte is handed out once."""
        data, self._outgoing = bytes(self._outgoing), bytearray()
        return data

    def next_deadline(self) -> float:
        """When `expire` must be called."""
        return min(self._due, self._tell_at, self._refresh_at if self._state is _State.IDLE else math.inf)

    def receive(self, data: bytes, now: float) -> list[Listed | Changed]:
        """Bytes came."""
        told: list[Listed | Changed] = []
        for packet in self.reader.feed(data):
            told += self._take(packet, now)
        if self._state is _State.BANNER and self.reader.version:
            self._ask(_State.CHALLENGE, now, "Challenge", AuthType="MD5")
        elif self._state is _State.IDLE:
            self._due = now + PING_AFTER
        return told

    def expire(self, now: float) -> list[Listed | Changed]:
        """Time has passed; `BadMessage` ("timeout") if the server kept us waiting."""
        told = self._tell() if now >= self._tell_at else []
        if self._state is _State.IDLE and now >= self._refresh_at:
            self._begin_lists(now)
        elif now < self._due:
            pass
        elif self._state is _State.BOOTING:
            self._begin_lists(now)
        elif self._state is _State.IDLE:
            self._ask(_State.PING, now, "Ping")
        else:
            raise BadMessage("timeout", f"no answer to {self._state.name.lower()}")
        return told

    def _take(self, packet: Packet, now: float) -> list[Listed | Changed]:
        if packet.get("Response"):
            # An answer to something else than what was asked is none.
            return self._answered(packet, now) if packet.get("ActionID") == self._asked else []
        if packet.get("Event") == "FullyBooted":
            self._booted(now)
        elif self._state is _State.LISTING and packet.get("ActionID") == self._asked:
            return self._entry(packet, now)
        elif (news := happened(packet)) is not None:
            self._note(news, now)
        return []

    def _answered(self, packet: Packet, now: float) -> list[Listed | Changed]:
        success, said = packet.get("Response") == "Success", packet.get("Message")
        match self._state:
            case _State.CHALLENGE:
                self._log_in(packet.get("Challenge") if success else "", now)
            case _State.LOGIN if not success:
                raise BadMessage("login", said[:100] or "refused")
            case _State.LOGIN:
                self._wait(_State.BOOTING, now + BOOTED_WITHIN)
            case _State.LISTING if success:
                self._began, self._answering = True, self._answering + 1
            case _State.LISTING:
                return self._not_listed(said, now)
            case _State.PING:
                self._wait(_State.IDLE, now + PING_AFTER)
        return []

    def _log_in(self, challenge: str, now: float) -> None:
        if challenge:
            # The protocol's own choice; there is no other.
            key = md5(f"{challenge}{self._secret}".encode(), usedforsecurity=False).hexdigest()
            self._ask(_State.LOGIN, now, "Login", AuthType="MD5", Username=self._user, Key=key, Events="system")
        else:
            self._ask(_State.LOGIN, now, "Login", Username=self._user, Secret=self._secret, Events="system")

    def _booted(self, now: float) -> None:
        """Registrations kept over its restart are known to Asterisk only now."""
        if self._state is _State.BOOTING:
            self._begin_lists(now)
        elif self._state in (_State.IDLE, _State.PING):
            self._refresh_at = now
        elif self._state is _State.LISTING:
            self._list_again = True

    def _begin_lists(self, now: float) -> None:
        self._lists = deque((_CONTACTS, _PEERS))
        self._found, self._answering, self._list_again = [], 0, False
        self._next_list(now)

    def _next_list(self, now: float) -> list[Listed | Changed]:
        """Ask for the next list; after the last one, all of them are told as one."""
        if self._lists:
            self._list, self._began, self._entries = self._lists.popleft(), False, 0
            self._ask(_State.LISTING, now, self._list, within=LIST_WITHIN)
            return []
        if not self._answering:
            raise BadMessage("no-sip", "Asterisk has neither PJSIP nor chan_sip, or we may not ask")
        self._wait(_State.IDLE, now + PING_AFTER)
        self._refresh_at = now if self._list_again else now + self._refresh
        self._tell_at = now if self._news else math.inf
        found = newest(self._found)
        self._found = []
        # What happened while the lists were written is newer than they are.
        found.update({user: news for user, news in self._news.items() if isinstance(news, Sighting)})
        return [Listed(tuple(found.values()))]

    def _not_listed(self, said: str, now: float) -> list[Listed | Changed]:
        """A list was refused: there is no such action, or no entry, which is an answer, too."""
        refusal = said.lower()
        if "unknown command" in refusal:
            if self._list == _CONTACTS:
                self._lists.appendleft(_STATUSES)
        elif "found" in refusal:  # "No Contacts found"
            self._answering += 1
        else:
            raise BadMessage("permission" if "permission" in refusal else "list", said[:100])
        return self._next_list(now)

    def _entry(self, packet: Packet, now: float) -> list[Listed | Changed]:
        if packet.get("EventList").lower() == "complete" or packet.get("Event").lower().endswith("complete"):
            count = packet.get("ListItems")
            if not self._began or (count.isdecimal() and len(count) < 10 and int(count) != self._entries):
                raise BadMessage("list-cut", f"{self._entries} entries of {count[:10]}")
            return self._next_list(now)
        self._entries += 1
        sighting = listed(packet)
        if sighting is not None:
            self._found.append(sighting)
        if self._entries > self._most:
            raise BadMessage("too-many", f"more than {self._most} contacts")
        return []

    def _note(self, news: Sighting | Gone, now: float) -> None:
        """Of a user's changes the last one counts; but a contact that has gone says nothing of a newer one."""
        known = self._news.get(news.user)
        if isinstance(news, Gone) and isinstance(known, Sighting) and news.uri not in ("", known.uri):
            return
        if len(self._news) >= self._most and known is None:
            raise BadMessage("too-many", f"more than {self._most} changes")
        self._news[news.user] = news
        self._tell_at = min(self._tell_at, now + TELL_AFTER)

    def _tell(self) -> list[Listed | Changed]:
        """What happened, unless a list is being written: it would tell what is older, and afterwards."""
        if self._state is _State.LISTING:
            self._tell_at = self._due
            return []
        news, self._news, self._tell_at = [*self._news.values()], {}, math.inf
        seen = tuple(one for one in news if isinstance(one, Sighting))
        return [Changed(seen, tuple(one for one in news if isinstance(one, Gone)))]

    def _ask(self, state: _State, now: float, action: str, *, within: float = ANSWER_WITHIN, **fields: str) -> None:
        self._actions += 1
        self._asked = str(self._actions)
        self._outgoing += write_action(action, self._asked, **fields)
        self._wait(state, now + within)

    def _wait(self, state: _State, due: float) -> None:
        self._state, self._due = state, due
