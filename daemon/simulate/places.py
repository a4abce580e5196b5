"""Where the simulated phones stand: tenants, their sites, and the loopback network of each site.

All of 127.0.0.0/8 is this machine, so every phone can have an address of its own and a site a subnet of its own: a
daemon that believes phones by their network finds real source addresses. Not here: who stands where (`plan`).
"""

from __future__ import annotations

from dataclasses import dataclass

# A /24 holds 254 hosts; a few are left so that a test can add phones by hand.
PHONES_PER_SITE = 250
# One second octet per tenant and one third octet per site.
SITES_PER_TENANT = 250

TENANTS = ("acme", "globex")  # the first is the default tenant
_SECOND_OCTETS = (10, 20)
# As many sites as a small fleet needs to be worth looking at; larger fleets get numbered branches.
_NAMED_SITES = ("headquarters", "office", "warehouse", "workshop")


@dataclass(frozen=True, slots=True)
class Place:
    """A site of a tenant; `prefix` is the first three octets of its /24."""

    tenant: str
    site: str
    prefix: str

    @property
    def subnet(self) -> str:
        """The site's network as CIDR."""
        return f"{self.prefix}.0/24"

    def address(self, seat: int) -> str:
        """The address of the phone at this seat, counted from 0."""
        return f"{self.prefix}.{seat + 1}"


def places_for(phones: int) -> tuple[Place, ...]:
    """The sites that a fleet of this size needs; `ValueError` if loopback has not enough of them."""
    count = max(len(_NAMED_SITES), -(-phones // PHONES_PER_SITE))
    if count > SITES_PER_TENANT * len(TENANTS):
        most = SITES_PER_TENANT * len(TENANTS) * PHONES_PER_SITE
        raise ValueError(f"{phones} phones do not fit: {most} is the most that the simulated networks hold")
    return tuple(_place(index) for index in range(count))


def tenant_subnet(tenant: str) -> str:
    """The network that holds all sites of a tenant."""
    return f"127.{_SECOND_OCTETS[TENANTS.index(tenant)]}.0.0/16"


def _place(index: int) -> Place:
    """Sites alternate between the tenants."""
    turn, owner = divmod(index, len(TENANTS))
    name = _NAMED_SITES[index] if index < len(_NAMED_SITES) else f"branch-{index + 1}"
    return Place(TENANTS[owner], name, f"127.{_SECOND_OCTETS[owner]}.{turn + 1}")
