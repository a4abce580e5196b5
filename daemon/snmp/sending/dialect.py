"""How one manager is spoken to: in v2c by a community, or in v3 as a user; and what its answers mean. Pure.

Not here: what it is told (`traps`), sockets and patience (`sender`).
"""

from __future__ import annotations

from typing import Protocol

from daemon.config.snmp_settings import Manager
from daemon.errors import BadMessage, RingkeeperError
from daemon.snmp.pdu import Version, encode_message
from daemon.snmp.sending.encode import decode_response
from daemon.snmp.v3.engine import Engine
from daemon.snmp.v3.manager_engine import Acknowledged, Answer, ManagerEngine
from daemon.snmp.v3.usm import User


class Unspeakable(RingkeeperError):
    """Nothing can be said to a manager at the moment, for that reason. Blame: this daemon."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Dialect(Protocol):
    """The words around a PDU. `number` is its request-id, which serves as message-id too."""

    def say(self, pdu: bytes, number: int, now: float) -> bytes:
        """The datagram; `Unspeakable` if there can be none at the moment."""

    def understand(self, datagram: bytes, number: int, now: float) -> Answer:
        """What the manager says to that; `BadMessage` for what says nothing about it, or `Unspeakable`."""


def dialect_of(manager: Manager, engine: Engine) -> Dialect:
    """How that manager wants it."""
    if manager.version == "v2c":
        return _ByCommunity(manager.community.get_secret_value().encode())
    name = manager.user.encode()
    return _Informing(name, engine) if manager.kind == "inform" else _Trapping(name, engine)


class _ByCommunity:
    """SNMPv2c."""

    def __init__(self, community: bytes) -> None:
        self._community = community

    def say(self, pdu: bytes, number: int, now: float) -> bytes:
        return encode_message(Version.V2C, self._community, pdu)

    def understand(self, datagram: bytes, number: int, now: float) -> Answer:
        response = decode_response(datagram)
        if response.request_id != number:
            raise BadMessage("other_request", "the answer to something else")
        return Acknowledged(response.error_status)


class _Trapping:
    """SNMPv3 traps, for which our engine is the authority; nobody answers."""

    def __init__(self, name: bytes, engine: Engine) -> None:
        self._name = name
        self._engine = engine

    def say(self, pdu: bytes, number: int, now: float) -> bytes:
        if not self._engine.usable:
            raise Unspeakable("boots_not_stored")
        return self._engine.notify(_user(self._engine, self._name), pdu, number, now)

    def understand(self, datagram: bytes, number: int, now: float) -> Answer:
        raise BadMessage("other_request", "an answer to a trap")


class _Informing:
    """SNMPv3 informs, for which the manager's engine is the authority."""

    def __init__(self, name: bytes, engine: Engine) -> None:
        self._name = name
        self._engine = engine
        self._manager = ManagerEngine()

    def say(self, pdu: bytes, number: int, now: float) -> bytes:
        user = _user(self._engine, self._name)
        return self._manager.request(user, pdu, number, self._engine.next_salt(), now)

    def understand(self, datagram: bytes, number: int, now: float) -> Answer:
        return self._manager.receive(datagram, _user(self._engine, self._name), number, now)


def _user(engine: Engine, name: bytes) -> User:
    user = engine.users.get(name)
    if user is None:  # a reload has just taken it out, and this manager with it
        raise Unspeakable("no_user")
    return user
