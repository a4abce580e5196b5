"""Subtrees that are shown and those that are not; the longest counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.snmp import ber
from daemon.snmp.agent.mib_values import NO_SUCH_INSTANCE, NO_SUCH_OBJECT
from daemon.snmp.agent.tables import Column, Rows
from daemon.snmp.agent.views import Sight, View, parse_oid
from daemon.snmp.ber import Oid

SUBTREES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=4).map(tuple), max_size=5)
ALL = View([(1,)], [])
VALUE = ber.integer(1)


def columns(*oids: Oid) -> list[Column[Oid]]:
    """Columns with the rows 0, 1.1 and 2."""
    rows: Rows[Oid] = Rows(lambda row: row, [(0,), (1, 1), (2,)])
    return [Column(oid, rows, lambda _: VALUE) for oid in oids]


def walked(sight: Sight, after: Oid = (0, 0)) -> list[Oid]:
    """All that is seen beyond `after`."""
    return [ber.read_oid_content(ber.read(cell.name, ber.Syntax.OID)[0]) for cell in sight.after(after)]


def shown(oid: Oid, include: list[Oid], exclude: list[Oid]) -> bool:
    """RFC 3415's own words: of the subtrees that hold it the longest decides."""
    holding = [(len(each), False) for each in exclude if oid[: len(each)] == each]
    holding += [(len(each), True) for each in include if oid[: len(each)] == each and each not in exclude]
    return max(holding, default=(0, False))[1]


@settings(max_examples=100)
@given(SUBTREES, SUBTREES)
def test_what_is_seen_is_what_the_longest_subtree_says(include: list[Oid], exclude: list[Oid]) -> None:
    objects = [(1, 0), (1, 1, 0), (1, 1, 2), (1, 2)]
    there = [(*oid, *row) for oid in objects for row in ((0,), (1, 1), (2,))]
    sight = Sight(columns(*objects), View(include, exclude))
    seen = sorted(oid for oid in there if shown(oid, include, exclude))
    assert walked(sight) == seen
    assert [oid for oid in sorted(there) if sight.get(oid) == VALUE] == seen


def test_a_walk_goes_on_from_anywhere() -> None:
    sight = Sight(columns((1, 1), (1, 2)), ALL)
    everything = walked(sight)
    for oid in [*everything, (1,), (1, 1), (1, 1, 1), (1, 1, 1, 1, 5), (1, 1, 9), (1, 2), (1, 9), (2, 0)]:
        assert walked(sight, oid) == [each for each in everything if each > oid]


def test_a_name_that_is_not_there_is_told_from_one_that_has_no_such_row() -> None:
    sight = Sight(columns((1, 1), (1, 2)), View([(1, 1)], [(1, 1, 2)]))
    assert sight.get((1, 1, 0)) == VALUE
    assert sight.get((1, 1, 7)) == sight.get((1, 1)) == NO_SUCH_INSTANCE
    assert sight.get((1, 1, 2)) == NO_SUCH_INSTANCE  # hidden, in an object of which something is seen
    assert sight.get((1, 2, 0)) == sight.get((1, 9)) == sight.get((0, 0)) == NO_SUCH_OBJECT
    assert sight.holds((1, 1, 7))
    assert not sight.holds((1, 2, 0))


def test_identifiers_are_read_as_settings_have_them() -> None:
    assert parse_oid("1.3.6.1") == (1, 3, 6, 1)
