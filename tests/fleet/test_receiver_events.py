"""A receiver that does not take its alarms is an alarm."""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.events import OutboxDrained, OutboxFilling
from tests.support.playbook import Playbook


def test_a_queue_that_fills_is_an_alarm_about_its_receiver_until_it_is_drained() -> None:
    play = Playbook()
    play.hears(OutboxFilling("nms:162/ringkeeper", 75_000, 150_000, 7200.0))
    (alarm,) = play.fleet.alarms.values()
    assert (alarm.name, alarm.source) == (OUTBOX_FILLING.name, "Receiver/nms:162/ringkeeper")
    assert alarm.additional_info == ("75000 of at most 150000 wait, the oldest for 2.0 hours",)
    play.hears(OutboxDrained("another"))
    assert len(play.fleet.alarms) == 1
    play.hears(OutboxDrained("nms:162/ringkeeper"))
    assert not play.fleet.alarms
