from __future__ import annotations

import pytest
import trio

from daemon.config.settings import Connector
from daemon.fleet.records import Snapshot
from daemon.integrations.connectors import LONGEST_PAUSE
from tests.support.ami_peer import Script, ami_peer, contact_list
from tests.support.builders import MAC, record
from tests.support.learning import Learner, asterisk, only
from tests.support.waiting import becomes_true

REGISTERED = Script(contacts=[contact_list("2041"), contact_list("9999")])


def alarms(learner: Learner) -> list[str]:
    return [alarm.source for alarm in learner.fleet.alarms.values()]


async def test_a_connector_says_how_it_fares() -> None:
    learner = Learner(record(MAC))
    async with ami_peer(REGISTERED) as peer, trio.open_nursery() as nursery:
        connectors = learner.connectors(asterisk(peer.port))
        assert connectors.statistics() == ()
        await nursery.start(connectors.run)
        assert (only(connectors).up, only(connectors).refreshed_at) == (False, None)
        await becomes_true(lambda: only(connectors).up)
        found = only(connectors)
        assert (found.server, found.kind, found.contacts, found.unknown) == ("pbx-a", "asterisk", 1, 1)
        assert found.refreshed_at is not None
        assert (found.failures, found.last_error) == ({}, "")
        nursery.cancel_scope.cancel()


async def test_a_server_that_was_restarted_is_asked_again_and_nobody_lost_a_contact() -> None:
    learner = Learner(record(MAC))
    async with ami_peer(REGISTERED) as peer, trio.open_nursery() as nursery:
        connectors = learner.connectors(asterisk(peer.port))
        await nursery.start(connectors.run)
        await becomes_true(lambda: only(connectors).up)
        written = learner.saved()
        await peer.hang_up()
        await becomes_true(lambda: not only(connectors).up)
        assert only(connectors).failures == {"closed": 1}
        assert learner.address("2041") == ("10.1.2.7", 5060)
        await becomes_true(lambda: only(connectors).up)
        assert (peer.connections, learner.saved(), alarms(learner)) == (2, written, [])
        nursery.cancel_scope.cancel()


async def test_a_list_that_was_cut_costs_nobody_a_contact() -> None:
    learner = Learner(record(MAC))
    script = Script(contacts=[contact_list("2041"), contact_list("2042")])
    async with ami_peer(script) as peer, trio.open_nursery() as nursery:
        connectors = learner.connectors(asterisk(peer.port))
        await nursery.start(connectors.run)
        await becomes_true(lambda: only(connectors).up)
        script.contacts, script.cut_after = [contact_list("2042"), contact_list("2041")], 1
        await peer.hang_up()
        await becomes_true(lambda: only(connectors).failures.get("closed", 0) >= 2)
        assert learner.address("2041") == ("10.1.2.7", 5060)
        nursery.cancel_scope.cancel()


async def test_a_server_that_stays_away_raises_an_alarm_which_its_return_ends(autojump_clock: object) -> None:
    learner = Learner(record(MAC))
    script = Script(secret="another", contacts=[contact_list("2041")])
    async with ami_peer(script) as peer, trio.open_nursery() as nursery:
        connectors = learner.connectors(asterisk(peer.port))
        await nursery.start(connectors.run)
        await trio.sleep(30)
        assert alarms(learner) == []
        await trio.sleep(90)
        assert alarms(learner) == ["Connector/pbx-a"]
        [alarm] = learner.fleet.alarms.values()
        assert alarm.additional_info == ("login: Authentication failed",)
        attempts = only(connectors).failures["login"]
        await trio.sleep(600)
        assert only(connectors).failures["login"] - attempts <= 600 / (LONGEST_PAUSE / 2) + 1
        script.secret = "top secret"
        await trio.sleep(LONGEST_PAUSE)
        assert only(connectors).up
        assert alarms(learner) == []
        nursery.cancel_scope.cancel()


async def test_a_full_disk_is_no_fault_of_the_server_but_is_counted(autojump_clock: object) -> None:
    learner = Learner(record(MAC))
    learner.disk_full = True
    async with ami_peer(REGISTERED) as peer, trio.open_nursery() as nursery:
        connectors = learner.connectors(asterisk(peer.port))
        await nursery.start(connectors.run)
        await trio.sleep(2)
        assert set(only(connectors).failures) == {"store"}
        learner.disk_full = False
        await trio.sleep(LONGEST_PAUSE)
        assert only(connectors).up
        nursery.cancel_scope.cancel()


async def test_new_settings_begin_and_end_connectors_and_what_they_said() -> None:
    learner = Learner(record(MAC))
    async with ami_peer(REGISTERED) as peer, trio.open_nursery() as nursery:
        connectors = learner.connectors()
        connectors.apply((asterisk(peer.port),))  # before the start: nothing to do yet
        connectors.apply(())
        await nursery.start(connectors.run)
        assert connectors.statistics() == ()
        connectors.apply((asterisk(peer.port),))
        await becomes_true(lambda: learner.address("2041") is not None)
        connectors.apply((asterisk(peer.port),))
        assert peer.connections == 1
        connectors.apply((asterisk(peer.port, refresh="2m"),))
        await becomes_true(lambda: peer.connections == 2 and only(connectors).up)
        connectors.apply(())
        await becomes_true(lambda: learner.address("2041") is None)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kept", [True, False])
async def test_after_a_restart_only_the_word_of_servers_that_are_still_asked_is_kept(kept: bool) -> None:
    before = Learner(record(MAC))
    await before.telling().everything([])
    async with ami_peer(REGISTERED) as peer, trio.open_nursery() as nursery:
        connectors = before.connectors(asterisk(peer.port))
        await nursery.start(connectors.run)
        await becomes_true(lambda: only(connectors).up)
        nursery.cancel_scope.cancel()
    device = before.by_number("2041")
    learner = Learner(snapshot=Snapshot(records=(device.record,), states=(device.state(),)))
    settings: list[Connector] = [asterisk(9)] if kept else []
    async with trio.open_nursery() as nursery:
        connectors = learner.connectors(*settings)
        await nursery.start(connectors.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert (learner.address("2041") is not None) == kept
        nursery.cancel_scope.cancel()
