"""The settings of the two HTTP listeners, and what every TLS listener is told, SIP's as well.

Each default with its unit and the reason for the number, as in `settings`, which puts the whole together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from daemon.config.block import HOUR, Block, Positive
from daemon.config.listen import HttpListen, Listen


class ServerTls(Block):
    """Our own certificate. Files hold PEM; a reload reads them again."""

    certificate: Path | None = None  # with the chain up to the authority behind it
    key: Path | None = None

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together: write both")
        return self


class PhonesTls(ServerTls):
    """HTTPS for phones, some of which are older than TLS 1.2, and some of which have a certificate from the factory."""

    client_ca: Path | None = None  # phones may show a certificate of one of these authorities; none: nobody is asked
    # RFC 8996 ends TLS 1.0 and 1.1. Phones older than it may know nothing else: then lower this, knowing that their
    # traffic can be read, or leave them on http:// in a network of their own.
    minimum: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"

    @model_validator(mode="after")
    def _has_own(self) -> Self:
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("client_ca says nothing without certificate and key: write them, too")
        return self


def _need_certificate(addresses: tuple[Listen, ...], tls: ServerTls) -> None:
    if tls.certificate is None and any(listen.scheme == "https" for listen in addresses):
        raise ValueError("https:// in listen needs a certificate: write tls.certificate and tls.key")


class PhoneListener(Block):
    """Where phones fetch files and send reports. Another trust than the operators' listener."""

    listen: tuple[HttpListen, ...] = ()
    tls: PhonesTls = PhonesTls()
    # A keep-alive with a 2048-character location (the longest tested in public traces) is under 4 KiB.
    max_body: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 64 * 1024
    # Phones keep one connection open at most; 30,000 of them may come at once after a power cut.
    max_connections: Annotated[int, Field(ge=1)] = 40_000
    # Requests under way at once. The disk makes some 2,800 changed keep-alives a second durable (bench/README.md), so
    # the last of 4,000 is answered within 1.5 s; a phone that would wait longer is better sent away for a while.
    max_in_progress: Annotated[int, Field(ge=1)] = 4000
    idle_timeout: Positive = 75.0  # nginx's keepalive_timeout
    request_timeout: Positive = 30.0  # a phone on a poor link sends 4 KiB well within this

    @property
    def takes_certificates(self) -> bool:
        """Whether a phone can show its factory certificate anywhere."""
        return self.tls.client_ca is not None and any(listen.scheme == "https" for listen in self.listen)

    @model_validator(mode="after")
    def _has_certificate(self) -> Self:
        _need_certificate(self.listen, self.tls)
        return self


class OperatorListener(Block):
    """Where operators and monitoring come in: pages, API, metrics. The Unix socket needs no token."""

    listen: tuple[HttpListen, ...] = ()
    tls: ServerTls = ServerTls()
    max_body: Annotated[int, Field(ge=1024, le=256 * 1024 * 1024)] = 32 * 1024 * 1024  # an inventory of 30,000 phones
    max_connections: Annotated[int, Field(ge=1)] = 1000
    idle_timeout: Positive = 75.0
    request_timeout: Positive = 60.0
    session_lifetime: Positive = 12 * HOUR  # a shift, with overtime

    @property
    def max_in_progress(self) -> int:
        """No ceiling of its own: pages that follow the fleet live are requests under way all day."""
        return self.max_connections

    @model_validator(mode="after")
    def _has_certificate(self) -> Self:
        _need_certificate(self.listen, self.tls)
        return self


class Http(Block):
    """The two HTTP listeners."""

    phones: PhoneListener = PhoneListener()
    operators: OperatorListener = OperatorListener()
