"""Whatever comes in whatever order, every receiver hears everything in order, but for what is counted as let go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.notifications import Occasion, Severity
from tests.support.outbox_life import ROUTES, OutboxLife

Step = Callable[[OutboxLife], None]

receivers = st.sampled_from(sorted(ROUTES))
notices: st.SearchStrategy[Step] = st.builds(
    lambda *what: lambda life: life.notify(*what),
    st.sampled_from("xy"),
    st.sampled_from(Occasion),
    st.sampled_from([Severity.MINOR, Severity.CRITICAL]),
)
takes: st.SearchStrategy[Step] = st.builds(lambda receiver: lambda life: life.take(receiver), receivers)
resyncs: st.SearchStrategy[Step] = st.builds(
    lambda *what: lambda life: life.resync(*what), receivers, st.integers(0, 12), st.integers(0, 6)
)
disk: st.SearchStrategy[Step] = st.sampled_from([OutboxLife.commit, OutboxLife.refuse])


def killed(life: OutboxLife) -> None:
    """Not while the disk refuses: what was told then is the documented exception."""
    life.commit()
    life.notify("z", Occasion.RAISED, Severity.CRITICAL)  # lost, and its number is given again
    life.take("all")  # likewise forgotten: it is told again
    life.kill()


steps = st.one_of(notices, notices, takes, takes, disk, resyncs, st.just(killed))


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=40))
def test_nothing_is_lost_but_what_is_counted_and_numbers_have_no_gaps(script: list[Step]) -> None:
    with closing(OutboxLife()) as life:
        for step in script:
            step(life)
        life.commit()
        for receiver, record in life.records.items():
            while record.waiting:
                life.take(receiver)
        life.commit()
        lost = life.lost()
        for receiver, record in life.records.items():
            assert list(record.addressed) == list(range(1, len(record.addressed) + 1))
            assert len(life.settled(receiver)) + lost[receiver] == len(record.addressed)
            assert lost[receiver] <= life.dropped[receiver]
