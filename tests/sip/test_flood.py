"""How much of strangers' traffic is read, on plain numbers."""

from __future__ import annotations

from daemon.sip import flood as module
from daemon.sip.flood import HOSTS, IN_ALL, PER_HOST, Flood

SCANNER, PHONE = "198.51.100.9", "10.1.2.7"


def admitted(flood: Flood, host: str, count: int, now: float, *, turned_down: bool) -> int:
    """How many of so many messages at once are read, each turned down or not."""
    read = 0
    for _ in range(count):
        if flood.admits(host, now):
            read += 1
            if turned_down:
                flood.refused(host)
    return read


def test_a_host_that_is_turned_down_too_often_is_not_read_any_more_until_the_next_second() -> None:
    flood = Flood()
    assert admitted(flood, SCANNER, 1000, 100.2, turned_down=True) == PER_HOST
    assert admitted(flood, SCANNER, 1000, 100.9, turned_down=True) == 0
    assert admitted(flood, SCANNER, 1000, 101.0, turned_down=True) == PER_HOST


def test_what_one_host_did_is_not_another_ones_fault() -> None:
    flood = Flood()
    admitted(flood, SCANNER, 1000, 100.0, turned_down=True)
    assert admitted(flood, PHONE, 1000, 100.5, turned_down=True) == PER_HOST


def test_whose_messages_are_good_may_send_more_than_whose_are_not() -> None:
    assert admitted(Flood(), PHONE, 1000, 100.0, turned_down=False) == 1000


def test_all_strangers_together_are_read_so_often_in_a_second() -> None:
    flood = Flood()
    read = sum(flood.admits(f"198.51.{number // 250}.{number % 250}", 100.5) for number in range(3 * IN_ALL))
    assert read == IN_ALL
    assert flood.admits(PHONE, 101.0)


def test_forged_senders_do_not_fill_the_memory_and_fall_under_the_ceiling_for_all() -> None:
    flood = Flood()
    for number in range(10 * HOSTS):
        flood.refused(f"forged-{number}")
    assert len(flood._refused) == HOSTS
    for _ in range(2 * PER_HOST):
        flood.refused(SCANNER)  # there is no room to remember it
    assert flood.admits(SCANNER, 0.5)
    flood.refused("forged-1")
    assert flood._refused["forged-1"] == 2


def test_who_is_remembered_is_counted_on_when_there_is_no_more_room() -> None:
    flood = Flood()
    flood.refused(SCANNER)
    for number in range(HOSTS):
        flood.refused(f"forged-{number}")
    for _ in range(PER_HOST):
        flood.refused(SCANNER)
    assert not flood.admits(SCANNER, 0.5)


def test_a_clock_that_steps_back_begins_a_new_second() -> None:
    flood = Flood()
    admitted(flood, SCANNER, 1000, 100.0, turned_down=True)
    assert flood.admits(SCANNER, 50.0)


def test_the_share_of_one_host_leaves_room_for_others() -> None:
    assert module.PER_HOST * 20 <= module.IN_ALL
