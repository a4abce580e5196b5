"""What operators are shown of where a device is pinged, how often, and how many pings were lost.

Losses are percent, intervals seconds. Not here: round trips, and everything else about a device (`views`).
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel

from daemon.fleet.model import Binding, Contact, Reachability
from daemon.fleet.target import Target
from daemon.scheduler.timestamps import rfc3339

ContactSource = Literal["registered", "inventory", "another server"]


class ContactView(BaseModel):
    """Where a device is pinged; no `expires_at` for an address from the inventory.

    Over tcp and tls it is the far end of the connection that the phone registered over, and that very one is used.
    Over udp it is reached by `listener`, that of ours which it registered at; "" if it did not register here.
    `route` are the proxies (Path) in the order in which a ping passes them.
    """

    uri: str
    host: str
    port: int
    transport: str
    listener: str
    route: list[str]
    source: ContactSource
    expires_at: str | None


class BindingView(ContactView):
    """One contact that the phone registered; `pinged` if pings go there.

    `instance` and `reg_id` are those of RFC 5626, "" and 0 without.
    """

    pinged: bool
    q: float
    instance: str
    reg_id: int


def contact_view(contact: Contact) -> ContactView:
    """A contact as it is shown."""
    return ContactView(
        uri=contact.uri,
        host=contact.host,
        port=contact.port,
        transport=contact.transport,
        listener=contact.listener,
        route=list(contact.route),
        source="inventory" if contact.static else "another server" if contact.learned else "registered",
        expires_at=None if contact.static or contact.learned else rfc3339(contact.expires_at or 0.0),
    )


def binding_view(binding: Binding, pinged: Contact | None) -> BindingView:
    """A binding as it is shown; `pinged` is the device's present contact."""
    return BindingView(
        **contact_view(binding.contact).model_dump(),
        pinged=binding.contact == pinged,
        q=binding.q,
        instance=binding.instance,
        reg_id=binding.reg_id,
    )


def loss(target: Target) -> float | None:
    """How many of the pings in the history were lost, in percent; None without history."""
    share = target.round_trips.loss()
    return None if share is None else round(100 * share, 1)


def interval_in_force(target: Target, unknown_interval: float) -> float | None:
    """The seconds between two of its pings now; None while it is not pinged."""
    if target.contact is None or not target.monitored:
        return None
    seconds = target.interval or target.period
    if target.reachability is Reachability.UNKNOWN:
        seconds = unknown_interval
    return seconds if math.isfinite(seconds) else None
