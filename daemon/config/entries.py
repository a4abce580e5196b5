"""One entry of the inventory as an operator writes it: its keys, their forms and limits, and the noun it becomes.

Texts end up in phones' configuration files, in URLs and in SIP headers, so control characters are refused here, once.
Not here: anything that takes a second entry to judge (`inventory`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from daemon.config.block import Block
from daemon.config.contact_settings import RungName
from daemon.config.durations import Duration
from daemon.errors import BadMessage
from daemon.fleet.model import (
    NO_PLACEHOLDERS,
    ConnectionKind,
    ConnectionRecord,
    DeviceRecord,
    Mac,
    Placeholders,
    Server,
    Site,
    Tenant,
    parse_mac,
)
from daemon.fleet.records import NumberEntry, NumberStatus, User
from daemon.provisioning.sealing import seal_values
from daemon.sip.locate import is_name, is_numeric, transport_of
from daemon.sip.uri import parse_sip_uri


def _mac(value: object) -> Mac:
    try:
        return parse_mac(str(value))
    except BadMessage:
        raise ValueError(f"{str(value)[:40]!r} is not a MAC address: write twelve hex digits") from None


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError(f"{str(value)[:60]!r} is not a network: write it as 10.1.0.0/16, no bits behind it") from None


def _numeric(uri: str) -> str:
    """A static contact is sent to without any lookup, so its host is an address."""
    if not uri:
        return uri
    host = uri.partition(":")[2].rpartition("@")[2]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"{host!r} is not an IP address: write it like sip:2041@10.1.2.7:5060") from None
    return uri


def _leading_somewhere(uri: str) -> str:
    """A target's port and transport go together with its scheme, and its host can be an address or a name."""
    try:
        target = parse_sip_uri(uri)
        transport_of(target)
    except BadMessage as bad:
        raise ValueError(f"{bad.detail}: write it like sip:sbc.example.net:5060") from None
    if not is_numeric(target.host) and not is_name(target.host):
        raise ValueError(f"{target.host!r} is neither an address nor a name")
    return uri


def _time_zone(name: str) -> str:
    """Names come from operators, and ZoneInfo looks for a file: it refuses what would lead out of its folders."""
    try:
        if name:
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        wrong = f"{name[:60]!r} is no time zone that this machine knows"
        raise ValueError(f"{wrong}: write it like Europe/Berlin") from None
    return name


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isprintable() or len(text) > 255:
        raise ValueError("is longer than 255 characters or has control characters: write one line of text")
    return value


def _moment(value: object) -> float:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{str(value)[:40]!r} is not a time: write it like 2026-03-04T09:15:02Z") from None
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp()


def _form(pattern: str, words: str) -> AfterValidator:
    """Text must match the whole `pattern`; `words` tell an operator what that means."""
    matches = re.compile(pattern).fullmatch

    def check(value: str) -> str:
        if not matches(value):
            raise ValueError(f"{value[:60]!r} will not do: {words}")
        return value

    return AfterValidator(check)


_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"  # stands in URLs as it is
_NAME_WORDS = "letters, digits, dots, dashes and underscores, 63 at most, a letter or digit first"
# No controls, line or paragraph separators, half characters: rendering refuses them too (`provisioning.placeholders`).
_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?"

Name = Annotated[str, _form(_NAME, _NAME_WORDS)]
NameOrNone = Annotated[str, _form(f"(?:{_NAME})?", _NAME_WORDS)]
Line = Annotated[str, _form(_LINE + "{0,255}", "255 characters at most, no line breaks")]
# A model names template files, hence no slash.
Model = Annotated[str, _form(r"(?:[A-Za-z0-9][A-Za-z0-9 ._+-]{0,62})?", "letters, digits, spaces and . _ + -")]
# A number is a SIP user that needs no escapes.
Number = Annotated[str, _form(r"\+?[A-Za-z0-9*#._-]{1,63}", "digits (or letters, * # . _ -), a + at most in front")]
NumberOrNone = Annotated[str, _form(r"(?:\+?[A-Za-z0-9*#._-]{1,63})?", "digits (or letters, * # . _ -)")]
# Names a file that phones fetch, or a template: no slash either.
FileName = Annotated[str, _form(r"(?:[A-Za-z0-9][A-Za-z0-9 ._+-]{0,127})?", "letters, digits, spaces and . _ + -")]
ServerAddress = Annotated[str, _form(f"sip:{_HOST}", "write it like sip:pbx-a.example.net:5060")]
ContactUri = Annotated[
    str,
    _form(rf"(?:sip:(?:[^\s@<>\"]{{1,64}}@)?{_HOST})?", "write it like sip:2041@10.1.2.7:5060"),
    AfterValidator(_numeric),
]
TargetUri = Annotated[
    str,
    _form(
        rf"sips?:(?:[A-Za-z0-9_.+*-]{{1,64}}@)?{_HOST}(?:;transport=(?:udp|tcp|tls))?",
        "write it like sip:sbc.example.net or sip:10.1.2.3:5060;transport=tcp; transports are udp, tcp and tls",
    ),
    AfterValidator(_leading_somewhere),
]
Values = dict[
    Annotated[str, _form(r"[A-Za-z0-9_]{1,64}", "a placeholder's name is letters, digits and _, without %ITCS_")],
    Annotated[str, _form(_LINE + "{0,4096}", "4,096 characters at most, no line breaks")],
]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Subnet = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]

# A second is as fast as anybody should be pinged; a day is as slow as an answer still means anything.
Interval = Annotated[Duration, Field(ge=1, le=86400)]

NONE: dict[str, str] = {}


class WrittenSite(Block):
    """A place within a tenant."""

    name: Name
    subnet: Subnet | None = None
    timezone: TimeZone = ""
    placeholders: Values = NONE

    def noun(self, seal: Callable[[str], str]) -> Site:
        """The site this defines, its secrets sealed."""
        return Site(self.name, self.subnet, _placeholders(seal_values(self.placeholders, seal)), self.timezone)


class WrittenTenant(Block):
    """A customer with its sites."""

    name: Name
    description: Line = ""
    subnet: Subnet | None = None
    default: bool = False
    sites: tuple[WrittenSite, ...] = ()
    placeholders: Values = NONE
    authentication: Literal["", "passwords", "always", "never"] = ""
    interval: Interval | None = None
    lagged_after: Annotated[Duration, Field(gt=0)] | None = None
    rungs: tuple[RungName, ...] = ()
    addresses: tuple[Subnet, ...] = ()
    unprotected: Literal["", "stripped", "refused"] = ""
    timezone: TimeZone = ""

    def noun(self, seal: Callable[[str], str]) -> Tenant:
        """The tenant this defines, its secrets sealed."""
        return Tenant(
            name=self.name,
            description=self.description,
            subnet=self.subnet,
            default=self.default,
            sites=tuple(site.noun(seal) for site in self.sites),
            placeholders=_placeholders(seal_values(self.placeholders, seal)),
            authentication=self.authentication,
            interval=self.interval,
            lagged_after=self.lagged_after,
            rungs=self.rungs,
            addresses=self.addresses,
            unprotected=self.unprotected,
            timezone=self.timezone,
        )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if "addresses" in self.rungs and not self.addresses:
            raise ValueError("the rung addresses is never reached without a network: write addresses, too")
        return self


class WrittenServer(Block):
    """A SIP server."""

    name: Name
    address: ServerAddress

    def noun(self) -> Server:
        """The server this defines."""
        return Server(self.name, self.address)


class WrittenDevice(Block):
    """A phone; the keys are those of `DeviceRecord` that operators decide."""

    mac: Annotated[Mac, BeforeValidator(_mac)]
    model: Model = ""
    tenant: NameOrNone = ""
    site: NameOrNone = ""
    user: Line = ""
    display_name: Line = ""
    number: NumberOrNone = ""
    server: NameOrNone = ""
    qualify: bool = True
    interval: Interval | None = None
    lagged_after: Annotated[Duration, Field(gt=0)] | None = None
    contact: ContactUri = ""
    sip_password: Annotated[SecretStr, AfterValidator(_secret)] = SecretStr("")
    placeholders: Values = NONE
    template: FileName = ""
    firmware: FileName = ""
    serial: Line = ""
    nickname: Line = ""
    approved: bool = True

    def fields(self) -> frozenset[str]:
        """Which fields of `DeviceRecord` were written; the MAC, which is always, is not counted."""
        return frozenset(self.model_fields_set - {"mac"})

    def noun(self, seal: Callable[[str], str]) -> DeviceRecord:
        """The device this defines, its password sealed."""
        password = self.sip_password.get_secret_value()
        return DeviceRecord(
            mac=self.mac,
            model=self.model,
            tenant=self.tenant,
            site=self.site,
            user=self.user,
            display_name=self.display_name,
            number=self.number,
            server=self.server,
            qualify=self.qualify,
            interval=self.interval,
            lagged_after=self.lagged_after,
            contact=self.contact,
            sip_password=seal(password) if password else "",
            placeholders=_placeholders(seal_values(self.placeholders, seal)),
            template=self.template,
            firmware=self.firmware,
            serial=self.serial,
            nickname=self.nickname,
            approved=self.approved,
        )


class WrittenUser(Block):
    """Somebody who has phones."""

    name: Annotated[Line, _form(r"[^/]{1,64}", "1 to 64 characters, no slash")]
    tenant: NameOrNone = ""
    display_name: Line = ""
    number: NumberOrNone = ""
    sip_password: Annotated[SecretStr, AfterValidator(_secret)] = SecretStr("")

    @property
    def key(self) -> str:
        """As `User.key`."""
        return f"{self.tenant}/{self.name}"

    def fields(self) -> frozenset[str]:
        """Which fields of `User` were written; name and tenant, which make the key, are not counted."""
        return frozenset(self.model_fields_set - {"name", "tenant"})

    def noun(self, seal: Callable[[str], str]) -> User:
        """The user this defines, the password sealed."""
        password = self.sip_password.get_secret_value()
        return User(self.name, self.tenant, self.display_name, self.number, seal(password) if password else "")


class WrittenConnection(Block):
    """A SIP connection: what is pinged, and how often if not as everything else is."""

    name: Name
    target: TargetUri
    kind: ConnectionKind = ConnectionKind.TRUNK
    tenant: NameOrNone = ""
    site: NameOrNone = ""
    qualify: bool = True
    interval: Interval | None = None
    lagged_after: Annotated[Duration, Field(gt=0)] | None = None

    def fields(self) -> frozenset[str]:
        """Which fields of `ConnectionRecord` were written; the name, which always is, is not counted."""
        return frozenset(self.model_fields_set - {"name"})

    def noun(self) -> ConnectionRecord:
        """The connection this defines."""
        return ConnectionRecord(
            name=self.name,
            target=self.target,
            kind=self.kind,
            tenant=self.tenant,
            site=self.site,
            qualify=self.qualify,
            interval=self.interval,
            lagged_after=self.lagged_after,
        )


class WrittenNumber(Block):
    """A telephone number; what becomes of it later is the fleet's business."""

    number: Number
    vendor: Line = ""
    status: NumberStatus = NumberStatus.AVAILABLE
    usage: Line = ""
    tag: Line = ""
    release_date: Annotated[float, BeforeValidator(_moment)] | None = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if (self.status is NumberStatus.COOLING) != (self.release_date is not None):
            raise ValueError("release_date and status Cooling belong together: write both or neither")
        return self

    def noun(self) -> NumberEntry:
        """The number this defines."""
        return NumberEntry(
            number=self.number,
            status=self.status,
            usage=self.usage,
            vendor=self.vendor,
            tag=self.tag,
            release_date=self.release_date,
        )


def _placeholders(values: Mapping[str, str]) -> Placeholders:
    return MappingProxyType(dict(values)) if values else NO_PLACEHOLDERS
