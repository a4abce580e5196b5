"""Events in, orders out: who is handed what, what the deliverer gets back, and what is counted."""

from __future__ import annotations

from typing import get_args

import pytest
import structlog
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from daemon.config.settings import Settings
from daemon.errors import StoreUnavailable
from daemon.fleet.acts import InventoryApplied, RequestQueued
from daemon.fleet.commands import Command, Decided, SendNotify, SendProbes, TellIntake
from daemon.fleet.device import Device
from daemon.fleet.events import AlertsHeard, KeepAliveHeard, LifeSign, Registered
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import Mac, Transition
from daemon.fleet.notifications import Notification
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import AppendTransition, Notify, SaveAlarm, SaveMark, StoreCommand
from daemon.scheduler.clock import Clock
from daemon.switchboard import Switchboard
from tests.support.builders import MAC, NOW, alert, binding, contact, inventory, record, report
from tests.support.notifications import a_notification
from tests.support.waiting import becomes_true


class Promise:
    """A receipt that is kept, or broken with a reason."""

    def __init__(self, fault: str = "") -> None:
        self._fault = fault

    async def wait(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._fault:
            raise StoreUnavailable(self._fault)


class Disk:
    """Remembers what it was given; its word holds for all of it."""

    def __init__(self) -> None:
        self.kept: list[StoreCommand] = []
        self.fault = ""

    def submit(self, command: StoreCommand) -> None:
        self.kept.append(command)

    def receipt(self) -> Promise:
        return Promise(self.fault)


class Scene:
    """A switchboard with a real fleet of one phone, a disk and a SIP edge that remember. Made inside a running Trio."""

    def __init__(self) -> None:
        self.disk, self.pings = Disk(), list[SendProbes]()
        clock = Clock(wall=NOW)
        self.fleet = Fleet(Settings(), Snapshot(), clock.now())
        self.switchboard = Switchboard(self.fleet, self.disk, clock)
        self.deliver = self.switchboard.deliver
        self.deliver(InventoryApplied(inventory(record()), "test"))
        self.disk.kept.clear()


def test_every_order_has_somebody_who_carries_it_out() -> None:
    trio.run(_every_order_is_known)


async def _every_order_is_known() -> None:
    assert set(get_args(Command)) == Scene().switchboard._perform.keys()


async def test_an_alarm_goes_to_disk_with_its_notification_and_into_the_log(autojump_clock: MockClock) -> None:
    scene = Scene()
    with capture_logs() as log:
        scene.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=False))
    kinds = [type(order) for order in scene.disk.kept]
    assert kinds.index(SaveAlarm) < kinds.index(Notify) < kinds.index(SaveMark)
    (line,) = [line for line in log if line["event"] == "alarm"]
    assert (line["alarm"], line["sequence"], line["log_level"]) == ("IPPhoneRegisterFailure", 1, "warning")


async def test_a_step_of_a_timeline_is_said_with_its_reason(autojump_clock: MockClock) -> None:
    scene = Scene()
    with capture_logs() as log:
        scene.deliver(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False))
    (line,) = [line for line in log if line["event"] == "moved" and line["axis"] == "presence"]
    assert (line["key"], line["old"], line["new"]) == (MAC, "NEVER_SEEN", "REGISTERED")
    assert line["reason"]


async def test_of_a_large_inventory_the_whole_is_told_and_each_phone_only_to_whoever_debugs(
    autojump_clock: MockClock,
) -> None:
    scene, step = Scene(), Transition(MAC, NOW, "provisioning", "", "defined", "by ops")
    structlog.reset_defaults()  # whoever ran before may have set a level
    with capture_logs() as log:
        scene.switchboard.perform([AppendTransition(step, one_of_many=True), TellIntake("ops", 300, 60_000)])
    told = [(line["event"], line["log_level"]) for line in log]
    assert told == [("moved", "debug"), ("inventory", "info")]
    assert (log[1]["by"], log[1]["done"], log[1]["total"]) == ("ops", 300, 60_000)


class Notebook:
    """A trace of everybody."""

    def __init__(self) -> None:
        self.active = False
        self.remarks: list[tuple[str, str]] = []

    def remark(self, key: str, now: float, remark: str) -> None:
        self.remarks.append((key, remark))


async def test_steps_and_decisions_stand_in_a_trace_while_there_is_one(autojump_clock: MockClock) -> None:
    scene, notebook = Scene(), Notebook()
    scene.switchboard.connect_traces(notebook)
    scene.deliver(KeepAliveHeard(MAC, report(status="offline"), "10.1.2.7", with_secret=False))
    assert notebook.remarks == []
    notebook.active = True
    scene.deliver(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False))
    scene.switchboard.perform([Decided("qualify", "confirming a miss", MAC), Decided("site", "storm")])
    assert notebook.remarks[0][0] == MAC
    assert notebook.remarks[0][1].startswith("presence: OFFLINE > REGISTERED: ")
    assert notebook.remarks[-1] == (MAC, "decided: qualify: confirming a miss")


async def test_the_snmp_agent_hears_of_every_notification(autojump_clock: MockClock) -> None:
    scene, noted = Scene(), list[Notification]()
    scene.switchboard.connect_agent(noted.append)
    told = a_notification()
    scene.switchboard.perform([Notify(told)])
    assert noted == [told]


async def test_the_deliverer_gets_the_answer_that_the_fleet_gave(autojump_clock: MockClock) -> None:
    scene = Scene()
    answer = scene.deliver(RequestQueued(MAC, "reset_graceful", {}, 60.0, "test")).answer
    assert answer is not None
    assert [request.action for request in answer.requests] == ["reset_graceful"]
    refused = scene.deliver(RequestQueued(Mac("00908f000009"), "reset_graceful", {}, 60.0, "test")).answer
    assert refused is not None
    assert refused.refused
    assert scene.deliver(LifeSign(MAC, "keep-alive")).answer is None


async def test_what_was_delivered_is_stored_when_the_disk_says_so(autojump_clock: MockClock) -> None:
    scene = Scene()
    await scene.deliver(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False)).stored()
    scene.disk.fault = "disk full"
    with pytest.raises(StoreUnavailable, match="disk full"):
        await scene.deliver(KeepAliveHeard(MAC, report(status="offline"), "10.1.2.7", with_secret=False)).stored()


async def test_decisions_are_counted_by_rule_and_reason(autojump_clock: MockClock) -> None:
    scene = Scene()
    for _ in range(3):
        scene.deliver(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False))
    assert scene.switchboard.decisions["keep_alive", "changed"] == 1
    assert scene.switchboard.decisions["keep_alive", "same"] == 2


async def test_a_ping_before_sip_is_connected_is_missed_quietly_and_one_afterwards_is_sent(
    autojump_clock: MockClock,
) -> None:
    scene = Scene()
    order = SendProbes((Device(record(), NOW),))
    scene.switchboard.perform([order])
    scene.switchboard.connect_sip(scene.pings.append)
    scene.switchboard.perform([order])
    assert scene.pings == [order]


async def test_a_command_to_a_phones_own_server_goes_to_whoever_sends_them(autojump_clock: MockClock) -> None:
    scene, sent = Scene(), list[SendCommand]()
    scene.switchboard.connect_phone_commands(sent.append)
    order = SendCommand(MAC, "reset_graceful", "POST", "https://10.1.2.7/x")
    scene.switchboard.perform([order])
    assert sent == [order]


async def test_a_check_sync_goes_to_whoever_sends_them(autojump_clock: MockClock) -> None:
    scene, sent = Scene(), list[SendNotify]()
    scene.switchboard.connect_resyncs(sent.append)
    order = SendNotify(MAC, contact(), "2041", reboot=False)
    scene.switchboard.perform([order])
    assert sent == [order]


async def test_an_event_wakes_the_timers_when_it_brings_a_deadline_forward(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.switchboard.connect_sip(scene.pings.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.switchboard.driver.run)
        await trio.testing.wait_all_tasks_blocked()
        begin = trio.current_time()
        scene.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", ""))
        await becomes_true(lambda: bool(scene.pings))
        assert trio.current_time() - begin < 1  # not at the next checkpoint, not at the phone's place in the minute
        nursery.cancel_scope.cancel()
