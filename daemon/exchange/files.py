"""Any file with users and devices -> what it says: a table, or an archive with a table and the phones' own lines.

The one way in from bytes, and the one way out to an archive. Not here: tables (`reading`, `writing`), archives
(`bundle`), YAML (`daemon.config.inventory`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from daemon.errors import Fault
from daemon.exchange.bundle import is_bundle, unpack
from daemon.exchange.reading import MOST_FAULTS, Reading, Seal, Told, read_table
from daemon.fleet.model import Mac
from daemon.fleet.records import Document, Draft
from daemon.provisioning.user_lines import left_path, user_lines


def read_file(
    data: bytes, file: str, seal: Seal, *, most_lines: int, tenant: str = "", told: Told | None = None
) -> Reading:
    """A CSV or ZIP file -> what it says; never raises for anything in it."""
    if not is_bundle(data):
        return read_table(data, file, seal, most_lines=most_lines, tenant=tenant, told=told)
    unpacked = unpack(data, file)
    if unpacked.faults:
        shown = tuple(unpacked.faults[:MOST_FAULTS])
        return Reading(faults=shown, more_faults=len(unpacked.faults) - len(shown), warnings=tuple(unpacked.warnings))
    reading = read_table(unpacked.table, file, seal, most_lines=most_lines, tenant=tenant, told=told)
    known = {device.mac for device in reading.inventory.devices}
    strangers = [Fault(f"{mac}.cfg", 1, "zip", "is of no device in the table") for mac in unpacked.lines.keys() - known]
    drafts = tuple(_draft(mac, content, seal) for mac, content in unpacked.lines.items() if mac in known)
    return replace(
        reading,
        inventory=replace(reading.inventory, drafts=drafts),
        warnings=(*reading.warnings, *unpacked.warnings, *sorted(strangers, key=str)),
    )


def lines_to_pack(
    macs: Iterable[Mac], documents: Mapping[str, Document], open_text: Callable[[str], str]
) -> Iterator[tuple[Mac, str]]:
    """What users set on these phones, as far as we have it."""
    for mac in macs:
        document = documents.get(_path(mac))
        if document is not None and document.body:
            yield mac, open_text(document.body)


def _draft(mac: Mac, content: bytes, seal: Seal) -> Draft:
    """What of it is the user's to set; everything else is the operators', and would overrule them."""
    kept = user_lines(content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n"))
    return Draft(_path(mac), seal("".join(f"{line}\n" for line in kept)) if kept else "")


def _path(mac: Mac) -> str:
    return left_path(mac, f"{mac}.cfg")
