"""The configuration files -> `Settings`, or every fault in them at once, each with file, line and key.

The main file and `conf.d/*.yml` beside it are merged in name order: later files win, blocks are merged, lists
replaced. Not here: what the keys mean and their defaults (`settings`), what may change while running (`reload`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from daemon.config.certificates import check_certificates
from daemon.config.faults import translate
from daemon.config.files import read_text, resolve_files
from daemon.config.positions import Table, merge, read_yaml
from daemon.config.settings import Settings
from daemon.config.shape import TWIN
from daemon.config.sheet import Sheet
from daemon.errors import ConfigError, Fault

DROP_INS = "conf.d"
# Some hundred keys exist; a text that unfolds to more values than this multiplies by aliases.
MOST_VALUES = 100_000


def load_settings(path: Path) -> Settings:
    """Read the main file at `path` and its drop-ins; `ConfigError` with every fault if they cannot be used."""
    faults: list[Fault] = []
    files = (path, *drop_ins(path))
    table = Table()
    for file in files:
        table = merge(table, read_yaml(read_text(file, faults), str(file), faults, MOST_VALUES))
    sheet = Sheet(table, str(path), faults)
    resolve_files(table, Settings, path.parent.absolute(), sheet.fault)
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        unread = {fault.key for fault in faults}  # of a secret whose file could not be read, that is enough
        found = translate(error, Settings, sheet.place)
        faults += [fault for fault in found if fault.key + TWIN not in unread]
    else:
        check_certificates(settings, sheet)
    if faults:
        order = {str(file): rank for rank, file in enumerate(files)}
        raise ConfigError(sorted(faults, key=lambda fault: (order[fault.file], fault.line)))
    return settings


def drop_ins(path: Path) -> tuple[Path, ...]:
    """The files merged over the main file at `path`, in the order in which they are read."""
    return tuple(sorted(path.parent.glob(f"{DROP_INS}/*.yml")))
