"""The words around a PDU, per manager."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.config.snmp_settings import Manager
from daemon.errors import BadMessage
from daemon.snmp.pdu import PduType, Version, encode_message
from daemon.snmp.sending.dialect import Dialect, Unspeakable, dialect_of
from daemon.snmp.v3.engine import NotAccepted
from daemon.snmp.v3.manager_engine import Acknowledged, Learnt
from tests.support import oracle
from tests.support.snmp_v3 import NOW, THEIR_ID, a_pdu, a_user, an_engine, read

ENGINE = an_engine()


def speaking(**fields: Any) -> Dialect:
    return dialect_of(Manager(**{"host": "127.0.0.1", **fields}), ENGINE)


def test_v2c_is_a_community_around_it() -> None:
    dialect = speaking(community="s3cret")
    assert dialect.say(a_pdu(PduType.INFORM), 5, NOW) == encode_message(Version.V2C, b"s3cret", a_pdu(PduType.INFORM))
    assert dialect.understand(oracle.response(5, 2), 5, NOW) == Acknowledged(2)
    with pytest.raises(BadMessage, match="other_request"):
        dialect.understand(oracle.response(6), 5, NOW)


def test_a_v3_trap_is_said_by_our_engine() -> None:
    dialect = speaking(version="v3", user="noc", kind="trap")
    trap = read(dialect.say(a_pdu(PduType.TRAP), 5, NOW), a_user())
    assert (trap.header.engine_id, trap.header.message_id, trap.header.reportable) == (ENGINE.id, 5, False)
    with pytest.raises(BadMessage):
        dialect.understand(oracle.response(5), 5, NOW)


def test_a_v3_inform_is_said_to_the_managers_engine() -> None:
    dialect, theirs = speaking(version="v3", user="noc"), an_engine(engine_id=THEIR_ID)
    for reason in ("unknown_engine", "not_in_time_window"):
        with pytest.raises(NotAccepted) as refused:
            theirs.receive(dialect.say(a_pdu(PduType.INFORM), 5, NOW), NOW)
        assert refused.value.report
        assert dialect.understand(refused.value.report, 5, NOW) == Learnt(reason)
    received = theirs.receive(dialect.say(a_pdu(PduType.INFORM), 5, NOW), NOW)
    assert dialect.understand(theirs.reply(received, a_pdu(PduType.RESPONSE), NOW), 5, NOW) == Acknowledged(0)


def test_without_its_user_or_a_stored_start_nothing_can_be_said() -> None:
    for kind in ("trap", "inform"):
        with pytest.raises(Unspeakable, match="no_user"):
            speaking(version="v3", user="gone", kind=kind).say(a_pdu(), 5, NOW)
    engine = an_engine()
    engine.usable = False
    manager = Manager(host="127.0.0.1", version="v3", user="noc", kind="trap")
    with pytest.raises(Unspeakable, match="boots_not_stored"):
        dialect_of(manager, engine).say(a_pdu(), 5, NOW)
