"""Users and devices -> a table that `reading` reads back without change. Passwords stay out unless they may be opened.

A user is a row with the devices behind; the fifth device begins another row of the same user, so that one user with a
hundred phones does not make every row a hundred phones wide. Columns that are not the vendor's own are written if
anybody has something in them. Not here: what is in the fleet but in no table (`daemon.config.export` has all of it).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from daemon.exchange.cells import table
from daemon.exchange.columns import DEVICE_COLUMNS, USER_COLUMNS
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import User
from daemon.provisioning.placeholders.lookup import looks_secret
from daemon.provisioning.sealing import open_values

OpenSecret = Callable[[str], str]

DEVICES_A_ROW = 4  # a desk phone, a conference room, one at home, and one to spare
_VENDORS = ("display_name", "mac", "serial", "model", "%Language", "%VLANMode", "%VLANID", "%VLANPriority")
_OURS = ("number", "site", "server", "template", "firmware", "nickname")
# The number is always there: without its column, the first device would be given that of its user.
_ALWAYS = frozenset({*_VENDORS, "number"})


def users_table(
    users: Iterable[User], devices: Iterable[DeviceRecord], *, open_secret: OpenSecret | None = None
) -> str:
    """CSV text. `open_secret` turns a sealed password into itself; None leaves passwords and their like out."""
    cells = [_Device(device, open_secret) for device in devices]
    owned: dict[tuple[str, str], list[_Device]] = defaultdict(list)
    for each in cells:
        owned[each.tenant, each.user].append(each)
    rows = [row for user in users for row in _rows(user, owned.pop((user.tenant, user.name), []))]
    for (tenant, name), theirs in owned.items():  # users whom only their devices name, and devices without one
        rows += [row for each in theirs for row in _rows(User(name, tenant), [each])]
    width = max((len(row[1]) for row in rows), default=1) or 1
    columns = _columns(cells, secrets=open_secret is not None)
    return table(_lines(rows, width, columns, open_secret))


class _Device:
    """A device as cells, by our name of the column."""

    __slots__ = ("cells", "tenant", "user")

    def __init__(self, record: DeviceRecord, open_secret: OpenSecret | None) -> None:
        self.tenant, self.user = record.tenant, record.user
        plain = {name: getattr(record, name) for name in (*_VENDORS, *_OURS) if not name.startswith("%")}
        values = open_values(record.placeholders, open_secret) if open_secret else record.placeholders
        shown = {f"%{name}": text for name, text in values.items() if open_secret or not looks_secret(name)}
        secret = {"password": open_secret(record.sip_password)} if open_secret and record.sip_password else {}
        self.cells: Mapping[str, str] = {**plain, **shown, **secret}


def _rows(user: User, devices: Sequence[_Device]) -> Iterator[tuple[User, Sequence[_Device]]]:
    for start in range(0, len(devices) or 1, DEVICES_A_ROW):
        yield user, devices[start : start + DEVICES_A_ROW]


def _columns(devices: Iterable[_Device], *, secrets: bool) -> list[str]:
    """The columns of a device: the vendor's, and whatever else anybody has."""
    used = {name for device in devices for name, text in device.cells.items() if text}
    others = sorted(name for name in used if name.startswith("%") and name not in _VENDORS)
    ours = [name for name in _OURS if name in used or name in _ALWAYS]
    return [*_VENDORS, *ours, *(["password"] if secrets else []), *others]


def _lines(
    rows: Iterable[tuple[User, Sequence[_Device]]], width: int, columns: Sequence[str], open_secret: OpenSecret | None
) -> Iterator[list[str]]:
    own = [name for name in USER_COLUMNS if name != "password" or open_secret]
    yield [USER_COLUMNS[name][0] for name in own] + [
        f"Device {at} {_title(name)}" for at in range(1, width + 1) for name in columns
    ]
    for user, devices in rows:
        line = [_user_cell(user, name, open_secret) for name in own]
        for device in islice([*devices, *(None,) * width], width):
            line += [device.cells.get(name, "") if device else "" for name in columns]
        yield line


def _title(name: str) -> str:
    known = DEVICE_COLUMNS.get(name)
    return known[0] if known else f"%ITCS_{name[1:]}%"


def _user_cell(user: User, name: str, open_secret: OpenSecret | None) -> str:
    if name == "password":
        return open_secret(user.sip_password) if open_secret and user.sip_password else ""
    text: str = getattr(user, name)
    return text
