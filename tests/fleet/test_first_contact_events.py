from __future__ import annotations

from dataclasses import replace
from typing import Any

from daemon.fleet.acts import InventoryApplied, SecretRenewed, TokenIssued
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.events import Event, TokenUsed
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import AppendTransition, SaveDevice
from tests.support.builders import MAC, NOW, OTHER_MAC, inventory, record, settings

DAY = 86400.0


class Story:
    """A fleet with one device, and what came of each event."""

    def __init__(self, **fields: Any) -> None:
        self.fleet = Fleet(settings(), Snapshot(), NOW)
        self.fleet.handle(InventoryApplied(inventory(record(**fields)), "test"), NOW)

    @property
    def record(self) -> DeviceRecord:
        device = self.fleet.device(MAC)
        assert device is not None
        return device.record

    def tell(self, event: Event, later: float = 0.0) -> list[Command]:
        return self.fleet.handle(event, NOW + later)


def steps(orders: list[Command]) -> list[tuple[str, str]]:
    return [(each.transition.new, each.transition.reason) for each in orders if isinstance(each, AppendTransition)]


def test_a_token_is_kept_as_its_hash_until_it_ends() -> None:
    story = Story()
    orders = story.tell(TokenIssued(MAC, "a" * 64, 7 * DAY, "alice"))
    assert (story.record.token_hash, story.record.token_until) == ("a" * 64, NOW + 7 * DAY)
    assert SaveDevice(story.record) in orders
    assert steps(orders) == [("token issued", "by alice")]


def test_a_token_is_spent_once_and_durably() -> None:
    story = Story()
    story.tell(TokenIssued(MAC, "a" * 64, DAY, "alice"))
    orders = story.tell(TokenUsed(MAC, "203.0.113.9"))
    assert (story.record.token_hash, story.record.token_until) == ("", 0.0)
    assert SaveDevice(story.record) in orders
    assert steps(orders) == [("token used", "from 203.0.113.9")]
    assert story.tell(TokenUsed(MAC, "")) == [Decided("first_contact", "token of nobody", MAC)]


def test_the_inventory_file_taken_again_costs_nobody_his_token() -> None:
    story = Story()
    story.tell(TokenIssued(MAC, "a" * 64, DAY, "alice"))
    story.tell(InventoryApplied(inventory(record(user="bob")), "test"))
    assert (story.record.user, story.record.token_hash) == ("bob", "a" * 64)


def test_a_renewed_secret_is_another_generation_and_ends_a_token() -> None:
    story = Story()
    story.tell(TokenIssued(MAC, "a" * 64, DAY, "alice"))
    before = story.record
    orders = story.tell(SecretRenewed(MAC, rearm=True, by="alice"), later=10)
    wanted = replace(before, secret_generation=1, armed_until=NOW + 10 + DAY, token_hash="", token_until=0.0)
    assert story.record == wanted
    assert SaveDevice(wanted) in orders
    assert steps(orders) == [("secret renewed, armed", "by alice")]


def test_without_rearming_a_renewed_secret_shuts_the_phone_out() -> None:
    story = Story()
    orders = story.tell(SecretRenewed(MAC, rearm=False, by="alice"))
    assert (story.record.secret_generation, story.record.armed_until) == (1, 0.0)
    assert steps(orders) == [("secret renewed", "by alice")]


def test_what_cannot_be_is_refused_with_the_reason() -> None:
    story = Story(approved=False)
    (waits,) = story.tell(TokenIssued(MAC, "a" * 64, DAY, "alice"))
    assert isinstance(waits, Answer)
    assert "approve it first" in waits.refused[0]
    for act in (TokenIssued(OTHER_MAC, "a" * 64, DAY, "alice"), SecretRenewed(OTHER_MAC, rearm=True, by="alice")):
        assert story.tell(act) == [Answer(refused=("there is no such device",))]
