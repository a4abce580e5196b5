"""Every setting of the program with its default, its unit and the reason for the number.

Durations are seconds here and `30s`-like text in YAML. The HTTP listeners' stand in `http_settings`.
Not here: reading files (`loader`), what may change while running (`reload`). `etc/ringkeeper.yml` shows the same keys;
a test holds the two together.
"""

from __future__ import annotations

import math
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from daemon.config.alarm_settings import Alarms, OutboxLimits
from daemon.config.block import DAY, HOUR, MINUTE, Block, Port, Positive
from daemon.config.contact_settings import Guesses, LoginScheme, RungName
from daemon.config.durations import Duration
from daemon.config.file_settings import Files
from daemon.config.http_settings import Http, ServerTls
from daemon.config.import_settings import Imports
from daemon.config.licence_settings import Licence
from daemon.config.listen import DnsServer, SipListen
from daemon.config.operation_settings import Operations
from daemon.config.output_settings import AnyOutput
from daemon.config.overload_settings import Overload
from daemon.config.route_settings import Route
from daemon.config.snmp_settings import Snmp


class Log(Block):
    """How much is said, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class TraceLimits(Block):
    """How much is kept, in memory only, of the messages of devices that operators trace."""

    devices: Annotated[int, Field(ge=1, le=1000)] = 10  # at a time; a support desk looks at a few
    # Of one device: four hours of pings and answers at 60 s, or a storm's last seconds.
    messages: Annotated[int, Field(ge=10, le=100_000)] = 500
    bytes: Annotated[int, Field(ge=64 * 1024, le=1024 * 1024 * 1024)] = 1024 * 1024  # of one device; 500 of 2 KiB
    # A trace ends by itself, and what it has is forgotten as long after: it is for looking, not for keeping.
    duration: Annotated[Duration, Field(gt=0, le=7 * DAY)] = HOUR


class Dns(Block):
    """Who is asked for the names of SIP connections, and for how long an answer is believed."""

    # "address" or "address:port"; none: those of /etc/resolv.conf.
    servers: tuple[DnsServer, ...] = ()
    timeout: Annotated[Duration, Field(gt=0, le=30)] = 3.0  # of one question; res_pjsip gives a whole ping as much
    # Names of load balancers live for seconds. Half a minute keeps a fleet of trunks from asking all the time; "no such
    # name" and "no server answers" are remembered as long.
    min_ttl: Positive = 30.0
    max_ttl: Positive = HOUR  # a record that was wrong for a day is not believed for a day

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_ttl > self.max_ttl:
            raise ValueError("min_ttl is larger than max_ttl: no answer could be kept")
        return self


class SipTls(ServerTls):
    """SIP over TLS: our certificate, and whose certificates are believed. Files hold PEM."""

    client_ca: Path | None = None  # phones must show a certificate of one of these authorities
    ca: Path | None = None  # authorities of the servers we open connections to; none: the system's
    verify: bool = True  # whether those servers must prove their name

    @model_validator(mode="after")
    def _has_own(self) -> Self:
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("client_ca says nothing without certificate and key: write them, too")
        return self


class Sip(Block):
    """The SIP sockets: pings go out of them, registrations come in."""

    listen: tuple[SipListen, ...] = ()
    tls: SipTls = SipTls()
    # 30,000 phones, twice over: after a power cut they come back while the connections they lost are still held.
    max_connections: Annotated[int, Field(ge=1)] = 60_000
    # A site of 2,000 phones behind one address, twice over for the same reason; a fifteenth of all is nobody's flood.
    max_connections_per_host: Annotated[int, Field(ge=1)] = 4000
    # Until TCP and TLS are up, whichever side began: a SYN lost three times costs 7 s.
    connection_setup: Positive = 10.0
    # RFC 5626 section 4.4.1 has phones send keep-alives every 95 to 120 s. RFC 3261 section 18 wants 64*T1, 32 s, at
    # least. A connection that somebody registered over is kept while the registration lasts, however silent.
    connection_idle: Annotated[Duration, Field(ge=32)] = 150.0
    # Bytes that wait for a slow reader: some 100 pings, of which there is one a minute, or one message of full size.
    connection_buffer: Annotated[int, Field(ge=16 * 1024, le=16 * 1024 * 1024)] = 64 * 1024
    domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")] = "localhost"
    user_agent: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")] = "Ringkeeper"
    # Asterisk's default and maximum expiry; an hour of silence is what UNKNOWN means as well.
    min_expires: Annotated[int, Field(ge=1, le=86400)] = 60
    max_expires: Annotated[int, Field(ge=60, le=86400 * 7)] = 3600
    # Per tenant as well. "passwords": who has a sip_password must prove it, and so must whoever is unknown; a device
    # without one is taken at its word. "always": without a password nobody registers. "never": who knows a number may.
    authentication: Literal["passwords", "always", "never"] = "passwords"
    # Offered in this order (RFC 8760 section 2.3: the best first); MD5 is all that phones older than that RFC know.
    digest_algorithms: Annotated[tuple[Literal["SHA-256", "SHA-512-256", "MD5"], ...], Field(min_length=1)] = (
        "SHA-256",
        "MD5",
    )
    # Twice the longest registration, so that a phone that refreshes it is asked once in a while and not each time, as
    # with Kamailio's 300 s (nonce_expire). A count is taken once however old its nonce is, so a replay gains nothing;
    # and whoever can hold a REGISTER back unseen, to use its answer later, could as well change its contact at once.
    nonce_lifetime: Positive = 2 * HOUR
    # Contacts of one device at a time: a phone has one, one with outbound (RFC 5626) two or three; and a few that it
    # left behind by rebooting on other ports.
    max_contacts: Annotated[int, Field(ge=1, le=100)] = 10
    # Wrong passwords of one user: a phone with an old one tries twice a minute. Nobody guesses eight characters so.
    wrong_passwords_per_minute: Annotated[int, Field(ge=1)] = 10
    # Failed REGISTERs of one address, which may be an office behind NAT. As many again get 503, the others silence.
    failures_per_minute: Annotated[int, Field(ge=1)] = 60
    # Registrations of devices nobody defined are refused; this bounds the log lines about them per minute.
    log_lines_per_minute: Annotated[int, Field(ge=1)] = 30
    # Voice quality reports of one address. At Polycom's shortest interval, 5 s, a call makes 12 a minute; an SBC that
    # reports for a site has 60 calls ending a minute.
    quality_reports_per_minute: Annotated[int, Field(ge=1)] = 60
    trace: TraceLimits = TraceLimits()
    dns: Dns = Dns()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_expires > self.max_expires:
            raise ValueError("min_expires is larger than max_expires: no registration could be accepted")
        return self

    @model_validator(mode="after")
    def _has_certificate(self) -> Self:
        if self.tls.certificate is None and any(listen.scheme == "tls" for listen in self.listen):
            raise ValueError("tls:// in listen needs a certificate: write tls.certificate and tls.key")
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
    answers: Annotated[int, Field(ge=1, le=20)] = 1  # in a row, until one that was given up counts as alive again
    confirm_after: Positive = 2.0  # pause between a miss and the quick extra probe that confirms it
    unreachable_interval: Positive = 5 * MINUTE  # the slowest ping of a dead phone, reached by doubling
    unknown_after: Positive = HOUR  # as MOR
    unknown_interval: Positive = math.inf  # probing stops, as MOR's does
    # 5,000 a second is a fleet of 300,000 at 60 s; beyond it pings are late rather than a flood.
    max_rate: Annotated[int, Field(ge=1)] = 5000
    # Pings a second to the devices of one site: some 0.4 Mbit/s each way on the site's line. More than 6,000 phones at
    # one site are pinged later than their interval says, unless this is raised.
    site_rate: Annotated[int, Field(ge=1)] = 100
    accept: tuple[Annotated[str, Field(pattern=r"^([1-6]xx|[1-6]\d\d|any)$")], ...] = ("any",)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lagged_after >= self.timeout:
            raise ValueError("lagged_after must be shorter than timeout, or nothing could ever be LAGGED")
        if self.timeout > self.interval:
            raise ValueError("timeout must not be longer than interval, or a ping could be missed after a later answer")
        return self


class Probe(Block):
    """`/probe` for Prometheus: who may be asked by it besides the devices, servers and connections that are known."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()  # nobody: an open /probe is a scanner for whoever finds it
    timeout: Positive = 5.0  # for DNS, connecting and the answer together; a scrape's own limit may be shorter
    concurrent: Annotated[int, Field(ge=1, le=1000)] = 20  # at once; each has a socket of its own
    # Prometheus asks each target once a minute or so: 600 a minute are as many targets as anybody probes this way.
    max_rate: Annotated[int, Field(ge=1)] = 10  # a second, over all


class Quality(Block):
    """How voice quality reports are judged, and how many are remembered for it."""

    window: Annotated[Duration, Field(ge=MINUTE, le=DAY)] = HOUR  # calls of so long ago count for a device and a site
    # G.107 annex B: below MOS 3.6 (R 70) many users are dissatisfied, below 3.1 (R 60) nearly all.
    mos_warning: Annotated[float, Field(ge=1, le=5)] = 3.6
    mos_error: Annotated[float, Field(ge=1, le=5)] = 3.1
    # Percent. By G.107 with G.113's factors, G.711 without concealment loses 18 points of R at 1 %, 51 at 5 %.
    loss_warning: Annotated[float, Field(ge=0, le=100)] = 1.0
    loss_error: Annotated[float, Field(ge=0, le=100)] = 5.0
    # Shares of a device's or site's calls that were bad: a mean hides that every fifth caller hung up in anger.
    bad_calls_warning: Annotated[float, Field(gt=0, le=1)] = 0.2
    bad_calls_error: Annotated[float, Field(gt=0, le=1)] = 0.5
    minimum_calls: Annotated[int, Field(ge=1)] = 3  # fewer prove nothing: one may have gone to a mobile in a tunnel
    max_calls_per_device: Annotated[int, Field(ge=1)] = 50  # in the window; a busy attendant has one a minute
    # In the window, over all: 1.7 calls an hour of each of 30,000 phones, 90 MB; beyond it the oldest count no more.
    max_calls: Annotated[int, Field(ge=100)] = 50_000

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.mos_error > self.mos_warning:
            raise ValueError("mos_error is above mos_warning: an error must be worse than a warning")
        if self.loss_error < self.loss_warning:
            raise ValueError("loss_error is below loss_warning: an error must be worse than a warning")
        if self.bad_calls_error < self.bad_calls_warning:
            raise ValueError("bad_calls_error is below bad_calls_warning: an error must be worse than a warning")
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
    # The vendor's own example shows objects; its aggregator hands on JSON text in a string. Firmware may know one only.
    entry_shape: Literal["object", "string"] = "object"
    unconfirmed: bool = False  # commands whose paths stand in no public source follow the pattern of those that do
    # Commands to phones' own servers: off, since phones are shown their web login there, on a network that may be seen.
    http_to_phones: bool = False
    phone_scheme: Literal["http", "https"] = "https"
    phone_port: Port | None = None  # the scheme's own, 443 or 80
    verify_phones: bool = False  # phones' certificates name their MAC, not the address that they are spoken to by


class Numbers(Block):
    """How long a telephone number rests before it may be given away again."""

    cooling_duration: Positive = 30 * DAY
    audiocodes_cooling_duration: Positive = 2 * DAY  # VOSS's macro of the same name
    # Of all numbers, available: an alarm warns at the first share and ends above the second, so that a site which moves
    # in by the dozen raises it once.
    low: Annotated[float, Field(ge=0, lt=1)] = 0.1
    low_clear: Annotated[float, Field(gt=0, le=1)] = 0.15

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.low_clear:
            raise ValueError("low must be below low_clear, or the alarm would begin and end at once")
        return self


class Provisioning(Block):
    """What phones are served, and on which terms."""

    server: str = ""  # name or address that phones use for us; empty: the address they came to
    scheme: Literal["http", "https"] = "http"
    templates: Path | None = None  # operators' templates shadow the shipped ones; default state_dir/templates
    firmware: Path | None = None  # default state_dir/firmware
    first_contact_window: Positive = DAY  # design: how long a device stays armed after it was added or approved
    unprotected: Literal["stripped", "refused"] = "stripped"  # what a fetch without proof gets
    # What counts as proof. Each of these tells one phone from another, or takes an operator's act. Not among them: an
    # address, which is everybody's behind it, and a login, whose challenge tells a stranger what stands here.
    rungs: Annotated[tuple[RungName, ...], Field(min_length=1)] = ("secret", "certificate", "token", "window")
    # Offered in this order. Basic shows the secret to who listens, as the URL does that it stands in.
    logins: Annotated[tuple[LoginScheme, ...], Field(min_length=1)] = ("SHA-256", "MD5", "Basic")
    nonce_lifetime: Positive = 5 * MINUTE  # of a digest login; later a phone computes once more, unseen
    token_lifetime: Annotated[Duration, Field(gt=0, le=30 * DAY)] = 7 * DAY  # a phone that is sent by post arrives
    guesses: Guesses = Guesses()
    # A user who signs in at the keys of another's phone gets it, as the vendor's manager has it. It concerns phones
    # without a SIP password of ours alone; the others register as whom we say.
    follow_sign_in: bool = True
    # Unapproved phones are kept this many at most, so that a scanner cannot invent a fleet.
    max_unapproved: Annotated[int, Field(ge=0)] = 1000
    # Of one source address: a site of 250 phones behind one NAT is rolled out at once, and three others still fit.
    max_unapproved_per_source: Annotated[int, Field(ge=0)] = 250
    # Networks of HTTP proxies (an SBC's) whose X-Forwarded-For is believed; nobody's: else a phone could write its own.
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    # When phones look for news by night: from then on, each at a place of its own within the spread.
    nightly_from: Annotated[Duration, Field(ge=0, lt=DAY)] = 0.0  # since midnight, the phones' own time
    nightly_spread: Annotated[Duration, Field(ge=0, le=DAY)] = 4 * HOUR  # 30,000 phones are two a second then
    # Templates, choices, files, and what 30,000 phones' users set on them; each is in memory.
    max_documents: Annotated[int, Field(ge=100)] = 100_000
    versions_kept: Annotated[int, Field(ge=2, le=10_000)] = 50  # of each document: a year of weekly edits
    # Of each device's file; one is some kilobyte, so 30,000 devices with ten have 300 MB at most.
    file_versions_kept: Annotated[int, Field(ge=2, le=1000)] = 10
    placeholders: dict[str, str] = Field(default_factory=dict)
    template_placeholders: dict[str, dict[str, str]] = Field(default_factory=dict)  # model -> name -> value


class Connector(Block):
    """A server of the inventory that tells which phones are registered with it."""

    server: Annotated[str, Field(min_length=1, max_length=64)]  # its name in the inventory
    kind: Literal["asterisk", "kamailio"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{0,253}$")] = ""  # asterisk: where its manager listens
    port: Port = 5038  # asterisk: of the manager, by its own default
    # kamailio: where jsonrpcs answers HTTP. No user or password in it: it is shown and logged.
    url: Annotated[str, Field(pattern=r"^(https?://[^/@?#\s]+(/[^@#\s]*)?)?$")] = ""
    domain: str = ""  # kamailio with use_domain: only addresses of record of this domain
    user: Annotated[str, Field(pattern=r"^[ -~]{0,64}$")] = ""
    secret: SecretStr = SecretStr("")
    refresh: Positive = MINUTE  # between two whole lists, as MOR asks; Asterisk tells of changes in between
    # Three times the largest fleet an IP phone manager is made for; a server with more is somebody else's.
    max_contacts: Annotated[int, Field(ge=1)] = 100_000
    # A contact takes Kamailio some 900 bytes; a path and long parameters may double that.
    max_dump: Annotated[int, Field(ge=64 * 1024, le=2**31 - 1)] = 192 * 1024 * 1024
    down_after: Positive = MINUTE  # a restart of the server is over by then, and no alarm

    @model_validator(mode="after")
    def _addressed(self) -> Self:
        if self.kind == "asterisk" and not (self.host and self.user):
            raise ValueError("an asterisk needs host and user")
        if self.kind == "kamailio" and not self.url:
            raise ValueError("a kamailio needs url, where its JSON-RPC answers")
        return self


class StoreLimits(Block):
    """What the store accepts while the disk does not keep up."""

    # A full report of each of 30,000 phones and then some; beyond it whoever wants durability is told 503 at the door.
    max_pending: Annotated[int, Field(ge=1000)] = 100_000
    retry: Positive = 1.0  # after a failed commit
    timeline_days: Annotated[int, Field(ge=1)] = 90  # how long a device's timeline is kept
    calls_days: Annotated[int, Field(ge=1)] = 30  # how long the voice quality of a call is kept
    # A busy month of 10,000 phones; beyond it the oldest go, counted.
    max_calls: Annotated[int, Field(ge=1000)] = 1_000_000


class Settings(Block):
    """The whole configuration."""

    state_dir: Path = Path("/var/lib/ringkeeper")
    database: Literal["sqlite"] = "sqlite"
    log: Log = Log()
    inventory: Path | None = None
    http: Http = Http()
    sip: Sip = Sip()
    qualify: Qualify = Qualify()
    probe: Probe = Probe()
    quality: Quality = Quality()
    keep_alive: KeepAlive = KeepAlive()
    requests: Requests = Requests()
    operations: Operations = Operations()
    alarms: Alarms = Alarms()
    overload: Overload = Overload()
    licence: Licence = Licence()
    outbox: OutboxLimits = OutboxLimits()
    snmp: Snmp = Snmp()
    outputs: tuple[AnyOutput, ...] = ()
    connectors: tuple[Connector, ...] = ()
    numbers: Numbers = Numbers()
    provisioning: Provisioning = Provisioning()
    imports: Imports = Imports()
    files: Files = Files()
    store: StoreLimits = StoreLimits()

    @property
    def receivers(self) -> dict[str, Route]:
        """Whoever is told of alarms, by the name that the outbox has for it, and which alarms those are."""
        managers = {manager.name: manager for manager in self.snmp.managers}
        return {**managers, **{output.receiver: output for output in self.outputs}}

    @model_validator(mode="after")
    def _asked_once(self) -> Self:
        servers = [connector.server for connector in self.connectors]
        if len(set(servers)) < len(servers):
            raise ValueError("two connectors name the same server: its two lists would contradict each other")
        return self

    @model_validator(mode="after")
    def _outputs_differ(self) -> Self:
        if len({output.name for output in self.outputs}) < len(self.outputs):
            raise ValueError("two outputs have the same name: each has a queue of its own, which is found by it")
        return self
