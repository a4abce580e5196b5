"""The codec of PDUs, held against pysnmp's reading and writing of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto.api import v1, v2c

from daemon.errors import BadMessage
from daemon.snmp import ber, pdu
from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.pdu import Pdu, PduType, RawVarbind, TrapV1, Version

_decode: Any = decoder.decode
_encode: Any = encoder.encode
V1: Any = v1
V2: Any = v2c

ARCS = st.integers(0, 2**32 - 1)
OIDS = st.builds(lambda head, rest: (1, *head, *rest), st.tuples(st.integers(0, 39)), st.lists(ARCS, max_size=20))
ENCODED_VALUES = (
    st.integers(-(2**31), 2**31 - 1).map(ber.integer)
    | st.binary(max_size=300).map(lambda text: ber.wrap(Syntax.OCTETS, text))
    | OIDS.map(ber.object_identifier)
    | st.integers(0, 2**32 - 1).map(lambda number: ber.integer(number, Syntax.TIME_TICKS))
    | st.integers(0, 2**64 - 1).map(lambda number: ber.integer(number, Syntax.COUNTER64))
    | st.sampled_from([Syntax.NULL, *sorted(pdu.NOTHING)]).map(lambda tag: ber.wrap(tag, b""))
)
VARBINDS = st.lists(st.tuples(OIDS, ENCODED_VALUES), max_size=8)
REQUEST_IDS = st.integers(-(2**31), 2**31 - 1)
NULL = ber.wrap(Syntax.NULL, b"")
QUESTION = pdu.encode_message(
    Version.V2C, b"public", pdu.encode_pdu(PduType.GET, 7, [pdu.encode_varbind((1, 3, 6, 1, 2, 1, 1, 3, 0), NULL)])
)


def _damaged(place: int) -> st.SearchStrategy[bytes]:
    """A good question with one octet exchanged."""
    at = place % len(QUESTION)
    return st.integers(0, 255).map(lambda octet: QUESTION[:at] + bytes((octet,)) + QUESTION[at + 1 :])


@settings(max_examples=60)
@given(REQUEST_IDS, st.integers(0, 18), st.integers(0, 50), VARBINDS, st.binary(max_size=40))
def test_a_response_is_what_pysnmp_reads_and_what_we_read_ourselves(
    request_id: int, status: int, index: int, varbinds: list[tuple[Oid, bytes]], community: bytes
) -> None:
    encoded = [pdu.encode_varbind(oid, value) for oid, value in varbinds]
    datagram = pdu.encode_message(
        Version.V2C, community, pdu.encode_pdu(PduType.RESPONSE, request_id, encoded, status, index)
    )
    message, rest = _decode(datagram, asn1Spec=V2.Message())
    body = V2.apiMessage.get_pdu(message)
    assert rest == b""
    assert bytes(V2.apiMessage.get_community(message)) == community
    assert int(V2.apiPDU.get_request_id(body)) == request_id
    assert [tuple(oid) for oid, _ in V2.apiPDU.get_varbinds(body)] == [oid for oid, _ in varbinds]

    ours = pdu.decode_message(datagram)
    assert (ours.version, ours.community) == (Version.V2C, community)
    assert isinstance(ours.pdu, Pdu)
    assert ours.pdu[:4] == (PduType.RESPONSE, request_id, status, index)
    assert [pdu.encode_raw(varbind) for varbind in ours.pdu.varbinds] == encoded


@settings(max_examples=60)
@given(REQUEST_IDS, st.lists(OIDS, max_size=5), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_questions_of_pysnmp_are_read(request_id: int, names: list[Oid], once: int, often: int) -> None:
    for kind, body in ((PduType.GET, V2.GetRequestPDU()), (PduType.GET_NEXT, V2.GetNextRequestPDU())):
        read = pdu.decode_pdu(_prepared(body, request_id, names))
        assert (read.type, read.request_id) == (kind, request_id)
        assert [varbind.oid for varbind in read.varbinds] == names
    bulk = V2.GetBulkRequestPDU()
    V2.apiBulkPDU.set_defaults(bulk)
    V2.apiBulkPDU.set_request_id(bulk, request_id)
    V2.apiBulkPDU.set_non_repeaters(bulk, once)
    V2.apiBulkPDU.set_max_repetitions(bulk, often)
    V2.apiBulkPDU.set_varbinds(bulk, [(name, V2.Null("")) for name in names])
    read = pdu.decode_pdu(_encode(bulk))
    assert (read.type, read.non_repeaters, read.max_repetitions) == (PduType.GET_BULK, once, often)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (V2.Integer(-7), -7),
        (V2.Counter32(2**32 - 1), 2**32 - 1),
        (V2.Gauge32(5), 5),
        (V2.TimeTicks(8640000), 8640000),
        (V2.Counter64(2**64 - 1), 2**64 - 1),
        (V2.OctetString(b"\xffx"), b"\xffx"),
        (V2.Opaque(b"o"), b"o"),
        (V2.IpAddress("192.0.2.7"), bytes((192, 0, 2, 7))),
        (V2.ObjectIdentifier((1, 3, 6, 1, 4, 1, 5003)), (1, 3, 6, 1, 4, 1, 5003)),
        (V2.ObjectIdentifier((2, 999, 2**32 - 1)), (2, 999, 2**32 - 1)),
        (V2.Null(""), None),
    ],
)
def test_values_of_every_type_are_what_pysnmp_wrote(value: Any, read: pdu.Value) -> None:
    tag, start, stop = ber.read_any(encoded := _encode(value), 0, len(_encode(value)))
    assert pdu.value_of(RawVarbind((1, 3), tag, encoded[start:stop])) == read


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (Syntax.INTEGER, ""),
        (Syntax.INTEGER, "00 80 00 00 00"),
        (Syntax.TIME_TICKS, "01 00 00 00 00"),
        (Syntax.IP_ADDRESS, "7f 00 01"),
        (Syntax.NULL, "00"),
        (Syntax.OID, "2b 86"),
        (Syntax.OID, "2b 80 01"),
        (Syntax.OID, "2b 90 80 80 80 00"),
        (Syntax.OID, "2b" + " 01" * 127),
        (0x30, ""),
        (0x99, "01"),
    ],
)
def test_values_that_cannot_be_are_refused(tag: int, content: str) -> None:
    with pytest.raises(BadMessage):
        pdu.value_of(RawVarbind((1, 3), tag, bytes.fromhex(content)))


def test_an_identifier_of_128_arcs_is_the_longest() -> None:
    longest = (1, 3, *range(126))
    assert ber.read_oid_content(ber.oid_content(longest)) == longest
    with pytest.raises(BadMessage, match="object_identifier"):
        ber.read_oid_content(ber.oid_content((*longest, 1)))


@settings(max_examples=60)
@given(OIDS, st.integers(0, 6), st.integers(0, 2**31 - 1), st.integers(0, 2**32 - 1), VARBINDS)
def test_a_trap_of_v1_is_said_in_the_words_of_v2(
    enterprise: Oid, generic: int, specific: int, uptime: int, varbinds: list[tuple[Oid, bytes]]
) -> None:
    trap = V1.TrapPDU()
    V1.apiTrapPDU.set_defaults(trap)
    V1.apiTrapPDU.set_enterprise(trap, enterprise)
    V1.apiTrapPDU.set_agent_address(trap, "192.0.2.7")
    V1.apiTrapPDU.set_generic_trap(trap, generic)
    V1.apiTrapPDU.set_specific_trap(trap, specific)
    V1.apiTrapPDU.set_timestamp(trap, uptime)
    V1.apiTrapPDU.set_varbinds(trap, [(oid, V1.Integer(5)) for oid, _ in varbinds])
    message = V1.Message()
    V1.apiMessage.set_defaults(message)
    V1.apiMessage.set_community(message, b"old")
    V1.apiMessage.set_pdu(message, trap)
    read = pdu.decode_message(_encode(message))
    assert (read.version, read.community) == (Version.V1, b"old")
    assert isinstance(read.pdu, TrapV1)

    v2 = pdu.as_v2(read.pdu)
    said = {varbind.oid: pdu.value_of(varbind) for varbind in v2.varbinds}
    wanted = (*enterprise, 0, specific) if generic == 6 else (1, 3, 6, 1, 6, 3, 1, 1, 5, generic + 1)
    assert pdu.notification_identity(v2) == wanted
    assert said[(1, 3, 6, 1, 2, 1, 1, 3, 0)] == uptime
    assert said[(1, 3, 6, 1, 6, 3, 18, 1, 3, 0)] == bytes((192, 0, 2, 7))
    assert said[pdu.SNMP_TRAP_ENTERPRISE] == enterprise
    assert len(v2.varbinds) == len(varbinds) + 4


def test_what_an_agent_says_of_itself_is_not_said_again() -> None:
    """A proxy that made v1 of a v2 trap adds snmpTrapAddress.0 as a varbind (RFC 3584, section 3.2)."""
    told = RawVarbind((1, 3, 6, 1, 6, 3, 18, 1, 3, 0), Syntax.IP_ADDRESS, bytes((10, 1, 2, 3)))
    v2 = pdu.as_v2(TrapV1((1, 3, 6, 1, 4, 1, 5003), bytes(4), 0, 0, 1, (told,)))
    assert [varbind for varbind in v2.varbinds if varbind.oid == told.oid] == [told]


@settings(max_examples=100)
@given(st.binary(max_size=80) | st.integers(0, 200).flatmap(_damaged))
def test_junk_is_refused_with_a_reason_and_nothing_else(junk: bytes) -> None:
    for reader in (pdu.decode_message, pdu.decode_pdu, pdu.version_of):
        with suppress(BadMessage):
            assert reader(junk) is not None


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "truncated"),
        (b"\x30\x00", "truncated"),
        (b"\x30\x80", "length"),
        (QUESTION[:-1], "truncated"),
        (QUESTION.replace(b"\x02\x01\x01", b"\x02\x01\x03", 1), "version"),
        (QUESTION.replace(b"\xa0", b"\xa4", 1), "pdu_type"),  # v1's trap in v2c
        (QUESTION.replace(b"\xa0", b"\xa8", 1), "pdu_type"),  # a Report outside v3
        (QUESTION.replace(b"\x02\x01\x01", b"\x02\x01\x00", 1).replace(b"\xa0", b"\xa5", 1), "pdu_type"),
        (ber.wrap(0x30, ber.integer(1) + ber.wrap(4, b"") + ber.wrap(0xA0, b"") + b"\0"), "trailing"),
    ],
)
def test_messages_that_cannot_be_are_refused_by_name(datagram: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as refusal:
        pdu.decode_message(datagram)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(("encoded", "found"), [("a003020107", 7), ("a803020180", -128), ("a2050201073099", 7)])
def test_a_request_id_is_read_without_the_rest(encoded: str, found: int) -> None:
    assert pdu.request_id_of(bytes.fromhex(encoded)) == found


@pytest.mark.parametrize("encoded", ["", "a000", "a4060601000200", "3003020107", "a0020200"])
def test_what_has_no_request_id_is_refused(encoded: str) -> None:
    with pytest.raises(BadMessage):
        pdu.request_id_of(bytes.fromhex(encoded))


def test_more_varbinds_than_anybody_sends_are_refused() -> None:
    one = pdu.encode_varbind((1, 3), NULL)
    most = pdu.encode_pdu(PduType.GET, 1, [one] * pdu.MAX_VARBINDS)
    assert len(pdu.decode_pdu(most).varbinds) == pdu.MAX_VARBINDS
    with pytest.raises(BadMessage, match="too_many_varbinds"):
        pdu.decode_pdu(pdu.encode_pdu(PduType.GET, 1, [one] * (pdu.MAX_VARBINDS + 1)))


def test_negative_counts_of_a_getbulk_are_none() -> None:
    bulk = pdu.decode_pdu(pdu.encode_pdu(PduType.GET_BULK, 1, [], -3, -1))
    assert (bulk.non_repeaters, bulk.max_repetitions) == (0, 0)


def _prepared(body: Any, request_id: int, names: list[Oid]) -> bytes:
    V2.apiPDU.set_defaults(body)
    V2.apiPDU.set_request_id(body, request_id)
    V2.apiPDU.set_varbinds(body, [(name, V2.Null("")) for name in names])
    encoded: bytes = _encode(body)
    return encoded
