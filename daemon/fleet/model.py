"""The nouns of devices: who they are, where they belong, in which state. Frozen values that read and print themselves.

Times are UTC seconds since the epoch on the program's single time axis (`daemon.scheduler.clock`); durations
are seconds. The live, changing record of a device is `daemon.fleet.device.Device`; the rules that move it stand
in the modules beside it. Not here: the nouns of alarms (`notifications`) and of all else that is kept (`records`).
"""

from __future__ import annotations

import math
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import NewType

from daemon.errors import BadMessage

Network = IPv4Network | IPv6Network
Mac = NewType("Mac", str)
Placeholders = Mapping[str, str]

NO_PLACEHOLDERS: Placeholders = MappingProxyType({})

_MAC_SHAPE = re.compile(r"[0-9a-f]{12}\Z")
_MAC_PUNCTUATION = str.maketrans("", "", ":-. ")


_SOCKADDR_IN = struct.Struct("=H2s4s8x")
_SOCKADDR_IN6 = struct.Struct("=H2s4x16s4x")


FAMILIES = {_SOCKADDR_IN.size: int(socket.AF_INET), _SOCKADDR_IN6.size: int(socket.AF_INET6)}
"""By the length of a socket address."""


def socket_address(host: str, port: int) -> bytes:
    """A numeric host and its port as C's `struct sockaddr_in` or `sockaddr_in6` (ip(7), ipv6(7)); b"" for a name."""
    wire_port = port.to_bytes(2, "big")
    try:
        if ":" in host:
            return _SOCKADDR_IN6.pack(socket.AF_INET6, wire_port, socket.inet_pton(socket.AF_INET6, host))
        return _SOCKADDR_IN.pack(socket.AF_INET, wire_port, socket.inet_pton(socket.AF_INET, host))
    except (OSError, ValueError):
        return b""


def parse_mac(text: str) -> Mac:
    """Twelve hex digits in any case and punctuation -> twelve lower-case digits; `BadMessage` ("mac") otherwise."""
    bare = text.translate(_MAC_PUNCTUATION).lower()
    if not _MAC_SHAPE.match(bare):
        raise BadMessage("mac", f"not a MAC address: {text[:40]!r}")
    return Mac(bare)


def mac_or_none(text: str) -> Mac | None:
    """The same of a text that may as well be something else."""
    try:
        return parse_mac(text)
    except BadMessage:
        return None


class Reachability(StrEnum):
    """What the qualify pings say (MOR's six registration statuses)."""

    OK = "OK"
    LAGGED = "LAGGED"
    UNREACHABLE = "UNREACHABLE"
    UNKNOWN = "UNKNOWN"
    UNMONITORED = "UNMONITORED"
    NO_STATUS = "NO_STATUS"


class Presence(StrEnum):
    """What the phone's own keep-alives say; DISCONNECTED and NEVER_SEEN are our conclusions, not the phone's."""

    STARTED = "STARTED"
    REGISTERED = "REGISTERED"
    UNREGISTERED = "UNREGISTERED"
    OFFLINE = "OFFLINE"
    DISCONNECTED = "DISCONNECTED"
    NEVER_SEEN = "NEVER_SEEN"


class Status(StrEnum):
    """The one status an operator looks at first (Live Platform's four)."""

    OK = "OK"
    WARNING = "WARNING"
    ERROR = "ERROR"
    UNMONITORED = "UNMONITORED"


@dataclass(frozen=True, slots=True)
class Site:
    """A place within a tenant; its subnet lies inside the tenant's."""

    name: str
    subnet: Network | None = None
    placeholders: Placeholders = field(default_factory=lambda: NO_PLACEHOLDERS)
    timezone: str = ""  # as the IANA database names it; "": the tenant's


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer. Its subnets say which phones are believed and, without a URL, whose a new phone is."""

    name: str
    description: str = ""
    subnet: Network | None = None
    default: bool = False
    sites: tuple[Site, ...] = ()
    placeholders: Placeholders = field(default_factory=lambda: NO_PLACEHOLDERS)
    authentication: str = ""  # of REGISTER, as `sip.authentication`; "": as it says there
    interval: float | None = None  # of its devices' pings, and their limit for LAGGED; None: as `qualify` says
    lagged_after: float | None = None
    # Which proofs a phone may show for its complete file (`provisioning.first_contact.Rung`); none written: as
    # `provisioning.rungs` says. `addresses` are the networks of the rung of that name.
    rungs: tuple[str, ...] = ()
    addresses: tuple[Network, ...] = ()
    unprotected: str = ""  # as `provisioning.unprotected`; "": as it says there
    timezone: str = ""  # as the IANA database names it; "": UTC

    def networks(self) -> tuple[Network, ...]:
        """Every network whose phones this tenant owns, its own first."""
        return tuple(n for n in (self.subnet, *(site.subnet for site in self.sites)) if n is not None)

    def site_named(self, name: str) -> Site | None:
        """The site of that name, if this tenant has it."""
        return next((site for site in self.sites if site.name == name), None)


@dataclass(frozen=True, slots=True)
class Server:
    """A SIP server that devices are assigned to. `address` is its SIP URI."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a device can be reached by SIP: the Contact URI, and the socket address the packets go to.

    Over "tcp" and "tls" the address is the far end of the connection it registered over, and that very connection is
    used. Over "udp" they leave by `listener`, the one of ours that it registered at, as the settings write it
    (`udp://192.0.2.1:5060`, with the port it really got), since nothing else may pass a NAT or a firewall; "" if it did
    not register here. `route` are the Path URIs (RFC 3327) that a request to it must carry, topmost first.
    """

    uri: str
    host: str
    port: int
    # None: a static contact from the inventory, which never expires. Infinity: learned from another server, which alone
    # says when it ends.
    expires_at: float | None = None
    transport: str = "udp"
    route: tuple[str, ...] = ()
    listener: str = ""
    # What is asked at every ping and worked out once: the address as the kernel wants it for a datagram, and whether a
    # datagram without further headers will do (`socket.AF_INET` or `AF_INET6`, else 0).
    socket_address: bytes = field(init=False, repr=False, compare=False)
    family: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        address = socket_address(self.host, self.port)
        plain = address and self.transport == "udp" and not self.route and "?" not in self.uri
        object.__setattr__(self, "socket_address", address)
        object.__setattr__(self, "family", FAMILIES[len(address)] if plain else 0)

    @property
    def static(self) -> bool:
        """Whether an operator wrote this contact down, instead of the phone registering it."""
        return self.expires_at is None

    @property
    def learned(self) -> bool:
        """Whether another server told us of this contact, instead of the phone registering it here."""
        return self.expires_at == math.inf


@dataclass(frozen=True, slots=True)
class LearnedContact:
    """Another server says that the device whose number is `user` registered this contact with it."""

    user: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact that a device registered (RFC 3261 section 10.3), and what the registration was made with.

    `instance` and `reg_id` are those of RFC 5626, "" and 0 without; together they name the binding, else the URI does.
    """

    contact: Contact
    call_id: str
    cseq: int
    q: float = 1.0
    instance: str = ""
    reg_id: int = 0


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What operators decided about a device; changes only by an operator's act or an approval.

    `approved` is False for a phone that nobody has defined yet (it waits among the unapproved). `sip_password` is
    sealed text (`daemon.provisioning.sealing`), never the password. `armed_until` is the end of the window in which
    a first fetch gets the complete file; `secret_generation` changes the permanent secret when raised. The values of
    `placeholders` that look secret are sealed as well.
    """

    mac: Mac
    model: str = ""
    tenant: str = ""
    site: str = ""
    user: str = ""
    display_name: str = ""
    number: str = ""
    server: str = ""
    qualify: bool = True
    lagged_after: float | None = None
    contact: str = ""
    sip_password: str = ""
    placeholders: Placeholders = field(default_factory=lambda: NO_PLACEHOLDERS)
    approved: bool = True
    armed_until: float = 0.0
    secret_generation: int = 0
    interval: float | None = None
    template: str = ""  # chosen for this device; "": the default of its tenant and model
    firmware: str = ""  # the file it is to run; "": its model's
    serial: str = ""
    nickname: str = ""
    token_hash: str = ""  # SHA-256 (hex) of the one-time token of its first contact; "": none, or used
    token_until: float = 0.0
    defined_at: float = 0.0  # when it was defined or approved: of too many for the licence the newest are blocked

    @property
    def place(self) -> str:
        """Its site as "tenant/site", "" for none."""
        return f"{self.tenant}/{self.site}" if self.site else ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a phone says of itself in a keep-alive; all values are text, empty when not sent."""

    status: str = ""
    model: str = ""
    firmware: str = ""
    ip: str = ""
    subnet_mask: str = ""
    vlan: str = ""
    user_name: str = ""
    user_id: str = ""
    number: str = ""
    sip_proxy: str = ""
    location: str = ""
    region: str = ""
    user_agent: str = ""
    btoe_status: str = ""
    btoe_version: str = ""
    usb_headset: str = ""
    hrs_model: str = ""
    hrs_firmware: str = ""
    ems_user: str = ""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What became of a device, as it is kept on disk: enough to go on after a restart as if there had been none."""

    mac: Mac
    presence: Presence
    presence_reason: str
    presence_since: float
    last_seen: float | None
    source: str
    report: Report | None
    reachability: Reachability
    reachability_reason: str
    reachability_since: float
    contact: Contact | None
    registered_server: str
    ever_registered: bool
    bindings: tuple[Binding, ...] = ()


class ConnectionKind(StrEnum):
    """What stands at the other end of a SIP connection."""

    SBC = "sbc"
    TRUNK = "trunk"
    BYOC = "byoc"
    IP_PBX = "ip-pbx"


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """A SIP connection as an operator defined it. `target` is its SIP URI, whose host may be a name.

    `interval` and `lagged_after` (seconds) are its own; None is what `qualify` says for all.
    """

    name: str
    target: str
    kind: ConnectionKind = ConnectionKind.TRUNK
    tenant: str = ""
    site: str = ""
    qualify: bool = True
    interval: float | None = None
    lagged_after: float | None = None

    @property
    def place(self) -> str:
        """Its site as "tenant/site", "" for none."""
        return f"{self.tenant}/{self.site}" if self.site else ""

    @property
    def key(self) -> str:
        """What its pings and its timeline name it by; no MAC has a slash."""
        return f"connection/{self.name}"


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A SIP connection as it is kept on disk: what operators wrote, and where it stands."""

    record: ConnectionRecord
    reachability: Reachability
    reachability_reason: str
    reachability_since: float


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a timeline: which axis moved, from what to what, when and why.

    `key` says whose: a device's MAC, or "connection/<name>" for a SIP connection.
    """

    key: str
    at: float
    axis: str  # "reachability" | "presence" | "number" | "provisioning"
    old: str
    new: str
    reason: str
