"""The inventory file -> `Inventory`: tenants, servers, users, devices, numbers, connections; or every fault by line.

First each entry is checked alone (`entries`), then the entries against one another (`crosscheck`). What only the
running fleet can know is the fleet's to refuse. Not here: writing inventories (`export`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from daemon.config.block import Block
from daemon.config.crosscheck import check_entries
from daemon.config.entries import (
    WrittenConnection,
    WrittenDevice,
    WrittenNumber,
    WrittenServer,
    WrittenTenant,
    WrittenUser,
)
from daemon.config.faults import translate, unknown_key
from daemon.config.files import read_text, resolve_files
from daemon.config.positions import Items, Table, read_yaml
from daemon.config.sheet import Sheet, Where
from daemon.errors import ConfigError, Fault
from daemon.fleet.records import Inventory

Seal = Callable[[str], str]
_Written = TypeVar("_Written", bound=Block)

LISTS = ("tenants", "servers", "users", "devices", "numbers", "connections")
# Three times the largest fleet the program is measured with; a longer list is split over several imports.
MOST_DEVICES = 100_000


def load_inventory(path: Path, seal: Seal) -> Inventory:
    """The inventory in the file at `path`; `ConfigError` with every fault."""
    faults: list[Fault] = []
    text = read_text(path, faults)
    if faults:
        raise ConfigError(faults)
    return parse_inventory(text, str(path), seal, folder=path.parent.absolute())


def parse_inventory(text: str, file: str, seal: Seal, folder: Path | None = None) -> Inventory:
    """YAML -> `Inventory`; `ConfigError` with every fault. `file` is how faults call the text.

    `seal` turns a SIP password into the text that is kept. `sip_password_file` is read relative to `folder`; without
    one (the text came over the network) it is a fault.
    """
    faults: list[Fault] = []
    sheet = Sheet(read_yaml(text, file, faults), file, faults)
    _check_lists(sheet)
    tenants = list(_written(sheet, "tenants", WrittenTenant, folder))
    servers = list(_written(sheet, "servers", WrittenServer, folder))
    users = list(_written(sheet, "users", WrittenUser, folder))
    devices = list(_written(sheet, "devices", WrittenDevice, folder))
    numbers = list(_written(sheet, "numbers", WrittenNumber, folder))
    connections = list(_written(sheet, "connections", WrittenConnection, folder))
    check_entries(sheet)
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: fault.line))
    return Inventory(
        tenants=tuple(tenant.noun(seal) for tenant in tenants),
        servers=tuple(server.noun() for server in servers),
        users=tuple(user.noun(seal) for user in users),
        user_fields=MappingProxyType({user.key: user.fields() for user in users}),
        devices=tuple(device.noun(seal) for device in devices),
        device_fields=MappingProxyType({device.mac: device.fields() for device in devices}),
        numbers=tuple(number.noun() for number in numbers),
        connections=tuple(connection.noun() for connection in connections),
        connection_fields=MappingProxyType({connection.name: connection.fields() for connection in connections}),
    )


def _check_lists(sheet: Sheet) -> None:
    """The text holds the six lists and nothing else, and not too long ones."""
    for key, value in sheet.table.items():
        if key not in LISTS:
            sheet.fault((key,), *unknown_key(key, LISTS))
        elif value is not None and not isinstance(value, Items):
            sheet.fault((key,), "is not a list", "write one `- key: value` entry for each")
    if len(sheet.table.get("devices") or ()) > MOST_DEVICES:
        sheet.fault(("devices",), f"has more than {MOST_DEVICES} devices", "split the file over several imports")


def _written(sheet: Sheet, name: str, block: type[_Written], folder: Path | None) -> Iterator[_Written]:
    """The entries of one list that are right in themselves; faults for the others."""
    entries = sheet.table.get(name)
    for index, entry in enumerate(entries if isinstance(entries, Items) else ()):
        where = (name, index)
        if isinstance(entry, Table):
            resolve_files(entry, block, folder, partial(_report, sheet, where))
        try:
            yield block.model_validate(entry)
        except ValidationError as error:
            sheet.faults += translate(error, block, sheet.place, where)


def _report(sheet: Sheet, around: Where, where: Where, wrong: str, hint: str) -> None:
    """A fault at `where`, a path that begins at `around`."""
    sheet.fault((*around, *where), wrong, hint)
