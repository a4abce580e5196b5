"""Datagrams that ask: who is answered, who is met with silence, and that nothing at all raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.snmp import ber, mib
from daemon.snmp.agent.access import Sources
from daemon.snmp.agent.responder import Question, Responder
from daemon.snmp.agent.scalars import Newest, Traffic
from daemon.snmp.pdu import (
    ErrorStatus,
    Message,
    Pdu,
    PduType,
    Version,
    decode_message,
    encode_message,
    value_of,
)
from daemon.snmp.v3.engine import Engine
from tests.support.agent_peers import ENGINE_ID, HEALTH, PlainFleet, a_device, agent_settings
from tests.support.agent_questions import MODEL, UP_TIME, question

HOST = "127.0.0.1"
TENANT = mib.column(32473, mib.DEVICES, mib.DEVICES.named("rkDevTenant"))


def responder(fleet: PlainFleet | None = None, **agent: Any) -> Responder:
    """An agent without a socket, that has looked at the fleet."""
    chosen = agent_settings(**agent)
    engine = Engine(ENGINE_ID, 1, 0.0, 1)
    engine.apply(chosen.users)

    def sources(traffic: Callable[[], Traffic]) -> Sources:
        return Sources(fleet or PlainFleet(), lambda: HEALTH, traffic, Newest(), "here")

    made = Responder(chosen, sources, engine)
    list(made.snapshot.renew(0.0))
    return made


def answered(agent: Responder, datagram: bytes, host: str = HOST, now: float = 0.0) -> Pdu | None:
    """What it says to a datagram, if anything."""
    asked = agent.read(datagram, host, now)
    if not isinstance(asked, Question):
        assert asked is None
        return None
    message: Message = decode_message(agent.answer(asked, now))
    assert isinstance(message.pdu, Pdu)
    return message.pdu


def test_a_question_is_answered_in_the_community_it_was_asked_in() -> None:
    agent = responder()
    reply = answered(agent, question(UP_TIME))
    assert reply is not None
    assert value_of(reply.varbinds[0]) == 6000
    assert agent.statistics().answered == {"GET": 1}


def test_what_is_not_for_us_is_met_with_silence_and_counted() -> None:
    agent = responder()
    for datagram in (
        question(UP_TIME, community=b"private"),
        question(UP_TIME, community=b""),
        question(UP_TIME, version=Version.V1),
        question(UP_TIME, kind=PduType.RESPONSE),
        question(UP_TIME)[:-1],
        b"",
        encode_message(Version.V2C, b"private", b"broken, but not even read"),
    ):
        assert answered(agent, datagram) is None
    ignored = agent.statistics().ignored
    assert ignored["community"] == 3
    assert ignored["version"] == ignored["not_a_question"] == 1
    assert sum(ignored.values()) == 7
    seen = answered(agent, question(*((1, 3, 6, 1, 2, 1, 11, arc, 0) for arc in (1, 3, 4, 6))))
    assert seen is not None
    assert [value_of(varbind) for varbind in seen.varbinds] == [8, 1, 3, 3]


def test_a_community_is_good_from_its_networks_only() -> None:
    agent = responder(access=[{"community": "public", "networks": ["10.0.0.0/8", "2001:db8::/32"]}])
    hosts = ("10.1.1.1", "::ffff:10.1.1.1", "2001:db8::7%eth0", "192.0.2.1", "fe80::1%eth0")
    assert [answered(agent, question(UP_TIME), host) is not None for host in hosts] == [True, True, True, False, False]
    assert agent.statistics().ignored == {"network": 2}


def test_the_same_community_may_see_different_things_from_different_networks() -> None:
    agent = responder(
        access=[
            {"community": "public", "networks": ["10.0.0.0/8"], "include": ["1.3.6.1.2.1.1"]},
            {"community": "public"},
        ]
    )
    version = (*mib.scalar(32473, mib.HEALTH, mib.HEALTH.scalars[0]), 0)
    narrow, wide = (answered(agent, question(version), host) for host in ("10.1.1.1", HOST))
    assert narrow is not None
    assert wide is not None
    assert narrow.varbinds[0].tag == ber.Syntax.NO_SUCH_OBJECT
    assert value_of(wide.varbinds[0]) == b"0.4.0"


def test_an_access_for_a_tenant_sees_this_tenants_rows_and_nobody_elses() -> None:
    fleet = PlainFleet(a_device("00908f000001"), a_device("00908f000002", tenant="beta"))
    agent = responder(fleet, access=[{"community": "beta", "tenants": ["beta"]}])
    reply = answered(agent, question((1, 3), kind=PduType.GET_BULK, numbers=(0, 1000), community=b"beta"))
    assert reply is not None
    tenants = [value_of(each) for each in reply.varbinds if each.oid[: len(TENANT)] == TENANT]
    assert tenants == [b"beta"]
    receivers = mib.column(32473, mib.RECEIVERS, mib.RECEIVERS.columns[1])[:-1]
    assert not [each for each in reply.varbinds if each.oid[: len(receivers)] == receivers]
    other = answered(agent, question((*MODEL, 0, 0x90, 0x8F, 0, 0, 1), community=b"beta"))
    assert other is not None
    assert other.varbinds[0].tag == ber.Syntax.NO_SUCH_INSTANCE


def test_no_answer_is_larger_than_allowed() -> None:
    fleet = PlainFleet(*(a_device(f"00908f0000{number:02x}") for number in range(60)))
    for limit in (484, 1472, 9000):
        agent = responder(fleet, max_response=limit, max_repetitions=1000)
        asked = agent.read(question(MODEL, kind=PduType.GET_BULK, numbers=(0, 1000)), HOST, 0.0)
        assert isinstance(asked, Question)
        assert limit - 60 < len(agent.answer(asked, 0.0)) <= limit


def test_more_than_max_rate_a_second_is_dropped() -> None:
    agent = responder(max_rate=2)
    assert [answered(agent, question(UP_TIME)) is not None for _ in range(3)] == [True, True, False]
    assert answered(agent, question(UP_TIME), now=1.0) is not None
    assert agent.statistics().ignored == {"rate": 1}


def test_new_settings_count_from_the_next_question_on() -> None:
    agent = responder()
    agent.apply(agent_settings(community="other"))
    assert answered(agent, question(UP_TIME)) is None
    assert answered(agent, question(UP_TIME, community=b"other")) is not None


def test_a_fault_of_ours_is_told_as_such() -> None:
    agent = responder()
    asked = agent.read(question(UP_TIME), HOST, 0.0)
    assert isinstance(asked, Question)
    message = decode_message(agent.fail(asked, 0.0))
    assert isinstance(message.pdu, Pdu)
    assert message.pdu.error_status == ErrorStatus.GENERAL


@settings(max_examples=100)
@given(junk=st.binary(max_size=60), place=st.integers(0, 60), host=st.sampled_from([HOST, "::1", "fe80::1%lo"]))
def test_no_datagram_raises(junk: bytes, place: int, host: str) -> None:
    good = question(UP_TIME, MODEL, kind=PduType.GET_BULK, numbers=(1, 3))
    for datagram in (junk, good[:place] + junk + good[place + len(junk) :]):
        asked = AGENT.read(datagram, host, 0.0)
        if isinstance(asked, Question):
            AGENT.answer(asked, 0.0)


AGENT = responder(PlainFleet(a_device("00908f000001")), max_rate=10**9)
