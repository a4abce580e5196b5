"""Datagrams that ask an SNMP agent, and what they commonly ask for."""

from __future__ import annotations

from daemon.snmp import ber, mib
from daemon.snmp.ber import Oid
from daemon.snmp.pdu import PduType, Version, encode_message, encode_pdu, encode_varbind

UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
MODEL = mib.column(32473, mib.DEVICES, mib.DEVICES.named("rkDevModel"))
NULL = ber.wrap(ber.Syntax.NULL, b"")


def question(
    *oids: Oid,
    kind: PduType = PduType.GET,
    numbers: tuple[int, int] = (0, 0),
    community: bytes = b"public",
    version: Version = Version.V2C,
) -> bytes:
    """A datagram that asks."""
    varbinds = [encode_varbind(oid, NULL) for oid in oids]
    return encode_message(version, community, encode_pdu(kind, 7, varbinds, *numbers))
