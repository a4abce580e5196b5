"""What each kind of operation wants of a phone: which steps prove it, how it is told, and whether twice does harm.

`MANNERS` is the table. A kind without steps changes only what we keep and is proved by being done. An idempotent one
may be asked again when its answer was lost or the daemon restarted in between: fetching a file twice harms nobody.
A restart, a firmware update or a message on the screen happens twice if it is asked twice, so these are asked once.
Not here: what a kind changes on our side (`edits`), by which way a phone is reached (`asking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.fleet.device import Device
from daemon.fleet.model import Presence
from daemon.fleet.operations.operation import Kind, Step

YES = "yes"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind is carried out.

    `requires`: the steps to be seen, in order. `reboot` of the check-sync that means it; None if none does. `action`
    is its name among a vendor's commands. `needs` and `takes` are the parameters that must and may be there.
    """

    requires: tuple[Step, ...] = ()
    idempotent: bool = True
    reboot: bool | None = None
    action: str = ""
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


_RESTARTS = (Step.DELIVERED, Step.RESTARTED, Step.FETCHED, Step.REGISTERED)
_FETCHES = (Step.DELIVERED, Step.FETCHED)
_RESTART = frozenset({"restart"})  # `yes`: the phone restarts instead of only fetching its file


def _told_to_fetch(*needs: str, takes: frozenset[str] = frozenset()) -> Manner:
    return Manner(_FETCHES, True, False, "update_configuration", frozenset(needs), takes | _RESTART)


MANNERS: Mapping[Kind, Manner] = {
    Kind.RESTART: Manner(_RESTARTS, False, True, "reset_graceful", takes=frozenset({"force"})),
    Kind.UPDATE_CONFIGURATION: _told_to_fetch(),
    Kind.UPDATE_FIRMWARE: Manner(
        (*_RESTARTS, Step.PROVED), False, True, "reset_graceful", frozenset({"file", "version"})
    ),
    Kind.SEND_MESSAGE: Manner(
        (Step.DELIVERED,), False, None, "send_message", frozenset({"text"}), frozenset({"seconds"})
    ),
    Kind.CHECK_STATUS: Manner((Step.PROVED,)),
    Kind.CHANGE_TENANT: _told_to_fetch("tenant", takes=frozenset({"site"})),
    Kind.CHANGE_TEMPLATE: _told_to_fetch("template"),
    Kind.CHANGE_LANGUAGE: _told_to_fetch("language"),
    Kind.CHANGE_VLAN: _told_to_fetch("mode", takes=frozenset({"id", "priority"})),
    Kind.NICKNAME: Manner(needs=frozenset({"nickname"})),
    Kind.GENERATE_CONFIGURATION: Manner(),
    Kind.RESET_PASSWORDS: _told_to_fetch(takes=frozenset({"password"})),
    Kind.DELETE_DEVICES: Manner(),
    Kind.DELETE_STATUS: Manner(),
    Kind.COPY_USER_CONFIGURATION: _told_to_fetch("from"),
    Kind.DELETE_USER_CONFIGURATION: _told_to_fetch(),
}

_RESTARTS_INSTEAD = MANNERS[Kind.RESTART]
_FORCED = Manner(_RESTARTS, False, None, "reset_force")


def manner_of(kind: Kind, parameters: Mapping[str, str]) -> Manner:
    """How this order is carried out."""
    if kind is Kind.RESTART and parameters.get("force") == YES:
        return _FORCED
    if "restart" in MANNERS[kind].takes and parameters.get("restart") == YES:
        return _RESTARTS_INSTEAD
    return MANNERS[kind]


def required(manner: Manner, device: Device) -> tuple[Step, ...]:
    """The steps this very phone can show: one that never reports cannot say that it started.

    One that was not registered need not be so afterwards.
    """
    waived = set[Step]()
    if device.report is None:
        waived.add(Step.RESTARTED)
    registered = device.contact is not None and not device.contact.static
    if not registered and device.presence is not Presence.REGISTERED:
        waived.add(Step.REGISTERED)
    return tuple(step for step in manner.requires if step not in waived)
