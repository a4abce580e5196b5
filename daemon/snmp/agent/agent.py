"""The agent's socket: questions in, answers out, one after the other, and the loop gets its turn in between.

Which rows the tables have is looked at anew, in slices, before the first answer in a while. One question that trips
over a fault of ours is answered with genErr and harms nobody else. Not here: who may ask and what is answered
(`responder` and what it stands on).
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import structlog
import trio

from daemon.config.listen import Listen
from daemon.config.snmp_settings import Snmp
from daemon.fleet.notifications import Notification
from daemon.scheduler.clock import Clock
from daemon.snmp.agent.access import Sources
from daemon.snmp.agent.responder import AgentStatistics, Question, Responder
from daemon.snmp.agent.scalars import Health, Newest, Traffic
from daemon.snmp.agent.snapshot import Directory
from daemon.snmp.v3.engine import Engine

log = structlog.get_logger("snmp")

LARGEST_DATAGRAM = 65535
# Questions taken before somebody else gets a turn,
HANDFUL = 2
# and no more once it lasted so many seconds: one of 1,000 varbinds takes 6 ms, with the largest answers 22.
TURN = 0.002
BUFFER = 1024 * 1024  # what the kernel keeps for us meanwhile; less where net.core.rmem_max is lower


class Agent:
    """Answers whoever may ask; made inside `trio.run`."""

    def __init__(
        self,
        settings: Snmp,
        directory: Directory,
        engine: Engine,
        clock: Clock,
        *,
        health: Callable[[], Health],
    ) -> None:
        self.addresses: list[Listen] = []
        self._listen = settings.agent.listen
        self._clock = clock
        self._newest = Newest()

        def sources(traffic: Callable[[], Traffic]) -> Sources:
            return Sources(directory, health, traffic, self._newest, socket.gethostname())

        self._responder = Responder(settings, sources, engine)

    def apply(self, settings: Snmp) -> None:
        """Take new settings; but the socket stays as it is."""
        self._responder.apply(settings)

    def note(self, notification: Notification) -> None:
        """This notification is told now, so its values are those of the scalars."""
        self._newest.note(notification)

    def statistics(self) -> AgentStatistics:
        """What was asked since start."""
        return self._responder.statistics()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled; `OSError` if the address cannot be had. Without one nobody is answered."""
        if self._listen is None:
            task_status.started()
            await trio.sleep_forever()
            return
        with _bound(self._listen) as own:
            self.addresses = [Listen("udp", *own.getsockname()[:2])]
            task_status.started()
            while True:
                await trio.lowlevel.wait_readable(own)
                await self._serve(own)

    async def _serve(self, own: socket.socket) -> None:
        """Answer what is there, but no more than a handful."""
        ends = self._clock.now() + TURN
        for _ in range(HANDFUL):
            try:
                datagram, sender = own.recvfrom(LARGEST_DATAGRAM)
            except OSError:  # nothing there, or a notice that an earlier answer found nobody
                return
            reply = await self._reply(datagram, sender[0])
            if reply is not None:
                self._send(own, reply, sender)
            if self._clock.now() >= ends:
                return

    async def _reply(self, datagram: bytes, host: str) -> bytes | None:
        now = self._clock.now()
        asked = self._responder.read(datagram, host, now)
        if not isinstance(asked, Question):
            return asked
        if self._responder.snapshot.stale(now):
            for _ in self._responder.snapshot.renew(now):
                await trio.lowlevel.checkpoint()
        try:
            return self._responder.answer(asked, now)
        except Exception:  # a fault of ours in one cell must not end the daemon, nor leave its asker waiting
            log.exception("a question could not be answered", event_name="agent-failed", pdu=asked.pdu.type.name)
            return self._responder.fail(asked, now)

    def _send(self, own: socket.socket, reply: bytes, sender: tuple[str, int]) -> None:
        try:
            own.sendto(reply, sender)
        except OSError:  # no buffer, no way back: the asker asks again
            self._responder.unsendable()


def _bound(listen: Listen) -> socket.socket:
    own = socket.socket(socket.AF_INET6 if ":" in listen.host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        own.setblocking(False)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        own.bind((listen.host, listen.port))
    except OSError:
        own.close()
        raise
    return own
