"""Torture messages in the manner of RFC 4475, each a file with its verdict in the first line.

Verdicts: a status (what we answer), "silence" (well-formed, never answered) or "drop REASON".
"""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.publish import Publications
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Responder
from daemon.sip.uas import UserAgentServer
from tests.support.sip_messages import Phonebook, request

TORTURE = sorted((Path(__file__).parents[1] / "data" / "sip").glob("*.sip"))
SOURCE = Source("192.0.2.7", 5060)


def server() -> UserAgentServer:
    responder = Responder(b"k" * 32, "Ringkeeper")
    phonebook = Phonebook()
    publications = Publications(Sip(), phonebook, responder)
    return UserAgentServer(Registrar(Sip(), phonebook, responder), publications, responder)


def verdict_on(datagram: bytes) -> str:
    try:
        message = parse(datagram)
        if not isinstance(message, Request):
            return "response"
        reply = server().handle(message, SOURCE, 0.0)
    except BadMessage as bad:
        return f"drop {bad.reason}"
    if reply is None:
        return "silence"
    assert parse(reply.response.render())  # whatever we say can be read again
    return str(reply.response.status)


@pytest.mark.parametrize("path", TORTURE, ids=lambda path: path.stem)
def test_each_torture_message_meets_its_verdict(path: Path) -> None:
    first, _, message = path.read_bytes().partition(b"\n")
    verdict = first.decode().removeprefix("# ").partition(":")[0]
    assert verdict_on(message.replace(b"\n", b"\r\n")) == verdict


def test_there_are_torture_messages() -> None:
    assert len(TORTURE) >= 12


def test_options_are_answered_with_what_we_can_do() -> None:
    message = parse(request())
    assert isinstance(message, Request)
    reply = server().handle(message, SOURCE, 0.0)
    assert reply
    assert reply.response.first("allow") == "OPTIONS, REGISTER, PUBLISH"
    assert {"accept", "accept-encoding", "accept-language", "supported"} <= {name for name, _ in reply.response.headers}


def test_an_acknowledgement_is_never_answered() -> None:
    assert verdict_on(request("ACK")) == "silence"
    assert verdict_on(request("ACK", cseq="1 INVITE")) == "silence"


def test_without_a_via_there_is_no_way_back() -> None:
    assert verdict_on(request(via=None)) == "drop via"


def test_out_of_room_says_when_to_come_back() -> None:
    message = parse(request("REGISTER"))
    assert isinstance(message, Request)
    reply = server().unavailable(message, SOURCE, "overload", 30)
    assert (reply.response.status, reply.response.first("retry-after"), reply.refused) == (503, "30", "overload")
