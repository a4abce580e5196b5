"""Which devices were last heard from which network address, and so whose an address is, if it is one's alone.

Behind NAT many share an address; then it names nobody. Most have one of their own, so those take no set each. Not
here: when a device is heard (`roster.heard_from`), and whether an address is believed.
"""

from __future__ import annotations

from daemon.fleet.model import Mac


class Sources:
    """Devices by the address they were last heard from; the address "" is nowhere and not kept."""

    def __init__(self) -> None:
        self._alone: dict[str, Mac] = {}
        self._together: dict[str, set[Mac]] = {}  # two at least

    def __contains__(self, source: str) -> bool:
        """Whether anybody is heard from there."""
        return source in self._alone or source in self._together

    def add(self, source: str, mac: Mac) -> None:
        """It is heard from there now."""
        if not source:
            return
        if (others := self._together.get(source)) is not None:
            others.add(mac)
        elif self._alone.setdefault(source, mac) != mac:
            self._together[source] = {self._alone.pop(source), mac}

    def remove(self, source: str, mac: Mac) -> None:
        """It is not heard from there any more."""
        if (others := self._together.get(source)) is not None:
            others.discard(mac)
            if len(others) == 1:
                self._alone[source] = self._together.pop(source).pop()
        elif self._alone.get(source) == mac:
            del self._alone[source]

    def sole(self, source: str) -> Mac | None:
        """Who alone is heard from there."""
        return self._alone.get(source)

    def shared(self, source: str) -> bool:
        """Whether two or more are heard from there."""
        return source in self._together
