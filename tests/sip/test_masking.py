from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sip.masking import MAX_TEXT, legible, masked

SECRET = "a41f3c0de5"
CREDENTIALS = (
    'Digest username="2041", realm="pbx", nonce="n-1", uri="sip:pbx.example.net", '
    f'response="{SECRET}", cnonce="{SECRET}", nc=00000001, qop=auth, algorithm=SHA-256'
)


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "authorization", "AUTHORIZATION \t"])
def test_the_proof_in_a_digest_is_masked_and_all_else_is_left(name: str) -> None:
    shown = legible(f"REGISTER sip:pbx SIP/2.0\r\n{name}: {CREDENTIALS}\r\nCSeq: 2 REGISTER\r\n\r\n".encode())
    assert SECRET not in shown
    assert f"{name}: {CREDENTIALS.replace(SECRET, '***')}\nCSeq: 2 REGISTER\n" in shown


@pytest.mark.parametrize(
    "header",
    [
        f"Authorization: Digest username=2041,\r\n response={SECRET},\r\n\tcnonce={SECRET}",
        f'Authorization: Digest RESPONSE = "{SECRET}" , nonce="n-1"',
        f'Authorization: Digest response="{SECRET}',
        f'Authorization: Digest response="x\\"{SECRET}"',
        f"Authorization:Digest\tresponse={SECRET}",
        f"Authorization: Basic {SECRET}",
        f"Authorization: {SECRET}",
        f"Authorization: Bearer {SECRET},\r\n {SECRET}",
        f"From: <sip:2041:{SECRET}@pbx.example.net>",
        f'Contact: "desk" <SIPS:2041:{SECRET}@10.0.0.7:5061;transport=tls>',
    ],
)
def test_no_way_of_writing_it_shows_it(header: str) -> None:
    for packet in (f"{header}\r\n", f"REGISTER sip:pbx SIP/2.0\r\n{header}\r\n\r\n", f"x\n{header}\n"):
        assert SECRET not in legible(packet.encode()), packet


def test_what_only_looks_like_credentials_is_left_alone() -> None:
    text = "Via: SIP/2.0/UDP 10.0.0.7:5062\nTo: <sip:2041@pbx:5060>\nX-Authorization: response=1\nresponse=200\n"
    assert masked(text) == text


def test_a_challenge_keeps_its_nonce() -> None:
    text = 'WWW-Authenticate: Digest realm="pbx", nonce="n-1", stale=true\n'
    assert masked(text) == text


def test_a_terminal_is_given_nothing_that_it_would_obey() -> None:
    shown = legible(b"User-Agent: \x1b[2Jred\x07\r\nSubject: gr\xc3\xbc\xc3\x9f\xff\r\rdi\xe2\x80\xaee\r\n\tfold")
    assert shown == "User-Agent: \\x1b[2Jred\\x07\nSubject: grüß\\xff\\r\\rdi\\u202ee\n\tfold"


def test_a_long_packet_is_cut_after_it_was_masked() -> None:
    head = f"Authorization: Digest response={SECRET * 10}\n"
    shown = legible(head.encode() + b"x" * 65_000)
    assert SECRET not in shown
    assert len(shown) < MAX_TEXT + 50
    assert shown.endswith(" characters more]")


@given(st.binary(max_size=300))
def test_any_bytes_become_lines_that_may_be_printed(packet: bytes) -> None:
    """Whatever comes in: a string without control characters besides line ends and tabs."""
    assert all(char in "\n\t" or char.isprintable() for char in legible(packet))


@pytest.mark.parametrize(
    "unit",
    [b"sip:", b"sip:a:", b"Authorization: ", b"response=", b'response="\\', b"\n ", b"Authorization:\n ", b" \t"],
)
def test_no_packet_takes_long(unit: bytes) -> None:
    packet = b"Authorization: Digest " + unit * (65_535 // len(unit))
    began = time.perf_counter()
    legible(packet)
    assert time.perf_counter() - began < 1.0
