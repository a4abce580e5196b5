"""The inventory that an operator would have written for a planned fleet, as YAML text.

Each entry is written as JSON, which is YAML too, so no library is needed and every text is quoted. Not here: what
the keys mean (`docs/configuration.md`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from daemon.simulate.characters import Character
from daemon.simulate.places import TENANTS, tenant_subnet
from daemon.simulate.plan import FIRST_NUMBER, FleetPlan, PlannedPhone

OWN_SERVER, OTHER_SERVER = "pbx-a", "pbx-b"
OWN_DOMAIN, OTHER_DOMAIN = "pbx-a.example.net", "pbx-b.example.net"

SPARE_NUMBERS = 20  # numbers that no phone has, so that some are Available


def inventory_text(plan: FleetPlan, connections: Iterable[dict[str, object]] = ()) -> str:
    """Tenants, servers, devices and numbers of a plan; every phone but newcomers belongs to `OWN_SERVER`.

    `connections` are entries of SIP connections, as `trunk` writes them.
    """
    blocks: dict[str, Iterable[dict[str, object]]] = {
        "tenants": _tenants(plan),
        "servers": _servers(),
        "connections": connections,
        "devices": (_device(phone) for phone in plan.phones if phone.character is not Character.NEWCOMER),
        "numbers": _numbers(plan),
    }
    return "".join(f"{name}:\n{listed}" for name, entries in blocks.items() if (listed := _listed(entries)))


def _listed(entries: Iterable[dict[str, object]]) -> str:
    return "".join(f"  - {json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)


def _tenants(plan: FleetPlan) -> Iterator[dict[str, object]]:
    for name in TENANTS:
        sites = [{"name": place.site, "subnet": place.subnet} for place in plan.places if place.tenant == name]
        yield {"name": name, "subnet": tenant_subnet(name), "default": name == TENANTS[0], "sites": sites}


def _servers() -> Iterator[dict[str, object]]:
    yield {"name": OWN_SERVER, "address": f"sip:{OWN_DOMAIN}:5060"}
    yield {"name": OTHER_SERVER, "address": f"sip:{OTHER_DOMAIN}:5060"}


def _device(phone: PlannedPhone) -> dict[str, object]:
    who = phone.identity
    return {
        "mac": who.mac,
        "model": who.model,
        "tenant": who.tenant,
        "site": who.site,
        "user": who.user,
        "display_name": who.display_name,
        "number": who.number,
        "server": OWN_SERVER,
        "qualify": phone.character is not Character.UNMONITORED,
        "sip_password": who.sip_password,
    }


def _numbers(plan: FleetPlan) -> Iterator[dict[str, object]]:
    for index in range(len(plan.phones) + SPARE_NUMBERS):
        yield {"number": str(FIRST_NUMBER + index), "vendor": "AudioCodes"}
