"""The encoding, held against pyasn1's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.snmp import ber
from tests.support import oracle

ARCS = st.integers(0, 2**32 - 1)
OIDS = st.tuples(st.integers(0, 1), st.integers(0, 39), ARCS, ARCS) | st.tuples(st.just(2), ARCS, ARCS)


@given(st.integers(-(2**31), 2**31 - 1))
def test_integers_are_what_pyasn1_reads_and_come_back(value: int) -> None:
    decoded, rest = oracle.decode(ber.integer(value))
    assert (int(decoded), rest) == (value, b"")
    assert ber.read_integer(ber.integer(value) + b"rest") == (value, b"rest")


@given(st.integers(0, 2**64 - 1))
def test_natural_numbers_are_what_pyasn1_makes_of_them(value: int) -> None:
    assert ber.integer(value) == oracle.encode(oracle.asn1.Integer(value))


# Written out because pyasn1 spends an octet more than X.690, section 8.3.2, allows on -128 and its like.
@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "02 01 00"),
        (127, "02 01 7f"),
        (128, "02 02 00 80"),
        (255, "02 02 00 ff"),
        (256, "02 02 01 00"),
        (-1, "02 01 ff"),
        (-128, "02 01 80"),
        (-129, "02 02 ff 7f"),
        (2**31 - 1, "02 04 7f ff ff ff"),
        (-(2**31), "02 04 80 00 00 00"),
    ],
)
def test_integers_at_the_edges_of_octets_are_as_short_as_they_go(value: int, encoded: str) -> None:
    assert ber.integer(value).hex(" ") == encoded


@given(st.binary(max_size=70_000))
def test_octets_of_every_length_are_what_pyasn1_makes_of_them(content: bytes) -> None:
    assert ber.wrap(ber.Syntax.OCTETS, content) == oracle.encode(oracle.asn1.OctetString(content))


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_at_the_edges_of_their_forms(size: int) -> None:
    encoded = ber.wrap(ber.Syntax.OCTETS, b"x" * size)
    assert encoded == oracle.encode(oracle.asn1.OctetString(b"x" * size))
    assert ber.read(encoded + b"rest", ber.Syntax.OCTETS) == (b"x" * size, b"rest")


@given(OIDS)
def test_object_identifiers_are_what_pyasn1_makes_of_them(oid: ber.Oid) -> None:
    assert ber.object_identifier(oid) == oracle.encode(oracle.asn1.ObjectIdentifier(oid))


@given(st.lists(st.integers(0, 500), min_size=1, max_size=100))
def test_a_sequence_holds_its_parts_in_order(values: list[int]) -> None:
    decoded, rest = oracle.decode(ber.sequence(map(ber.integer, values)))
    assert [int(value) for value in decoded] == values
    assert rest == b""


def test_a_padded_length_is_read() -> None:
    assert ber.read(bytes.fromhex("04 83 00 00 02") + b"hi!", ber.Syntax.OCTETS) == (b"hi", b"!")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "truncated"),
        ("02", "truncated"),
        ("04 01 00", "unexpected_type"),
        ("02 80 00 00", "length"),  # the indefinite form
        ("02 85 00 00 00 00 01 07", "length"),
        ("02 ff", "length"),
        ("02 02 01", "truncated"),
        ("02 82 01", "truncated"),
        ("02 00", "integer"),
        ("02 05 01 00 00 00 00", "integer"),
    ],
)
def test_what_is_no_integer_is_refused_by_name(data: str, reason: str) -> None:
    with pytest.raises(BadMessage) as refusal:
        ber.read_integer(bytes.fromhex(data))
    assert refusal.value.reason == reason
