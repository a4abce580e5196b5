"""Operations and their devices to rows and back.

As `rows` does it for the nouns of devices: a row is a tuple in the column order of `daemon.store.schema`, and
`x_of(x_row(x)) == x`. Not here: what the fields mean (`daemon.fleet.operations.operation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

from daemon.fleet.operations.operation import NOTHING_SAID, Item, Kind, Operation, OperationState, Plan, Step, Way
from daemon.store.rows import Row
from daemon.store.texts import compact, parsed

_USUAL = asdict(Plan())


def operation_row(operation: Operation) -> Row:
    """An operation without its devices."""
    return (
        operation.id,
        operation.kind.value,
        compact({name: value for name, value in asdict(operation.plan).items() if value != _USUAL[name]}),
        operation.by,
        operation.created_at,
        _text(operation.parameters),
        operation.state.value,
        operation.reason,
        operation.ended_at,
        operation.next_at,
        operation.wave,
        operation.forgiven,
    )


def operation_of(row: Row) -> Operation:
    """The operation of a row."""
    identity, kind, plan, by, created_at, parameters, state, *others = row
    values = parsed(plan)
    values["waves"] = tuple(values.get("waves", ()))
    return Operation(
        identity, Kind(kind), Plan(**values), by, created_at, _said(parameters), OperationState(state), *others
    )


def item_row(item: Item) -> Row:
    """A device of an operation, its key in front."""
    return (
        item.key,
        item.operation,
        item.mac,
        item.place,
        item.step.value,
        " ".join(item.missing),
        item.stuck,
        item.reason,
        item.way.value,
        item.at,
        item.asked_at,
        item.retry_at,
        item.tries,
        item.request,
        _text(item.own),
    )


def item_of(row: Row) -> Item:
    """The device of a row."""
    _, operation, mac, place, step, missing, stuck, reason, way, at, asked_at, retry_at, tries, request, own = row
    return Item(
        operation=operation,
        mac=mac,
        place=place,
        step=Step(step),
        missing=tuple(map(Step, missing.split())),
        stuck=stuck,
        reason=reason,
        way=Way(way),
        at=at,
        asked_at=asked_at,
        retry_at=retry_at,
        tries=tries,
        request=request,
        own=_said(own),
    )


def _text(said: Mapping[str, str]) -> str:
    return compact(dict(said)) if said else "{}"


def _said(text: str) -> Mapping[str, str]:
    return NOTHING_SAID if text == "{}" else MappingProxyType(parsed(text))
