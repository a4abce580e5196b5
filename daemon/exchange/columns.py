"""What the columns of a users' table mean: the vendor's names, the names other tools use, and which device they are of.

First stand the user's columns, then those of device 1, 2 and so on: "Device 2 MAC Address", or "MAC Address" once more.
Names count in any case, with spaces, underscores or neither. A column nobody knows is a fault: what is misspelt would
be lost without a word. Not here: the cells below (`reading`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from daemon.errors import Fault

MOST_DEVICES = 60  # of one user in one row; more go into a row of their own

# Ours -> what others call it; the first is what an export writes.
USER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("Name", "User", "User Name", "Username"),
    "password": ("Password", "Secret", "SIP Password"),
    "display_name": ("Display Name",),
    "tenant": ("Tenant", "Tenant Name"),
    "number": ("Number", "Extension", "Phone Number", "Telephone Number", "User ID"),
}
DEVICE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "display_name": ("Display Name", "Device Display Name", "Device Label", "Device Name"),
    "mac": ("MAC Address", "MAC", "Device Address", "Device MAC", "Device MAC Address"),
    "serial": ("Serial Number", "Serial"),
    "model": ("IP Phone Model", "Phone Model", "Model", "Device Model", "Product"),
    "%Language": ("Language", "IP Phone Language"),
    "%VLANMode": ("VLAN Mode", "VLAN Discovery Mode"),
    "%VLANID": ("VLAN ID",),
    "%VLANPriority": ("VLAN Priority",),
    "number": ("Number", "Extension"),
    "password": ("Password", "Secret", "SIP Password"),
    "site": ("Site", "Site Name"),
    "server": ("Server",),
    "template": ("Template", "IP Phone Template"),
    "firmware": ("Firmware",),
    "nickname": ("Nickname",),
}
# Columns of other tools that say nothing we keep: the vendor follows from the model, the lines' ports from templates.
IGNORED = (
    *("Brand", "Vendor", "Device Vendor", "Device Template", "Line", "Line Number", "Server Address", "SIP Port"),
    *("SIP Transport", "Register Expires", "Shared Line", "Auth ID", "Device Provisioned Date", "Room Name"),
    *("Device Provisioned Method", "Device Provisioned IP", "Device UUID", "Domain UUID"),
)

_NUMBERED = re.compile(r"device[\s_]*(\d{1,2})[\s_]*(.*)", re.IGNORECASE | re.DOTALL)
_PLACEHOLDER = re.compile(r"%ITCS_([A-Za-z0-9_]{1,64})%\Z", re.IGNORECASE)
_NO_LETTER = re.compile(r"[\W_]+")


def _bare(title: str) -> str:
    """How a title is compared: letters and digits alone."""
    return _NO_LETTER.sub("", title.casefold())


_USER = {_bare(alias): name for name, aliases in USER_COLUMNS.items() for alias in aliases}
_DEVICE = {_bare(alias): name for name, aliases in DEVICE_COLUMNS.items() for alias in aliases}
_IGNORED = frozenset(map(_bare, IGNORED))
# Without a number in front these are the user's; only the display name can stand there a second time.
_USER_FIRST = frozenset(_USER)
_EVERY_TITLE = [alias for group in (*USER_COLUMNS.values(), *DEVICE_COLUMNS.values()) for alias in group]


@dataclass
class Layout:
    """Where each field stands: the user's, and those of each device, by its place in the row."""

    titles: tuple[str, ...] = ()
    user: dict[str, int] = field(default_factory=dict)
    devices: list[dict[str, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def title(self, index: int) -> str:
        """What the file calls a column."""
        return self.titles[index].strip()


def read_header(cells: Iterable[str], file: str, line: int) -> Layout:
    """The header row -> where everything stands, with every fault of it."""
    layout = Layout(tuple(cells))
    groups: dict[int, dict[str, int]] = {}
    current = 1
    for index, cell in enumerate(layout.titles):
        numbered = _NUMBERED.match(cell.strip())
        if numbered and 1 <= int(numbered.group(1)) <= MOST_DEVICES:
            current = int(numbered.group(1))
            name = _device_field(numbered.group(2))
            placed = name and _put(groups.setdefault(current, {}), name, index)
        else:
            placed, current = _place(layout, groups, current, cell, index)
        if not placed:
            _unplaced(layout, cell, file, line)
    layout.devices = [groups[number] for number in sorted(groups)]
    if not layout.faults and "name" not in layout.user and not any("mac" in group for group in layout.devices):
        layout.faults.append(
            Fault(file, line, "header", "names neither users nor devices", "it needs a column Name or MAC Address")
        )
    return layout


def _place(layout: Layout, groups: dict[int, dict[str, int]], current: int, cell: str, index: int) -> tuple[bool, int]:
    """Whether a title without a number found its place, and which device is the current one now."""
    bare = _bare(cell)
    if not bare:
        return not cell.strip(), current  # an empty column at the end is what spreadsheets leave
    if bare in _USER_FIRST and _put(layout.user, _USER[bare], index):
        return True, current
    name = _device_field(cell)
    if not name or (bare in _USER_FIRST and bare != "displayname"):
        return False, current
    if name in groups.get(current, {}):
        current += 1  # the same column again: the next device begins
    return current <= MOST_DEVICES and _put(groups.setdefault(current, {}), name, index), current


def _device_field(title: str) -> str:
    placeholder = _PLACEHOLDER.match(title.strip())
    return f"%{placeholder.group(1)}" if placeholder else _DEVICE.get(_bare(title), "")


def _put(fields: dict[str, int], name: str, index: int) -> bool:
    """Whether that field had no column before."""
    return fields.setdefault(name, index) == index


def _unplaced(layout: Layout, cell: str, file: str, line: int) -> None:
    bare, title = _bare(cell), cell.strip()[:60]
    if bare in _IGNORED:
        layout.warnings.append(Fault(file, line, title, "is not used", "nothing we keep follows from it"))
    elif bare in _USER or _device_field(cell) or _NUMBERED.match(cell.strip()):
        known = _device_field((_NUMBERED.match(cell.strip()) or [cell, "", cell])[2])
        wrong, hint = ("stands twice", "keep one of them") if bare in _USER or known else _unknown(title)
        layout.faults.append(Fault(file, line, title, wrong, hint))
    else:
        layout.faults.append(Fault(file, line, title, *_unknown(title)))


def _unknown(title: str) -> tuple[str, str]:
    near = get_close_matches(title.title(), _EVERY_TITLE, n=1)
    hint = f"did you mean {near[0]}?" if near else "a setting of the phone is a placeholder: call it %ITCS_<name>%"
    return "is a column nobody knows", hint
