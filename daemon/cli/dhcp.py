"""`dhcp`: what to write into a DHCP server so that phones find Ringkeeper. Needs no running daemon."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.console import DEFAULT_CONFIG, ConfigFile
from daemon.config.loader import load_settings
from daemon.errors import RingkeeperError
from daemon.provisioning.dhcp import snippets

_PORT = re.compile(r":\d+\Z")


class DhcpServer(StrEnum):
    """The servers we write for."""

    ISC = "isc"
    DNSMASQ = "dnsmasq"
    KEA = "kea"


def dhcp(
    server: Annotated[DhcpServer, typer.Option(help="Which DHCP server it is for.")],
    config: ConfigFile = DEFAULT_CONFIG,
    tenant: Annotated[str, typer.Option(help="Phones belong to this tenant at once; without it they wait.")] = "",
    url: Annotated[str, typer.Option(help="How phones reach us, if not by provisioning.server.")] = "",
) -> None:
    """Print the configuration for a DHCP server."""
    sys.stdout.write(snippets(server, url or phones_url(config), tenant).rstrip("\n") + "\n")


def phones_url(config: Path) -> str:
    """How phones reach us, by the configuration; `RingkeeperError` if it does not say."""
    settings = load_settings(config)
    scheme, name = settings.provisioning.scheme, settings.provisioning.server
    port = next((listen.port for listen in settings.http.phones.listen if listen.scheme != "unix"), 0)
    if not name:
        raise RingkeeperError(
            f"{config}: provisioning.server is not set, so it is not known how phones reach us;"
            " set it, or add --url http://name:port"
        )
    # Over https a proxy in front of us ends TLS, at a port of its own.
    told = scheme == "https" or _PORT.search(name) or port in {0, 80}
    return f"{scheme}://{name}" if told else f"{scheme}://{name}:{port}"
