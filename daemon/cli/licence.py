"""`licence`: how much of the licence is used, until when it lasts, and which devices it does not cover."""

from __future__ import annotations

from typing import Any

from daemon.cli.client import accepted, connection
from daemon.cli.console import DEFAULT_CONFIG, ConfigFile, out

SHOWN = 20  # blocked devices; the API gives them all


def licence(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Show how the licence stands; blocked devices are neither pinged nor heard."""
    with connection(config) as client:
        stands = accepted(client.get("/api/v1/licence")).json()
    for name, value in _rows(stands):
        out.print(f"{name:<18} {value}", highlight=False)
    for device in stands["blocked"][:SHOWN]:
        out.print(f"  {device['mac']}  {device['reason']}", highlight=False)
    if len(stands["blocked"]) > SHOWN:
        out.print(f"  and {len(stands['blocked']) - SHOWN} more", highlight=False)


def _rows(stands: dict[str, Any]) -> list[tuple[str, object]]:
    """As the vendor's page words them (table 7-1)."""
    unlimited = "unlimited"
    return [
        ("Status", stands["status"]),
        ("Expiration date", stands["expiration_date"] or unlimited),
        ("Days left", unlimited if stands["days_left"] is None else stands["days_left"]),
        ("Devices", f"{stands['devices']} of {stands['limit'] or unlimited}"),
        ("Blocked devices", len(stands["blocked"])),
    ]
