"""All UDP sockets of ours, and by which of them a packet leaves.

A phone is spoken to by the listener it registered at: behind a NAT or a firewall that keeps state, the pair of both
ends is the only way in (RFC 3581, RFC 5626). Whoever did not register here, or at a listener that is gone since, is
spoken to by the first listener of its address family. Not here: what leaves (`pinger`, `resyncs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.fleet.target import Target
from daemon.sip.flow import IPV4, IPV6, Flow, family_of


class Flows:
    """The sockets in the order of the settings."""

    def __init__(self, flows: Sequence[Flow] = ()) -> None:
        self._all = tuple(flows)
        self._by_listener: Mapping[int, Mapping[str, Flow]] = {
            family: {flow.listener: flow for flow in flows if flow.family == family} for family in (IPV4, IPV6)
        }
        self._first = {flow.family: flow for flow in reversed(flows)}

    def __iter__(self) -> Iterator[Flow]:
        return iter(self._all)

    def leading_to(self, host: str, listener: str = "") -> Flow | None:
        """The socket for this address; None for a name, or a family that we do not listen on."""
        family = family_of(host) or 0
        first = self._first.get(family)
        return first and self._by_listener[family].get(listener, first)

    def share_out(self, family: int, targets: Sequence[Target]) -> Mapping[Flow, Sequence[Target]]:
        """Targets whose contacts are all of this family, by their sockets; empty if we do not listen on it."""
        first = self._first.get(family)
        if first is None:
            return {}
        by_listener = self._by_listener[family]
        if len(by_listener) == 1:  # the usual case, which costs the fleet nothing
            return {first: targets}
        shares: dict[Flow, list[Target]] = {}
        for target in targets:
            listener = target.contact.listener if target.contact else ""
            shares.setdefault(by_listener.get(listener, first), []).append(target)
        return shares
