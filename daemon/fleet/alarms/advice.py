"""What to do about an alarm, by its name: the catalogue's word for whoever shows one.

Not here: the words themselves (`catalogue`, `phone_kinds`).
"""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import OWN_ALARMS
from daemon.fleet.alarms.phone_kinds import PHONE_ALARMS

_ACTIONS = {kind.name: kind.action for kind in (*OWN_ALARMS, *PHONE_ALARMS.values())}


def action_for(name: str) -> str:
    """What to do about alarms of that name; "" if no catalogue knows it."""
    return _ACTIONS.get(name, "")
