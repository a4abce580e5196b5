"""Net-SNMP's own snmptrap and snmpinform in v1, v2c and v3, as our receiver understands them."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.events import TrapHeard
from daemon.fleet.notifications import Severity
from daemon.snmp.pdu import SNMP_TRAPS
from daemon.snmp.receiver.heard_table import BOARD_TRAPS, IF_INDEX, KEEP_ALIVE
from tests.support.snmp_traps import MAC_TOLD, board_arguments, board_values, dotted, snmpinform, snmptrap
from tests.support.trap_desk import SBC, People, trap_desk

pytestmark = pytest.mark.peer

V1 = ("-v1", "-c", "public")
BOARD = dotted(BOARD_TRAPS[:-1])
KEEP_ALIVE_VALUES = board_arguments(board_values(16, Severity.INDETERMINATE, MAC_TOLD))
LINK_VALUES = board_arguments(board_values(10, Severity.MAJOR, MAC_TOLD))
ALL_KNOWN = [
    {"name": "sha", "authentication": "SHA-1", "password": "some-password", "privacy": "none"},
    {"name": "both", "authentication": "SHA-256", "password": "some-password", "privacy_password": "other-password"},
    {"name": "plain", "authentication": "none", "privacy": "none"},
    {"name": "nobody", "authentication": "SHA-256", "password": "some-password"},
]
USERS: dict[str, Any] = {"known": ALL_KNOWN, "users": ["sha", "both", "plain"]}
SENDER_ENGINE = ("-e", "0x8000138301c0a80105")


def v3(user: str, level: str, *more: str) -> tuple[str, ...]:
    return ("-v3", "-u", user, "-l", level, *more)


AUTH = v3("sha", "authNoPriv", "-a", "SHA", "-A", "some-password")
PRIV = v3("both", "authPriv", "-a", "SHA-256", "-A", "some-password", "-x", "AES", "-X", "other-password")


async def test_traps_of_v1_and_v2c_are_heard() -> None:
    people = People(at={"127.0.0.1": SBC})
    async with trap_desk(people) as desk:
        port = desk.port
        assert await snmptrap(port, BOARD, "10.1.2.9", "6", "16", "100", *KEEP_ALIVE_VALUES, options=V1) == 0
        assert await snmptrap(port, "", dotted(KEEP_ALIVE), *KEEP_ALIVE_VALUES) == 0
        assert await snmptrap(port, "", dotted((*BOARD_TRAPS, 10)), *LINK_VALUES) == 0
        index = [dotted((*IF_INDEX, 3)), "i", "3"]
        assert await snmptrap(port, ".1.3.6.1.4.1.8072", "10.1.2.9", "2", "0", "100", *index, options=V1) == 0
        assert await snmptrap(port, "", dotted((*SNMP_TRAPS, 4)), *index) == 0
        assert await snmptrap(port, ".1.3.6.1.4.1.8072", "10.1.2.9", "0", "0", "100", options=V1) == 0
        await desk.settled(6)
        first, second, link, down, up, started = desk.heard
    assert first == second == TrapHeard(SBC, "127.0.0.1", keep_alive=True)
    assert link.alert is not None
    assert (link.alert.name, link.alert.severity, link.part) == (
        "acBoardEthernetLinkAlarm",
        Severity.MAJOR,
        "Board#1/EthernetLink#1",
    )
    assert down.alert is not None
    assert up.alert is not None
    assert (down.alert.severity, up.alert.severity) == (Severity.MAJOR, Severity.CLEARED)
    assert down.part == up.part == "Interface#3"
    assert started.remark.startswith("coldStart")


async def test_informs_are_acknowledged_in_v2c_and_v3() -> None:
    async with trap_desk(**USERS) as desk:
        for options in (("-v2c", "-c", "public"), AUTH, PRIV, v3("plain", "noAuthNoPriv")):
            assert await snmpinform(desk.port, "", dotted(KEEP_ALIVE), *KEEP_ALIVE_VALUES, options=options) == 0
        assert desk.receiver.statistics().acknowledged == 4
        assert desk.heard == [TrapHeard(SBC, "127.0.0.1", keep_alive=True)] * 4


async def test_who_may_not_speak_gets_no_acknowledgement() -> None:
    refused = {
        "community": ("-v2c", "-c", "private"),
        "unknown_user": v3("eve", "noAuthNoPriv"),
        "wrong_digest": v3("sha", "authNoPriv", "-a", "SHA", "-A", "wrong-password"),
        "unsupported_level": v3("both", "noAuthNoPriv"),
        "user": v3("nobody", "authPriv", "-a", "SHA-256", "-A", "some-password", "-x", "AES", "-X", "some-password"),
    }
    async with trap_desk(**USERS) as desk:
        for reason, options in refused.items():
            fewer = (*options, "-r", "0", "-t", "0.3")
            assert await snmpinform(desk.port, "", dotted(KEEP_ALIVE), *KEEP_ALIVE_VALUES, options=fewer) != 0
            assert desk.receiver.statistics().ignored[reason] >= 1, reason
        assert desk.heard == []


async def test_traps_of_v3_are_those_of_the_senders_engine_and_need_no_network() -> None:
    async with trap_desk(People("10.1.0.0/16"), **USERS) as desk:
        for options in (AUTH, PRIV):
            given = (*options, *SENDER_ENGINE, "-Z", "3,1000")
            assert await snmptrap(desk.port, "", dotted(KEEP_ALIVE), *KEEP_ALIVE_VALUES, options=given) == 0
        await desk.settled(2)
        assert desk.heard == [TrapHeard(SBC, "127.0.0.1", keep_alive=True)] * 2
        plain = (*v3("plain", "noAuthNoPriv"), *SENDER_ENGINE)
        assert await snmptrap(desk.port, "", dotted(KEEP_ALIVE), *KEEP_ALIVE_VALUES, options=plain) == 0
        old = (*AUTH, *SENDER_ENGINE, "-Z", "2,999")  # of an earlier life of that engine: a replay
        assert await snmptrap(desk.port, "", dotted(KEEP_ALIVE), *KEEP_ALIVE_VALUES, options=old) == 0
        await desk.settled(4)
        assert desk.receiver.statistics().ignored == {"not_believed": 1, "not_in_time_window": 1}
