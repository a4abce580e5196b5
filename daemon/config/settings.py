"""Every setting of the program with its default, its unit and the reason for the number.

Durations are seconds here and `30s`-like text in YAML. Not here: reading files (`loader`), what may change while
running (`reload`). `etc/ringkeeper.yml` shows the same keys; a test holds the two together.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from daemon.config.durations import Duration
from daemon.config.listen import HttpListen, UdpListen

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[Duration, Field(gt=0)]


class Block(BaseModel):
    """A block of the configuration: unknown keys are errors, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Log(Block):
    """How much is said, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class PhoneListener(Block):
    """Where phones fetch files and send reports. Another trust than the operators' listener."""

    listen: tuple[HttpListen, ...] = ()
    # A keep-alive with a 2048-character location (the longest tested in public traces) is under 4 KiB.
    max_body: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 64 * 1024
    # Phones keep one connection open at most; 30,000 of them may come at once after a power cut.
    max_connections: Annotated[int, Field(ge=1)] = 40_000
    idle_timeout: Positive = 75.0  # nginx's keepalive_timeout
    request_timeout: Positive = 30.0  # a phone on a poor link sends 4 KiB well within this


class OperatorListener(Block):
    """Where operators and monitoring come in: pages, API, metrics. The Unix socket needs no token."""

    listen: tuple[HttpListen, ...] = ()
    max_body: Annotated[int, Field(ge=1024, le=256 * 1024 * 1024)] = 32 * 1024 * 1024  # an inventory of 30,000 phones
    max_connections: Annotated[int, Field(ge=1)] = 1000
    idle_timeout: Positive = 75.0
    request_timeout: Positive = 60.0
    session_lifetime: Positive = 12 * HOUR  # a shift, with overtime


class Http(Block):
    """The two HTTP listeners."""

    phones: PhoneListener = PhoneListener()
    operators: OperatorListener = OperatorListener()


class Sip(Block):
    """The SIP socket: pings go out of it, registrations come in."""

    listen: tuple[UdpListen, ...] = ()
    domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")] = "localhost"
    user_agent: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")] = "Ringkeeper"
    # Asterisk's default and maximum expiry; an hour of silence is what UNKNOWN means as well.
    min_expires: Annotated[int, Field(ge=1, le=86400)] = 60
    max_expires: Annotated[int, Field(ge=60, le=86400 * 7)] = 3600
    # Registrations of devices nobody defined are refused; this bounds the log lines about them per minute.
    log_lines_per_minute: Annotated[int, Field(ge=1)] = 30

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_expires > self.max_expires:
            raise ValueError("min_expires is larger than max_expires: no registration could be accepted")
        return self


class Qualify(Block):
    """How SIP OPTIONS pings are paced and judged."""

    interval: Positive = MINUTE  # as chan_sip's qualifyfreq
    timeout: Positive = 4.0  # chan_sip: twice the lagged limit
    lagged_after: Positive = 2.0  # 2,000 ms in MOR and chan_sip
    # LAGGED ends only when the smoothed round trip falls below this share of lagged_after, so it cannot flutter.
    lagged_leave_ratio: Annotated[float, Field(gt=0, le=1)] = 0.8
    smoothing: Annotated[float, Field(gt=0, le=1)] = 0.5  # weight of the newest sample, as IAX2's qualifysmoothing
    misses: Annotated[int, Field(ge=1, le=20)] = 3  # in a row; OpenSIPS nathelper's max_pings_lost
    confirm_after: Positive = 2.0  # pause between a miss and the quick extra probe that confirms it
    unreachable_interval: Positive = 5 * MINUTE  # the slowest ping of a dead phone, reached by doubling
    unknown_after: Positive = HOUR  # as MOR
    unknown_interval: Positive = math.inf  # probing stops, as MOR's does
    # 5,000 a second is a fleet of 300,000 at 60 s; beyond it pings are late rather than a flood.
    max_rate: Annotated[int, Field(ge=1)] = 5000
    accept: tuple[Annotated[str, Field(pattern=r"^([1-6]xx|[1-6]\d\d|any)$")], ...] = ("any",)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lagged_after >= self.timeout:
            raise ValueError("lagged_after must be shorter than timeout, or nothing could ever be LAGGED")
        if self.timeout > self.interval:
            raise ValueError("timeout must not be longer than interval, or a ping could be missed after a later answer")
        return self


class KeepAlive(Block):
    """The phones' own reports, and what their silence means."""

    period: Positive = 60 * MINUTE  # ems_server/keep_alive_period; 300 minutes at most on the phone
    disconnected_after: Positive = 120 * MINUTE  # table 9-1, Disconnected Timeout
    # Unchanged keep-alives move last_seen in memory only; it is written down this often, in one transaction.
    checkpoint: Positive = 30.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.disconnected_after <= self.period:
            raise ValueError(
                "disconnected_after must be longer than period, or every phone is DISCONNECTED between two reports;"
                " twice the period is usual"
            )
        return self


class Requests(Block):
    """Commands that wait for a phone's next keep-alive."""

    waiting: Annotated[int, Field(ge=1, le=10)] = 3  # per device; the aggregator's default, oldest pushed out
    expire_after: Positive = HOUR


class Manager(Block):
    """An SNMP manager that receives notifications."""

    host: str
    port: Port = 162
    version: Literal["v2c"] = "v2c"
    community: SecretStr = SecretStr("public")
    kind: Literal["trap", "inform"] = "inform"
    profile: Literal["ringkeeper", "audiocodes"] = "ringkeeper"

    @property
    def name(self) -> str:
        """What the outbox calls this manager; a manager with another name starts with an empty outbox."""
        return f"{self.host}:{self.port}/{self.profile}"


class Snmp(Block):
    """Who is told of alarms, and how insistently."""

    managers: tuple[Manager, ...] = ()
    # RFC 5612 reserves 32473 for documentation: set your own, IANA gives them out free of charge.
    enterprise: Annotated[int, Field(ge=1, le=2**31 - 1)] = 32473
    inform_timeout: Positive = 5.0
    inform_retry_max: Positive = MINUTE  # a manager that is down is asked again at most this seldom
    # A day of a bad storm: 100 alarms a minute. Beyond it the oldest rows go, counted.
    outbox_limit: Annotated[int, Field(ge=100)] = 150_000

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [manager.name for manager in self.managers]
        if len(set(names)) < len(names):
            raise ValueError("the same manager (host, port, profile) stands here twice")
        return self


class Numbers(Block):
    """How long a telephone number rests before it may be given away again."""

    cooling_duration: Positive = 30 * DAY
    audiocodes_cooling_duration: Positive = 2 * DAY  # VOSS's macro of the same name


class Provisioning(Block):
    """What phones are served, and on which terms."""

    server: str = ""  # name or address that phones use for us; empty: the address they came to
    scheme: Literal["http", "https"] = "http"
    templates: Path | None = None  # operators' templates shadow the shipped ones; default state_dir/templates
    firmware: Path | None = None  # default state_dir/firmware
    first_contact_window: Positive = DAY  # design: how long a device stays armed after it was added or approved
    unprotected: Literal["stripped", "refused"] = "stripped"  # what a fetch without proof gets
    # Unapproved phones are kept this many at most, so that a scanner cannot invent a fleet.
    max_unapproved: Annotated[int, Field(ge=0)] = 1000
    placeholders: dict[str, str] = {}
    template_placeholders: dict[str, dict[str, str]] = {}  # model -> name -> value


class StoreLimits(Block):
    """What the store accepts while the disk does not keep up."""

    # A full report of each of 30,000 phones and then some; beyond it whoever wants durability is told 503 at the door.
    max_pending: Annotated[int, Field(ge=1000)] = 100_000
    retry: Positive = 1.0  # after a failed commit
    timeline_days: Annotated[int, Field(ge=1)] = 90  # how long a device's timeline is kept


class Settings(Block):
    """The whole configuration."""

    state_dir: Path = Path("/var/lib/ringkeeper")
    database: Literal["sqlite"] = "sqlite"
    log: Log = Log()
    inventory: Path | None = None
    http: Http = Http()
    sip: Sip = Sip()
    qualify: Qualify = Qualify()
    keep_alive: KeepAlive = KeepAlive()
    requests: Requests = Requests()
    snmp: Snmp = Snmp()
    numbers: Numbers = Numbers()
    provisioning: Provisioning = Provisioning()
    store: StoreLimits = StoreLimits()
