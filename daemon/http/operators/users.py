"""Routes about users: list and search them by what their phones are too, make, change and delete them, add a phone.

A user is named by tenant and name; `-` stands for no tenant. Somebody whom only a device names is listed, too. Not
here: what follows from a change (`daemon.fleet.user_events`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import trio
from fastapi import APIRouter, Request
from pydantic import BaseModel

from daemon.config.entries import WrittenDevice, WrittenUser
from daemon.fleet.acts import UserDeleted, UserWritten
from daemon.fleet.device import Device
from daemon.fleet.records import NumberStatus, User
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.bodies import body_of, read_body, read_object
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import device_detail, kept, known_device, write_device
from daemon.http.operators.lists import Field, Listing, find, parameters_of, parse_query
from daemon.http.operators.problems import Problem, not_found
from daemon.http.operators.views import DeviceDetail, DeviceItem, device_item

router = APIRouter(prefix="/users", tags=["users"])

NO_TENANT = "-"


@dataclass(frozen=True, slots=True)
class Owner:
    """A user with the phones."""

    user: User
    devices: tuple[Device, ...]
    defined: bool  # False: only devices name them


class UserItem(BaseModel):
    """A user in a list; `devices` are MACs, `defined` is false for somebody whom only devices name."""

    key: str
    name: str
    tenant: str
    display_name: str
    number: str
    devices: list[str]
    defined: bool


class UserList(BaseModel):
    """A page of users."""

    items: list[UserItem]
    next: str | None


class UserDetail(BaseModel):
    """A user whole; whether there is a password is told, the password never."""

    key: str
    name: str
    tenant: str
    display_name: str
    number: str
    has_password: bool
    defined: bool
    devices: list[DeviceItem]


_PUNCTUATION = str.maketrans("", "", ":-.")


def _bare(text: str) -> str:
    """A MAC as it is kept, whatever punctuation was typed."""
    return text.translate(_PUNCTUATION).casefold()


USERS: Listing[Owner] = Listing(
    key="key",
    fields={
        "key": Field(lambda owner: owner.user.key),
        "name": Field(lambda owner: owner.user.name),
        "tenant": Field(lambda owner: owner.user.tenant),
        "display_name": Field(lambda owner: owner.user.display_name),
        "number": Field(lambda owner: owner.user.number),
        "macs": Field(lambda owner: " ".join(device.mac for device in owner.devices), fold=_bare),
        "numbers": Field(lambda owner: " ".join(device.number for device in owner.devices if device.number)),
        "devices": Field(lambda owner: len(owner.devices)),
        "defined": Field(lambda owner: owner.defined, show=lambda value: "true" if value else "false"),
    },
    search=("name", "display_name", "number", "macs", "numbers"),
)


@router.get("", openapi_extra=parameters_of(USERS))
async def list_users(request: Request, desk: AtDesk, caller: Reader) -> UserList:
    """Users, filtered by any of their fields, or searched by name, number, or the MAC and number of a phone."""
    page = find(USERS, _owners(desk), parse_query(USERS, request.query_params.multi_items()))
    return UserList(items=[_item(owner) for owner in page.items], next=page.next)


@router.post("", status_code=201)
async def create_user(written: WrittenUser, desk: AtDesk, caller: Actor) -> UserDetail:
    """Make a user."""
    user = await trio.to_thread.run_sync(written.noun, desk.seal)
    await kept(desk.deliver(UserWritten(user, "", caller.name)))
    return _detail(_known(desk, user.tenant or NO_TENANT, user.name))


@router.get("/{tenant}/{name}")
async def show_user(tenant: str, name: str, desk: AtDesk, caller: Reader) -> UserDetail:
    """A user with the phones."""
    return _detail(_known(desk, tenant, name))


@router.put("/{tenant}/{name}", openapi_extra=body_of(WrittenUser))
async def write_user(tenant: str, name: str, request: Request, desk: AtDesk, caller: Actor) -> UserDetail:
    """Write a user anew: who has another name or tenant moves there with the phones; without a password it stays."""
    owner = _known(desk, tenant, name)
    written = await read_body(request, WrittenUser, **await _unsaid(request, owner.user))
    user = await trio.to_thread.run_sync(written.noun, desk.seal)
    if "sip_password" not in written.fields():
        user = User(user.name, user.tenant, user.display_name, user.number, owner.user.sip_password)
    await kept(desk.deliver(UserWritten(user, owner.user.key if owner.defined else "", caller.name)))
    return _detail(_known(desk, user.tenant or NO_TENANT, user.name))


@router.delete("/{tenant}/{name}", status_code=204)
async def delete_user(tenant: str, name: str, desk: AtDesk, caller: Actor, with_devices: bool = False) -> None:
    """Forget a user; with the phones, if that is asked for."""
    owner = _known(desk, tenant, name)
    if not owner.defined:
        raise Problem(409, f"only devices name {name}: change or delete those")
    await kept(desk.deliver(UserDeleted(owner.user.key, with_devices, caller.name)))


@router.post("/{tenant}/{name}/devices", status_code=201, openapi_extra=body_of(WrittenDevice))
async def add_device(tenant: str, name: str, request: Request, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Give a user another phone; it takes display name, password and, if nobody has it, the number of the user."""
    user = _known(desk, tenant, name).user
    said = {"tenant": user.tenant, "user": user.name}
    written = await read_body(request, WrittenDevice, **said)
    if desk.directory.device(written.mac) is not None:
        raise Problem(409, f"there is a device {written.mac} already: change it with PATCH")
    if "number" not in written.fields() and user.number and _free(desk, user.number):
        written = written.model_copy(update={"number": user.number})
    await write_device(desk, caller, written)
    return await device_detail(desk, known_device(desk, written.mac))


async def _unsaid(request: Request, user: User) -> dict[str, str]:
    """The parts of the key that the body does not change."""
    named = await read_object(request)
    return {key: value for key, value in {"name": user.name, "tenant": user.tenant}.items() if key not in named}


def _free(desk: Desk, number: str) -> bool:
    entry = desk.directory.numbers.get(number)
    return entry is None or entry.status is NumberStatus.AVAILABLE


def _owners(desk: Desk) -> Iterator[Owner]:
    """Everybody, in one walk over the devices."""
    phones: dict[tuple[str, str], list[Device]] = defaultdict(list)
    for device in desk.directory.devices():
        if device.record.user and device.record.approved:
            phones[device.record.tenant, device.record.user].append(device)
    for user in desk.directory.users.values():
        yield Owner(user, tuple(phones.pop((user.tenant, user.name), ())), defined=True)
    for (tenant, name), devices in phones.items():
        yield Owner(User(name, tenant), tuple(devices), defined=False)


def _known(desk: Desk, tenant: str, name: str) -> Owner:
    key = f"{'' if tenant == NO_TENANT else tenant}/{name}"
    user = desk.directory.users.get(key)
    wanted = user or User(name, key.partition("/")[0])
    devices = tuple(
        device
        for device in desk.directory.devices()
        if device.record.user == wanted.name and device.record.tenant == wanted.tenant and device.record.approved
    )
    if user is None and not devices:
        raise not_found(f"user {key[:100]}")
    return Owner(wanted, devices, defined=user is not None)


def _item(owner: Owner) -> UserItem:
    user = owner.user
    return UserItem(
        key=user.key,
        name=user.name,
        tenant=user.tenant,
        display_name=user.display_name,
        number=user.number,
        devices=[device.mac for device in owner.devices],
        defined=owner.defined,
    )


def _detail(owner: Owner) -> UserDetail:
    user = owner.user
    return UserDetail(
        key=user.key,
        name=user.name,
        tenant=user.tenant,
        display_name=user.display_name,
        number=user.number,
        has_password=bool(user.sip_password),
        defined=owner.defined,
        devices=[device_item(device) for device in owner.devices],
    )
