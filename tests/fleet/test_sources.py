"""Whose an address is, held against a plain table."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.model import Mac
from daemon.fleet.sources import Sources

MOVES = st.lists(
    st.tuples(st.sampled_from("abcd").map(Mac), st.sampled_from(["", "10.1.2.7", "10.1.2.8"])), max_size=20
)


@settings(max_examples=60)
@given(MOVES)
def test_an_address_names_whoever_is_alone_there(moves: list[tuple[Mac, str]]) -> None:
    sources, at = Sources(), dict[Mac, str]()
    for mac, source in moves:
        sources.remove(at.get(mac, ""), mac)
        sources.add(source, mac)
        at[mac] = source
        for address in ("10.1.2.7", "10.1.2.8"):
            here = [other for other, where in at.items() if where == address]
            assert sources.sole(address) == (here[0] if len(here) == 1 else None)
            assert (address in sources) == bool(here)
            assert sources.shared(address) == (len(here) > 1)
    assert sources.sole("") is None
    assert "" not in sources
