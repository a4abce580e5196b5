"""The far ends of the demo's SIP connections: an SBC and two trunks that answer OPTIONS over UDP.

Each has a loopback address of its own. One goes down and comes back now and then, another is slow for a while, so
that every state of a connection is seen. Not here: the phones (`fleet`), what is answered (`sip_text`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import trio

from daemon.scheduler.clock import Clock
from daemon.simulate.sip_side import SipSide
from daemon.simulate.sip_text import Address, Speaker, answer_to, read_sip
from daemon.simulate.spell import Spell


@dataclass(frozen=True, slots=True)
class Trunk:
    """One far end, as the inventory names it, and what is the matter with it when."""

    name: str
    kind: str
    tenant: str
    site: str
    address: str
    agent: str
    down: Spell | None = None
    slow: Spell | None = None


TRUNKS = (
    Trunk("sbc-headquarters", "sbc", "acme", "headquarters", "127.30.0.1", "Session-Border-Controller/7.4"),
    Trunk("carrier-one", "trunk", "acme", "", "127.30.0.2", "Carrier-One", down=Spell(at=25, lasts=25, every=120)),
    Trunk("carrier-two", "trunk", "globex", "", "127.30.0.3", "Carrier-Two", slow=Spell(at=60, lasts=40, every=180)),
)
LATE_BY = 0.6  # seconds, by which a slow one answers late; the demo's limit for LAGGED is 0.4


class Trunks:
    """The sockets of the far ends; to be closed with `close`. Made inside `trio.run`."""

    def __init__(self, trunks: Sequence[Trunk] = TRUNKS) -> None:
        self._trunks = trunks
        self._clock = Clock()
        self._began_at = self._clock.now()
        self._side = SipSide((trunk.address for trunk in trunks), self._clock)

    def connections(self) -> Iterator[dict[str, object]]:
        """Their entries in an inventory."""
        for index, trunk in enumerate(self._trunks):
            target = f"sip:{trunk.address}:{self._side.port(index)}"
            names = {"name": trunk.name, "kind": trunk.kind, "tenant": trunk.tenant, "site": trunk.site}
            yield {**names, "target": target}

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Answer until cancelled."""
        self._began_at = self._clock.now()
        task_status.started()
        await self._side.run(self._hear)

    def close(self) -> None:
        """Close every socket."""
        self._side.close()

    def _hear(self, index: int, data: bytes, source: Address) -> None:
        trunk, elapsed = self._trunks[index], self._clock.now() - self._began_at
        request = read_sip(data)
        if request is None or not request.method or (trunk.down and trunk.down.on(elapsed)):
            return
        answer = answer_to(request, Speaker(trunk.name, trunk.agent), source)
        if answer is not None:
            self._side.send(index, answer, source, LATE_BY if trunk.slow and trunk.slow.on(elapsed) else 0.0)
