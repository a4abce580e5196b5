"""`approve`: have the running daemon take phones that wait for approval into a tenant."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out


def approve(
    macs: Annotated[list[str] | None, typer.Argument(metavar="MAC...", help="Which phones.")] = None,
    *,
    tenant: Annotated[str, typer.Option(help="Whose phones they are.")],
    config: ConfigFile = DEFAULT_CONFIG,
    site: Annotated[str, typer.Option(help="At which site of the tenant.")] = "",
    user: Annotated[str, typer.Option(help="Whose phone it is, if it is one.")] = "",
    model: Annotated[str, typer.Option(help="Instead of MACs: all that wait, of this model.")] = "",
    source: Annotated[str, typer.Option(help="Instead of MACs: all that wait, at this network address.")] = "",
) -> None:
    """Approve phones: all of them, or none with the reasons. They restart when they next report."""
    wanted = {name: text for name, text in (("model", model), ("source", source)) if text}
    if bool(macs) == bool(wanted):
        raise typer.BadParameter("say which phones: their MACs, or --model and --source", param_hint="MAC...")
    given = {name: text for name, text in (("site", site), ("user", user)) if text}
    which: dict[str, Any] = {"macs": macs} if macs else {"filter": wanted}
    with connection(config) as client:
        answer = client.post("/api/v1/devices/approve", json={**which, "tenant": tenant, **given})
    approved = accepted(answer).json()["macs"]
    for mac in approved:
        out.print(mac)
    phones = "1 phone" if len(approved) == 1 else f"{len(approved)} phones"
    out.print(f"{phones} approved; each restarts when it next reports" if approved else "no phone waits that fits")
