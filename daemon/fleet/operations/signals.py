"""What phones do, seen by the operations that asked them for something.

The handlers of phones' traffic call `seen` and `reported`. A phone that nobody asked for anything costs one lookup.
Here also stands what follows when a device has moved on: it is told on its timeline when it ends, the operation halts
when too many have failed, goes on to its next wave, or is finished. Not here: asking (`events`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from daemon.fleet.commands import Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.events import CommandEnded, ResyncEnded
from daemon.fleet.model import Mac, Transition
from daemon.fleet.operations import campaigns
from daemon.fleet.operations.kinds import Manner, manner_of
from daemon.fleet.operations.operation import OVER, Item, Kind, Operation, OperationState, Step, Way, Word
from daemon.fleet.operations.steps import STATES, Turn, advance
from daemon.fleet.parts import Parts
from daemon.fleet.presence import Sign
from daemon.fleet.records import PhoneRequest
from daemon.fleet.store_commands import AppendTransition

_TOLD = {Way.SIP: "check-sync", Way.HTTP: "command by HTTP"}
_SAID = {Sign.SAID_STARTED: Turn.STARTED, Sign.SAID_REGISTERED: Turn.REGISTER}


def seen(parts: Parts, mac: Mac, turn: Turn, now: float, reason: str = "") -> list[Command]:
    """A phone did something that an operation may wait for."""
    orders: list[Command] = []
    for item in _awaited(parts, mac):
        orders += moved(parts, item, advance(item, turn, now, reason), now)
    return orders


def reported(parts: Parts, device: Device, sign: Sign, now: float) -> list[Command]:
    """A phone reported itself: that it started or is registered, which version it runs, or only that it is there."""
    if device.mac not in parts.operations.awaited:
        return []
    orders: list[Command] = []
    if turn := _SAID.get(sign):
        orders += seen(parts, device.mac, turn, now, f"reported {device.report.status if device.report else ''}")
    for item in _awaited(parts, device.mac):
        if proof := _proof(parts.operations.by_id[item.operation], device):
            orders += moved(parts, item, advance(item, Turn.AS_WANTED, now, proof), now)
    return orders


def handed_out(parts: Parts, mac: Mac, requests: Iterable[PhoneRequest], now: float) -> list[Command]:
    """A phone was given its requests in the answer to its report."""
    given = {request.id for request in requests}
    orders: list[Command] = []
    for item in _awaited(parts, mac):
        if item.way is Way.KEEP_ALIVE and item.request in given:
            orders += moved(parts, item, advance(item, Turn.TAKEN, now, "given in the answer to its report"), now)
    return orders


def answered(parts: Parts, event: ResyncEnded | CommandEnded, now: float) -> list[Command]:
    """A check-sync, or a command to the phone's own server, was taken, refused, or found no answer."""
    orders: list[Command] = []
    for item in _awaited(parts, event.mac):
        operation = parts.operations.by_id[item.operation]
        manner = manner_of(operation.kind, operation.parameters)
        if item.step is not Step.ASKED or not _is_about(event, item, manner):
            continue
        if isinstance(event, CommandEnded) and event.unsure and not manner.idempotent:
            continue  # a phone that restarts may hang up before it answers: what it does next will show
        turn = Turn.TAKEN if event.delivered else Turn.REFUSED
        if not event.delivered and manner.idempotent and item.tries + 1 < campaigns.MOST_ASKS:
            turn = Turn.PUT_BACK
        after = advance(item, turn, now, f"{_TOLD[item.way]} {event.outcome}")
        if turn is Turn.PUT_BACK:
            after = replace(after, tries=item.tries + 1, retry_at=now + campaigns.AGAIN_AFTER)
        orders += moved(parts, item, after, now)
    return orders


def moved(parts: Parts, before: Item, after: Item, now: float) -> list[Command]:
    """All that follows when a device of an operation moved on; nothing if it did not."""
    if after is before:
        return []
    operation = parts.operations.by_id[after.operation]
    orders: list[Command] = [parts.operations.keep_item(after)]
    if after.ended:
        orders += _told(operation, after)
    return [*orders, *settle(parts, operation, now)]


def turn_operation(parts: Parts, operation: Operation, word: Word, now: float, reason: str = "") -> list[Command]:
    """Move an operation by the table; nothing if the word means nothing to it now."""
    state = STATES[operation.state].get(word)
    if state is None:
        return []
    book = parts.operations
    after = replace(
        operation, state=state, reason=reason or str(word), ended_at=now if state in OVER else operation.ended_at
    )
    kept = book.keep(after)
    book.plan(after, now)
    told = Transition(f"operation/{after.id}", now, "operation", operation.state, state, after.reason)
    return [kept, AppendTransition(told), Decided(f"operation {after.kind}", state)]


def settle(parts: Parts, operation: Operation, now: float) -> list[Command]:
    """See whether the operation is through, has to stop, or may go on to its next wave."""
    book = parts.operations
    if operation.state in OVER:
        return []
    counts = book.counts(operation.id)
    if book.ended(operation.id):
        return turn_operation(parts, operation, Word.ALL_ENDED, now)
    if operation.state in (OperationState.RUNNING, OperationState.PAUSED) and campaigns.budget_spent(operation, counts):
        failed, ended = counts.get(Step.FAILED, 0), counts.get(Step.FAILED, 0) + counts.get(Step.PROVED, 0)
        why = f"{failed} of {ended} that ended have failed, and the budget is {operation.plan.budget:.0%}"
        return turn_operation(parts, operation, Word.BUDGET_SPENT, now, why)
    if operation.wave < len(operation.plan.waves) and book.wave_is_over(operation.id):
        return _next_wave(parts, operation, now)
    book.plan(operation, now)
    return []


def _next_wave(parts: Parts, operation: Operation, now: float) -> list[Command]:
    after = replace(operation, wave=operation.wave + 1)
    kept = parts.operations.keep(after)
    parts.operations.begin_wave(after)
    parts.operations.plan(after, now)
    wave = f"wave {after.wave + 1} of {len(after.plan.waves) + 1}"
    told = Transition(f"operation/{after.id}", now, "operation", after.state, after.state, wave)
    return [kept, AppendTransition(told), Decided(f"operation {after.kind}", "next wave")]


def _awaited(parts: Parts, mac: Mac) -> list[Item]:
    book = parts.operations
    return [book.items(identity)[mac] for identity in sorted(book.awaited.get(mac, ()))]


def _is_about(event: ResyncEnded | CommandEnded, item: Item, manner: Manner) -> bool:
    """Whether this is what the device was asked by."""
    if isinstance(event, CommandEnded):
        return item.way is Way.HTTP and manner.action == event.action
    return item.way is Way.SIP and manner.reboot is event.reboot


def _proof(operation: Operation, device: Device) -> str:
    """What in a phone's report shows that it is as wanted, "" if nothing does."""
    if operation.kind is Kind.CHECK_STATUS:
        return f"reported {device.report.status if device.report else ''}"
    wanted = operation.parameters.get("version", "")
    if operation.kind is Kind.UPDATE_FIRMWARE and wanted and device.firmware == wanted:
        return f"reports version {wanted}"
    return ""


def _told(operation: Operation, item: Item) -> list[Command]:
    """How it ended, on the phone's timeline and in the counters."""
    what = f"{operation.kind} (operation {operation.id})"
    why = f"{what}: {item.stuck}: {item.reason}" if item.stuck else f"{what}: {item.reason}"
    ended = Transition(item.mac, item.at, "operation", "", item.step, why)
    counted = f"{item.step} at {item.stuck}" if item.stuck else str(item.step)
    return [AppendTransition(ended), Decided(f"operation {operation.kind}", counted, item.mac)]
