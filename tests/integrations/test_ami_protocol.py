from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.integrations.ami_protocol import (
    LONGEST_LINE,
    MOST_LINES,
    OUTPUT,
    Packet,
    PacketReader,
    write_action,
)

BANNER = b"Asterisk Call Manager/5.0.2\r\n"
EVENT = b"Event: PeerStatus\r\nPeer: SIP/2041\r\nPeerStatus: Registered\r\nAddress: 10.1.2.7:5060\r\n\r\n"
OLD_COMMAND = (
    b"Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\n"
    b"Name/username   Host\n\n2041/2041       10.1.2.7\n1 sip peers\n--END COMMAND--\r\n\r\n"
)
NEW_COMMAND = (
    b"Response: Success\r\nMessage: Command output follows\r\nOutput: Name/username   Host\r\nOutput: \r\n"
    b"Output: 1 sip peers\r\n\r\n"
)


def read(data: bytes) -> list[Packet]:
    return PacketReader().feed(BANNER + data)


def test_a_packet_is_fields_up_to_an_empty_line() -> None:
    [packet] = read(EVENT)
    assert packet.get("Address") == "10.1.2.7:5060"
    assert packet.get("peerSTATUS") == "Registered"
    assert packet.get("Cause") == ""


def test_the_banner_names_the_version() -> None:
    reader = PacketReader()
    reader.feed(BANNER)
    assert reader.version == "5.0.2"


def test_a_key_may_come_again() -> None:
    [packet] = read(NEW_COMMAND)
    assert packet.all(OUTPUT) == ("Name/username   Host", "", "1 sip peers")


def test_the_output_of_an_old_command_ends_by_its_own_mark() -> None:
    packets = read(OLD_COMMAND + EVENT)
    assert [packet.get("ActionID") for packet in packets] == ["7", ""]
    assert packets[0].all(OUTPUT)[:3] == ("Name/username   Host", "", "2041/2041       10.1.2.7")


def test_lines_that_are_no_fields_are_counted_and_left_out() -> None:
    reader = PacketReader()
    [packet] = reader.feed(BANNER + b"Event: X\r\nnonsense\r\n\xff\xfe\r\nKey: v\r\n\r\n\r\n\r\n")
    assert (packet.fields, reader.junk) == ((("Event", "X"), ("Key", "v")), 2)


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_it_does_not_matter_how_the_bytes_are_cut(step: int) -> None:
    data = BANNER + EVENT + OLD_COMMAND + NEW_COMMAND + EVENT[:30]
    reader = PacketReader()
    found = [packet for at in range(0, len(data), step) for packet in reader.feed(data[at : at + step])]
    assert found == read(EVENT + OLD_COMMAND + NEW_COMMAND)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "banner"),
        (b"\r\n", "banner"),
        (BANNER + b"K: " + b"x" * LONGEST_LINE, "line-too-long"),
        (BANNER + b"K: " + b"x" * LONGEST_LINE + b"\n", "line-too-long"),
        (BANNER + b"K: v\r\n" * (MOST_LINES + 1), "packet-too-long"),
        (BANNER + (b"K: " + b"x" * (LONGEST_LINE - 10) + b"\r\n") * 20, "packet-too-long"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        PacketReader().feed(data)
    assert refused.value.reason == reason


@settings(max_examples=200)
@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"\r\n", b"Response: Follows\r\n", b"a: b\r\n"]), max_size=12)
)
def test_no_bytes_can_do_more_than_be_refused(pieces: list[bytes]) -> None:
    reader = PacketReader()
    reader.feed(BANNER)
    for piece in pieces:
        reader.feed(piece)


def test_an_action_is_its_fields_and_no_value_can_add_one() -> None:
    written = write_action("Login", "2", Username="x\r\nSecret: y", Events="system")
    assert written == b"Action: Login\r\nActionID: 2\r\nUsername: x Secret: y\r\nEvents: system\r\n\r\n"
