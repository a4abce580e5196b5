"""The settings of SNMP: who is told of alarms, who may ask, and whose traps are listened to.

Not here: what a notification says (`daemon.snmp.sending.traps`), which alarms there are.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from daemon.config.block import MINUTE, Block, Port, Positive
from daemon.config.listen import UdpListen
from daemon.config.route_settings import Route

Network = IPv4Network | IPv6Network
Oid = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]

# RFC 3414, section 11.2, asks for eight characters at least: a key is all that a password has to offer.
Password = Annotated[SecretStr, Field(min_length=8, max_length=255)]


class SnmpUser(Block):
    """A user of SNMPv3 (RFC 3414). MD5 and DES are not spoken: both are broken."""

    name: Annotated[str, Field(min_length=1, max_length=32)]
    authentication: Literal["none", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"] = "SHA-256"
    password: Password | None = None
    privacy: Literal["none", "AES-128"] = "AES-128"
    privacy_password: Password | None = None  # none: the one of authentication serves for both

    @model_validator(mode="after")
    def _provable(self) -> Self:
        if self.authentication == "none" and self.privacy != "none":
            raise ValueError("privacy needs authentication (RFC 3414): write privacy: none, or choose SHA-256")
        if self.authentication != "none" and self.password is None:
            raise ValueError("a user with authentication needs a password of eight characters or more")
        return self


class Manager(Route):
    """An SNMP manager that receives notifications."""

    host: str
    port: Port = 162
    version: Literal["v2c", "v3"] = "v2c"
    community: SecretStr = SecretStr("public")
    user: str = ""  # v3: one of `users`
    kind: Literal["trap", "inform"] = "inform"
    # ringkeeper: our MIB. audiocodes: the vendor's trap OIDs and varbinds. paired: our MIB, with an OID of its own for
    # each raise and each clear, as Zabbix and SNMPTT like it.
    profile: Literal["ringkeeper", "audiocodes", "paired"] = "ringkeeper"

    @property
    def name(self) -> str:
        """What the outbox calls this manager; a manager with another name starts with an empty outbox."""
        return f"{self.host}:{self.port}/{self.profile}"


class Access(Block):
    """Who may ask the agent, and for what. Exactly one of `community` and `user`."""

    community: SecretStr | None = None
    user: str = ""  # of `users`
    networks: tuple[Network, ...] = ()  # where the question must come from; none: from anywhere
    include: tuple[Oid, ...] = ("1.3.6.1",)  # subtrees that are shown,
    exclude: tuple[Oid, ...] = ()  # but for these; the longest that fits counts (RFC 3415)
    tenants: tuple[str, ...] = ()  # rows of these tenants only; none: of all

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.community is None) == (not self.user):
            raise ValueError("write either community or user: that is whom this access is given to")
        return self


class Agent(Block):
    """The agent that managers ask; read-only. Off unless it listens somewhere."""

    listen: UdpListen | None = None
    community: SecretStr | None = None  # short for an access that shows all to this community
    access: tuple[Access, ...] = ()
    contact: str = ""  # what sysContact says: whom to ask about this daemon
    location: str = ""  # what sysLocation says
    max_repetitions: Annotated[int, Field(ge=1, le=1000)] = 100  # of a GETBULK; net-snmp asks for 10 unless told
    # Octets of UDP: with IPv4 and Ethernet what needs no fragments. A v3 manager may ask for less (msgMaxSize).
    max_response: Annotated[int, Field(ge=484, le=65507)] = 1472
    # Requests a second: what a walk of 30,000 devices asks at its fastest, with room for a second one.
    max_rate: Annotated[int, Field(ge=1)] = 5000

    @model_validator(mode="after")
    def _askable(self) -> Self:
        if self.listen is not None and self.community is None and not self.access:
            raise ValueError("the agent listens, but nobody may ask it: write community or access")
        return self


class Receiver(Block):
    """Traps and informs of SBCs, gateways and whatever else. Off unless it listens somewhere."""

    listen: tuple[UdpListen, ...] = ()
    communities: tuple[SecretStr, ...] = (SecretStr("public"),)
    users: tuple[str, ...] = ()  # of `users`, whose v3 traps are believed
    # Where believed traps come from, besides the tenants' own networks, whose reports are believed anyway.
    networks: tuple[Network, ...] = ()
    max_rate: Annotated[int, Field(ge=1)] = 2000  # datagrams a second; 30,000 gateways every 30 s are 1,000
    max_kinds: Annotated[int, Field(ge=1)] = 1000  # different unknown traps that are remembered as logged

    @model_validator(mode="after")
    def _audible(self) -> Self:
        if self.listen and not (self.communities or self.users):
            raise ValueError("a receiver without communities and users hears nobody: write one of them, or no listen")
        return self


class Snmp(Block):
    """Who is told of alarms, and how insistently; who may ask."""

    managers: tuple[Manager, ...] = ()
    users: tuple[SnmpUser, ...] = ()
    agent: Agent = Agent()
    receiver: Receiver = Receiver()
    # RFC 5612 reserves 32473 for documentation: set your own, IANA gives them out free of charge.
    enterprise: Annotated[int, Field(ge=1, le=2**31 - 1)] = 32473
    inform_timeout: Positive = 5.0
    inform_retry_max: Positive = MINUTE  # a manager that is down is asked again at most this seldom
    heartbeat: Positive = 5 * MINUTE  # how long a manager hears nothing of us at most, so that silence says something

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [manager.name for manager in self.managers]
        if len(set(names)) < len(names):
            raise ValueError("the same manager (host, port, profile) stands here twice")
        known = {user.name for user in self.users}
        if len(known) < len(self.users):
            raise ValueError("two users have the same name")
        asked = [manager.user for manager in self.managers if manager.version == "v3"]
        asked += [access.user for access in self.agent.access if access.user]
        bound = [listen for listen in (self.agent.listen, *self.receiver.listen) if listen and listen.port]
        if len(set(bound)) < len(bound):
            raise ValueError("agent and receiver, or the receiver twice, would listen at the same address and port")
        if missing := {*asked, *self.receiver.users} - known:
            raise ValueError(f"users holds nobody called {', '.join(sorted(missing)) or '(nothing)'}")
        return self
