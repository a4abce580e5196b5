"""Configuration lines that a tenant, a site or a phone's user wants in a file, beside what its template says.

They stand in documents as text, one line each as in a template. Not here: where they go in (`template`), who may write
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from daemon.errors import ConfigError, Fault
from daemon.fleet.model import Mac
from daemon.provisioning.templates.daylight import DAYLIGHT_LINES
from daemon.provisioning.templates.template import Line, Marker, line_faults, read_lines

Lines = tuple[Line, ...]


class Texts(Protocol):
    """Who knows the documents."""

    def text(self, path: str) -> str:
        """A document's text, "" if there is none."""


def lines_path(tenant: str, site: str = "") -> str:
    """Where the extra lines of a tenant stand, or those of its site."""
    return f"lines/site/{tenant}/{site}" if site else f"lines/tenant/{tenant}"


def read_extra_lines(path: str, text: str) -> Lines:
    """The lines of such a document that say something; `ConfigError` names every one that will not do."""
    lines = tuple(line for line in read_lines(text, origin=path) if not line.says_nothing)
    faults = line_faults(path, lines)
    faults += [Fault(path, line.number, line.marker, "a marker has no place here") for line in lines if line.marker]
    if faults:
        raise ConfigError(faults)
    return lines


def insertions(texts: Texts, tenant: str, site: str = "", mac: Mac | None = None) -> Mapping[Marker, Lines]:
    """What goes in at each marker for a device; without site and MAC what a whole tenant shares."""
    user = f"user/{mac}" if mac else ""
    return {
        Marker.DAYLIGHT: DAYLIGHT_LINES,
        Marker.TENANT: _read(texts, lines_path(tenant)) if tenant else (),
        Marker.SITE: _read(texts, lines_path(tenant, site)) if site else (),
        Marker.USER: _read(texts, user) if user else (),
    }


def _read(texts: Texts, path: str) -> Lines:
    text = texts.text(path)
    return read_extra_lines(path, text) if text else ()
