"""The nouns of operations: what operators have done to many phones, and how far it got with each.

An operation is one order over a fixed list of devices, each of which is an item of its own. Frozen values, kept on
disk; times are UTC seconds on the program's axis. Not here: how an item moves (`steps`), which kinds there
are to be carried out how (`kinds`), who is next (`campaigns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from daemon.fleet.model import Mac

BATCHES = (1, 5, 10, 20, 30, 50, 100)
DELAYS = (0.0, 2.0, 5.0, 10.0, 30.0, 120.0, 300.0)
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})


class Kind(StrEnum):
    """What can be done to a phone."""

    RESTART = "restart"
    UPDATE_CONFIGURATION = "update_configuration"
    UPDATE_FIRMWARE = "update_firmware"
    SEND_MESSAGE = "send_message"
    CHECK_STATUS = "check_status"
    CHANGE_TENANT = "change_tenant"
    CHANGE_TEMPLATE = "change_template"
    CHANGE_LANGUAGE = "change_language"
    CHANGE_VLAN = "change_vlan"
    NICKNAME = "nickname"
    GENERATE_CONFIGURATION = "generate_configuration"
    RESET_PASSWORDS = "reset_passwords"
    DELETE_DEVICES = "delete_devices"
    DELETE_STATUS = "delete_status"
    COPY_USER_CONFIGURATION = "copy_user_configuration"
    DELETE_USER_CONFIGURATION = "delete_user_configuration"


class Step(StrEnum):
    """How far a device is."""

    WAITING = "WAITING"
    ASKED = "ASKED"
    DELIVERED = "DELIVERED"
    RESTARTED = "RESTARTED"
    FETCHED = "FETCHED"
    REGISTERED = "REGISTERED"
    PROVED = "PROVED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED = frozenset({Step.PROVED, Step.FAILED, Step.CANCELLED})


class Way(StrEnum):
    """By which way a device was asked."""

    NONE = ""
    SIP = "check-sync"
    HTTP = "http"
    KEEP_ALIVE = "keep-alive"


class OperationState(StrEnum):
    """Where an operation stands."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    HALTED = "HALTED"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"


OVER = frozenset({OperationState.FINISHED, OperationState.CANCELLED})


class Word(StrEnum):
    """What can happen to an operation."""

    BEGIN = "its time has come"
    PAUSE = "paused"
    RESUME = "resumed"
    BUDGET_SPENT = "too many failed"
    ALL_ENDED = "every device has ended"
    CANCEL = "cancelled"


@dataclass(frozen=True, slots=True)
class Plan:
    """At which pace an operation goes through its devices.

    `batch` devices are asked at a time, `delay` seconds apart, from `at` on. `waves` says after how many devices (all
    before them included) to wait until every one of these has ended; the devices after the last are a wave as well.
    `budget` is the share (0 to 1) of those ended that may have failed, judged from `budget_after` ended ones on.
    `quiet_hours` (`20:00-06:00`, "" for always) are those of the site's own clock in which phones may be asked.
    `patience` is for how many seconds a phone that is offline is tried again; 0: not at all.
    """

    batch: int = 5
    delay: float = 120.0
    at: float = 0.0
    waves: tuple[int, ...] = ()
    budget: float = 1.0
    budget_after: int = 5
    quiet_hours: str = ""
    patience: float = 0.0


@dataclass(frozen=True, slots=True)
class Operation:
    """An order over many devices. `parameters` holds what the kind needs; passwords in it are sealed.

    `forgiven` counts the failures that were there when an operator resumed it after it halted. `next_at`: when the
    next batch may leave.
    """

    id: int
    kind: Kind
    plan: Plan
    by: str
    created_at: float
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING_SAID)
    state: OperationState = OperationState.SCHEDULED
    reason: str = ""
    ended_at: float = 0.0
    next_at: float = 0.0
    wave: int = 0
    forgiven: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One device of an operation.

    `place` is its place in the list, from 0. `missing` are the steps that have not been seen yet, the next one first.
    `stuck` is the step that a failed device did not reach, `reason` says why. `asked_at` and `at` (of the last step)
    are 0 before. `retry_at`: not to be asked before. `request` is the id of the request that waits for its keep-alive.
    `own` holds what is for this device alone; passwords in it are sealed.
    """

    operation: int
    mac: Mac
    place: int
    step: Step = Step.WAITING
    missing: tuple[Step, ...] = ()
    stuck: str = ""
    reason: str = ""
    way: Way = Way.NONE
    at: float = 0.0
    asked_at: float = 0.0
    retry_at: float = 0.0
    tries: int = 0
    request: int = 0
    own: Mapping[str, str] = field(default_factory=lambda: NOTHING_SAID)

    @property
    def key(self) -> str:
        """Unique among the items of all operations."""
        return f"{self.operation}/{self.mac}"

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.step in ENDED

    @property
    def under_way(self) -> bool:
        """Whether the phone was asked, and what it does is watched."""
        return self.step is not Step.WAITING and self.step not in ENDED
