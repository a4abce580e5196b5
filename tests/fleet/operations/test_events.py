"""Orders over many devices: taken, asked in batches, ended by proof or with the step that was not reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.acts import DeviceDeleted, OperationDropped, OperationOrdered, OperationSteered
from daemon.fleet.commands import Answer, OnceStored
from daemon.fleet.model import Mac
from daemon.fleet.operations.operation import Kind, OperationState, Plan, Step, Way, Word
from daemon.fleet.store_commands import SaveItem
from tests.support.builders import settings
from tests.support.operations_play import FAST, OperationsPlay


def refusal(orders: list[object]) -> str:
    return next(order.refused[0] for order in orders if isinstance(order, Answer) and order.refused)


def test_a_restart_is_proved_step_by_step() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.passes(0)
    assert (play.item().step, play.item().way, play.sent[play.phones[0]]) == (Step.ASKED, Way.SIP, 1)
    play.answers_notify()
    assert play.item().step is Step.DELIVERED
    play.fetches()
    play.says("started")
    assert play.item().missing == (Step.REGISTERED,)
    play.says("registered")
    assert play.item().step is Step.PROVED
    assert play.operation().state is OperationState.FINISHED


def test_that_a_phone_was_asked_is_kept_before_anything_leaves() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    orders = play.fleet.expire(play.now)
    kinds = [type(order) for order in orders if isinstance(order, SaveItem | OnceStored)]
    assert kinds[:2] == [SaveItem, OnceStored]


def test_a_phone_that_takes_the_notify_and_never_fetches_fails_with_that_step() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.UPDATE_CONFIGURATION)
    play.passes(0)
    play.answers_notify(reboot=False)
    play.passes(3600)
    assert (play.item().step, play.item().stuck) == (Step.FAILED, "FETCHED")
    assert play.item().reason == "not seen within 10m"
    assert play.moves("operation")[-2:] == [" > FAILED", "RUNNING > FINISHED"]


def test_a_fetch_without_secrets_proves_nothing() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.UPDATE_CONFIGURATION)
    play.passes(0)
    play.fetches(complete=False)
    assert play.item().step is Step.ASKED


def test_by_default_five_phones_are_asked_every_two_minutes() -> None:
    play = OperationsPlay(12)
    play.orders_it(Kind.RESTART, Plan())
    asked = []
    for _ in range(3):
        play.passes(1)
        asked.append(sum(play.sent.values()))
        play.passes(119)
    assert asked == [5, 10, 12]


def test_a_scheduled_operation_waits_for_its_time() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART, replace(FAST, at=play.now + 3600))
    play.passes(3599)
    assert play.operation().state is OperationState.SCHEDULED
    play.passes(1)
    assert play.sent[play.phones[0]] == 1


def test_a_phone_behind_nat_is_told_in_the_answer_to_its_report() -> None:
    play = OperationsPlay()
    device = play.device(play.phones[0])
    play.fleet.roster.move(device, None, ())
    play.orders_it(Kind.RESTART)
    play.passes(0)
    assert (play.item().way, play.item().step) == (Way.KEEP_ALIVE, Step.ASKED)
    play.says("started")  # it restarted by itself, and comes for the command now
    assert (play.item().step, play.item().missing[0]) == (Step.DELIVERED, Step.RESTARTED)
    play.fetches()
    play.says("started")
    play.says("registered")
    assert play.item().step is Step.PROVED


def test_a_command_that_is_no_public_one_is_sent_only_if_that_is_permitted() -> None:
    for permitted in (False, True):
        play = OperationsPlay(settings=settings(requests={"unconfirmed": permitted}))
        play.orders_it(Kind.SEND_MESSAGE, text="Back at nine", seconds="10")
        play.passes(0)
        assert play.item().step is (Step.ASKED if permitted else Step.FAILED)
        if permitted:
            play.says("registered")
            assert play.item().step is Step.PROVED
        else:
            assert "requests.unconfirmed" in play.item().reason


def test_firmware_is_proved_by_the_version_the_phone_reports() -> None:
    play = OperationsPlay(2)
    good, stubborn = play.phones
    play.orders_it(Kind.UPDATE_FIRMWARE, file="new.img", version="2.2.17")
    play.passes(0)
    play.obeys(good, "2.2.17")
    play.obeys(stubborn, "2.2.16")
    assert play.device(good).record.firmware == "new.img"
    assert play.item(good).step is Step.PROVED
    play.passes(3600)
    assert (play.item(stubborn).step, play.item(stubborn).stuck) == (Step.FAILED, "PROVED")
    assert "it reports version 2.2.16, and 2.2.17 was wanted" in play.item(stubborn).reason


def test_a_phone_that_runs_the_version_already_is_left_alone() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.UPDATE_FIRMWARE, file="new.img", version="2.2.16")
    play.passes(0)
    assert play.item().step is Step.PROVED
    assert not play.sent


def test_a_status_check_pings_and_is_proved_by_the_answer() -> None:
    play = OperationsPlay(2, qualify=True)
    here, gone = play.phones
    play.answers = {here: 0.02}
    play.run_to(120)
    play.orders_it(Kind.CHECK_STATUS)
    play.run_to(180)
    assert (play.item(here).step, play.item(gone).step) == (Step.PROVED, Step.FAILED)


@pytest.mark.parametrize(
    ("kind", "parameters", "field", "value"),
    [
        (Kind.CHANGE_TEMPLATE, {"template": "lobby"}, "template", "lobby"),
        (Kind.NICKNAME, {"nickname": "Lobby"}, "nickname", "Lobby"),
        (Kind.CHANGE_LANGUAGE, {"language": "German"}, "placeholders", {"Language": "German"}),
        (Kind.CHANGE_VLAN, {"mode": "Manual", "id": "7"}, "placeholders", {"VLANMode": "Manual", "VLANID": "7"}),
        (Kind.CHANGE_TENANT, {"tenant": "acme", "site": "hq"}, "site", "hq"),
        (Kind.RESET_PASSWORDS, {}, "sip_password", "sealed 00908f000001"),
    ],
)
def test_a_change_is_made_here_and_the_phone_told_to_fetch_it(
    kind: Kind, parameters: dict[str, str], field: str, value: object
) -> None:
    play = OperationsPlay()
    play.orders_it(kind, said=parameters)
    play.passes(0)
    assert getattr(play.device(play.phones[0]).record, field) == value
    assert play.item().own == {}
    if kind is not Kind.NICKNAME:
        play.answers_notify(reboot=False)
        play.fetches()
    assert play.item().step is Step.PROVED


def test_a_change_that_the_rules_forbid_fails_with_their_reason() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.CHANGE_TENANT, tenant="nobody")
    play.passes(0)
    assert (play.item().step, play.item().stuck) == (Step.FAILED, "ASKED")
    assert "there is no tenant nobody" in play.item().reason
    assert not play.sent


def test_devices_and_their_status_are_deleted_in_batches() -> None:
    play = OperationsPlay(3)
    play.orders_it(Kind.DELETE_STATUS)
    play.passes(0)
    assert play.device(play.phones[0]).report is None
    play.orders_it(Kind.DELETE_DEVICES)
    play.passes(0)
    assert play.steps(2) == {Step.PROVED: 3}
    assert not play.fleet.devices()


def test_an_offline_phone_fails_at_once_or_is_tried_again_while_there_is_patience() -> None:
    for patience in (0.0, 12 * 3600.0):
        play = OperationsPlay()
        device = play.device(play.phones[0])
        play.fleet.roster.move(device, None, ())
        device.report = None
        play.orders_it(Kind.RESTART, replace(FAST, patience=patience))
        play.passes(1)
        assert play.item().step is (Step.WAITING if patience else Step.FAILED)
        if patience:
            assert 450 <= play.item().retry_at - play.now <= 750
            play.passes(1200)
            assert play.item().tries == 2
            play.registers_at(play.phones[0])
            play.passes(3600)
            assert play.sent[play.phones[0]] == 1


def test_a_phone_that_stays_offline_fails_when_the_patience_ends() -> None:
    play = OperationsPlay()
    device = play.device(play.phones[0])
    play.fleet.roster.move(device, None, ())
    device.report = None
    play.orders_it(Kind.RESTART, replace(FAST, patience=12 * 3600.0))
    play.passes(13 * 3600)
    assert (play.item().step, play.operation().state) == (Step.FAILED, OperationState.FINISHED)
    assert "offline" in play.item().reason


def test_quiet_hours_are_those_of_the_site() -> None:
    play = OperationsPlay()
    tenant = play.fleet.tenants["acme"]
    play.fleet.roster.tenants["acme"] = replace(tenant, timezone="Asia/Tokyo")
    # 2027-01-15 08:00 UTC is 17:00 in Tokyo.
    play.orders_it(Kind.RESTART, replace(FAST, quiet_hours="20:00-06:00"))
    play.passes(3 * 3600 - 60)
    assert not play.sent
    play.passes(120)
    assert play.sent[play.phones[0]] == 1


def test_pause_and_resume_and_cancel() -> None:
    play = OperationsPlay(12)
    play.orders_it(Kind.RESTART, Plan())
    play.passes(1)
    play.hears(OperationSteered(1, Word.PAUSE, "ada"))
    play.passes(600)
    assert sum(play.sent.values()) == 5
    play.hears(OperationSteered(1, Word.RESUME, "ada"))
    play.passes(1)
    assert sum(play.sent.values()) == 10
    play.hears(OperationSteered(1, Word.CANCEL, "ada"))
    assert play.steps()[Step.CANCELLED] == 2
    for mac in play.phones[5:10]:
        play.obeys(mac)
    assert play.steps()[Step.PROVED] == 5
    assert "cannot be resumed" in refusal(list(play.hears(OperationSteered(1, Word.RESUME, "ada"))))


def test_a_command_that_waits_for_a_report_is_taken_back_when_the_operation_is_cancelled() -> None:
    play = OperationsPlay()
    play.fleet.roster.move(play.device(play.phones[0]), None, ())
    play.orders_it(Kind.RESTART)
    play.passes(0)
    play.hears(OperationSteered(1, Word.CANCEL, "ada"))
    assert play.item().step is Step.CANCELLED
    assert play.fleet.requests_of(play.phones[0]) == ()


def test_two_operations_never_ask_a_phone_at_the_same_time() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.passes(0)
    play.orders_it(Kind.UPDATE_CONFIGURATION)
    play.passes(1)
    assert play.item(identity=2).step is Step.WAITING
    play.obeys()
    play.passes(61)
    assert play.item(identity=2).step is Step.ASKED


def test_a_lost_answer_to_what_does_no_harm_twice_is_asked_again_three_times_at_most() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.UPDATE_CONFIGURATION)
    for _ in range(5):
        play.passes(61)
        play.answers_notify(reboot=False, delivered=False)
    assert play.sent[play.phones[0]] == 3
    assert (play.item().step, play.item().stuck) == (Step.FAILED, "DELIVERED")


def test_a_restart_whose_notify_found_no_answer_is_not_asked_again() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.passes(1)
    play.answers_notify(delivered=False)
    play.passes(3600)
    assert play.sent[play.phones[0]] == 1
    assert play.item().reason == "check-sync found no answer"


def test_limits_and_unknown_devices_are_refused_with_a_sentence() -> None:
    play = OperationsPlay(2, settings(operations={"max_running": 1, "max_items": 1}))
    too_many = OperationOrdered(Kind.RESTART, FAST, play.phones, "ada")
    assert "operations.max_items" in refusal(list(play.hears(too_many)))
    assert "no device" in refusal(list(play.hears(replace(too_many, macs=(Mac("00908fffffff"),)))))
    play.orders_it(Kind.RESTART, phones=play.phones[:1])
    assert "operations.max_running" in refusal(list(play.hears(replace(too_many, macs=play.phones[:1]))))


def test_an_operation_is_forgotten_when_it_has_ended_by_an_operator_or_by_age() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.NICKNAME, nickname="a")
    assert "has not ended" in refusal(list(play.hears(OperationDropped(1, "ada"))))
    play.passes(0)
    play.hears(OperationDropped(1, "ada"))
    assert not play.fleet.operations.by_id
    play.orders_it(Kind.NICKNAME, nickname="b")
    play.passes(31 * 86400)
    assert not play.fleet.operations.by_id
    assert not play.memory.snapshot().operation_items


def test_a_device_deleted_meanwhile_fails() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.hears(DeviceDeleted(play.phones[0], "ada"))
    play.passes(0)
    assert (play.item().step, play.item().reason) == (Step.FAILED, "the device was deleted")
