"""What a phone is told to do: by a check-sync over SIP, or in the answer to its report.

A report's answer holds objects, or the same as JSON text, or the bare `cmd` of older samples (AudioCodes' Live Platform
guide shows objects). What a phone does not know it passes over. Pure and total. Not here: doing it (`phone`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum

from daemon.simulate.sip_text import SipText


class Order(Enum):
    """What a phone knows how to do."""

    RESTART = "restart when no call is going on"
    RESTART_AT_ONCE = "restart"
    FETCH = "fetch the configuration"


# The last part of a command's path -> what it means. Only the first stands in a public source; the others are of its
# pattern, as the daemon sends them where its operator permits that.
_HANDLERS = {
    "ResetGracefulHandler": Order.RESTART,
    "ResetForceHandler": Order.RESTART_AT_ONCE,
    "UpdateConfigurationHandler": Order.FETCH,
    "UpdateFirmwareHandler": Order.FETCH,
}
_CMDS = {"reset": Order.RESTART}


def orders_in(requests: Iterable[object]) -> list[Order]:
    """The `requests` of a report's answer -> those of them that a phone knows, in order."""
    found = (_order(request) for request in requests)
    return [order for order in found if order is not None]


def order_of(request: SipText) -> Order | None:
    """A SIP request -> what it tells a phone to do; None for everything but a check-sync."""
    package, *parameters = (part.strip().lower() for part in request.first("event").split(";"))
    if request.method != "NOTIFY" or package != "check-sync":
        return None
    return Order.RESTART if "reboot=true" in parameters else Order.FETCH


def _order(request: object) -> Order | None:
    if isinstance(request, str):
        try:
            request = json.loads(request)
        except (ValueError, RecursionError):
            return None
    if not isinstance(request, dict):
        return None
    handler = str(request.get("path", "")).rpartition("/")[2]
    return _HANDLERS.get(handler) or _CMDS.get(str(request.get("cmd", "")))
