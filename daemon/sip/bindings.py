"""The set of a device's bindings, and what one REGISTER makes of it (RFC 3261 section 10.3 steps 6 and 7).

All or nothing: a new set comes out, or `BadMessage` and the old one stands. Sets are tuples with the newest binding
first. A binding is the same as another if both have the same instance and reg-id (RFC 5626 section 6), or else if
their URIs match (section 19.1.4). Not here: who may register, for how long, and what is answered (`registrar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.errors import BadMessage
from daemon.fleet.model import Binding
from daemon.sip.uri import SipUri, parse_sip_uri

Bindings = tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """One Contact of a REGISTER: the binding it would be, or whose end it asks for (`expires` 0)."""

    binding: Binding
    uri: SipUri
    expires: int


def without_all(present: Bindings, call_id: str, cseq: int) -> Bindings:
    """The star: everything goes (step 6), unless a newer request of the same Call-ID made some of it."""
    for binding in present:
        _check_order(binding, call_id, cseq)
    return ()


def changed(present: Bindings, wishes: Sequence[Wish], most: int) -> Bindings:
    """The set after these wishes; `BadMessage` ("cseq-order" 500, "too-many-contacts" 403).

    More than `most` push out those that were registered longest ago: they are what a phone left behind when it came
    back on another port, and refusing the new one would lock it out until the old ones end.
    """
    after: list[Binding] = list(present)
    fresh: list[Binding] = []
    for wish in wishes:
        if same := _find(wish, after):
            _check_order(same, wish.binding.call_id, wish.binding.cseq)
            after.remove(same)
        if again := _find(wish, fresh):  # named twice in one request: the last word counts
            fresh.remove(again)
        if wish.expires:
            fresh.append(wish.binding)
    if len(fresh) > most:
        raise BadMessage("too-many-contacts", f"{len(fresh)} contacts", 403)
    return (*fresh, *after)[: max(most, len(after))]


def made_by(present: Bindings, call_id: str, cseq: int) -> bool:
    """Whether this very request made one of them: then it is a retransmission."""
    return any(binding.cseq == cseq and binding.call_id == call_id for binding in present)


def _find(wish: Wish, among: Sequence[Binding]) -> Binding | None:
    return next((binding for binding in among if _same(wish, binding)), None)


def _same(wish: Wish, other: Binding) -> bool:
    mine = wish.binding
    if mine.reg_id or other.reg_id:
        return mine.reg_id == other.reg_id and mine.instance == other.instance
    return mine.contact.uri == other.contact.uri or wish.uri.matches(parse_sip_uri(other.contact.uri))


def _check_order(present: Binding, call_id: str, cseq: int) -> None:
    """A request that is not newer than what it would change has been overtaken on its way."""
    if present.call_id == call_id and cseq <= present.cseq:
        raise BadMessage("cseq-order", f"{cseq} after {present.cseq}", 500)
