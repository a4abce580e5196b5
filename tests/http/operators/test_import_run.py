from __future__ import annotations

import trio

from daemon.fleet.records import Inventory, Objection
from daemon.http.operators.import_run import REMEMBERED, ImportBook, ImportRun, ImportState, Order
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

ORDER = Order("users.csv", "ops")


def test_the_oldest_is_forgotten() -> None:
    book = ImportBook()
    runs = [book.begin(ORDER, NOW) for _ in range(REMEMBERED + 1)]
    assert book.find(runs[0].id) is None
    assert next(iter(book)) is runs[-1]


async def test_one_that_is_broken_off_before_it_was_taken_says_so() -> None:
    desk, run = DeskWithFleet(record()), ImportRun(1, ORDER, NOW)
    with trio.CancelScope() as scope:
        scope.cancel()
        await run.carry_out(desk.app.desk, b"Name\nbob\n")
    assert (run.state, str(run.faults[0])) == (ImportState.REFUSED, "users.csv:1 import: was broken off")
    assert desk.heard == []


async def test_a_line_that_becomes_wrong_without_another_is_left_out_as_well() -> None:
    """Both numbers move on; when one may not, the other has nowhere to go."""
    desk = DeskWithFleet(record(number="1"), record(OTHER_MAC, number="2"))
    text = f"MAC,Number,Server\n{MAC},2,\n{OTHER_MAC},1,nowhere\n"
    run = ImportRun(1, Order("users.csv", "ops", partial=True), NOW)
    await run.carry_out(desk.app.desk, text.encode())
    assert [fault.line for fault in run.faults] == [3, 2]
    assert (run.state, run.total, run.done) == (ImportState.DONE, 0, 0)
    assert [device.number for device in desk.fleet.devices()] == ["1", "2"]


def test_an_objection_says_what_it_is_about() -> None:
    assert str(Objection("device x", "is wrong")) == "device x: is wrong"
    assert str(Objection("", "all is wrong")) == "all is wrong"
    assert Inventory().users == ()
