"""What phones do costs nothing while nobody waits for it."""

from __future__ import annotations

from daemon.fleet.acts import OperationSteered
from daemon.fleet.commands import Decided
from daemon.fleet.operations.operation import Kind, OperationState, Plan, Step, Word
from daemon.fleet.operations.signals import reported, seen
from daemon.fleet.operations.steps import Turn
from daemon.fleet.presence import Sign
from tests.support.operations_play import OperationsPlay


def test_a_phone_that_nobody_asked_causes_nothing() -> None:
    play = OperationsPlay()
    device = play.device(play.phones[0])
    assert reported(play.fleet.parts, device, Sign.SAID_REGISTERED, play.now) == []
    assert seen(play.fleet.parts, device.mac, Turn.FETCH, play.now) == []


def test_a_resync_by_hand_is_not_taken_for_the_operations_answer() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.passes(0)
    play.answers_notify(reboot=False)
    assert play.item().step is Step.ASKED


def test_how_each_device_ended_is_counted_by_kind_and_step() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.passes(0)
    play.answers_notify(delivered=False)
    assert Decided("operation restart", "FAILED at DELIVERED", play.phones[0]) in play.orders


def test_a_paused_operation_ends_when_its_last_device_does() -> None:
    play = OperationsPlay(2)
    play.orders_it(Kind.RESTART, Plan(batch=5, delay=0.0))
    play.passes(1)
    play.hears(OperationSteered(1, Word.PAUSE, "ada"))
    for mac in play.phones:
        play.obeys(mac)
    assert play.operation().state is OperationState.FINISHED
