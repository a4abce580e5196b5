from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.settings import SipTls
from daemon.errors import BadMessage, RingkeeperError
from daemon.sip.tls import TlsSession, load_contexts
from tests.support.certificates import Authority

NAME = "pbx.example.net"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def believing(authority: Authority, **more: object) -> SipTls:
    return SipTls(ca=authority.path).model_copy(update=more)


def pair(server: SipTls, client: SipTls, name: str = NAME) -> tuple[TlsSession, TlsSession]:
    context = load_contexts(server).server
    assert context is not None
    return TlsSession(context), TlsSession(load_contexts(client).client, name)


def carry(sender: TlsSession, receiver: TlsSession, piece: int) -> bytes:
    """What one has to say, in pieces, and what the other reads out of it."""
    data = sender.outgoing()
    return b"".join(receiver.receive(data[at : at + piece]) for at in range(0, len(data), piece))


def shake_hands(server: TlsSession, client: TlsSession, piece: int = 65536) -> None:
    client.receive()
    for _ in range(3):
        carry(client, server, piece)
        carry(server, client, piece)


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_what_one_side_says_the_other_reads(authority: Authority, piece: int) -> None:
    server, client = pair(authority.issue(NAME), believing(authority))
    shake_hands(server, client, piece)
    assert server.established
    assert client.established
    long = b"INVITE " * 10_000
    client.send(long)
    assert carry(client, server, max(piece, 7)) == long
    server.send(b"SIP/2.0 200 OK")
    assert carry(server, client, piece) == b"SIP/2.0 200 OK"


def test_a_farewell_is_told_from_silence(authority: Authority) -> None:
    server, client = pair(authority.issue(NAME), believing(authority))
    shake_hands(server, client)
    client.send(b"BYE")
    client.close()
    assert (carry(client, server, 65536), server.ended) == (b"BYE", True)
    assert not client.ended


def refusal(server: TlsSession, client: TlsSession) -> dict[str, str]:
    """Which side gave up, and why."""
    found: dict[str, str] = {}
    for _ in range(3):
        for name, one, other in (("server", client, server), ("client", server, client)):
            try:
                other.receive(one.outgoing())
            except BadMessage as bad:
                found.setdefault(name, bad.reason)
    return found


def test_a_server_of_another_name_or_authority_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    for issued, believed, name in (
        (authority, authority, "elsewhere.example.net"),
        (authority, Authority(tmp_path, "other"), NAME),
    ):
        server, client = pair(issued.issue(NAME), believing(believed), name)
        client.receive()
        assert refusal(server, client) == {"client": "certificate", "server": "certificate-refused"}
        assert not client.established


def test_addresses_are_names_too(authority: Authority) -> None:
    server, client = pair(authority.issue(NAME, "192.0.2.7", "2001:db8::7"), believing(authority), "2001:db8::7")
    shake_hands(server, client)
    assert client.established


def test_verification_can_be_switched_off(tmp_path: Path, authority: Authority) -> None:
    server, client = pair(authority.issue(NAME), believing(Authority(tmp_path, "other"), verify=False), "elsewhere")
    shake_hands(server, client)
    assert client.established


def test_with_a_client_authority_only_its_phones_get_in(authority: Authority) -> None:
    ours = authority.issue(NAME).model_copy(update={"client_ca": authority.path})
    phone = authority.issue("phone").model_copy(update={"ca": authority.path})
    server, client = pair(ours, phone)
    shake_hands(server, client)
    assert server.established
    server, client = pair(ours, believing(authority))
    client.receive()
    assert refusal(server, client)["server"] == "certificate"
    assert not server.established


@pytest.mark.parametrize(
    "junk", [b"OPTIONS sip:a SIP/2.0\r\n\r\n", b"\r\n\r\n", b"\0" * 300, b"\x16\x03\x01\xff\xff" * 9]
)
def test_what_is_no_tls_is_refused_with_an_alert(authority: Authority, junk: bytes) -> None:
    server, _ = pair(authority.issue(NAME), believing(authority))
    with pytest.raises(BadMessage) as caught:
        server.receive(junk * 2)  # the head of a record is five bytes
    assert caught.value.reason == "tls"


def test_without_a_certificate_there_is_no_server(tmp_path: Path) -> None:
    assert load_contexts(SipTls()).server is None


def test_files_that_went_bad_since_they_were_checked_are_an_error(tmp_path: Path, authority: Authority) -> None:
    with pytest.raises(RingkeeperError, match="cannot be used"):
        load_contexts(SipTls(certificate=tmp_path / "none", key=tmp_path / "none"))
    text = tmp_path / "text"
    text.write_text("x")
    with pytest.raises(RingkeeperError, match=r"sip\.tls"):
        load_contexts(believing(authority, ca=text))
