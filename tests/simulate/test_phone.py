from __future__ import annotations

import math
from dataclasses import replace

import pytest

from daemon.simulate.acts import (
    Act,
    FetchFiles,
    HangUp,
    SendAlert,
    SendCallReport,
    SendRegister,
    SendReport,
    SendSettings,
)
from daemon.simulate.characters import Character, Turn
from daemon.simulate.orders import Order
from daemon.simulate.phone import Phone
from daemon.simulate.phone_settings import CONFIGURATION_URL, KEEP_ALIVE_MINUTES, LINE_USER, SIP_DOMAIN
from daemon.simulate.plan import Tempo, plan_fleet
from daemon.simulate.spell import Spell

START = 1000.0


def phone(character: Character = Character.STEADY, tempo: Tempo | None = None, tcp_share: float = 0.0) -> Phone:
    tempo = tempo or Tempo(keep_alive_period=20.0)
    plan = plan_fleet(1, characters=[character], tempo=tempo, tcp_share=tcp_share)
    return Phone(plan.phones[0], plan.tempo, START)


def until(device: Phone, kind: type[Act]) -> tuple[float, list[Act]]:
    """Let time pass until it wants something of this kind done."""
    for _ in range(100):
        at = device.next_deadline()
        acts = device.expire(at)
        if any(isinstance(act, kind) for act in acts):
            return at, acts
    raise AssertionError(f"never wants {kind}")


def up(
    character: Character = Character.STEADY, tempo: Tempo | None = None, tcp_share: float = 0.0
) -> tuple[Phone, float]:
    """A phone that has booted and, if it does that, registered."""
    device = phone(character, tempo, tcp_share)
    now, _ = until(device, FetchFiles)
    device.booted({}, now)
    for act in device.reported("started", [], now):
        if isinstance(act, SendRegister):
            device.register_answered(act.cseq, 200, 60, 0, now)
    return device, now


def test_each_step_of_a_boot_follows_the_answer_to_the_one_before() -> None:
    device = phone()
    now, acts = until(device, FetchFiles)
    assert acts == [FetchFiles()]
    assert device.booted({}, now) == [SendReport("started")]
    (register,) = device.reported("started", [], now)
    assert isinstance(register, SendRegister)
    assert (register.domain, register.user) == ("pbx-a.example.net", "2001")
    assert device.register_answered(register.cseq, 200, 60, 0, now) == [SendReport("registered")]


def test_the_file_names_account_and_domain() -> None:
    device = phone()
    now, _ = until(device, FetchFiles)
    device.booted({LINE_USER: "77", SIP_DOMAIN: "sip.example.org"}, now)
    (register,) = device.reported("started", [], now)
    assert isinstance(register, SendRegister)
    assert (register.domain, register.user) == ("sip.example.org", "77")


def test_a_file_that_cannot_be_had_is_asked_for_again() -> None:
    device = phone()
    now, _ = until(device, FetchFiles)
    device.boot_failed(now)
    later, acts = until(device, FetchFiles)
    assert acts == [FetchFiles()]
    assert later > now


@pytest.mark.parametrize(("minutes", "expected"), [("1", 60.0), ("0", math.inf), ("", 3600.0), ("soon", 3600.0)])
def test_without_a_tempo_of_its_own_the_file_says_how_often_it_reports(minutes: str, expected: float) -> None:
    device = phone(tempo=Tempo())
    now, _ = until(device, FetchFiles)
    device.booted({KEEP_ALIVE_MINUTES: minutes}, now)
    assert device.next_deadline() == now + expected


def test_keep_alives_are_periodic() -> None:
    device, now = up()
    first, acts = until(device, SendReport)
    assert (first - now, acts) == (20.0, [SendReport("registered")])
    assert until(device, SendReport)[0] == first + 20.0


@pytest.mark.parametrize(
    "request_", [{"path": "/rest/v1/command/ResetGracefulHandler"}, '{"cmd": "reset"}'], ids=["object", "text"]
)
def test_a_reset_reboots_it_and_it_keeps_its_settings(request_: object) -> None:
    device, now = up()
    device.kept["key"] = "value"
    assert device.reported("registered", [request_], now) == []
    assert not device.powered
    until(device, FetchFiles)
    assert device.boots == 2
    assert device.kept["key"] == "value"


TALKS = Tempo(keep_alive_period=3600.0, call_every=10.0)


def on_the_phone() -> tuple[Phone, float]:
    """A phone in the middle of a call, and the time."""
    device, _ = up(tempo=TALKS)
    began = device.next_deadline()
    assert device.expire(began) == []
    return device, began


def test_a_graceful_restart_waits_for_the_end_of_the_call_which_is_still_reported() -> None:
    device, now = on_the_phone()
    assert device.told(Order.RESTART, now) == []
    assert device.powered
    at, acts = until(device, SendCallReport)
    assert 1.0 <= at - now <= 5.0
    assert len(acts) == 1
    assert not device.powered
    until(device, FetchFiles)
    assert device.boots == 2


def test_a_forced_restart_does_not() -> None:
    device, now = on_the_phone()
    device.told(Order.RESTART_AT_ONCE, now)
    assert not device.powered


def test_told_to_fetch_it_does_so_and_registers_anew_only_with_another_account() -> None:
    device, now = up()
    assert device.told(Order.FETCH, now) == [FetchFiles(starting=False)]
    assert device.refreshed({"key": "value"}, now) == []
    (register,) = device.refreshed({LINE_USER: "77"}, now)
    assert isinstance(register, SendRegister)
    assert register.user == "77"
    assert device.boots == 1


def test_a_stubborn_phone_never_does_what_it_is_told() -> None:
    device, now = up(Character.STUBBORN)
    for order in Order:
        assert device.told(order, now) == []
    assert device.reported("registered", [{"cmd": "reset"}], now) == []
    assert device.powered


def test_with_another_firmware_it_starts_anew_and_is_what_it_took() -> None:
    device, now = up()
    device.flashed("9.9.9", now)
    until(device, FetchFiles)
    assert (device.identity.firmware, device.boots) == ("9.9.9", 2)
    assert "9.9.9" in device.identity.user_agent


def test_a_newcomer_registers_once_its_file_says_as_whom() -> None:
    plan = plan_fleet(1, characters=[Character.STEADY], tempo=Tempo(keep_alive_period=20.0), newcomers=1)
    device = Phone(plan.phones[1], plan.tempo, START)
    now, _ = until(device, FetchFiles)
    assert now == START + 6.0
    device.booted({}, now)
    assert device.reported("started", [], now) == []
    assert device.status == "started"
    assert device.reported("started", [{"cmd": "reset"}], now) == []
    now, _ = until(device, FetchFiles)
    device.booted({LINE_USER: "2201"}, now)
    (register,) = device.reported("started", [], now)
    assert isinstance(register, SendRegister)
    assert register.user == "2201"


def test_a_speed_dial_is_told_together_with_those_before_if_there_is_a_file_to_write() -> None:
    device = phone(tempo=Tempo(keep_alive_period=3600.0, speed_dial_every=10.0))
    now, _ = until(device, FetchFiles)
    device.booted({"personal_settings/functional_key/0/type": "SPEED_DIAL"}, now)
    assert device.expire(device.next_deadline()) == []
    device.kept[CONFIGURATION_URL] = "http://127.0.0.1/configfiles/"
    (act,) = device.expire(device.next_deadline())
    assert isinstance(act, SendSettings)
    assert act.lines[0] == "personal_settings/functional_key/0/type=SPEED_DIAL"
    assert all(line.startswith("personal_settings/functional_key/") for line in act.lines)


def test_other_requests_are_passed_over() -> None:
    device, now = up()
    device.reported("registered", [{"path": "/rest/v1/command/Other"}, None, 7], now)
    assert device.powered


def test_without_power_nothing_is_answered_and_nothing_due_until_it_is_back() -> None:
    device, now = up()
    device.cut_power()
    assert device.answer_delay() is None
    assert device.next_deadline() == math.inf
    assert device.booted({}, now) == []
    assert device.reported("started", [], now) == []
    device.power_up(now)
    assert now <= device.next_deadline() <= now + 3.0


def test_a_mute_phone_reports_but_neither_answers_nor_registers() -> None:
    device, now = up(Character.FLAPPING)
    device.turn(Turn.MUTE, now)
    assert device.answer_delay() is None
    assert device.expire(now + 31.0) == [SendReport("registered")]
    device.turn(Turn.SPEAK, now)
    assert device.answer_delay() == 0.0


def test_over_tcp_a_boot_begins_with_a_new_connection() -> None:
    assert until(phone(tcp_share=1.0), FetchFiles)[1] == [HangUp(), FetchFiles()]


def test_a_phone_that_is_cut_off_registers_anew_when_its_network_is_back() -> None:
    device, now = up(Character.CUT_OFF, tcp_share=0.1)
    assert device.identity.transport == "tcp"
    assert device.turn(Turn.CUT, now) == [HangUp()]
    assert device.answer_delay() is None
    (register,) = device.turn(Turn.RECONNECT, now + 20.0)
    assert isinstance(register, SendRegister)
    assert device.answer_delay() == 0.0


def test_over_udp_there_is_nothing_to_hang_up() -> None:
    device, now = up(Character.CUT_OFF)
    assert device.turn(Turn.CUT, now) == []


def test_a_lost_connection_is_replaced_after_a_moment() -> None:
    device, now = up(tcp_share=1.0)
    device.connection_lost(now)
    at, _ = until(device, SendRegister)
    assert 1.5 <= at - now <= 4.5


def test_without_an_account_a_lost_connection_is_nothing() -> None:
    device = phone(tcp_share=1.0)
    before = device.next_deadline()
    device.connection_lost(START)
    assert device.next_deadline() == before


TALKATIVE = Tempo(keep_alive_period=20.0, call_every=10.0)


def test_a_registered_phone_reports_its_calls_one_after_another() -> None:
    device, _ = up(tempo=TALKATIVE)
    numbers = []
    for _ in range(3):
        reports = [act for act in until(device, SendCallReport)[1] if isinstance(act, SendCallReport)]
        numbers += [(report.number, report.user, report.domain) for report in reports]
    assert numbers == [(number, "2001", "pbx-a.example.net") for number in (1, 2, 3)]


def test_by_itself_a_phone_makes_no_calls() -> None:
    device, _ = up()
    with pytest.raises(AssertionError, match="never wants"):
        until(device, SendCallReport)


def test_without_its_network_it_makes_none_either() -> None:
    device, now = up(Character.FLAPPING, TALKATIVE)
    device.turn(Turn.MUTE, now)
    assert not any(isinstance(act, SendCallReport) for act in device.expire(now + 12.0))


def test_calls_sound_bad_while_the_line_is_poor() -> None:
    device, _ = up(tempo=TALKATIVE)
    device.planned = replace(device.planned, poor_line=Spell(at=0, lasts=3600))
    acts = until(device, SendCallReport)[1]
    (report,) = (act for act in acts if isinstance(act, SendCallReport))
    assert report.call.loss >= 5.0


def test_a_slow_phone_is_late_by_what_the_tempo_says() -> None:
    device, now = up(Character.LAGGING)
    device.turn(Turn.SLOW, now)
    delay = device.answer_delay()
    assert delay is not None
    assert 0.5 <= delay <= 1.1
    device.turn(Turn.PROMPT, now)
    assert device.answer_delay() == 0.0


def test_a_dead_phone_stays_dead() -> None:
    device, now = up(Character.DYING)
    device.turn(Turn.DIE, now)
    device.power_up(now)
    assert device.next_deadline() == math.inf


def test_signing_out_takes_the_registration_back_and_says_offline() -> None:
    device, now = up(Character.SIGNED_OUT)
    goodbye, report = device.turn(Turn.SIGN_OUT, now)
    assert isinstance(goodbye, SendRegister)
    assert goodbye.expires == 0
    assert report == SendReport("offline")
    device.register_answered(goodbye.cseq, 200, 0, 0, now)
    (register,) = device.turn(Turn.SIGN_IN, now)
    assert isinstance(register, SendRegister)
    assert device.register_answered(register.cseq, 200, 60, 0, now) == [SendReport("registered")]


def test_a_quiet_phone_still_answers_pings() -> None:
    device, now = up(Character.QUIET)
    device.turn(Turn.HUSH, now)
    assert SendReport("registered") not in device.expire(now + 21.0)
    assert device.answer_delay() == 0.0
    assert device.turn(Turn.REPORT, now) == [SendReport("registered")]


def test_an_alarm_is_cleared_by_the_same_name() -> None:
    device, now = up(Character.ALARMING)
    (raised,) = device.turn(Turn.ALARM, now)
    (cleared,) = device.turn(Turn.CLEAR, now)
    assert isinstance(raised, SendAlert)
    assert isinstance(cleared, SendAlert)
    assert (raised.raised, cleared.raised) == (True, False)
    assert raised.trouble == cleared.trouble


def test_an_unregistered_phone_says_so_and_sends_no_register() -> None:
    device = phone(Character.UNREGISTERED)
    now, _ = until(device, FetchFiles)
    device.booted({}, now)
    assert device.reported("started", [], now) == [SendReport("unregistered")]
    assert device.reported("unregistered", [], now) == []


def test_a_stray_phone_registers_with_the_other_server() -> None:
    device = phone(Character.WRONG_SERVER)
    now, _ = until(device, FetchFiles)
    device.booted({SIP_DOMAIN: "pbx-a.example.net"}, now)
    (register,) = device.reported("started", [], now)
    assert isinstance(register, SendRegister)
    assert register.domain == "pbx-b.example.net"


def test_a_boxed_phone_does_nothing_whatever_happens_to_its_site() -> None:
    device = phone(Character.BOXED)
    device.power_up(START)
    assert device.next_deadline() == math.inf


def test_a_script_comes_round_again_and_runs_at_the_plans_pace() -> None:
    slow, fast = phone(Character.ALARMING), phone(Character.ALARMING, Tempo(script_pace=0.1))
    script = slow.planned.script
    for device, pace in ((slow, 1.0), (fast, 0.1)):
        begin = START + device.planned.boot_at
        device._boot_at = math.inf
        times = []
        for _ in range(4):
            times.append((device.next_deadline() - begin) / pace)
            device.expire(device.next_deadline())
        moments = [moment.at for moment in script.moments]
        assert times == pytest.approx([*moments, *(script.every + at for at in moments)])
