"""Routes about voice quality: how the calls of each site and each device sounded lately."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel

from daemon.fleet.device import Device
from daemon.fleet.quality import Experience, Place
from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk, Directory
from daemon.http.operators.lists import Field, Listing, Value, find, parameters_of, parse_query
from daemon.http.operators.quality_views import ExperienceView, experience_view

router = APIRouter(prefix="/quality", tags=["voice quality"])


class SiteItem(ExperienceView):
    """A site; an empty `site` stands for the calls of a tenant from outside its sites."""

    tenant: str
    site: str


class DeviceQualityItem(ExperienceView):
    """A device with a call in the window."""

    mac: str
    tenant: str
    site: str
    number: str


class SiteList(BaseModel):
    """A page of sites; `next` is the cursor of the following one."""

    items: list[SiteItem]
    next: str | None


class DeviceQualityList(BaseModel):
    """A page of devices; `next` is the cursor of the following one."""

    items: list[DeviceQualityItem]
    next: str | None


class SiteHeard(NamedTuple):
    """A site and how its calls sounded."""

    place: Place
    experience: Experience


class DeviceHeard(NamedTuple):
    """A device and how its calls sounded."""

    device: Device
    experience: Experience


Heard = TypeVar("Heard", SiteHeard, DeviceHeard)


def _fields(of: Mapping[str, Callable[[Heard], str]]) -> dict[str, Field[Heard]]:
    """What names a thing, and then the experience."""
    names = {name: Field(read) for name, read in of.items()}
    return names | {name: Field(_reading(name)) for name in ExperienceView.model_fields}


def _reading(name: str) -> Callable[[Heard], Value]:
    def read(heard: Heard) -> Value:
        value: Value = getattr(heard.experience, name)
        return value

    return read


SITES: Listing[SiteHeard] = Listing(
    key="place",
    fields=_fields(
        {
            "place": lambda heard: "/".join(heard.place),
            "tenant": lambda heard: heard.place.tenant,
            "site": lambda heard: heard.place.site,
        }
    ),
    search=("tenant", "site"),
)
HEARD_DEVICES: Listing[DeviceHeard] = Listing(
    key="mac",
    fields=_fields(
        {
            "mac": lambda heard: heard.device.mac,
            "tenant": lambda heard: heard.device.record.tenant,
            "site": lambda heard: heard.device.record.site,
            "number": lambda heard: heard.device.number,
        }
    ),
    search=("mac", "number"),
)


@router.get("", openapi_extra=parameters_of(SITES))
async def list_sites(request: Request, desk: AtDesk, caller: Reader) -> SiteList:
    """Every site, filtered by any of its fields."""
    page = find(SITES, _sites(desk.directory), parse_query(SITES, request.query_params.multi_items()))
    items = [
        SiteItem(**experience_view(heard.experience).model_dump(), tenant=heard.place.tenant, site=heard.place.site)
        for heard in page.items
    ]
    return SiteList(items=items, next=page.next)


@router.get("/devices", openapi_extra=parameters_of(HEARD_DEVICES))
async def list_devices(request: Request, desk: AtDesk, caller: Reader) -> DeviceQualityList:
    """Devices with a call in the window, filtered by any of their fields."""
    query = parse_query(HEARD_DEVICES, request.query_params.multi_items())
    page = find(HEARD_DEVICES, _devices(desk.directory), query)
    items = [
        DeviceQualityItem(
            **experience_view(heard.experience).model_dump(),
            mac=heard.device.mac,
            tenant=heard.device.record.tenant,
            site=heard.device.record.site,
            number=heard.device.number,
        )
        for heard in page.items
    ]
    return DeviceQualityList(items=items, next=page.next)


def _sites(directory: Directory) -> Iterator[SiteHeard]:
    """Those that are defined, and where else calls were reported from."""
    defined = [Place(tenant.name, site.name) for tenant in directory.tenants.values() for site in tenant.sites]
    for place in dict.fromkeys((*defined, *directory.calls.places())):
        yield SiteHeard(place, directory.calls.experience(place))


def _devices(directory: Directory) -> Iterator[DeviceHeard]:
    for mac in directory.calls.devices():
        if device := directory.device(mac):
            yield DeviceHeard(device, directory.calls.experience(mac))
