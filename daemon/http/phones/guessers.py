"""Who guesses: different MACs and wrong proofs counted by address, and how an address that guesses is slowed.

Behind one address may stand a site of 500 phones and one guesser, so nothing is ever banned here. Only *different*
guesses count, each once, within a sliding window; beyond a limit, requests of that address that prove nothing get a
bounded share of being looked at, and all others the same refusal as everybody's. Whoever proves itself, and a phone
that this address was believed for before, never comes this far (`gate`). Nobody is made to wait: a waiting request
costs us a place, and the guesser nothing. Pure, with bounded memory; `now` is an argument. Not here: the answers.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address

from daemon.config.contact_settings import Guesses
from daemon.provisioning.zero_touch import address_of
from daemon.scheduler.pacing import TokenBucket

# Guesses remembered, some 250 bytes each: 25 MB at most, whoever attacks. Beyond it the oldest are forgotten; an
# address below its limits takes 330 of them, so 300 addresses are told apart at their worst.
MAX_GUESSES = 100_000
# Between two lines about one address, for as long as it goes on. fail2ban counts these lines.
LINE_EVERY = 60.0


class Guess(StrEnum):
    """What was guessed."""

    UNKNOWN_PHONE = "unknown phone"
    WRONG_PROOF = "wrong proof"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is to be said of an address that is slowed: its guesses in the window, and what was refused unseen."""

    unknown_phones: int
    wrong_proofs: int
    turned_away: int


@dataclass(frozen=True, slots=True)
class GuesserStatistics:
    """Guesses by kind and requests turned away since start; addresses slowed and guesses remembered now."""

    guesses: dict[str, int]
    turned_away: int
    slowed: int
    remembered: int


@dataclass(slots=True)
class _Address:
    judged: TokenBucket
    counts: Counter[Guess] = field(default_factory=Counter)
    turned_away: int = 0
    told_at: float | None = None


class Guessers:
    """Keeps count, and says who is looked at."""

    def __init__(self, settings: Guesses) -> None:
        self._settings = settings
        self._guesses: OrderedDict[tuple[str, Guess, int], float] = OrderedDict()  # -> when last; the oldest first
        self._addresses: dict[str, _Address] = {}  # those with a guess among these
        self._total: Counter[str] = Counter()
        self._turned_away = 0

    def apply(self, settings: Guesses) -> None:
        """Go on with these limits."""
        self._settings = settings

    def slows(self, source: str, now: float) -> bool:
        """Whether `source` has guessed too often lately; "" (a Unix socket: everybody) never has."""
        return self._slowed(source, now) is not None

    def admits(self, source: str, now: float) -> bool:
        """Whether a request of `source` that proves nothing is looked at; takes its share, if it is slowed."""
        address = self._slowed(source, now)
        if address is None or address.judged.take(now):
            return True
        address.turned_away += 1
        self._turned_away += 1
        return False

    def note(self, source: str, guess: Guess, what: str, now: float) -> None:
        """`source` guessed; the same `what` again is no new guess."""
        if not source:
            return
        self._forget(now)
        key = whose(source), guess, hash(what)
        if key not in self._guesses:
            self._total[guess] += 1
            address = self._addresses.setdefault(
                key[0], _Address(TokenBucket.per_minute(self._settings.judged_per_minute))
            )
            address.counts[guess] += 1
        self._guesses[key] = now
        self._guesses.move_to_end(key)
        if len(self._guesses) > MAX_GUESSES:
            self._drop_oldest()

    def suspicion(self, source: str, now: float) -> Suspicion | None:
        """What is to be said of `source` now: as soon as it is slowed, and once in `LINE_EVERY` while it goes on."""
        address = self._slowed(source, now)
        if address is None or (address.told_at is not None and now < address.told_at + LINE_EVERY):
            return None
        address.told_at = now
        counts = address.counts
        return Suspicion(counts[Guess.UNKNOWN_PHONE], counts[Guess.WRONG_PROOF], address.turned_away)

    def statistics(self) -> GuesserStatistics:
        """A snapshot."""
        return GuesserStatistics(
            guesses=dict(self._total),
            turned_away=self._turned_away,
            slowed=sum(map(self._beyond, self._addresses.values())),
            remembered=len(self._guesses),
        )

    def _slowed(self, source: str, now: float) -> _Address | None:
        if not self._addresses or not source:
            return None
        self._forget(now)
        address = self._addresses.get(whose(source))
        return address if address is not None and self._beyond(address) else None

    def _beyond(self, address: _Address) -> bool:
        limits = self._settings
        return (
            address.counts[Guess.UNKNOWN_PHONE] > limits.unknown_phones
            or address.counts[Guess.WRONG_PROOF] > limits.wrong_proofs
        )

    def _forget(self, now: float) -> None:
        """What fell out of the window; each guess is dropped once, so this is cheap in the long run."""
        while self._guesses and next(iter(self._guesses.values())) <= now - self._settings.window:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        (name, guess, _), _ = self._guesses.popitem(last=False)
        counts = self._addresses[name].counts
        counts[guess] -= 1
        if not counts.total():
            del self._addresses[name]


def whose(source: str) -> str:
    """Whom an address stands for: itself, or its /64 in IPv6, where one customer has that many."""
    address = address_of(source)
    return address.packed[:8].hex() if isinstance(address, IPv6Address) else str(address or source)
