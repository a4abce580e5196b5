"""What an operation changes on our side; what the phone is told afterwards is in `test_operation_events`."""

from __future__ import annotations

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.operations.operation import Kind, Step
from daemon.fleet.records import Draft
from tests.support.operations_play import OperationsPlay


def test_user_configuration_is_copied_and_deleted() -> None:
    play = OperationsPlay(3)
    source, first, second = play.phones
    play.hears(DocumentsWritten((Draft(f"user/{source}", "sealed lines"),), "phone"))
    play.orders_it(Kind.COPY_USER_CONFIGURATION, phones=(first, second), said={"from": source})
    play.passes(0)
    assert play.fleet.documents[f"user/{second}"].body == "sealed lines"
    play.fetches(first)
    play.fetches(second)
    play.orders_it(Kind.DELETE_USER_CONFIGURATION, phones=(first,))
    play.passes(0)
    assert play.fleet.documents[f"user/{first}"].body == ""


def test_there_has_to_be_something_to_copy() -> None:
    play = OperationsPlay(2)
    play.orders_it(Kind.COPY_USER_CONFIGURATION, phones=play.phones[1:], said={"from": play.phones[0]})
    play.passes(0)
    assert "no user configuration" in play.item(play.phones[1]).reason


def test_a_generated_file_takes_the_place_of_an_uploaded_one() -> None:
    play = OperationsPlay()
    path = f"file/{play.phones[0]}.cfg"
    play.hears(DocumentsWritten((Draft(path, "by hand"),), "ada"))
    play.orders_it(Kind.GENERATE_CONFIGURATION)
    play.passes(0)
    assert (play.fleet.documents[path].body, play.item().step) == ("", Step.PROVED)
