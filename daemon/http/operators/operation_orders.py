"""What operators may order of many devices: the body of the request, checked, as an act for the fleet.

The devices are named, or filtered as in the list of devices; a filter is looked through once, when the order comes,
so that it does not grow while it is carried out. Not here: the routes (`operations`), carrying it out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from daemon.config.durations import parse_duration
from daemon.errors import BadMessage
from daemon.fleet.acts import OperationOrdered
from daemon.fleet.model import Mac, parse_mac
from daemon.fleet.operations.campaigns import wave_bounds
from daemon.fleet.operations.kinds import MANNERS, YES
from daemon.fleet.operations.operation import BATCHES, DELAYS, Kind, Plan
from daemon.fleet.operations.quiet_hours import read_hours
from daemon.http.operators.desk import Desk
from daemon.http.operators.lists import matching, parse_query
from daemon.http.operators.moments import read_moment
from daemon.http.operators.problems import Problem, ProblemFault
from daemon.http.operators.views import DEVICES

_VLAN_MODES = ("Manual", "CDP", "LLDP", "CDP_LLDP")
_PASSWORD_BYTES = 12  # 16 characters that no phone's menu has trouble with
_MAX_PARAMETERS = 6

Text = Annotated[str, Field(max_length=1000)]
Short = Annotated[str, Field(max_length=40)]


class OperationOrder(BaseModel):
    """An order over devices: those of `macs`, or those that `filter` finds among all.

    `delay` and `retry_for` are durations such as 2m; `at` is a time (RFC 3339). `waves` are numbers of devices or
    percentages counted from the first, `budget` is the percentage of those ended that may fail.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    parameters: Annotated[dict[Short, Text], Field(max_length=_MAX_PARAMETERS)] = {}
    macs: list[Short] = []
    filter: dict[Short, Short | list[Short]] = {}
    batch: int = 5
    delay: Short = "2m"
    at: Short = ""
    canary: Annotated[int, Field(ge=0)] = 0
    waves: Annotated[list[Short], Field(max_length=20)] = []
    budget: Annotated[float, Field(ge=0, le=100)] = 100.0
    budget_after: Annotated[int, Field(ge=1)] = 5
    quiet_hours: Short = ""
    retry_for: Short = "0s"
    password: Literal["random", "same"] = "random"  # noqa: S105 - how many, not which


def read_order(order: OperationOrder, desk: Desk, by: str) -> OperationOrdered:
    """The act; `Problem` 422 naming everything that will not do."""
    faults: list[ProblemFault] = []
    chosen = tuple(dict.fromkeys(_chosen(order, desk, faults)))
    if not chosen and not faults:
        faults.append(ProblemFault(key="filter" if order.filter else "macs", wrong="no device is meant by this"))
    plan = _plan(order, len(chosen), desk.clock.now(), faults)
    parameters = _parameters(order, desk, faults)
    if faults:
        raise Problem(422, "this cannot be ordered", tuple(faults))
    own = _passwords(order, chosen, desk) if order.kind is Kind.RESET_PASSWORDS else {}
    return OperationOrdered(order.kind, plan, chosen, by, parameters, own)


def _chosen(order: OperationOrder, desk: Desk, faults: list[ProblemFault]) -> Iterator[Mac]:
    if bool(order.macs) == bool(order.filter):
        faults.append(ProblemFault(key="macs", wrong="either macs or filter says which devices"))
        return
    for text in order.macs:
        try:
            yield parse_mac(text)
        except BadMessage as error:
            faults.append(ProblemFault(key="macs", wrong=error.detail))
    if order.filter:
        pairs = [(k, v) for k, value in order.filter.items() for v in ([value] if isinstance(value, str) else value)]
        query = parse_query(DEVICES, pairs)
        yield from (device.mac for device in matching(DEVICES, desk.directory.devices(), query))


def _plan(order: OperationOrder, total: int, now: float, faults: list[ProblemFault]) -> Plan:
    delay = _seconds(order.delay, "delay", faults)
    if order.batch not in BATCHES:
        faults.append(ProblemFault(key="batch", wrong=f"one of {', '.join(map(str, BATCHES))}"))
    if delay not in DELAYS:
        faults.append(ProblemFault(key="delay", wrong="one of 0s, 2s, 5s, 10s, 30s, 2m, 5m"))
    waves: tuple[int, ...] = ()
    try:
        waves = wave_bounds(order.canary, order.waves, total)
        if order.quiet_hours:
            read_hours(order.quiet_hours)
    except ValueError as error:
        faults.append(ProblemFault(key="quiet_hours" if "quiet" in str(error) else "waves", wrong=str(error)))
    return Plan(
        batch=order.batch,
        delay=delay,
        at=read_moment(order.at, "at", faults) or now,
        waves=waves,
        budget=order.budget / 100,
        budget_after=order.budget_after,
        quiet_hours=order.quiet_hours,
        patience=_seconds(order.retry_for, "retry_for", faults),
    )


def _seconds(text: str, key: str, faults: list[ProblemFault]) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        faults.append(ProblemFault(key=key, wrong=str(error)))
        return 0.0


def _parameters(order: OperationOrder, desk: Desk, faults: list[ProblemFault]) -> Mapping[str, str]:
    manner = MANNERS[order.kind]
    said = dict(order.parameters)
    if order.kind is Kind.UPDATE_FIRMWARE and "version" not in said:
        stored = desk.directory.files.get(said.get("file", ""))
        said |= {"version": stored.version} if stored is not None and stored.version else {}
    lacking = sorted(manner.needs - {key for key, value in said.items() if value})
    faults += [ProblemFault(key=f"parameters.{name}", wrong=f"{order.kind} needs it") for name in lacking]
    for name in sorted(said.keys() - manner.needs - manner.takes):
        takes = ", ".join(sorted(manner.needs | manner.takes)) or "nothing"
        faults.append(ProblemFault(key=f"parameters.{name}", wrong=f"{order.kind} takes {takes}"))
    unclear = [name for name in ("force", "restart") if said.get(name, YES) not in (YES, "no")]
    faults += [ProblemFault(key=f"parameters.{name}", wrong="yes or no") for name in unclear]
    if order.kind is Kind.CHANGE_VLAN and said.get("mode") not in _VLAN_MODES:
        faults.append(ProblemFault(key="parameters.mode", wrong=f"one of {', '.join(_VLAN_MODES)}"))
    if order.kind is Kind.COPY_USER_CONFIGURATION and "from" in said:
        said["from"] = _mac(said["from"], faults)
    said.pop("password", None)  # it goes with each device, sealed
    return said


def _mac(text: str, faults: list[ProblemFault]) -> str:
    try:
        return parse_mac(text)
    except BadMessage as error:
        faults.append(ProblemFault(key="parameters.from", wrong=error.detail))
        return ""


def _passwords(order: OperationOrder, chosen: tuple[Mac, ...], desk: Desk) -> dict[Mac, Mapping[str, str]]:
    """A password for each device, or one for all, sealed."""
    given = order.parameters.get("password") or (_random() if order.password == "same" else "")  # noqa: S105
    same = desk.seal(given) if given else ""
    return {mac: {"password": same or desk.seal(_random())} for mac in chosen}


def _random() -> str:
    return secrets.token_urlsafe(_PASSWORD_BYTES)
