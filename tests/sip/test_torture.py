"""The torture messages of RFC 4475 and RFC 5118, each a file, with its verdicts in `verdicts.tsv` beside it.

`datagram` is what a datagram with it meets: a status (we refuse with it), "served" (its method's own handler decides),
"response" (read, and dropped unless it answers something of ours) or "drop REASON". `stream` is what a connection makes
of it: how many messages, "waits" (for the rest of the body) or "drop REASON" (and is closed).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.publish import Publications
from daemon.sip.refusals import refusal_of
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Responder
from daemon.sip.stream import KeepAlive, StreamReader
from daemon.sip.uas import UserAgentServer
from tests.support.sip_messages import Phonebook, request

DATA = Path(__file__).parents[1] / "data" / "sip"
SOURCE = Source("192.0.2.7", 5060)


class Torture(NamedTuple):
    """One line of a table, with the bytes it is about."""

    name: str
    section: str
    datagram: str
    stream: str
    oddity: str
    data: bytes


def _read(folder: Path) -> list[Torture]:
    with (folder / "verdicts.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [
        Torture(name, section, datagram, stream, oddity, (folder / f"{name}.dat").read_bytes())
        for name, section, datagram, stream, oddity in rows
    ]


RFC4475, RFC5118 = _read(DATA / "rfc4475"), _read(DATA / "rfc5118")
each = pytest.mark.parametrize("torture", [*RFC4475, *RFC5118], ids=lambda torture: torture.name)


def verdict_on(datagram: bytes) -> str:
    try:
        message = parse(datagram)
        message.top_via()
        if not isinstance(message, Request):
            message.cseq()  # what a client transaction is found by
            return "response"
        _must_be_answerable(message)
        if refusal := refusal_of(message):
            return str(refusal.status)
    except BadMessage as bad:
        return f"drop {bad.reason}"
    try:
        message.contacts()
    except BadMessage as bad:
        return str(bad.status)
    return "served"


def _must_be_answerable(message: Request) -> None:
    """Whatever the whole server says to it can be read again, and is about the same request."""
    responder, phonebook = Responder(b"k" * 32, "Ringkeeper"), Phonebook()
    publications = Publications(Sip(), phonebook, responder)
    server = UserAgentServer(Registrar(Sip(), phonebook, responder), publications, responder)
    reply = server.handle(message, SOURCE, 0.0)
    assert reply
    answer = parse(reply.response.render())
    for name in ("call-id", "cseq", "from"):
        assert answer.all(name) == message.all(name)[:1]


def framed(*pieces: bytes) -> tuple[list[bytes | KeepAlive], str]:
    """What a connection makes of `pieces`: its items, and why it is closed or what it waits for."""
    reader, items = StreamReader(), list[bytes | KeepAlive]()
    try:
        for piece in pieces:
            items.extend(reader.feed(piece))
    except BadMessage as bad:
        return items, f"drop {bad.reason}"
    return items, "waits" if len(reader) else str(len(items))


@each
def test_it_meets_its_verdict_in_a_datagram(torture: Torture) -> None:
    assert verdict_on(torture.data) == torture.datagram


@each
def test_it_meets_its_verdict_with_bytes_behind_it(torture: Torture) -> None:
    assert verdict_on(torture.data + b"\r\n\r\nOPTIONS sip:x SIP/2.0\r\n\r\n") == torture.datagram


@each
def test_it_meets_its_verdict_on_a_stream_whole_and_byte_by_byte(torture: Torture) -> None:
    items, verdict = framed(torture.data)
    assert verdict == torture.stream
    assert framed(*(torture.data[at : at + 1] for at in range(len(torture.data)))) == (items, verdict)
    assert b"".join(item for item in items if isinstance(item, bytes)) == (torture.data if verdict.isdigit() else b"")


@each
def test_what_follows_it_on_a_stream_is_the_next_message(torture: Torture) -> None:
    items, verdict = framed(torture.data + request() + b"\r\n\r\n")
    if torture.stream.isdigit():
        assert (items[-2], items[-1], verdict) == (request(), KeepAlive.PING, str(int(torture.stream) + 2))
    else:
        assert verdict == torture.stream


def test_every_message_of_both_documents_is_there() -> None:
    assert (len(RFC4475), len(RFC5118)) == (49, 11)
    for folder in ("rfc4475", "rfc5118"):
        files = {path.stem for path in (DATA / folder).glob("*.dat")}
        assert files == {torture.name for torture in RFC4475 + RFC5118} & files
