"""What the fleet does about operations: takes orders, asks the next devices, and lets time end what takes too long.

That a phone was asked is durable before anything is sent (`OnceStored`), so whatever happens in between, a device is
never asked twice for what must not happen twice. Not here: what phones show (`signals`), by which way they
are told (`asking`), what is changed on our side (`edits`).
"""

from __future__ import annotations

from dataclasses import replace

from daemon.config.durations import format_duration
from daemon.fleet.acts import OperationDropped, OperationOrdered, OperationSteered, RequestQueued
from daemon.fleet.commands import Answer, Command, Decided, OnceStored, SendNotify
from daemon.fleet.device import Device
from daemon.fleet.operations import campaigns, quiet_hours
from daemon.fleet.operations.asking import http_order, reach
from daemon.fleet.operations.edits import edit
from daemon.fleet.operations.kinds import Manner, manner_of, required
from daemon.fleet.operations.operation import NOTHING_SAID, OVER, Item, Kind, Operation, OperationState, Step, Way, Word
from daemon.fleet.operations.signals import moved, settle, turn_operation
from daemon.fleet.operations.steps import STATES, Turn, advance
from daemon.fleet.parts import Parts
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.reachability import ALIVE

BUSY_FOR = 60.0  # a device that another operation waits for is looked at again after so long
_LOOKS = 20  # devices of the line looked at for each that may be asked: most of a dark site are offline
_FOR_THE_PHONE = frozenset({"text", "seconds"})  # of an order's parameters, what the phone is sent
_PING_TAKES = 10.0  # longer than any ping with its confirmation


def ordered(parts: Parts, event: OperationOrdered, now: float) -> list[Command]:
    """Take an operation; its first batch leaves with the next deadline."""
    book = parts.operations
    if book.running() >= book.settings.max_running:
        return [_refused(f"{book.settings.max_running} operations are under way: see operations.max_running")]
    if len(event.macs) > book.settings.max_items:
        return [_refused(f"more than {book.settings.max_items} devices: see operations.max_items")]
    if unknown := [mac for mac in event.macs if parts.roster.device(mac) is None]:
        return [_refused(f"there is no device {mac}") for mac in unknown[:1]]
    identity = book.new_id()
    operation = Operation(identity, event.kind, event.plan, event.by, now, event.parameters, next_at=event.plan.at)
    items = [Item(identity, mac, place, own=event.own.get(mac, NOTHING_SAID)) for place, mac in enumerate(event.macs)]
    return [*book.add(operation, items, now), Decided(f"operation {event.kind}", "ordered"), Answer(operation=identity)]


def steered(parts: Parts, event: OperationSteered, now: float) -> list[Command]:
    """Pause, resume or cancel."""
    operation = parts.operations.by_id.get(event.id)
    if operation is None:
        return [_refused("there is no such operation")]
    if event.word not in STATES[operation.state]:
        return [_refused(f"it is {operation.state}, and cannot be {event.word}")]
    if event.word is Word.RESUME and operation.state is OperationState.HALTED:
        failed = parts.operations.counts(event.id).get(Step.FAILED, 0)
        operation = replace(operation, forgiven=failed)
    orders = turn_operation(parts, operation, event.word, now, f"{event.word} by {event.by}")
    return [*orders, *_call_off(parts, event.id, now)] if event.word is Word.CANCEL else orders


def dropped(parts: Parts, event: OperationDropped, now: float) -> list[Command]:
    """Forget an operation that has ended."""
    operation = parts.operations.by_id.get(event.id)
    if operation is None:
        return [_refused("there is no such operation")]
    if operation.state not in OVER or not parts.operations.ended(event.id):
        return [_refused("it has not ended: cancel it first, and let the phones that were asked end")]
    return parts.operations.drop(event.id)


def expire(parts: Parts, now: float) -> list[Command]:
    """Ask whose turn has come, end what took too long, forget what is old."""
    if parts.intake is not None:
        return []  # an inventory is being taken, and until it is whole nobody else changes records
    book, orders = parts.operations, list[Command]()
    for identity, mac in book.timeouts.expire(now):
        item = book.items(identity)[mac]
        orders += moved(parts, item, _late(parts, item, now), now)
    for identity in book.turns.expire(now):
        orders += _go_on(parts, book.by_id[identity], now)
    for identity in book.departures.expire(now):
        orders += book.drop(identity)
    return orders


def _go_on(parts: Parts, operation: Operation, now: float) -> list[Command]:
    """The operation's turn: it begins, or its next batch leaves."""
    orders: list[Command] = []
    if operation.state is OperationState.SCHEDULED:
        orders += turn_operation(parts, operation, Word.BEGIN, now)
        operation = parts.operations.by_id[operation.id]
    asked = looked = 0
    while operation.state is OperationState.RUNNING and asked < operation.plan.batch:
        item = parts.operations.next_in_line(operation, now) if looked < operation.plan.batch * _LOOKS else None
        if item is None:
            break
        looked += 1
        orders += _ask(parts, operation, item, now)
        operation = parts.operations.by_id[operation.id]
        asked += parts.operations.items(operation.id)[item.mac].step is not Step.WAITING
    if operation.state is OperationState.RUNNING:
        operation = replace(operation, next_at=now + campaigns.pause_after(operation.plan))
        orders.append(parts.operations.keep(operation))
        orders += settle(parts, operation, now)
    return orders


def _ask(parts: Parts, operation: Operation, item: Item, now: float) -> list[Command]:
    """One device's turn; it moves, or stands aside until later."""
    device = parts.roster.device(item.mac)
    if device is None:
        return _moves(parts, item, Turn.REFUSED, now, "the device was deleted")
    later = _not_before(parts, operation, device, now)
    if later > now:
        return [parts.operations.keep_item(replace(item, retry_at=later))]
    manner = manner_of(operation.kind, operation.parameters)
    if operation.kind is Kind.CHECK_STATUS:
        return _look(parts, device, item, now)
    if operation.kind is Kind.UPDATE_FIRMWARE and device.firmware == operation.parameters["version"]:
        return _moves(parts, item, Turn.AS_WANTED, now, f"runs version {device.firmware} already")
    way = reach(device, manner, parts.settings.requests, parts.roster)
    if manner.requires and way.way is Way.NONE:
        return _unreachable(parts, operation, item, way.reason, now, offline=way.offline)
    orders, refused = edit(parts, device, operation, item, now)
    if refused:
        return [*orders, *_moves(parts, item, Turn.REFUSED, now, refused)]
    if not manner.requires:
        return [*orders, *_moves(parts, item, Turn.AS_WANTED, now, "done")]
    return [*orders, *_tell(parts, device, replace(item, way=way.way), manner, now)]


def _not_before(parts: Parts, operation: Operation, device: Device, now: float) -> float:
    """When the device may be asked: one order at a time, and within the quiet hours of its site."""
    if device.mac in parts.operations.awaited:
        return now + BUSY_FOR
    zone = quiet_hours.zone_of(device.record, parts.roster.tenants.get(device.record.tenant))
    return quiet_hours.open_at(operation.plan.quiet_hours, zone, now)


def _tell(parts: Parts, device: Device, item: Item, manner: Manner, now: float) -> list[Command]:
    """Mark the device as asked, and send the order once that is durable."""
    asked = replace(advance(item, Turn.ASK, now), missing=required(manner, device), asked_at=now, retry_at=0.0)
    asked = replace(asked, own=NOTHING_SAID)  # it is in the device's record by now
    order = _order(parts, device, asked, manner)
    return [*moved(parts, item, asked, now), OnceStored(order)] if order else _queue(parts, asked, manner, now)


def _order(parts: Parts, device: Device, asked: Item, manner: Manner) -> SendNotify | SendCommand | None:
    """What is sent to the phone; None if it waits for the phone to come."""
    if asked.way is Way.SIP and device.contact is not None:
        return SendNotify(device.mac, device.contact, device.number, manner.reboot is True)
    if asked.way is Way.HTTP:
        return http_order(device, manner.action, _for_the_phone(parts, asked), parts.settings.requests)
    return None


def _for_the_phone(parts: Parts, asked: Item) -> dict[str, str]:
    operation = parts.operations.by_id[asked.operation]
    return {name: value for name, value in operation.parameters.items() if name in _FOR_THE_PHONE}


def _queue(parts: Parts, asked: Item, manner: Manner, now: float) -> list[Command]:
    """Have the order wait for the phone's next report."""
    operation = parts.operations.by_id[asked.operation]
    body = _for_the_phone(parts, asked)
    wait = campaigns.time_for(asked, parts.operations.settings, parts.operations.keep_alive)
    queued = parts.requests.queue(RequestQueued(asked.mac, manner.action, body, wait, operation.by), now)
    request = next(order.requests[0] for order in queued if isinstance(order, Answer))
    kept = [order for order in queued if not isinstance(order, Answer)]
    return [*kept, parts.operations.keep_item(replace(asked, request=request.id))]


def _look(parts: Parts, device: Device, item: Item, now: float) -> list[Command]:
    """See whether a phone is there: by a ping if it is pinged, else by its next report."""
    pinged = device.monitored and device.contact is not None
    if pinged:
        parts.pinging.ask_again(device, now)
    asked = replace(advance(item, Turn.ASK, now), missing=(Step.PROVED,), asked_at=now, retry_at=0.0)
    orders = moved(parts, item, replace(asked, way=Way.SIP if pinged else Way.KEEP_ALIVE), now)
    wait = _PING_TAKES if pinged else parts.operations.keep_alive.disconnected_after
    parts.operations.timeouts.set((item.operation, item.mac), now + wait)
    return orders


def _unreachable(
    parts: Parts, operation: Operation, item: Item, why: str, now: float, *, offline: bool
) -> list[Command]:
    """Nobody can tell the phone now: it is tried again while the operation has patience, if it may come back."""
    wait = campaigns.retry_after(item)
    until = max(operation.created_at, operation.plan.at) + operation.plan.patience
    if offline and now + wait <= until:
        return [parts.operations.keep_item(replace(item, tries=item.tries + 1, retry_at=now + wait, reason=why))]
    return _moves(parts, item, Turn.UNREACHABLE, now, why)


def _late(parts: Parts, item: Item, now: float) -> Item:
    """What becomes of a device that did not show the next step in time."""
    operation, device = parts.operations.by_id[item.operation], parts.roster.device(item.mac)
    if (
        operation.kind is Kind.CHECK_STATUS
        and device is not None
        and device.reachability in ALIVE
        and not device.misses
    ):
        return advance(item, Turn.AS_WANTED, now, f"{device.reachability}: {device.reachability_reason}")
    waited = format_duration(round(now - max(item.at, item.asked_at)))
    return advance(item, Turn.OUT_OF_TIME, now, f"not seen within {waited}{_instead(operation, device)}")


def _instead(operation: Operation, device: Device | None) -> str:
    """What the phone reports instead of the version that was wanted."""
    if operation.kind is not Kind.UPDATE_FIRMWARE or device is None or not device.firmware:
        return ""
    return f"; it reports version {device.firmware}, and {operation.parameters['version']} was wanted"


def _call_off(parts: Parts, identity: int, now: float) -> list[Command]:
    """Nobody else is asked; a command that still waits for a report is taken back, the others go on to their end."""
    orders: list[Command] = []
    for item in tuple(parts.operations.items(identity).values()):
        if item.step is Step.WAITING:
            orders += _moves(parts, item, Turn.CALLED_OFF, now, "the operation was cancelled")
        elif item.step is Step.ASKED and item.way is Way.KEEP_ALIVE:
            orders += parts.requests.withdraw(item.mac, item.request)
            orders += _moves(parts, item, Turn.CALLED_OFF, now, "taken back before the phone came for it")
    return orders


def _moves(parts: Parts, item: Item, turn: Turn, now: float, reason: str) -> list[Command]:
    return moved(parts, item, advance(item, turn, now, reason), now)


def _refused(sentence: str) -> Answer:
    return Answer(refused=(sentence,))
