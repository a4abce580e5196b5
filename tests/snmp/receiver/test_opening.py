"""Who may speak to the receiver, and how an answer is wrapped."""

from __future__ import annotations

import pytest

from daemon.config.snmp_settings import SnmpUser
from daemon.errors import BadMessage
from daemon.snmp import pdu
from daemon.snmp.pdu import PduType, Version
from daemon.snmp.receiver.opening import Opened, open_datagram
from daemon.snmp.v3.engine import Engine, NotAccepted
from tests.support.snmp_traps import in_v2c, keep_alive

OURS = (b"public", b"geheim\xff")
NOW = 1_000_000.0
USER = SnmpUser.model_validate({"name": "sbc", "password": "some-password"})
ENGINE_ID, THEIR_ENGINE_ID = bytes.fromhex("800007c7040102030405"), bytes.fromhex("800007c7040102030499")


def an_engine(engine_id: bytes = ENGINE_ID) -> Engine:
    engine = Engine(engine_id, 1, NOW, 7)
    engine.apply([USER])
    return engine


def opened(datagram: bytes, *users: str) -> Opened:
    return open_datagram(datagram, OURS, frozenset(users), an_engine(), NOW)


@pytest.mark.parametrize("community", OURS)
def test_every_community_of_ours_opens(community: bytes) -> None:
    found = opened(in_v2c(keep_alive(of=PduType.INFORM), community))
    assert (found.pdu.type, found.proven) == (PduType.INFORM, False)
    answer = pdu.decode_message(found.response(NOW))
    assert (answer.version, answer.community) == (Version.V2C, community)
    assert isinstance(answer.pdu, pdu.Pdu)
    assert (answer.pdu.type, answer.pdu.varbinds) == (PduType.RESPONSE, found.pdu.varbinds)


@pytest.mark.parametrize("community", [b"", b"publi", b"publicc", b"Public"])
def test_no_other_community_does(community: bytes) -> None:
    with pytest.raises(BadMessage, match="community"):
        opened(in_v2c(keep_alive(), community))


def test_what_a_stranger_says_is_not_even_read() -> None:
    broken = pdu.encode_message(Version.V2C, b"private", b"\xa7\x02no")
    with pytest.raises(BadMessage, match="community"):
        opened(broken)


def test_a_user_who_proves_it_opens_if_the_settings_name_it() -> None:
    theirs = an_engine(THEIR_ENGINE_ID)
    user = theirs.users.get(b"sbc")
    assert user is not None
    trap = theirs.notify(user, keep_alive(), 9, NOW)
    assert opened(trap, "sbc").proven
    with pytest.raises(BadMessage, match="user"):
        opened(trap, "somebody else")


def test_a_user_nobody_knows_is_not_accepted() -> None:
    theirs = Engine(THEIR_ENGINE_ID, 1, NOW, 7)
    theirs.apply([USER.model_copy(update={"name": "eve"})])
    user = theirs.users.get(b"eve")
    assert user is not None
    with pytest.raises(NotAccepted):
        opened(theirs.notify(user, keep_alive(), 9, NOW), "eve")


def test_only_notifications_are_let_in() -> None:
    with pytest.raises(BadMessage, match="pdu_type"):
        opened(in_v2c(keep_alive(of=PduType.SET)))
