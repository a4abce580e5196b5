"""What phones say of themselves, and what their silence means."""

from __future__ import annotations

import pytest

from daemon.fleet.commands import Decided
from daemon.fleet.device import Device
from daemon.fleet.events import FileFetched, KeepAliveHeard
from daemon.fleet.fleet import ALIVE_AT
from daemon.fleet.model import DeviceState, Mac, Presence
from daemon.fleet.presence import TABLE, Sign, step
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import SaveLastSeen, SaveMark, SaveState
from tests.support.builders import MAC, NOW, record, report
from tests.support.playbook import Playbook

SOURCE = "10.1.2.7"


def _says(status: str) -> KeepAliveHeard:
    return KeepAliveHeard(MAC, report(status), SOURCE, with_secret=False)


def _fetches(kind: str = "config") -> FileFetched:
    return FileFetched(MAC, kind, SOURCE, "420HD", "", complete=True, with_secret=False)


def _snapshot_of(play: Playbook, mac: Mac = MAC) -> Snapshot:
    """What the store would hand over after a restart, last life mark included."""
    device = play.device(mac)
    marks = {order.name: order.value for order in play.of(SaveMark)}
    return Snapshot(records=(device.record,), states=(device.state(),), marks=marks)


def test_a_phone_is_what_it_says_it_is() -> None:
    play = Playbook(record())
    for status in ("started", "registered", "unregistered", "offline", "registered"):
        play.hears(_says(status))
    assert play.moves("presence") == [
        "NEVER_SEEN > STARTED",
        "STARTED > REGISTERED",
        "REGISTERED > UNREGISTERED",
        "UNREGISTERED > OFFLINE",
        "OFFLINE > REGISTERED",
    ]


def test_two_hours_of_silence_disconnect_a_registered_phone_with_an_alarm() -> None:
    play = Playbook(record())
    play.hears(_says("registered"))
    play.run_to(2 * 3600 - 1)
    assert play.device().presence is Presence.REGISTERED
    play.run_to(2 * 3600 + 1)
    assert play.device().presence is Presence.DISCONNECTED
    assert play.device().status_reason == "no report within the disconnect timeout"
    assert play.told() == []  # its hold-down has begun
    play.run_to(2 * 3600 + 61)
    assert play.told() == [(1, "deviceDisconnected", "MAJOR")]


def test_a_report_in_time_keeps_it_connected_and_one_afterwards_brings_it_back() -> None:
    play = Playbook(record())
    for hour in range(6):
        play.run_to(hour * 3600)
        play.hears(_says("registered"))
    assert play.moves("presence") == ["NEVER_SEEN > REGISTERED"]
    play.run_to(12 * 3600)
    play.hears(_says("registered"))
    assert play.moves("presence")[1:] == ["REGISTERED > DISCONNECTED", "DISCONNECTED > REGISTERED"]
    assert play.told() == [(1, "deviceDisconnected", "MAJOR"), (2, "deviceDisconnected", "CLEARED")]


def test_a_phone_that_signed_out_is_expected_to_be_silent() -> None:
    play = Playbook(record())
    play.hears(_says("offline"))
    play.run_to(30 * 3600)
    assert play.device().presence is Presence.OFFLINE


def test_a_fetch_counts_as_a_sign_of_life_and_starts_a_lost_phone() -> None:
    play = Playbook(record())
    play.hears(_fetches())
    assert play.device().presence is Presence.STARTED
    play.run_to(3 * 3600)
    assert play.device().presence is Presence.DISCONNECTED
    play.hears(_fetches("firmware"))
    assert play.device().presence is Presence.DISCONNECTED
    play.hears(_fetches())
    assert play.device().presence is Presence.STARTED


def test_an_unknown_status_word_is_life_but_no_news() -> None:
    play = Playbook(record())
    play.hears(_says("registered"))
    play.hears(_says("meditating"))
    assert play.device().presence is Presence.REGISTERED


def test_an_unchanged_report_writes_nothing_until_the_checkpoint() -> None:
    play = Playbook(record())
    play.hears(_says("registered"))
    again = play.hears(_says("registered"))
    assert not [order for order in again if isinstance(order, SaveState)]
    play.run_to(31)
    assert [order.mac for order in play.of(SaveLastSeen)] == [MAC]


def test_a_changed_report_is_written_at_once() -> None:
    play = Playbook(record())
    play.hears(_says("registered"))
    moved = play.hears(KeepAliveHeard(MAC, report(location="room 7"), SOURCE, with_secret=False))
    assert [order.state.report for order in moved if isinstance(order, SaveState)] == [report(location="room 7")]


def test_a_changed_report_is_written_also_when_it_wakes_the_pings_of_a_silent_phone() -> None:
    play = Playbook(record())
    play.registers()
    play.hears(_says("registered"))
    play.run_to(600)
    moved = play.hears(KeepAliveHeard(MAC, report(location="room 9"), SOURCE, with_secret=False))
    assert Decided("qualify", "sign of life, pinged at once", MAC) in moved
    assert [order.state.report for order in moved if isinstance(order, SaveState)] == [report(location="room 9")]


def test_our_own_outage_disconnects_nobody_for_one_keep_alive_period() -> None:
    before = Playbook(record())
    before.hears(_says("registered"))
    before.run_to(60)
    after = Playbook(snapshot=_snapshot_of(before))
    after.fleet = type(after.fleet)(after.fleet.parts.settings, _snapshot_of(before), NOW + 10 * 3600)
    after.now = NOW + 10 * 3600
    after.run_to(10 * 3600 + 3599)
    assert after.device().presence is Presence.REGISTERED
    after.run_to(11 * 3600 + 1)
    assert after.device().presence is Presence.DISCONNECTED


def test_a_short_restart_gives_no_grace() -> None:
    before = Playbook(record())
    before.hears(_says("registered"))
    before.run_to(7100)
    snapshot = _snapshot_of(before)
    assert snapshot.marks[ALIVE_AT] > NOW + 7000
    after = Playbook(snapshot=snapshot)
    after.fleet = type(after.fleet)(after.fleet.parts.settings, snapshot, NOW + 7190)
    after.now = NOW + 7190
    after.run_to(7201)
    assert after.device().presence is Presence.DISCONNECTED


def test_a_device_that_comes_back_from_disk_is_as_it_was() -> None:
    play = Playbook(record())
    play.registers()
    play.hears(_says("registered"))
    state: DeviceState = play.device().state()
    restored = Device(record(), NOW)
    restored.restore(state)
    assert restored.state() == state


@pytest.mark.parametrize("state", Presence)
@pytest.mark.parametrize("sign", Sign)
def test_every_sign_in_every_presence_leads_where_the_table_says(state: Presence, sign: Sign) -> None:
    device = Device(record(), NOW)
    device.presence = state
    moved = step(device, sign, NOW + 1)
    expected = TABLE[state].get(sign, state)
    assert device.presence is expected
    assert (moved is None) == (expected is state)
