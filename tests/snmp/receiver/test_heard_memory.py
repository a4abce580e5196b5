"""What the receiver remembers is bounded."""

from __future__ import annotations

from daemon.fleet.model import Mac
from daemon.snmp.receiver.heard_memory import QUIET, Kinds, Remarks

MAC, OTHER = Mac("00908f4867af"), Mac("00908f000002")


def test_a_kind_is_new_once() -> None:
    kinds = Kinds(2)
    assert [kinds.is_new(kind) for kind in ((1, 3), (1, 3), (1, 4), (1, 3))] == [True, False, True, False]


def test_the_kind_heard_longest_ago_makes_room() -> None:
    kinds = Kinds(2)
    for kind in ((1, 3), (1, 4), (1, 5)):
        assert kinds.is_new(kind)
    assert len(kinds) == 2
    assert not kinds.is_new((1, 4))
    assert kinds.is_new((1, 3))


def test_a_lower_limit_counts_at_once() -> None:
    kinds = Kinds(5)
    for arc in range(5):
        kinds.is_new((1, 3, arc))
    kinds.limit = 1
    kinds.is_new((1, 4))
    assert len(kinds) == 1


def test_a_remark_is_news_again_after_a_while() -> None:
    remarks = Remarks()
    assert remarks.is_news(MAC, "coldStart", 0.0)
    assert not remarks.is_news(MAC, "coldStart", QUIET - 1)
    assert remarks.is_news(MAC, "warmStart", 1.0)
    assert remarks.is_news(OTHER, "coldStart", 1.0)
    assert remarks.is_news(MAC, "coldStart", QUIET)


def test_remarks_are_forgotten_to_make_room() -> None:
    remarks = Remarks(limit=2)
    for remark in ("a", "b", "c"):
        remarks.is_news(MAC, remark, 0.0)
    assert remarks.is_news(MAC, "a", 1.0)
    assert not remarks.is_news(MAC, "c", 1.0)
