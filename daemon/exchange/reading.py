"""A users' table -> an inventory, with every fault by line and column; and the same without its bad lines.

A cell that is empty says nothing: what is known stays. A row's user is made if the row says something of the user or
has no device; the password and the number of a row are its devices' too, unless the devices have columns of their own
for them. The forms of all values are those of the inventory file. Not here: what the running fleet objects to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from daemon.config.entries import WrittenDevice, WrittenUser
from daemon.config.faults import translate
from daemon.errors import Fault
from daemon.exchange.cells import Row, Unreadable, decode, rows
from daemon.exchange.columns import Layout, read_header
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.records import LAID_OVER, Inventory, User
from daemon.provisioning.placeholders.known import value_faults

Seal = Callable[[str], str]
Told = Callable[[int], None]

MOST_FAULTS = 100  # as many as anybody mends before trying again; the others are counted
_KEPT = 100  # rows whose sealed password and judged values are remembered: those that lie close together
TELL_EVERY = 500  # rows between two words about how far it has come

_DIALABLE = re.compile(r"\+?[0-9*#]{1,63}\Z")
_STRIPPED = frozenset({"mac", "number", "tenant", "site", "server", "%VLANMode", "%VLANID", "%VLANPriority"})
# How the vendor's own table spells what it calls VLAN discovery modes.
_MODES = {"none": "", "disabled": "Disable", "manual configuration": "Manual", "cdplldp": "CDP_LLDP"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table says. `lines` tells where a thing stands, by what `Objection.about` calls it."""

    inventory: Inventory = field(default_factory=Inventory)
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    rows: int = 0
    faults: tuple[Fault, ...] = ()
    more_faults: int = 0  # beyond MOST_FAULTS
    warnings: tuple[Fault, ...] = ()

    def without(self, bad: frozenset[int]) -> Reading:
        """The same without these lines."""
        inventory, lines = self.inventory, self.lines
        return replace(
            self,
            inventory=replace(
                inventory,
                users=tuple(user for user in inventory.users if lines[f"user {user.key}"] not in bad),
                devices=tuple(each for each in inventory.devices if lines[f"device {each.mac}"] not in bad),
                drafts=tuple(each for each in inventory.drafts if lines[f"device {each.path[5:17]}"] not in bad),
            ),
        )


def read_table(
    data: bytes, file: str, seal: Seal, *, most_lines: int, tenant: str = "", told: Told | None = None
) -> Reading:
    """A CSV file -> what it says; never raises for anything in it. `tenant` is whose a row is that names none.

    `told` hears now and then how many rows have been read.
    """
    reader = _Reader(file, seal, most_lines, tenant, told or (lambda _rows: None))
    try:
        text, warning = decode(data)
        if warning:
            reader.warnings.append(Fault(file, 1, "encoding", warning))
        reader.read(rows(text))
    except Unreadable as broken:
        reader.fault(broken.line, "syntax", broken.wrong, broken.hint)
    return reader.reading()


class _Reader:
    """Goes through a table once."""

    def __init__(self, file: str, seal: Seal, most_lines: int, tenant: str, told: Told) -> None:
        self._file = file
        self._seal = lru_cache(_KEPT)(seal)  # a row's password is its user's and its devices'
        self._wrong_values = lru_cache(_KEPT)(_wrong_values)  # most phones of a site have the same
        self._most = most_lines
        self._tenant = tenant
        self._told = told
        self._rows = 0
        self._faults: list[Fault] = []
        self._more = 0
        self.warnings: list[Fault] = []
        self._users: dict[str, User] = {}
        self._user_fields: dict[str, frozenset[str]] = {}
        self._devices: dict[Mac, DeviceRecord] = {}
        self._device_fields: dict[Mac, frozenset[str]] = {}
        self._lines: dict[str, int] = {}
        self._numbers: dict[str, int] = {}  # -> the line that gives it to a device
        self._fields: dict[frozenset[str], frozenset[str]] = {}  # most rows write the same ones

    def fault(self, line: int, column: str, wrong: str, hint: str = "") -> None:
        """Note what is wrong, or that there is more."""
        fault = Fault(self._file, line, column, wrong, hint)
        if len(self._faults) >= MOST_FAULTS:
            self._more += 1
        elif fault not in self._faults[-4:]:  # the user and the device of a row take the same cell
            self._faults.append(fault)

    def read(self, table: Iterator[Row]) -> None:
        """Every row of it."""
        header = next(table, None)
        if header is None:
            self.fault(1, "header", "the file is empty", "its first line names the columns")
            return
        layout = read_header(header.cells, self._file, header.line)
        self.warnings += layout.warnings
        for each in layout.faults:
            self.fault(each.line, each.key, each.wrong, each.hint)
        if layout.faults:
            return  # what the cells below mean is not known
        for row in table:
            self._rows += 1
            if self._rows > self._most:
                hint = "split the file, or raise imports.max_lines"
                self.fault(row.line, "syntax", f"there are more than {self._most} lines of users and devices", hint)
                return
            self._row(layout, row)
            if self._rows % TELL_EVERY == 0:
                self._told(self._rows)

    def reading(self) -> Reading:
        """What was found."""
        return Reading(
            inventory=Inventory(
                users=tuple(self._users.values()),
                user_fields=MappingProxyType(self._user_fields),
                devices=tuple(self._devices.values()),
                device_fields=MappingProxyType(self._device_fields),
            ),
            lines=MappingProxyType(self._lines),
            rows=self._rows,
            faults=tuple(self._faults),
            more_faults=self._more,
            warnings=tuple(self.warnings),
        )

    def _row(self, layout: Layout, row: Row) -> None:
        """Take a row, or none of it."""
        before = len(self._faults) + self._more
        if len(row.cells) > len(layout.titles) and any(map(str.strip, row.cells[len(layout.titles) :])):
            self.fault(row.line, "syntax", "has more cells than the header has columns", "quote a cell with a comma")
        user_cells = _cells(layout.user, row)
        groups = [_cells(columns, row) for columns in layout.devices]
        present = [(at, cells) for at, cells in enumerate(groups) if cells]
        user = self._user(layout, row, user_cells, with_device=bool(present))
        devices = [self._device(layout, row, user_cells, at, cells) for at, cells in present]
        if not user_cells.get("name") and not present:
            self.fault(row.line, layout.title(0), "names neither a user nor a device", "fill in Name or MAC Address")
        if len(self._faults) + self._more == before:
            self._keep(row, user, [device for device in devices if device])

    def _user(self, layout: Layout, row: Row, cells: Mapping[str, str], *, with_device: bool) -> WrittenUser | None:
        if not cells.get("name"):
            return None
        written = {"name": cells["name"], "tenant": cells.get("tenant", self._tenant)}
        written |= {ours: cells[theirs] for ours, theirs in _USER_FIELDS if theirs in cells}
        if len(written) == len(("name", "tenant")) and with_device:
            return None
        if "number" not in layout.user and _DIALABLE.match(cells["name"]):
            written["number"] = cells["name"]
        user: WrittenUser | None = self._valid(WrittenUser, written, layout.user, layout, row)
        if user is not None and f"user {user.key}" in self._lines:
            self._check_second(layout, row, user, with_device=with_device)
        return user

    def _check_second(self, layout: Layout, row: Row, user: WrittenUser, *, with_device: bool) -> None:
        """A user may stand in several lines, one for each device, if the lines agree."""
        known, line = self._users[user.key], self._lines[f"user {user.key}"]
        if not with_device or user.noun(self._seal) != known:
            hint = "keep one of the two lines" if not with_device else "let both say the same of the user"
            title = layout.title(layout.user["name"])
            self.fault(row.line, title, f"user {user.name!r} stands in line {line} already", hint)

    def _device(
        self, layout: Layout, row: Row, user: Mapping[str, str], at: int, cells: Mapping[str, str]
    ) -> WrittenDevice | None:
        columns = layout.devices[at]
        if "mac" not in cells:
            first = layout.title(min(columns.values()))
            self.fault(row.line, first, "says something of a device without a MAC address", "fill in MAC Address")
            return None
        written: dict[str, Any] = {name: text for name, text in cells.items() if name[0] != "%" and name != "password"}
        written |= {ours: user[theirs] for ours, theirs in (("user", "name"), ("tenant", "tenant")) if theirs in user}
        if "tenant" not in written and self._tenant:
            written["tenant"] = self._tenant
        password = cells.get("password") or ("" if "password" in columns else user.get("password", ""))
        if password:
            written["sip_password"] = password
        if at == 0:
            written |= _of_the_first(layout, user, columns)
        values = {name[1:]: text for name, text in cells.items() if name[0] == "%"}
        if values:
            written["placeholders"] = values
        for name, wrong in self._wrong_values(tuple(values.items())):
            self.fault(row.line, layout.title(columns[f"%{name}"]), wrong)
        device: WrittenDevice | None = self._valid(WrittenDevice, written, columns, layout, row)
        if device is not None:
            self._check_doubles(layout, row, columns, device)
        return device

    def _check_doubles(self, layout: Layout, row: Row, columns: Mapping[str, int], device: WrittenDevice) -> None:
        where = self._lines.get(f"device {device.mac}")
        if where is not None:
            title = layout.title(columns["mac"])
            self.fault(row.line, title, f"device {device.mac} stands in line {where} already", "keep one of them")
        holder = self._numbers.setdefault(device.number, row.line) if device.number else row.line
        if holder != row.line:
            title = layout.title(columns.get("number", layout.user.get("number", 0)))
            self.fault(row.line, title, f"number {device.number} is that of line {holder} already", "keep one of them")

    def _valid(
        self, block: type[Any], written: dict[str, Any], columns: Mapping[str, int], layout: Layout, row: Row
    ) -> Any:
        try:
            return block.model_validate(written)
        except ValidationError as error:
            for fault in translate(error, block, lambda _path: (self._file, row.line)):
                key = fault.key.partition(".")[0]
                theirs = {"sip_password": "password", "user": "name"}.get(key, key)
                index = columns.get(theirs, layout.user.get(theirs, 0))
                self.fault(row.line, layout.title(index), fault.wrong, fault.hint)
            return None

    def _keep(self, row: Row, user: WrittenUser | None, devices: list[WrittenDevice]) -> None:
        if user is not None:
            self._users.setdefault(user.key, user.noun(self._seal))
            self._user_fields.setdefault(user.key, self._same(user.fields()))
            self._lines.setdefault(f"user {user.key}", row.line)
        for device in devices:
            fields = device.fields()
            if "placeholders" in fields:
                fields = (fields - {"placeholders"}) | {LAID_OVER}
            self._devices[device.mac] = device.noun(self._seal)
            self._device_fields[device.mac] = self._same(fields)
            self._lines[f"device {device.mac}"] = row.line

    def _same(self, fields: frozenset[str]) -> frozenset[str]:
        return self._fields.setdefault(fields, fields)


_USER_FIELDS = (("display_name", "display_name"), ("number", "number"), ("sip_password", "password"))


def _of_the_first(layout: Layout, user: Mapping[str, str], columns: Mapping[str, int]) -> dict[str, str]:
    """What a row says of its user and means its first device: the number, and without a user the name shown, too."""
    found = {}
    if "number" not in columns:
        name = user.get("name", "")
        number = user.get("number") or (name if "number" not in layout.user and _DIALABLE.match(name) else "")
        if number:
            found["number"] = number
    if not user.get("name") and "display_name" not in columns and "display_name" in user:
        found["display_name"] = user["display_name"]
    return found


def _wrong_values(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(value_faults(dict(values)))


def _cells(columns: Mapping[str, int], row: Row) -> dict[str, str]:
    """The cells that say something, by field."""
    found, cells, width = {}, row.cells, len(row.cells)
    for name, index in columns.items():
        if index >= width or not cells[index] or cells[index].isspace():
            continue
        cell = cells[index].strip() if name in _STRIPPED else cells[index]
        if name == "%VLANMode":
            cell = _MODES.get(cell.casefold(), cell)
        if cell:
            found[name] = cell
    return found
