"""How many wrong tokens one source may show: ten in a minute, then it is told to wait. Pure: `now` is an argument.

A right token is always let in, even from a source that is told to wait: with 256 random bits nobody guesses one, and
a whole office behind one proxy must not be locked out by one broken script. What is bounded is work and log lines.
"""

from __future__ import annotations

from collections import OrderedDict

WRONG_TOKENS = 10  # a person mistypes three times; a script with an old token shows it every few seconds
WINDOW = 60.0
# A source is an address; more of them than this at once is an attack, and the oldest are forgotten.
MAX_SOURCES = 10_000


class Throttle:
    """Counts wrong tokens by source, in windows of a minute."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, tuple[float, int]] = OrderedDict()  # end of the window, wrong tokens in it
        self.wrong = 0

    def note_wrong(self, source: str, now: float) -> float:
        """A wrong token came: seconds the source has to wait, 0 while it is within its share."""
        self.wrong += 1
        ends, count = self._sources.pop(source, (0.0, 0))
        if ends <= now:
            ends, count = now + WINDOW, 0
        self._sources[source] = (ends, count + 1)
        if len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        return ends - now if count >= WRONG_TOKENS else 0.0
