from __future__ import annotations

from daemon.config.settings import Settings
from daemon.fleet.acts import FileEdited, FileRemoved, FileStored, InventoryApplied
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.events import UserLinesHeard
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import Document, Draft, Snapshot
from daemon.fleet.store_commands import AppendTransition, DropStoredFile, SaveDocument, SaveStoredFile
from tests.support.builders import MAC, NOW, inventory, record, settings
from tests.support.stored_files import stored

HEARD = UserLinesHeard(MAC, Draft(f"user/{MAC}", "sealed"), "10.1.2.7")


def a_fleet(*records: DeviceRecord, **blocks: object) -> Fleet:
    fleet = Fleet(settings(**blocks) if blocks else Settings(), Snapshot(), NOW)
    fleet.handle(InventoryApplied(inventory(*records), "test"), NOW)
    return fleet


def refused(orders: list[Command]) -> tuple[str, ...]:
    return next((order.refused for order in orders if isinstance(order, Answer)), ())


def told(orders: list[Command]) -> list[tuple[str, str, str, str]]:
    steps = [order.transition for order in orders if isinstance(order, AppendTransition)]
    return [(step.key, step.axis, step.new, step.reason) for step in steps]


def test_an_upload_is_saved_and_stands_in_the_audit_trail() -> None:
    orders = a_fleet().handle(FileStored(stored(), "ann"), NOW)
    assert SaveStoredFile(stored()) in orders
    assert told(orders) == [("file/420HD.img", "file", f"{stored().hash[:12]} 2.2.16", "by ann")]


def test_one_too_many_is_refused_and_nothing_is_saved() -> None:
    fleet = a_fleet(files={"max_files": 1})
    fleet.handle(FileStored(stored(), "ann"), NOW)
    orders = fleet.handle(FileStored(stored("440HD.img"), "ann"), NOW)
    assert refused(orders)
    assert "440HD.img" not in fleet.files


def test_edits_and_removals_of_what_is_not_there_are_refused() -> None:
    fleet = a_fleet()
    assert refused(fleet.handle(FileEdited("420HD.img", "ann"), NOW))
    assert refused(fleet.handle(FileRemoved("420HD.img", "ann"), NOW))
    fleet.handle(FileStored(stored(), "ann"), NOW)
    assert not refused(fleet.handle(FileEdited("420HD.img", "ann", group="beta"), NOW))
    assert fleet.files["420HD.img"].group == "beta"
    assert DropStoredFile("420HD.img") in fleet.handle(FileRemoved("420HD.img", "ann"), NOW)


def test_what_a_user_set_is_kept_as_the_phones_own_document() -> None:
    fleet = a_fleet(record())
    orders = fleet.handle(HEARD, NOW)
    assert SaveDocument(Document(f"user/{MAC}", 1, "sealed", NOW, "the phone")) in orders
    assert told(orders) == [(MAC, "user configuration", "version 1", "by the phone")]
    device = fleet.device(MAC)
    assert device
    assert device.last_seen == NOW


def test_the_same_again_writes_nothing() -> None:
    fleet = a_fleet(record())
    fleet.handle(HEARD, NOW)
    again = fleet.handle(HEARD, NOW + 1)
    assert again == [Decided("document", "unchanged"), Decided("user_lines", "same")]


def test_a_phone_that_nobody_approved_leaves_nothing_here() -> None:
    assert refused(a_fleet().handle(HEARD, NOW))
