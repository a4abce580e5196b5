"""A question and what its asker sees -> the answer (RFC 3416, section 4.2). Pure; nothing here can be changed.

An answer is at most as large as it may be: of a GETBULK the end is left out, any other is refused with tooBig. Not
here: who asks (`access`), messages around PDUs (`agent`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from daemon.errors import BadMessage
from daemon.snmp.agent.mib_values import END_OF_MIB_VIEW
from daemon.snmp.agent.tables import Cell, name_of
from daemon.snmp.agent.views import Sight
from daemon.snmp.pdu import ErrorStatus, Pdu, PduType, encode_pdu, encode_raw

_AUTHORIZATION_ERROR = 16  # RFC 3416, section 3


def answer(asked: Pdu, sight: Sight, room: int, max_repetitions: int) -> bytes:
    """The encoded Response; `room` octets are there for its varbinds. `BadMessage` if it is no question."""
    respond = _ANSWERS.get(asked.type)
    if respond is None:
        raise BadMessage("not_a_question", f"PDU {asked.type.name}")
    return respond(asked, sight, room, max_repetitions)


def not_authorised(asked: Pdu) -> bytes:
    """The Response to a user who may ask nothing (RFC 3413, section 3.2)."""
    return encode_pdu(PduType.RESPONSE, asked.request_id, map(encode_raw, asked.varbinds), _AUTHORIZATION_ERROR)


def _get(asked: Pdu, sight: Sight, room: int, _: int) -> bytes:
    cells = (Cell(name_of(varbind.oid), sight.get(varbind.oid)) for varbind in asked.varbinds)
    return _whole(asked, cells, room)


def _get_next(asked: Pdu, sight: Sight, room: int, _: int) -> bytes:
    cells = (_Walk(sight, varbind.oid).step() for varbind in asked.varbinds)
    return _whole(asked, cells, room)


def _get_bulk(asked: Pdu, sight: Sight, room: int, max_repetitions: int) -> bytes:
    varbinds: list[bytes] = []
    for cell in _bulk(asked, sight, min(asked.max_repetitions, max_repetitions)):
        varbind = cell.varbind()
        room -= len(varbind)
        if room < 0:
            break
        varbinds.append(varbind)
    if asked.varbinds and not varbinds and room < 0:
        return _error(asked, ErrorStatus.TOO_BIG)
    return encode_pdu(PduType.RESPONSE, asked.request_id, varbinds)


def _set(asked: Pdu, sight: Sight, room: int, _: int) -> bytes:
    """What is not seen cannot be accessed, what is seen cannot be written; the first of them is told."""
    varbinds = [encode_raw(varbind) for varbind in asked.varbinds]
    if sum(map(len, varbinds)) > room:
        return _error(asked, ErrorStatus.TOO_BIG)
    if not varbinds:
        return encode_pdu(PduType.RESPONSE, asked.request_id, ())
    seen = sight.holds(asked.varbinds[0].oid)
    status = ErrorStatus.NOT_WRITABLE if seen else ErrorStatus.NO_ACCESS
    return encode_pdu(PduType.RESPONSE, asked.request_id, varbinds, status, 1)


_ANSWERS: Mapping[PduType, Callable[[Pdu, Sight, int, int], bytes]] = {
    PduType.GET: _get,
    PduType.GET_NEXT: _get_next,
    PduType.GET_BULK: _get_bulk,
    PduType.SET: _set,
}


class _Walk:
    """One varbind's way through the tree, step by step."""

    __slots__ = ("_cells", "_last", "ended")

    def __init__(self, sight: Sight, oid: tuple[int, ...]) -> None:
        self._cells = sight.after(oid)
        self._last = name_of(oid)
        self.ended = False

    def step(self) -> Cell:
        """The next cell; at the end always the last name, with endOfMibView."""
        found = next(self._cells, None)
        if found is None:
            self.ended = True
            return Cell(self._last, END_OF_MIB_VIEW)
        self._last = found.name
        return found


def _bulk(asked: Pdu, sight: Sight, repetitions: int) -> Iterator[Cell]:
    """The cells of a GETBULK in order; it ends early when every walk is at its end."""
    oids = [varbind.oid for varbind in asked.varbinds]
    for oid in oids[: asked.non_repeaters]:
        yield _Walk(sight, oid).step()
    walks = [_Walk(sight, oid) for oid in oids[asked.non_repeaters :]] if repetitions else []
    for _ in range(repetitions):
        if all(walk.ended for walk in walks):
            return
        for walk in walks:
            yield walk.step()


def _whole(asked: Pdu, cells: Iterator[Cell], room: int) -> bytes:
    varbinds: list[bytes] = []
    for cell in cells:
        varbinds.append(cell.varbind())
        room -= len(varbinds[-1])
        if room < 0:
            return _error(asked, ErrorStatus.TOO_BIG)
    return encode_pdu(PduType.RESPONSE, asked.request_id, varbinds)


def _error(asked: Pdu, status: ErrorStatus) -> bytes:
    return encode_pdu(PduType.RESPONSE, asked.request_id, (), status)
