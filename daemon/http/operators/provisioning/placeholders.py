"""Routes about placeholders: every known one with its default, what is in force for a scope, and the tables of values.

    /placeholders                        all of them; ?tenant=, ?site=, ?model=, ?device= say for whom
    /placeholders/system                 one table each
    /placeholders/template/<model>
    /placeholders/tenant/<tenant>
    /placeholders/site/<tenant>/<site>
    /placeholders/device/<mac>

Values are checked by what is known of the placeholder. Secrets are shown to administrators who ask for them, masked to
everybody else. Not here: where tables stand (`placeholder_scopes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, RootModel

from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept, known_device
from daemon.http.operators.problems import Problem, ProblemFault
from daemon.http.operators.provisioning.placeholder_scopes import OfDevice, Scope, Written, of_devices, scope_named
from daemon.http.operators.provisioning.templates import may_see_secrets
from daemon.provisioning.placeholders.kinds import LINE
from daemon.provisioning.placeholders.known import KNOWN, known, value_faults
from daemon.provisioning.placeholders.lookup import Family, looks_secret
from daemon.provisioning.sealing import open_values, seal_values
from daemon.provisioning.templates.check import MASK

router = APIRouter(prefix="/placeholders", tags=["placeholders"])

# More than all known ones twice over; a table that long is data, not settings.
MAX_VALUES = 500

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
Values = dict[Name, str]


class Table(BaseModel):
    """The values of one scope."""

    model_config = ConfigDict(extra="forbid")

    values: Annotated[Values, Field(max_length=MAX_VALUES)]


class Changes(RootModel[Annotated[dict[Name, str | None], Field(max_length=MAX_VALUES)]]):
    """Values to set; null takes one away."""


class PlaceholderItem(BaseModel):
    """One placeholder: what it is for, its default, and what it is worth here.

    `family` says for whom it is usually written, `origin` who wrote the value in force, "" if nobody did; then it is
    the default, or what `computed` says.
    """

    name: str
    description: str
    takes: str
    family: str
    default: str | None
    computed: str
    secret: bool
    value: str | None
    origin: str


class PlaceholderList(BaseModel):
    """Every placeholder, by name."""

    items: list[PlaceholderItem]


class Copying(BaseModel):
    """To which devices, and which values; all of them if `names` is left out."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[list[Annotated[str, Field(max_length=20)]], Field(min_length=1, max_length=30_000)]
    names: Annotated[list[Name], Field(max_length=MAX_VALUES)] | None = None


class Copied(BaseModel):
    """What was copied to how many."""

    names: list[str]
    devices: int


@router.get("")
async def list_placeholders(
    desk: AtDesk,
    caller: Reader,
    *,
    tenant: str = "",
    site: str = "",
    model: str = "",
    device: str = "",
    secrets: bool = False,
) -> PlaceholderList:
    """The default values of all placeholders, and what is in force for a tenant, site, model or device."""
    plain = may_see_secrets(caller, secrets)
    layers = [(scope.family, _open(desk, scope.values(desk))) for scope in _scopes(desk, tenant, site, model, device)]
    settings = desk.settings().provisioning
    layers.append((Family.TEMPLATE, settings.template_placeholders.get(model, {})))
    layers.append((Family.SYSTEM, settings.placeholders))
    layers.sort(key=lambda layer: list(reversed(Family)).index(layer[0]))
    names = sorted({*KNOWN, *(name for _, values in layers for name in values)})
    return PlaceholderList(items=[_item(name, layers, plain=plain) for name in names])


@router.get("/{scope:path}")
async def show_table(scope: str, desk: AtDesk, caller: Reader, secrets: bool = False) -> Table:
    """The values of one scope."""
    return _table(desk, scope_named(desk, scope), plain=may_see_secrets(caller, secrets))


@router.put("/{scope:path}")
async def write_table(scope: str, table: Table, desk: AtDesk, caller: Actor) -> Table:
    """Replace the values of one scope; 422 names every value that will not do."""
    await _keep(desk, caller, scope_named(desk, scope), _checked(table.values))
    return _table(desk, scope_named(desk, scope), plain=False)


@router.patch("/{scope:path}")
async def change_table(scope: str, changes: Changes, desk: AtDesk, caller: Actor) -> Table:
    """Set some values of one scope, or take them away, and leave the others."""
    place = scope_named(desk, scope)
    written = _checked({name: value for name, value in changes.root.items() if value is not None})
    left = {name: value for name, value in place.values(desk).items() if name not in changes.root}
    await _keep(desk, caller, place, left | written)
    return _table(desk, scope_named(desk, scope), plain=False)


@router.delete("/{scope:path}", status_code=204)
async def drop_table(scope: str, desk: AtDesk, caller: Actor) -> None:
    """Take all values of one scope away."""
    await _keep(desk, caller, scope_named(desk, scope), {})


@router.post("/device/{mac}/copy")
async def copy_values(mac: str, order: Copying, desk: AtDesk, caller: Actor) -> Copied:
    """Give the values of one device to others, over what they have."""
    source = known_device(desk, mac).record
    names = order.names if order.names is not None else list(source.placeholders)
    missing = [name for name in names if name not in source.placeholders]
    if missing:
        raise Problem(422, f"device {source.mac} has no value for {', '.join(missing[:10])}")
    copied = {name: source.placeholders[name] for name in names}
    found = {device.mac: device.record for device in (known_device(desk, each) for each in order.to)}
    found.pop(source.mac, None)
    records = [replace(each, placeholders={**each.placeholders, **copied}) for each in found.values()]
    if max((len(each.placeholders) for each in records), default=0) > MAX_VALUES:
        raise Problem(422, f"a device would have more than {MAX_VALUES} values")
    await kept(desk.deliver(of_devices(records, caller.name)))
    return Copied(names=names, devices=len(records))


async def _keep(desk: Desk, caller: Caller, scope: Scope, values: Mapping[str, str]) -> None:
    if len(values) > MAX_VALUES:
        raise Problem(422, f"there would be more than {MAX_VALUES} values")
    # Documents are sealed whole, records value by value.
    fit = values if isinstance(scope, Written) else seal_values(values, desk.seal)
    await kept(desk.deliver(scope.replaced(desk, fit, caller.name)))


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    faults = [ProblemFault(key=name, wrong=wrong) for name, wrong in value_faults(values)]
    faults += [
        ProblemFault(key=name, wrong="stands masked in place of a secret", hint="leave it out, or write the secret")
        for name, value in values.items()
        if value == MASK
    ]
    if faults:
        how_many = "one value" if len(faults) == 1 else f"{len(faults)} values"
        raise Problem(422, f"{how_many} will not do; nothing was changed", tuple(faults))
    return dict(values)


def _table(desk: Desk, scope: Scope, *, plain: bool) -> Table:
    values = scope.values(desk)
    shown = _open(desk, values) if plain else {name: _shown(name, value) for name, value in values.items()}
    return Table(values=dict(sorted(shown.items())))


def _open(desk: Desk, values: Mapping[str, str]) -> Mapping[str, str]:
    return open_values(values, desk.open_text)


def _shown(name: str, value: str, *, plain: bool = False) -> str:
    return value if plain or not value or not _is_secret(name) else MASK


def _is_secret(name: str) -> bool:
    found = known(name)
    return found.secret if found else looks_secret(name)


def _scopes(desk: Desk, tenant: str, site: str, model: str, device: str) -> Iterator[Scope]:
    """The tables that matter for whoever is named; a device brings its tenant, site and model."""
    if device:
        record = known_device(desk, device).record
        yield OfDevice(record)
        tenant, site, model = tenant or record.tenant, site or record.site, model or record.model
    if tenant:
        yield scope_named(desk, f"tenant/{tenant}")
        if site:
            yield scope_named(desk, f"site/{tenant}/{site}")
    if model:
        yield scope_named(desk, f"template/{model}")
    yield Written()


def _item(name: str, layers: list[tuple[Family, Mapping[str, str]]], *, plain: bool) -> PlaceholderItem:
    about = known(name)
    family, value = next(((family, values[name]) for family, values in layers if name in values), ("", None))
    fallback = about.default if about else None
    in_force = fallback if value is None else value
    return PlaceholderItem(
        name=name,
        description=about.description if about else "defined by an operator",
        takes=(about.kind if about else LINE).words,
        family=about.family if about else "",
        default=about.default if about else None,
        computed=about.from_ if about else "",
        secret=_is_secret(name),
        value=None if in_force is None else _shown(name, in_force, plain=plain),
        origin=family,
    )
