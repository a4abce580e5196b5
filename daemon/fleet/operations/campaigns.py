"""Who is next in an operation, and when it has to stop: waves, the failure budget, retries, the time of a step.

The first wave is the canary: a few devices that show whether the order does harm. The next wave begins only when
every device of the former has ended, except those that wait because they are offline: these follow when they are
back. Pure arithmetic. Not here: the operations themselves (`book`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from zlib import crc32

from daemon.config.operation_settings import Operations
from daemon.config.settings import KeepAlive
from daemon.fleet.operations.operation import Item, Operation, Plan, Step, Way

# Of phones that are offline, as OpenWISP's users asked for: 10 minutes, doubled each time, a quarter more or less, so
# that a site that comes back as a whole is not asked as a whole.
FIRST_RETRY = 600.0
LONGEST_RETRY = 12 * 3600.0
_JITTER = 0.25
MOST_ASKS = 3  # of an idempotent order whose answers got lost
AGAIN_AFTER = 60.0
_RUSH = 0.05  # between batches without delay, so that everything else gets its turn


def wave_bounds(canary: int, waves: Sequence[str], total: int) -> tuple[int, ...]:
    """A canary and waves such as `10%` or `200` -> after how many devices to wait; `ValueError` with a sentence.

    Both are counted from the first device: `10%,50%` waits after a tenth and after half of them.
    """
    bounds = [canary] if canary else []
    bounds += [_bound(text.strip(), total) for text in waves]
    if any(later <= earlier for earlier, later in pairwise(bounds)):
        raise ValueError("each wave is counted from the first device, so each must be larger than the one before")
    return tuple(bound for bound in bounds if bound < total)


def _bound(text: str, total: int) -> int:
    digits = text.removesuffix("%")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 6 and int(digits)):
        raise ValueError(f"a wave is a number of devices or a percentage, not {text[:20]!r}")
    if text == digits:
        return int(digits)
    if int(digits) > 100:
        raise ValueError("a wave of more than 100% is none")
    return max(1, total * int(digits) // 100)


def bound_of(operation: Operation) -> float:
    """How many devices, counted from the first, may be asked in the present wave."""
    waves = operation.plan.waves
    return waves[operation.wave] if operation.wave < len(waves) else float("inf")


def budget_spent(operation: Operation, counts: Mapping[Step, int]) -> bool:
    """Whether so many of those that ended have failed that nobody else may be asked."""
    plan = operation.plan
    failed = counts.get(Step.FAILED, 0) - operation.forgiven
    ended = counts.get(Step.PROVED, 0) + failed
    return plan.budget < 1 and ended >= plan.budget_after and failed > plan.budget * ended


def pause_after(plan: Plan) -> float:
    """Seconds between two batches."""
    return max(plan.delay, _RUSH)


def retry_after(item: Item) -> float:
    """Seconds until a phone that was offline is tried again; `item.tries` counts the former tries."""
    wait = min(FIRST_RETRY * 2.0 ** min(item.tries, 10), LONGEST_RETRY)
    share = crc32(f"{item.key}/{item.tries}".encode()) / 2**32
    return wait * (1 - _JITTER + 2 * _JITTER * share)


def time_for(item: Item, settings: Operations, keep_alive: KeepAlive) -> float:
    """Seconds the device has for the step it is to show next."""
    step = item.missing[0] if item.missing else Step.PROVED
    if step is Step.DELIVERED and item.way is Way.KEEP_ALIVE:
        return keep_alive.disconnected_after  # a phone that is silent for longer is gone
    return {
        Step.DELIVERED: settings.delivered_within,
        Step.RESTARTED: settings.restarted_within,
        Step.FETCHED: settings.fetched_within,
        Step.REGISTERED: settings.registered_within,
    }.get(step, settings.proved_within)
