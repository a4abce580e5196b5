from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.http.operators.lists import MAX_LIMIT, Field, Listing, count_matching, find, parse_query
from daemon.http.operators.problems import Problem


@dataclass(frozen=True)
class Shoe:
    name: str
    colour: str
    size: float | None


SHOES: Listing[Shoe] = Listing(
    key="name",
    fields={
        "name": Field(lambda shoe: shoe.name),
        "colour": Field(lambda shoe: shoe.colour),
        "size": Field(lambda shoe: shoe.size),
    },
    search=("name", "colour"),
)

shoes = st.lists(
    st.builds(
        Shoe,
        name=st.text("abcdef", min_size=1, max_size=4),
        colour=st.sampled_from(["red", "blue", ""]),
        size=st.none() | st.floats(30, 50),
    ),
    unique_by=lambda shoe: shoe.name,
    max_size=40,
)


def _walk(things: list[Shoe], **asked: Any) -> list[Shoe]:
    """Every page of a list, one after the other."""
    seen: list[Shoe] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = [(name, str(value)) for name, value in asked.items()]
        page = find(SHOES, things, parse_query(SHOES, [*parameters, ("cursor", cursor)]))
        assert len(page.items) <= int(asked.get("limit", 100))
        seen += page.items
        cursor = page.next
    return seen


@settings(max_examples=60)
@given(shoes, st.integers(1, 7), st.sampled_from(["name", "-name", "colour", "-colour", "size", "-size"]))
def test_every_thing_comes_exactly_once_whatever_the_limit_and_the_order(
    things: list[Shoe], limit: int, sort: str
) -> None:
    seen = _walk(things, limit=limit, sort=sort)

    assert sorted(seen, key=lambda shoe: shoe.name) == sorted(things, key=lambda shoe: shoe.name)
    assert seen == _walk(things, limit=MAX_LIMIT, sort=sort)


@settings(max_examples=60)
@given(shoes, shoes, st.integers(1, 5))
def test_what_comes_and_goes_between_pages_moves_nothing_else(
    things: list[Shoe], newcomers: list[Shoe], limit: int
) -> None:
    first = find(SHOES, things, parse_query(SHOES, [("limit", str(limit))]))
    if first.next is None:
        return
    known = {shoe.name for shoe in things}
    later = [shoe for shoe in things if shoe not in first.items] + [n for n in newcomers if n.name not in known]
    rest = find(SHOES, later, parse_query(SHOES, [("limit", str(MAX_LIMIT)), ("cursor", first.next)]))

    seen = [*first.items, *rest.items]
    assert len(set(seen)) == len(seen)
    assert set(things) <= set(seen)


def test_a_filter_takes_any_of_its_values_in_any_case() -> None:
    things = [Shoe("a", "red", 40), Shoe("b", "blue", 41), Shoe("c", "", None)]
    query = parse_query(SHOES, [("colour", "RED"), ("colour", "")])

    assert [shoe.name for shoe in find(SHOES, things, query).items] == ["a", "c"]
    assert count_matching(SHOES, things, query) == 2


def test_filters_of_several_fields_must_all_fit_and_so_must_the_search() -> None:
    things = [Shoe("oak", "red", 40), Shoe("elm", "red", 41), Shoe("oar", "blue", 41)]

    assert _walk(things, colour="red", search="OA") == [things[0]]


def test_things_without_a_value_come_first() -> None:
    things = [Shoe("a", "red", 40), Shoe("b", "red", None)]

    assert [shoe.name for shoe in _walk(things, sort="size")] == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", str(MAX_LIMIT + 1)),
        ("limit", "many"),
        ("limit", "²"),
        ("sort", "weight"),
        ("sort", "--name"),
        ("weight", "3"),
        ("colour", "x" * 201),
        ("cursor", "nonsense"),
        ("cursor", "WyJuYW1lIiwiYSJd"),  # ["name","a"]
        ("cursor", "WyJuYW1lIix7fSwiYSJd"),  # ["name",{},"a"]
        ("cursor", "Ww" * 4000),
        ("cursor", "WyJzaXplIiw0MCwiYSJd"),  # of another order: ["size",40,"a"]
    ],
)
def test_a_parameter_that_will_not_do_is_named(name: str, value: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_query(SHOES, [(name, value)])

    assert caught.value.status == 422
    assert [fault.key for fault in caught.value.errors] == [name]


def test_all_faults_of_a_query_are_named_at_once() -> None:
    with pytest.raises(Problem) as caught:
        parse_query(SHOES, [("limit", "0"), ("weight", "3"), ("sort", "price")])

    assert len(caught.value.errors) == 3


def test_a_query_with_a_thousand_faults_is_told_some() -> None:
    with pytest.raises(Problem) as caught:
        parse_query(SHOES, [(f"x{number}", "") for number in range(1000)])
    assert 0 < len(caught.value.errors) <= 20


@given(st.text(max_size=300))
def test_no_cursor_whatever_breaks_a_list(cursor: str) -> None:
    try:
        query = parse_query(SHOES, [("cursor", cursor)])
    except Problem:
        return
    find(SHOES, [Shoe("a", "red", 40)], query)


def test_a_forged_place_of_another_type_orders_as_well_as_any() -> None:
    query = replace(parse_query(SHOES, []), after=(4, "a"))

    assert [shoe.name for shoe in find(SHOES, [Shoe("a", "red", 40)], query).items] == ["a"]
