"""Traps as AudioCodes' SBCs send them, in bytes and as arguments of net-snmp's `snmptrap` and `snmpinform`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import partial

import trio

from daemon.fleet.notifications import Severity
from daemon.snmp import ber, pdu
from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.oids import SNMP_TRAP_OID, SYS_UP_TIME
from daemon.snmp.pdu import Pdu, PduType, Version
from daemon.snmp.receiver.heard_table import BOARD_TRAPS, BOARD_VARBINDS

MAC_TOLD = "00-90-8F-48-67-AF"
LINK_TEXT = "Ethernet link alarm. LAN port number 1 is down."


def board_values(
    number: int, severity: Severity, mac: str = "", source: str = "Board#1/EthernetLink#1", text: str = LINK_TEXT
) -> list[int | str]:
    """The eleven varbinds of a board trap, in order."""
    date = "\x07\xea\x0b\x16\x0a\x1e\x00\x00"
    return [number - 1, text, source, int(severity), 17, 4, 56, mac, "", "", date]


def varbind(oid: Oid, value: int | str | Oid) -> bytes:
    """One, encoded: a number, a text or an identifier."""
    if isinstance(value, int):
        return pdu.encode_varbind(oid, ber.integer(value))
    if isinstance(value, str):
        return pdu.encode_varbind(oid, ber.wrap(Syntax.OCTETS, value.encode("utf-8", "surrogateescape")))
    return pdu.encode_varbind(oid, ber.object_identifier(value))


def notification(kind: Oid, *varbinds: bytes, of: PduType = PduType.TRAP, request_id: int = 7) -> bytes:
    """An encoded PDU with sysUpTime.0 and snmpTrapOID.0 first."""
    uptime = pdu.encode_varbind(SYS_UP_TIME, ber.integer(4711, Syntax.TIME_TICKS))
    return pdu.encode_pdu(of, request_id, [uptime, varbind(SNMP_TRAP_OID, kind), *varbinds])


def board_trap(number: int, values: Sequence[int | str], instance: Oid = (0,), of: PduType = PduType.TRAP) -> bytes:
    """A board trap as an encoded PDU."""
    kept = (varbind((*BOARD_VARBINDS, arc, *instance), value) for arc, value in enumerate(values, start=1))
    return notification((*BOARD_TRAPS, number), *kept, of=of)


def keep_alive(mac: str = MAC_TOLD, of: PduType = PduType.TRAP) -> bytes:
    """acKeepAlive."""
    return board_trap(16, board_values(16, Severity.INDETERMINATE, mac, text="keep alive"), of=of)


def read(encoded: bytes) -> Pdu:
    """The PDU as it is read."""
    return pdu.decode_pdu(encoded)


def in_v2c(encoded: bytes, community: bytes = b"public") -> bytes:
    """A datagram around it."""
    return pdu.encode_message(Version.V2C, community, encoded)


def dotted(oid: Oid) -> str:
    """As net-snmp takes it."""
    return "." + ".".join(map(str, oid))


def board_arguments(values: Sequence[int | str]) -> list[str]:
    """The varbinds of a board trap as arguments."""
    given: list[str] = []
    for arc, value in enumerate(values, start=1):
        name = dotted((*BOARD_VARBINDS, arc, 0))
        if isinstance(value, int):
            given += [name, "i", str(value)]
        else:
            given += [name, "x", value.encode("latin-1").hex()] if not value.isprintable() else [name, "s", value]
    return given


V2C = ("-v2c", "-c", "public")


async def snmptrap(port: int, *arguments: str, options: Sequence[str] = V2C, program: str = "snmptrap") -> int:
    """Send one by net-snmp to that port of 127.0.0.1; its exit code, which for an inform says whether it was heard."""
    found = shutil.which(program)
    if found is None:
        raise AssertionError(f"{program} is missing: apt-get install snmp")
    command = [found, "-Ln", "-m", "", "-r", "1", "-t", "2", *options, f"127.0.0.1:{port}", *arguments]
    with trio.fail_after(20):
        done = await trio.run_process(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode


snmpinform = partial(snmptrap, program="snmpinform")
