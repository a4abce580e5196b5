"""`dhcp`: what to write into a DHCP server so that phones find Ringkeeper. Needs no running daemon."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.console import DEFAULT_CONFIG, ConfigFile
from daemon.config.loader import load_settings
from daemon.errors import RingkeeperError
from daemon.provisioning.dhcp import ALL, snippets
from daemon.provisioning.urls import Form, address_for, own_url


class DhcpServer(StrEnum):
    """The servers we write for."""

    ISC = "isc"
    DNSMASQ = "dnsmasq"
    KEA = "kea"


class Vendor(StrEnum):
    """Whose phones are told."""

    AUDIOCODES = "audiocodes"
    YEALINK = "yealink"
    POLY = "poly"
    ALL = ALL


def dhcp(
    server: Annotated[DhcpServer | None, typer.Option(help="Which DHCP server it is for.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    tenant: Annotated[str, typer.Option(help="Phones belong to this tenant at once; without it they wait.")] = "",
    url: Annotated[str, typer.Option(help="How phones reach us, if not by provisioning.server.")] = "",
    vendor: Annotated[Vendor, typer.Option(help="Whose phones are told.")] = Vendor.AUDIOCODES,
    form: Annotated[Form | None, typer.Option(help="By default zero-touch with a tenant, else system.")] = None,
    via_proxy: Annotated[str, typer.Option(metavar="HOST:PORT", help="An SBC's HTTP proxy that phones go to.")] = "",
) -> None:
    """Print the configuration for a DHCP server, or with --form direct the URL to type into a phone."""
    form = form or (Form.ZERO_TOUCH if tenant else Form.SYSTEM)
    address = address_for(url or phones_url(config), form, tenant, via_proxy)
    if form is Form.DIRECT:
        sys.stdout.write(f"{address.folder()}\n")
    elif server is None:
        raise typer.BadParameter(f"for which DHCP server? One of {', '.join(DhcpServer)}", param_hint="--server")
    else:
        sys.stdout.write(snippets(server, address, vendor))


def phones_url(config: Path) -> str:
    """How phones reach us, by the configuration; `RingkeeperError` if it does not say."""
    found = own_url(load_settings(config))
    if not found:
        raise RingkeeperError(
            f"{config}: provisioning.server is not set, so it is not known how phones reach us;"
            " set it, or add --url http://name:port"
        )
    return found
