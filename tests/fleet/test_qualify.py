"""When phones are pinged: spread, confirmation, back-off."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.qualify import slot
from tests.support.builders import MAC, NOW, record, settings
from tests.support.playbook import Playbook, pinged


def _ping_times(play: Playbook, until: float) -> list[float]:
    """Seconds after the start at which the one phone is pinged."""
    times = []
    for second in range(int(until)):
        before = len(pinged(play.orders))
        play.run_to(second)
        times += [float(second)] * (len(pinged(play.orders)) - before)
    return times


@given(st.floats(0, 4e9), st.sampled_from([5.0, 60.0, 300.0]), st.floats(0, 1))
def test_a_slot_lies_ahead_within_one_period_and_always_at_the_same_place(
    now: float, period: float, share: float
) -> None:
    due = slot(now, period, share)
    assert now < due <= now + period * 1.002
    assert abs((slot(due, period, share) - due) - period) < 0.001


def test_the_fleet_is_spread_over_the_interval() -> None:
    devices = (Device(record(Mac(f"00908f{index:06x}")), NOW) for index in range(6000))
    seconds = Counter(int(slot(NOW, 60, device.share) - NOW) for device in devices)
    assert max(seconds.values()) < 150  # 100 a second on average


def test_a_healthy_phone_is_pinged_once_an_interval() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.01
    play.registers()
    times = _ping_times(play, 3000)
    gaps = {round(later - earlier) for earlier, later in pairwise(times[1:])}
    assert gaps <= {59, 60, 61}


def test_a_silent_phone_is_pinged_ever_more_seldom_and_never_more_often_than_a_live_one() -> None:
    play = Playbook(record())
    play.registers()
    times = [second for second in _ping_times(play, 3600) if second > 60]
    assert len(times) < 3600 / 60 / 2
    assert times[-1] - times[-2] >= 299


def test_the_rate_of_all_pings_together_is_capped() -> None:
    play = Playbook(
        *(record(Mac(f"00908f{index:06x}"), number=str(1000 + index)) for index in range(100)),
        settings=settings(qualify={"max_rate": 10}),
    )
    for index in range(100):
        play.registers(Mac(f"00908f{index:06x}"))
    play.fleet.expire(play.now)
    turns = [play.fleet.expire(play.now + turn / 100) for turn in range(1, 101)]
    sent = [target for orders in turns for target in pinged(orders)]
    assert 9 <= len(sent) <= 11


def test_a_restart_finds_every_phone_at_its_old_place() -> None:
    before, after = Device(record(), NOW), Device(record(), NOW + 12345.678)
    assert slot(NOW, 60, before.share) % 60 == slot(NOW + 12345.678, 60, after.share) % 60
