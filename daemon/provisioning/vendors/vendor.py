"""What there is to know of a maker's phones: the seam that every vendor module fills in.

A vendor is a value, one constant in its module, made of tables and a few pure, total functions: whatever a phone
sends, they answer or say None. Not here: which vendors there are and whose phone is speaking (`registry`), and the
vendors themselves. How to add one: docs/vendors.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from daemon.fleet.model import Mac
from daemon.provisioning.vendors.syntax import Include, Setting


class Role(StrEnum):
    """What a file is to the phone that asks for it."""

    DEVICE = "device"  # the settings of one phone
    SHARED = "shared"  # settings that phones of a model share
    MASTER = "master"  # names the files that make up a phone's settings, holds none itself
    FIRST = "first"  # the file of a phone that knows nothing but our address
    OVERRIDES = "overrides"  # what somebody set at the phone itself
    DIRECTORY = "directory"  # names and numbers, or speed dials
    CALLS = "calls"  # the phone's own list of calls
    LICENCE = "licence"  # asked for out of habit; 404 is a good answer
    LOG = "log"  # what the phone tells about itself
    FIRMWARE = "firmware"


# What a phone writes back with PUT.
WRITTEN = frozenset({Role.OVERRIDES, Role.DIRECTORY, Role.CALLS, Role.LOG})


@dataclass(frozen=True, slots=True)
class FileRole:
    """What a name stands for; `mac` and `model` as far as the name says them."""

    role: Role
    mac: Mac | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class UserAgent:
    """A phone by its own account; "" or None for what it does not say. `model` is fit for file names."""

    brand: str = ""
    model: str = ""
    firmware: str = ""
    mac: Mac | None = None


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a firmware file says it is for."""

    model: str
    version: str


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of phone. None: not known."""

    name: str
    lines: int | None = None
    rest_server: bool | None = None  # takes commands over HTTP
    web_pages: bool | None = None


@dataclass(frozen=True, slots=True)
class Resync:
    """How a phone is told by SIP to fetch its settings: the Event of a NOTIFY, and its parameters.

    `chooses`: whether the phone heeds the parameters; if not, its own settings say whether it restarts.
    """

    event: str = "check-sync"
    restart: str = ";reboot=true"
    fetch: str = ";reboot=false"
    chooses: bool = True

    def header(self, reboot: bool) -> str:
        """The value of the Event header."""
        return f"{self.event}{self.restart if reboot else self.fetch}"


class Channel(StrEnum):
    """By which way a command reaches the phone."""

    KEEP_ALIVE = "keep-alive"  # in the answer to its report, or to the phone's own server if that is reachable
    HTTP = "http"  # only to the phone's own server, with the phone's own login


@dataclass(frozen=True, slots=True)
class PhoneCommand:
    """Something a phone can be told to do, as method, path and body.

    `body` holds what is sent unless the operator says otherwise. `taken`: what stands in the answer of a phone that
    obeys, "" if its status says all. `confirmed`: the path stands in a public source;
    the others follow its pattern and are not to be sent unless the operator permits guesses.
    """

    action: str
    method: str
    path: str
    body: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    channel: Channel = Channel.KEEP_ALIVE
    confirmed: bool = False
    taken: str = ""


class Effect(StrEnum):
    """What a phone does when a setting changes."""

    REBOOT = "reboot"
    VOIP_RELOAD = "voip reload"
    UI_RELOAD = "ui reload"
    LOG_RELOAD = "log reload"
    TIME_REFRESH = "time refresh"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KeyEffect:
    """What changing one family of keys triggers. `keys` matches from a key's beginning; `why` names the evidence."""

    keys: re.Pattern[str]
    effect: Effect
    why: str
    confirmed: bool = True


_NOTHING_KNOWN = KeyEffect(re.compile(""), Effect.UNKNOWN, "nothing public says", confirmed=False)


# Settings into the bytes of a phone's file. The same input gives the same bytes; of two equal keys the later one
# counts. `ConfigError` for what the syntax cannot hold: no key, value or name ever adds a line or an element.
Render = Callable[[Iterable[Setting | Include]], bytes]


# Compared by identity: there is one of each.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Vendor:
    """A maker of phones.

    `name` is in lower case, for settings and logs; `title` is for people. `template` names the shipped template for
    its models that have none of their own. `ouis`: the first six digits of its phones' MACs, in lower case.
    `dhcp_options`: those its phones ask for, the one they prefer first; `url_options`: those of them that carry our
    URL in text. `splits_option`: they take firmware and configuration in one URL, joined by a semicolon.

    `web_user` signs in at the phone's own server unless somebody says otherwise.

    `includes`: whether a device's file can include the shared one; if not, it holds the shared lines too.
    `write_master` makes the file of role MASTER, from the URL or name of the firmware, "" for none.
    """

    name: str
    title: str
    template: str
    ouis: tuple[str, ...]
    dhcp_options: tuple[int, ...]
    url_options: tuple[int, ...]
    content_type: str
    resync: Resync
    models: Mapping[str, Model]
    commands: Mapping[str, PhoneCommand]
    effects: Sequence[KeyEffect]
    read_user_agent: Callable[[str], UserAgent | None]
    file_role: Callable[[str], FileRole | None]
    device_file_name: Callable[[Mac], str]
    render: Render
    splits_option: bool = False
    web_user: str = ""
    includes: bool = False
    write_master: Callable[[str], bytes] | None = None
    read_image_header: Callable[[bytes], ImageHeader | None] | None = None

    def __repr__(self) -> str:
        return f"<Vendor {self.name}>"

    def effect(self, key: str) -> KeyEffect:
        """What changing `key` triggers, and how that is known; the first entry of the table that fits."""
        return next((entry for entry in self.effects if entry.keys.match(key)), _NOTHING_KNOWN)

    def makes(self, mac: Mac) -> bool:
        """Whether a MAC is out of this maker's ranges."""
        return mac[:6] in self.ouis


def table(*models: Model) -> Mapping[str, Model]:
    """Models by name."""
    return MappingProxyType({model.name: model for model in models})


def actions(*commands: PhoneCommand) -> Mapping[str, PhoneCommand]:
    """Commands by action."""
    return MappingProxyType({command.action: command for command in commands})


def effect(keys: str, what: Effect, why: str, *, confirmed: bool = True) -> KeyEffect:
    """An entry of a table of effects."""
    return KeyEffect(re.compile(keys), what, why, confirmed)
