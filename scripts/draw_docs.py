#!/usr/bin/env python3
"""Writes the generated parts of the documents, between their marker comments: `.venv/bin/python scripts/draw_docs.py`.

State diagrams come from the tables of `daemon.fleet`, the list of alarms from its catalogue, the table of metrics
from what the daemon exports. `--check` writes nothing and ends with 1 if a document is behind; the tests do the same.
Not here: any sentence of prose.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from prometheus_client.metrics_core import Metric

from daemon.fleet import numbers, presence, reachability
from daemon.fleet.alarms import catalogue, phone_kinds, telling
from daemon.fleet.alarms.kind import CAUSE_NAMES, Kind
from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.notifications import Telling
from daemon.fleet.operations import kinds as operation_kinds
from daemon.fleet.operations import steps as operation_steps
from daemon.fleet.operations.operation import OperationState, Step
from daemon.fleet.records import NumberEntry
from daemon.observe import (
    alarm_families,
    families,
    file_families,
    outbox_families,
    output_families,
    pace_families,
    snmp_families,
    validity_families,
)
from daemon.snmp import oids

DOCS = Path(__file__).resolve().parent.parent / "docs"
ANYWHERE = "ANYWHERE"  # stands for "whatever the state was"
_FEW = 12  # arrows that still fit beside each other on a page
_SUFFIX = {"counter": "_total", "info": "_info"}

State = TypeVar("State", bound=StrEnum)
Cause = TypeVar("Cause", bound=StrEnum)


def diagram(table: Mapping[State, Mapping[Cause, State]], everywhere: Mapping[Cause, State], start: State) -> str:
    """A table of transitions as a Mermaid state diagram; what is the same from every state is drawn once."""
    shared = {**_shared(table), **everywhere}
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for cause, destination in row.items():
            if cause not in shared:
                arrows.setdefault((state, destination), []).append(str(cause))
    for cause, destination in shared.items():
        arrows.setdefault((ANYWHERE, destination), []).append(str(cause))
    lines = [f"    {old} --> {new}: {' / '.join(causes)}" for (old, new), causes in arrows.items()]
    # A long diagram is readable across the page, a dense one only down it.
    head = ["stateDiagram-v2", f"    direction {'LR' if len(arrows) <= _FEW else 'TB'}"]
    head += [f'    state "from anywhere" as {ANYWHERE}'] if shared else []
    return "\n".join(["```mermaid", *head, f"    [*] --> {start}", *lines, "```"])


def _shared(table: Mapping[State, Mapping[Cause, State]]) -> dict[Cause, State]:
    """The causes that every row of the table names, always with the same destination."""
    first, *others = table.values()
    return {
        cause: destination
        for cause, destination in first.items()
        if all(row.get(cause) is destination for row in others)
    }


def reachability_diagram() -> str:
    """Whether a phone answers pings."""
    return diagram(reachability.TABLE, reachability.EVERYWHERE, _new_device().reachability)


def presence_diagram() -> str:
    """What a phone says of itself."""
    return diagram(presence.TABLE, {}, _new_device().presence)


def numbers_diagram() -> str:
    """What becomes of a telephone number."""
    return diagram(numbers.TABLE, {}, NumberEntry("").status)


def telling_diagram() -> str:
    """Whether receivers hear of an alarm."""
    return diagram(telling.TABLE, {}, Telling.HELD)


def operations_diagram() -> str:
    """Where an operation stands."""
    return diagram(operation_steps.STATES, {}, OperationState.SCHEDULED)


def operation_steps_diagram() -> str:
    """How far one device of an operation is."""
    return diagram(operation_steps.TABLE, {}, Step.WAITING)


def operation_kinds_table() -> str:
    """What each kind of operation requires of a phone."""
    rows = [
        (f"`{kind}`", " ".join(f"`{step}`" for step in manner.requires) or "none: it is done here", _again(manner))
        for kind, manner in operation_kinds.MANNERS.items()
    ]
    return _table(("Kind", "Steps to be seen", "Asked again if its answer was lost"), rows)


def _again(manner: operation_kinds.Manner) -> str:
    return ("yes" if manner.idempotent else "no") if manner.requires else ""


def alarms_list() -> str:
    """Every kind of alarm: a table to find it by, and under a heading of its own all that is known of it."""
    kinds = [*catalogue.OWN_ALARMS, *phone_kinds.PHONE_ALARMS.values()]
    rows = [(f"[`{kind.name}`](#{kind.name.lower()})", kind.severity.name, _type(kind), kind.title) for kind in kinds]
    table = _table(("Alarm", "Severity", "Type", "Title"), rows)
    return "\n\n".join([table, *map(_one_alarm, kinds)])


def _one_alarm(kind: Kind) -> str:
    graded = f": {kind.graded}." if kind.graded else ""
    rows = [
        ("Means", kind.text),
        ("What to do", kind.action),
        ("Ends when", kind.ends),
        ("Severity", f"{kind.severity.name}{graded}"),
        ("Type, cause", f"{_type(kind)}, {CAUSE_NAMES[kind.probable_cause]} ({kind.probable_cause})"),
        ("Additional information", kind.info or "Whatever the phone adds."),
        ("SNMP", _identities(kind.name)),
    ]
    return "\n".join([f"### {kind.name}", "", _table((kind.title, ""), rows)])


def _type(kind: Kind) -> str:
    return kind.event_type.name.lower().replace("_", " ")


def _identities(name: str) -> str:
    """The notification's OID in each profile; E is the enterprise's, as `docs/alarms.md` says."""
    own = oids.OWN_NOTIFICATIONS.get(name, oids.OWN_NOTIFICATIONS[oids.DEVICE_ALARM])
    raised, cleared = oids.paired_arcs(own)
    vendor = oids.audiocodes_trap(name)
    theirs = "`" + ".".join(map(str, vendor)) + "`" if vendor else "as ringkeeper"
    return f"ringkeeper `E.1.0.{own}`; paired `E.1.0.{raised}` and `E.1.0.{cleared}`; audiocodes {theirs}"


def metrics_table() -> str:
    """Every metric the daemon exports, but for the `process_` ones of the client library."""
    found = {metric.name: metric for metric in every_metric()}
    rows = [(f"`{full_name(metric)}`", _labels(metric), metric.documentation) for metric in found.values()]
    return _table(("Metric", "Labels", "Meaning"), rows)


def every_metric() -> Iterator[Metric]:
    """One of each family, as a daemon without a single phone would export it."""
    for module in (
        families,
        file_families,
        outbox_families,
        output_families,
        pace_families,
        snmp_families,
        alarm_families,
        validity_families,
    ):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("_") and function.__module__ == module.__name__:
                yield from _families_of(function)


def full_name(metric: Metric) -> str:
    """The name as Prometheus stores it."""
    return metric.name + _SUFFIX.get(metric.type, "")


def _families_of(function: Callable[..., families.Families]) -> families.Families:
    hints = get_type_hints(function)
    hints.pop("return")
    return function(**{name: _nothing(hint) for name, hint in hints.items()})


def _nothing(hint: Any) -> Any:
    """The emptiest value of a type: 0, "", an empty mapping, or a dataclass of such."""
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{field.name: _nothing(hints[field.name]) for field in fields(hint)})
    return hint() if hint in (int, float, str, bool) else {}


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in getattr(metric, "_labelnames", ()))


def _new_device() -> Device:
    return Device(DeviceRecord(Mac("000000000000")), now=0.0)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


# Document and marker -> what stands there.
PARTS: Mapping[tuple[str, str], Callable[[], str]] = {
    ("status.md", "reachability"): reachability_diagram,
    ("status.md", "presence"): presence_diagram,
    ("status.md", "numbers"): numbers_diagram,
    ("status.md", "operations"): operations_diagram,
    ("status.md", "operation steps"): operation_steps_diagram,
    ("status.md", "operation kinds"): operation_kinds_table,
    ("alarms.md", "alarms"): alarms_list,
    ("alarms.md", "telling"): telling_diagram,
    ("operations.md", "metrics"): metrics_table,
}


def drawn(document: str, text: str) -> str:
    """`text` of a document with all its generated parts up to date; `ValueError` if a marker is not there."""
    for (name, part), draw in PARTS.items():
        if name == document:
            text = _replaced(text, part, draw())
    return text


def _replaced(text: str, part: str, content: str) -> str:
    begin, end = f"<!-- {part}: generated by scripts/draw_docs.py -->", f"<!-- end of {part} -->"
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text, count = between.subn(lambda _: f"{begin}\n{content}\n{end}", text)
    if count != 1:
        raise ValueError(f"the markers of {part} stand in the document {count} times")
    return text


def main(arguments: list[str]) -> int:
    """Bring the documents up to date, or with `--check` only look; the exit code."""
    behind = []
    for name in sorted({name for name, _ in PARTS}):
        path = DOCS / name
        old = path.read_text(encoding="utf-8")
        new = drawn(name, old)
        if new != old:
            behind.append(name)
        if new != old and "--check" not in arguments:
            path.write_text(new, encoding="utf-8")
    if "--check" in arguments and behind:
        sys.stderr.write(f"behind the code: {', '.join(behind)}; run scripts/draw_docs.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
