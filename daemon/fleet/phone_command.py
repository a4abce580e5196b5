"""The order that goes to a phone's own HTTP server. Frozen, and without any login: that is looked up where it leaves.

Not here: which phones are told so (`operations.asking`), the request itself (`daemon.integrations.phone_commands`).
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.fleet.model import Mac


@dataclass(frozen=True, slots=True)
class SendCommand:
    """Ask a phone's own server for this; `url` names it by address, never by a name that somebody could move.

    `body` is JSON, "" for none. `taken`: what stands in the answer of a phone that obeys, "" if its status says all.
    """

    mac: Mac
    action: str
    method: str
    url: str
    body: str = ""
    taken: str = ""
