"""Commands that ride in the keep-alive answer: bounded, handed out once, acknowledged by what the phone does."""

from __future__ import annotations

from daemon.fleet.acts import RequestQueued
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.events import FileFetched, KeepAliveHeard
from daemon.fleet.operations.operation import Item, Step
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import SaveRequest
from tests.support.builders import MAC, OTHER_MAC, record, report
from tests.support.playbook import Playbook


def _queues(action: str = "reset_graceful", expires_in: float = 3600) -> RequestQueued:
    return RequestQueued(MAC, action, {}, expires_in, "ops")


def _says(status: str) -> KeepAliveHeard:
    return KeepAliveHeard(MAC, report(status), "10.1.2.7", with_secret=False)


def _handed(orders: list[Command]) -> list[str]:
    return [request.action for order in orders if isinstance(order, Answer) for request in order.requests]


def test_a_request_is_handed_out_with_the_next_keep_alive_and_only_once() -> None:
    play = Playbook(record())
    play.hears(_queues())
    assert _handed(play.hears(_says("registered"))) == ["reset_graceful"]
    assert _handed(play.hears(_says("registered"))) == []


def test_that_it_was_handed_out_is_kept_with_the_very_event() -> None:
    play = Playbook(record())
    play.hears(_queues())
    orders = play.hears(_says("registered"))
    assert [order.request.handed_out_at for order in orders if isinstance(order, SaveRequest)] == [play.now]


def test_a_start_or_a_fetch_acknowledges_what_was_handed_out() -> None:
    for proof in (_says("started"), FileFetched(MAC, "config", "10.1.2.7", "", "", complete=True, with_secret=False)):
        play = Playbook(record())
        play.hears(_queues())
        play.hears(_says("registered"))
        play.hears(proof)
        assert play.fleet.requests_of(MAC) == ()
        assert Decided("request", "acknowledged", MAC) in play.orders


def test_what_nobody_came_for_expires() -> None:
    play = Playbook(record())
    play.hears(_queues(expires_in=60))
    play.run_to(61)
    assert play.fleet.requests_of(MAC) == ()
    assert Decided("request", "expired", MAC) in play.orders


def test_the_fourth_request_pushes_out_the_oldest() -> None:
    play = Playbook(record())
    for action in ("a", "b", "c", "d"):
        play.hears(_queues(action))
    assert [request.action for request in play.fleet.requests_of(MAC)] == ["b", "c", "d"]


def test_a_restart_neither_loses_nor_repeats_a_request() -> None:
    play = Playbook(record())
    play.hears(_queues("a"))
    play.hears(_says("registered"))
    play.hears(_queues("b"))
    kept = Snapshot(records=(record(),), requests=play.fleet.requests_of(MAC))
    after = Playbook(snapshot=kept)
    assert _handed(after.hears(_says("registered"))) == ["b"]


def test_after_a_restart_no_id_is_given_again_that_an_operation_still_names() -> None:
    item = Item(1, MAC, 0, Step.ASKED, request=7)
    after = Playbook(snapshot=Snapshot(records=(record(),), operation_items=(item,)))
    after.hears(_queues())
    assert [request.id for request in after.fleet.requests_of(MAC)] == [8]


def test_a_request_for_a_device_nobody_defined_is_refused() -> None:
    play = Playbook(record())
    (answer,) = play.hears(RequestQueued(OTHER_MAC, "reset_graceful", {}, 60, "ops"))
    assert answer == Answer(refused=("there is no such device",))


def test_what_does_no_harm_twice_is_given_with_every_report_until_the_phone_obeys() -> None:
    play = Playbook(record())
    play.hears(_queues("update_configuration"))
    assert _handed(play.hears(_says("registered"))) == ["update_configuration"]
    assert _handed(play.hears(_says("registered"))) == ["update_configuration"]
    play.hears(FileFetched(MAC, "config", "10.1.2.7", "", "", complete=True, with_secret=False))
    assert _handed(play.hears(_says("registered"))) == []
