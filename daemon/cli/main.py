"""The command `ringkeeper`: which command is whose, and how an error ends the program.

Exit codes: 0 fine, 1 failure, 2 usage. Everything raised on purpose is printed without a traceback. Not here: what a
command does; each has its file.
"""

from __future__ import annotations

import sys

import typer

from daemon import __version__
from daemon.cli.alarm import alarm
from daemon.cli.approve import approve
from daemon.cli.check_config import check_config
from daemon.cli.configuration import configuration
from daemon.cli.console import FAILURE, complain, out
from daemon.cli.demo import demo
from daemon.cli.dhcp import dhcp
from daemon.cli.export import export
from daemon.cli.files import file
from daemon.cli.firmware import firmware
from daemon.cli.first_contact import arm, token
from daemon.cli.import_inventory import import_inventory
from daemon.cli.licence import licence
from daemon.cli.operation import operation, restart, upgrade
from daemon.cli.operator import operator
from daemon.cli.output import output
from daemon.cli.placeholder import placeholder
from daemon.cli.preview import preview
from daemon.cli.receiver import receiver
from daemon.cli.resync import resync
from daemon.cli.serve import serve
from daemon.cli.shelf import shelf
from daemon.cli.simulate import simulate
from daemon.cli.status import status
from daemon.cli.swap import swap
from daemon.cli.template import template
from daemon.cli.trace import trace
from daemon.errors import RingkeeperError

ringkeeper = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a fleet of SIP desk phones provisioned, reachable and accounted for.",
)
ringkeeper.command()(serve)
ringkeeper.command("check-config")(check_config)
ringkeeper.command()(demo)
ringkeeper.command()(simulate)
ringkeeper.command("import")(import_inventory)
ringkeeper.command()(export)
ringkeeper.command()(dhcp)
ringkeeper.command()(approve)
ringkeeper.command()(status)
ringkeeper.command()(licence)
ringkeeper.command()(trace)
ringkeeper.command()(resync)
ringkeeper.command()(restart)
ringkeeper.command()(upgrade)
ringkeeper.command()(swap)
ringkeeper.add_typer(operation, name="operation")
ringkeeper.command()(token)
ringkeeper.command()(arm)
ringkeeper.add_typer(operator, name="operator")
ringkeeper.add_typer(alarm, name="alarm")
ringkeeper.add_typer(shelf, name="shelf")
ringkeeper.add_typer(receiver, name="receiver")
ringkeeper.add_typer(output, name="output")
ringkeeper.add_typer(template, name="template")
ringkeeper.add_typer(placeholder, name="placeholder")
ringkeeper.add_typer(configuration, name="configuration")
ringkeeper.add_typer(preview, name="preview")
ringkeeper.add_typer(firmware, name="firmware")
ringkeeper.add_typer(file, name="file")


@ringkeeper.callback(invoke_without_command=True)
def _ringkeeper(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if version:
        out.print(f"ringkeeper {__version__}")
        raise typer.Exit


def main() -> None:
    """The installed command."""
    try:
        ringkeeper()
    except RingkeeperError as error:
        complain(str(error).splitlines())
        sys.exit(FAILURE)
