"""What follows when a phone's own server took a command, refused it, or hung up."""

from __future__ import annotations

from typing import Any

from daemon.fleet.acts import DeviceDeleted
from daemon.fleet.commands import Decided
from daemon.fleet.events import CommandEnded, KeepAliveHeard
from daemon.fleet.model import Report
from daemon.fleet.operations.operation import Kind, Step, Way
from daemon.fleet.phone_command import SendCommand
from tests.support.builders import settings
from tests.support.operations_play import OperationsPlay

TO_PHONES = settings(requests={"http_to_phones": True}, keep_alive={"checkpoint": "1h"})


def a_poly() -> OperationsPlay:
    """A phone that no check-sync reaches."""
    play = OperationsPlay(settings=TO_PHONES)
    play.fleet.roster.move(play.device(play.phones[0]), None, ())
    says(play, "registered")
    return play


def says(play: OperationsPlay, status: str) -> None:
    said = Report(status=status, model="VVX411", ip="10.1.2.7")
    play.hears(KeepAliveHeard(play.phones[0], said, "10.1.2.7", with_secret=True))


def ends(play: OperationsPlay, action: str, *, delivered: bool = False, **fields: Any) -> None:
    play.hears(CommandEnded(play.phones[0], action, delivered, "answered 200" if delivered else "failed", **fields))


def test_a_restart_by_http_is_proved_by_what_the_phone_does() -> None:
    play = a_poly()
    play.orders_it(Kind.RESTART)
    play.passes(0)
    assert (play.item().step, play.item().way) == (Step.ASKED, Way.HTTP)
    assert [order.url for order in play.commanded] == ["https://10.1.2.7/api/v1/mgmt/safeReboot"]
    ends(play, "update_configuration", delivered=True)  # not what it was asked
    assert play.item().step is Step.ASKED
    ends(play, "reset_graceful", delivered=True)
    assert (play.item().step, play.item().reason) == (Step.DELIVERED, "command by HTTP answered 200")
    assert play.moves("provisioning")[-1] == " > told by HTTP"
    says(play, "started")
    play.fetches()
    says(play, "registered")
    assert play.item().step is Step.PROVED
    assert Decided("phone_command", "delivered", play.phones[0]) in play.orders


def test_what_does_no_harm_twice_is_asked_again_and_a_restart_never() -> None:
    play = a_poly()
    play.orders_it(Kind.UPDATE_CONFIGURATION)
    play.passes(0)
    ends(play, "update_configuration")
    assert play.item().step is Step.WAITING
    play.passes(61)
    assert (len(play.commanded), play.item().tries, play.item().step) == (2, 1, Step.ASKED)
    play.dies()
    assert play.item().step is Step.WAITING
    other = a_poly()
    other.orders_it(Kind.RESTART)
    other.passes(0)
    other.dies()
    assert other.item().step is Step.ASKED
    ends(other, "reset_graceful")
    assert (other.item().step, other.item().stuck) == (Step.FAILED, "DELIVERED")


def test_a_phone_that_hung_up_may_have_obeyed() -> None:
    play = a_poly()
    play.orders_it(Kind.RESTART)
    play.passes(0)
    ends(play, "reset_graceful", unsure=True)
    assert play.item().step is Step.ASKED
    says(play, "started")
    assert play.item().step is Step.RESTARTED


def test_of_a_phone_that_was_deleted_meanwhile_only_a_count_is_left() -> None:
    play = a_poly()
    play.hears(DeviceDeleted(play.phones[0], "ada"))
    event = CommandEnded(play.phones[0], "reset_graceful", True, "answered 200")
    assert play.hears(event) == [Decided("phone_command", "delivered", play.phones[0])]


def test_the_order_holds_no_login() -> None:
    assert SendCommand.__slots__ == ("mac", "action", "method", "url", "body", "taken")
