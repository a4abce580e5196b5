"""What a phone must show before it is believed or given a secret. Two decisions, each with a named reason.

A MAC is printed on every box, so knowing one proves nothing. Two things do: the phone's own permanent secret, and,
once, within the window an operator opened, coming from a network of its tenant. Whoever shows neither gets a file
without a single secret, or none. Not here: how a secret is made and compared (`sealing`), and taking the window
away after the secret was first used (the fleet).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from daemon.fleet.model import DeviceRecord, Tenant
from daemon.provisioning.zero_touch import address_of


class Reason(StrEnum):
    """Why a report was (not) believed, and why a file was served as it was."""

    SECRET = "permanent secret"  # noqa: S105 - the name of a reason
    NETWORK = "network of the tenant"
    NO_NETWORK = "tenant without a network"
    FOREIGN_NETWORK = "outside the tenant's networks"
    FIRST_CONTACT = "first contact"
    WINDOW_CLOSED = "window closed"
    UNAPPROVED = "unapproved"
    UNKNOWN_PHONE = "unknown phone"


class Extent(StrEnum):
    """How much of its file a phone gets."""

    COMPLETE = "complete"
    STRIPPED = "stripped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Belief:
    """Whether a report is taken for the phone's own."""

    believed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Serving:
    """How much of its file a phone gets, and why."""

    extent: Extent
    reason: Reason


def believe(record: DeviceRecord | None, tenant: Tenant | None, source: str, with_secret: bool) -> Belief:
    """Whether a keep-alive or alarm from `source` is believed; `record` is None for a phone nobody defined.

    The secret of a phone counts wherever it comes from; without it, only a network of its tenant does.
    """
    if with_secret and record is not None:
        return Belief(True, Reason.SECRET)
    if tenant is None or not tenant.networks():
        return Belief(False, Reason.NO_NETWORK)
    if _within(tenant, source):
        return Belief(True, Reason.NETWORK)
    return Belief(False, Reason.FOREIGN_NETWORK)


def decide_file(
    record: DeviceRecord | None,
    tenant: Tenant | None,
    source: str,
    with_secret: bool,
    now: float,
    *,
    unprotected: Literal["stripped", "refused"],
) -> Serving:
    """How much of its file the phone at `source` gets. Only an approved device can get a complete one."""
    within = _within(tenant, source)
    without_proof = Extent(unprotected)
    if with_secret and record is not None and record.approved:
        return Serving(Extent.COMPLETE, Reason.SECRET)
    if not within:
        # Whoever merely knows a MAC learns nothing, not even that we know it too.
        return Serving(Extent.REFUSED, Reason.UNKNOWN_PHONE if record is None else Reason.FOREIGN_NETWORK)
    if record is None:
        return Serving(Extent.STRIPPED, Reason.UNKNOWN_PHONE)  # enough to report itself
    if not record.approved:
        return Serving(Extent.STRIPPED, Reason.UNAPPROVED)
    if now < record.armed_until:
        return Serving(Extent.COMPLETE, Reason.FIRST_CONTACT)
    return Serving(without_proof, Reason.WINDOW_CLOSED)


def keeps_its_urls(record: DeviceRecord | None) -> bool:
    """Whether a stripped file must leave the phone's URLs alone, because they hold its secret by now.

    A device is disarmed (`armed_until` 0) by the first use of its secret. If it then asks without it, after a
    reboot over the DHCP option say, URLs without the secret would cost it the secret for good.
    """
    return record is not None and record.approved and record.armed_until == 0.0


def _within(tenant: Tenant | None, source: str) -> bool:
    address = address_of(source)
    return tenant is not None and address is not None and any(address in network for network in tenant.networks())
