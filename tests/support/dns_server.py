"""A DNS server on loopback: answers from a zone in memory, can be silent, and counts what it was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import trio

Zone = dict[tuple[str, str], list[str]]  # (name, type) -> records as a zone file has them


class DnsServer:
    """`zone` may be changed while it runs; a name with no record of any type is NXDOMAIN."""

    def __init__(self, zone: Zone, sock: trio.socket.SocketType) -> None:
        self.zone = zone
        self.ttl = 120
        self.silent = False
        self.asked: Counter[tuple[str, str]] = Counter()
        self._socket = sock

    @property
    def address(self) -> str:
        """As `sip.dns.servers` takes it."""
        host, port = self._socket.getsockname()[:2]
        return f"{host}:{port}"

    async def run(self) -> None:
        """Answer for ever."""
        while True:
            datagram, peer = await self._socket.recvfrom(4096)
            question = dns.message.from_wire(datagram)
            self.asked[_asked(question)] += 1
            if not self.silent:
                await self._socket.sendto(self._answer(question).to_wire(), peer)

    def _answer(self, question: dns.message.Message) -> dns.message.Message:
        name, kind = _asked(question)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        found = self.zone.get((name, kind), [])
        if found:
            answer.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", kind, *found))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def _asked(question: dns.message.Message) -> tuple[str, str]:
    wanted = question.question[0]
    return wanted.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(wanted.rdtype)


@asynccontextmanager
async def open_dns(zone: Zone) -> AsyncIterator[DnsServer]:
    """The server, answering."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        server = DnsServer(zone, sock)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            yield server
            nursery.cancel_scope.cancel()
