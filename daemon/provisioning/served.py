"""The shapes in which phones' files are asked for and given: request, answer, refusal. No rule, no disk, no wire.

The listener turns a URL into a `FileRequest`; whoever knows templates and devices turns that into a `ServedFile`
or a `Refusal`. Not here: which file is due to whom (`daemon.provisioning`), paths and headers (`daemon.http.phones`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from daemon.fleet.events import FileMade
from daemon.fleet.model import Mac


class FileKind(StrEnum):
    """Which of the phones' paths a configuration file was asked for by."""

    TENANT = "tenant"  # /ipp/tenant/<tenant>/<name>
    REGION = "region"  # /ipp/region/<region>/<name>: the region is a tenant's or a site's name
    HTTPPROXY = "httpproxy"  # /ipp/httpproxy/<name>: through an SBC
    SYSTEM = "system"  # /ipp/<name>: no tenant named
    CONFIGFILES = "configfiles"  # /configfiles/<name>: the folder a first file sends the phone to


def read_path(path: str) -> tuple[FileKind, str, str] | None:
    """A configuration file's path -> its kind, the tenant or region it names ("" if none) and its name; else None."""
    match path.split("/"):
        case ["", "ipp", ("tenant" | "region") as kind, place, name]:
            return FileKind(kind), place, name
        case ["", "ipp", "httpproxy", name]:
            return FileKind.HTTPPROXY, "", name
        case ["", "ipp", name]:
            return FileKind.SYSTEM, "", name
        case ["", "configfiles", name]:
            return FileKind.CONFIGFILES, "", name
    return None


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A phone wants a configuration file.

    `name` is the last part of the path as the phone wrote it (`00908F4867AF.cfg`, `dhcpoption160.cfg`, a global
    file's name), already free of separators. `tenant_url` is the tenant or region in the path, "" if it names none.
    `source` is the peer's address ("" over a Unix socket), `secret` what stood behind `/k/`, "" if nothing did,
    `host` how the phone addresses us (the Host header, else the local address; may carry a port). `token` is what
    stood behind `/t/`, likewise; `login` and `certificate` name the phone whose they are, None without one.
    """

    kind: FileKind
    tenant_url: str
    name: str
    source: str
    user_agent: str
    secret: str
    host: str
    token: str = ""
    login: Mac | None = None
    certificate: Mac | None = None


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file to hand out. `mac` is None for files that belong to no phone.

    `complete`: nothing was stripped. `with_secret`: the phone proved itself by its permanent secret, `with_token`: it
    showed its one-time token, which is spent with this. `secret_inside`: the body holds a password or secret, so no
    cache may keep it. `newcomer_of` names the tenant of a phone that nobody defined yet, "" for all others. `made` is
    the file as a version to be kept first, None if the phone has it already. `digest` is the SHA-256 (hex) of the body
    if it is known, as it is of files from the cache. `reason` says why it was served as it was.
    """

    body: bytes
    content_type: str
    template_name: str
    mac: Mac | None
    model: str
    complete: bool
    with_secret: bool
    reason: str
    secret_inside: bool = True
    newcomer_of: str = ""
    with_token: bool = False
    made: FileMade | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No file. `reason` is a short stable token for counters, `detail` is for the log; the phone is told 404.

    `tenant`, `model` and `mac` are those of the phone that was refused, as far as they are known; `mac` only where it
    was refused for want of proof.
    """

    reason: str
    detail: str = ""
    tenant: str = ""
    model: str = ""
    mac: Mac | None = None
