"""Who may leave when, on plain numbers."""

from __future__ import annotations

import math

from daemon.config.settings import Qualify
from daemon.fleet.pace import PATIENCE, Pace, PaceStatistics
from daemon.fleet.target import Target
from tests.support.builders import NOW


def targets(count: int, place: str = "") -> list[Target]:
    made = [Target(f"{place}#{index}", NOW) for index in range(count)]
    for target in made:
        target.place = place
    return made


def keys(admitted: list[Target]) -> list[str]:
    return [target.key for target in admitted]


def drain(pace: Pace, now: float) -> float:
    """Seconds until nobody waits any more, when only those in line are looked at."""
    begin = now
    while len(pace):
        now = pace.next_deadline()
        pace.admit([], now)
    return now - begin


def test_who_is_due_leaves_at_once_while_there_is_room() -> None:
    pace, due = Pace(Qualify(max_rate=100)), targets(5)
    assert pace.admit(due, NOW) == due
    assert (len(pace), pace.next_deadline()) == (0, math.inf)


def test_all_together_never_leave_faster_than_the_rate() -> None:
    pace = Pace(Qualify(max_rate=100))
    sent = [len(pace.admit(targets(1000), NOW))]
    sent += [len(pace.admit([], NOW + turn / 100)) for turn in range(1, 102)]
    assert sent[0] == 5  # a twentieth of a second's worth at once, however long it was quiet
    assert 99 <= sum(sent[1:]) <= 101
    assert max(sent[1:]) <= 2


def test_a_line_moves_at_the_full_rate_though_it_is_looked_at_seldom() -> None:
    pace = Pace(Qualify(max_rate=5000))
    pace.admit(targets(5000), NOW)
    assert 0.9 < drain(pace, NOW) < 1.1


def test_those_in_line_go_first_and_in_their_order() -> None:
    pace = Pace(Qualify(max_rate=40))  # two at once
    first, second = targets(3, "acme/hq"), targets(2)
    assert pace.admit(first, NOW) == first[:2]
    assert pace.admit(second, NOW + 0.051) == [first[2], second[0]]
    assert pace.admit([], NOW + 0.102) == [second[1]]


def test_nobody_is_in_line_twice() -> None:
    pace = Pace(Qualify(max_rate=20))
    due = targets(3)
    assert pace.admit(due, NOW) == due[:1]
    assert len(pace) == 2
    pace.admit(due[1:], NOW)
    pace.admit(due[1:], NOW)
    assert len(pace) == 2
    assert [pace.admit([], NOW + turn / 10) for turn in (1, 2, 3)] == [[due[1]], [due[2]], []]


def test_the_targets_of_one_site_leave_as_fast_as_its_line_bears_and_no_other_site_waits() -> None:
    pace = Pace(Qualify())
    crowd, others, homeless = targets(1000, "acme/hq"), targets(20, "acme/lab"), targets(20)
    left = pace.admit(crowd + others + homeless, NOW)
    assert keys(left) == keys(crowd[:50] + others + homeless)
    for turn in range(1, 101):
        left += pace.admit([], NOW + turn / 100)
    assert len([target for target in left if target.place == "acme/hq"]) == 50 + 100


def test_another_tenants_site_of_the_same_name_is_another_site() -> None:
    pace = Pace(Qualify(site_rate=2))
    assert len(pace.admit(targets(3, "acme/hq") + targets(3, "bolt/hq"), NOW)) == 2


def test_a_long_line_of_one_site_is_looked_at_again_and_again_until_it_is_gone() -> None:
    pace = Pace(Qualify(site_rate=10))
    pace.admit(targets(25, "acme/hq"), NOW)
    assert pace.next_deadline() == NOW + PATIENCE
    assert 1.9 < drain(pace, NOW) < 2.1


def test_who_is_forgotten_does_not_leave() -> None:
    pace = Pace(Qualify(max_rate=20))
    due = targets(3)
    pace.admit(due, NOW)
    pace.forget(due[1])
    pace.forget(due[1])
    assert pace.admit([], NOW + 1) == [due[2]]


def test_a_reload_changes_the_rates_and_keeps_the_line() -> None:
    pace = Pace(Qualify(max_rate=20, site_rate=1))
    pace.admit(targets(1), NOW)
    crowd = targets(30, "acme/hq")
    pace.admit(crowd, NOW)
    pace.apply(Qualify(max_rate=1000, site_rate=100))
    assert pace.admit([], NOW + 0.01) == crowd


def test_the_slowest_rate_still_lets_one_go_at_a_time() -> None:
    pace = Pace(Qualify(max_rate=1, site_rate=1))
    due = targets(2, "acme/hq")
    assert pace.admit(due, NOW) == due[:1]
    assert pace.admit([], NOW + 0.5) == []
    assert pace.admit([], NOW + 1) == due[1:]


def test_when_all_together_are_too_many_sites_take_turns() -> None:
    pace = Pace(Qualify(max_rate=200))  # ten at once
    pace.admit(targets(300, "acme/hq") + targets(300, "acme/lab") + targets(300), NOW)
    left = list[Target]()
    for turn in range(1, 31):
        left += pace.admit([], NOW + turn / 20)
    served = {place: sum(target.place == place for target in left) for place in ("acme/hq", "acme/lab", "")}
    assert min(served.values()) > 50


def test_who_moved_to_another_site_while_it_waited_leaves_once_and_can_be_forgotten() -> None:
    pace = Pace(Qualify(site_rate=2))
    due = targets(3, "acme/hq")
    pace.admit(due, NOW)
    for target in due[1:]:
        target.place = "acme/lab"
    pace.admit(due[1:], NOW)
    assert len(pace) == 2
    pace.forget(due[1])
    assert (pace.admit([], NOW + 1), len(pace)) == ([due[2]], 0)


def test_who_waits_and_which_limit_made_them_is_counted_once_each() -> None:
    pace = Pace(Qualify(max_rate=40, site_rate=2))  # two at once over all, one of a site
    pace.admit(site := targets(3, "acme/hq"), NOW)
    assert pace.statistics() == PaceStatistics(2, {"max_rate": 0, "site_rate": 2})
    pace.admit(site, NOW + 0.01)  # due again while they wait
    assert pace.statistics().held_back == {"max_rate": 0, "site_rate": 3}  # the one that had left waits anew
    pace.admit(targets(4), NOW + 0.02)
    assert pace.statistics().held_back["max_rate"] > 0
    drain(pace, NOW + 0.02)
    assert pace.statistics().waiting == 0
