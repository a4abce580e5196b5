"""The settings of outputs: where alarms go besides SNMP managers, by mail, syslog, HTTP and what apprise speaks.

Not here: which alarms an output gets (`route_settings`), what is kept for it meanwhile (`alarm_settings.OutboxLimits`),
how it is told (`daemon.outputs`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from daemon.config.alarm_settings import AnyTime
from daemon.config.block import DAY, MINUTE, Port, Positive
from daemon.config.route_settings import Route

# Of the protocols themselves: RFC 6409 and RFC 8314 for mail, RFC 5426, RFC 6587 and RFC 5425 for syslog.
_MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_SYSLOG_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}

Facility = Literal[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip  # RFC 5424, table 1, in its order

Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
MailAddress = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$")]


def _web_address(text: str) -> str:
    """Refuses without showing: what is wrong may be the secret in it."""
    authority = text.partition("://")[2].partition("/")[0].partition("?")[0]
    if not text.startswith(("http://", "https://")) or not authority or not text.isprintable() or " " in text:
        raise ValueError("is not the address of a web server: write it like https://hooks.example.net/alarms")
    if "@" in authority:
        raise ValueError("holds a user or password, and would be shown: write them in keys of their own")
    return text


def _secret_web_address(url: SecretStr) -> SecretStr:
    _web_address(url.get_secret_value())
    return url


def _apprise_address(url: SecretStr) -> SecretStr:
    scheme, colon, rest = url.get_secret_value().partition("://")
    if not (colon and rest and scheme.isalnum()):
        raise ValueError("is not an address of apprise: write it like slack://... or mailtos://...")
    return url


def _header_text(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not (text.isascii() and text.isprintable() and text):
        raise ValueError("holds characters that an HTTP header cannot: write visible ASCII")
    return token


Token = Annotated[SecretStr, AfterValidator(_header_text)]


class Output(Route):
    """What all outputs have in common. A tenth of a receiver's alarms would be worse than none: everything is kept."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    timeout: Positive = 30.0  # of one try, from connecting to the answer; RFC 5321 is more patient, operators are not
    retry: Positive = 5.0  # after a failure; doubled up to
    retry_max: Positive = 5 * MINUTE  # this, with a share of chance
    down_after: Positive = 10 * MINUTE  # so long without success raises outputDown, which the others hear of

    @property
    def receiver(self) -> str:
        """What the outbox calls this output; one with another name begins with an empty queue."""
        return f"output/{self.name}"


class MailOutput(Output):
    """Mail by SMTP. Never sent in the clear where TLS was asked for: then it waits and is an alarm."""

    kind: Literal["mail"]
    host: Host
    port: Port | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca: Path | None = None  # authorities of the server's certificate; none: the system's
    user: str = ""
    password: SecretStr | None = None
    sender: MailAddress
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1, max_length=100)]
    gather: AnyTime = 10.0  # the first alarm waits so long for others, so that what belongs together is one mail
    digest: Annotated[int, Field(ge=1, le=500)] = 50  # alarms in one mail; a page or two to read

    @model_validator(mode="after")
    def _whole_login(self) -> Self:
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password go together: write both or neither")
        if self.user and self.security == "none":
            raise ValueError("a password is not sent in the clear: write security: starttls or tls")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or _MAIL_PORTS[self.security]


class SyslogOutput(Output):
    """Syslog by RFC 5424, over UDP, TCP (octet counting, RFC 6587) or TLS (RFC 5425)."""

    kind: Literal["syslog"]
    host: Host
    port: Port | None = None
    transport: Literal["udp", "tcp", "tls"] = "udp"
    ca: Path | None = None  # authorities of the server's certificate; none: the system's
    facility: Facility = "local0"
    max_size: Annotated[int, Field(ge=480, le=8192)] = 2048  # octets; RFC 5424 section 6.1: 480 must, 2048 should

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or _SYSLOG_PORTS[self.transport]


class WebhookOutput(Output):
    """JSON by HTTP POST. The address may hold a secret, as those of chat services do, so it is treated as one."""

    kind: Literal["webhook"]
    url: Annotated[SecretStr, AfterValidator(_secret_web_address)]
    format: Literal["ringkeeper", "alertmanager"] = "ringkeeper"  # alertmanager: as its webhook receivers get it
    secret: SecretStr | None = None  # signs what is sent, by HMAC-SHA256
    token: Token | None = None  # shown as Authorization: Bearer
    ca: Path | None = None
    batch: Annotated[int, Field(ge=1, le=1000)] = 100  # notifications in one POST of our own format
    tries: Annotated[int, Field(ge=1, le=100)] = 3  # of what the receiver says is wrong in itself; then it is given up


class AlertmanagerOutput(Output):
    """A Prometheus Alertmanager, told as Prometheus tells it."""

    kind: Literal["alertmanager"]
    url: Annotated[str, AfterValidator(_web_address)]  # what stands before /api/v2
    user: str = ""
    password: SecretStr | None = None
    token: Token | None = None
    ca: Path | None = None
    batch: Annotated[int, Field(ge=1, le=1000)] = 100
    tries: Annotated[int, Field(ge=1, le=100)] = 3
    # An Alertmanager keeps alerts in memory only: after its restart it knows them again within this.
    refresh: Positive = 5 * MINUTE
    lasts: Positive = DAY  # how long an alert stays that nobody refreshes: longer than an upgrade of ours takes

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password go together: write both or neither")
        if self.user and self.token is not None:
            raise ValueError("user and token are two logins: write one of them")
        if self.lasts < 2 * self.refresh:
            raise ValueError("lasts is shorter than twice refresh: alerts would end between two refreshes")
        return self


class AppriseOutput(Output):
    """Whatever apprise has a scheme for: chats, pagers, phones. Its address nearly always holds a secret."""

    kind: Literal["apprise"]
    url: Annotated[SecretStr, AfterValidator(_apprise_address)]
    gather: AnyTime = 5.0
    digest: Annotated[int, Field(ge=1, le=500)] = 20  # alarms in one message; chats cut off long ones


AnyOutput = Annotated[
    MailOutput | SyslogOutput | WebhookOutput | AlertmanagerOutput | AppriseOutput, Field(discriminator="kind")
]
