from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.positions import Table, key_text, merge, place_of, read_yaml
from daemon.errors import Fault


def read(text: str, file: str = "a.yml") -> Table:
    faults: list[Fault] = []
    table = read_yaml(text, file, faults)
    assert faults == []
    return table


def test_scalars_stay_the_text_that_was_written() -> None:
    assert read("a: 0041\nb: 1e3\nc: yes\nd: 2026-01-02\ne: 1:30\nf: ~\ng: ''\nh:\ni: 'null'") == {
        "a": "0041",
        "b": "1e3",
        "c": "yes",
        "d": "2026-01-02",
        "e": "1:30",
        "f": None,
        "g": "",
        "h": None,
        "i": "null",
    }


def test_every_key_and_item_has_its_place() -> None:
    table = read("a:\n  b: 1\n  c:\n    - 2\n    - d: 3\n")
    assert place_of(table, ("a", "b"), ("a.yml", 1)) == ("a.yml", 2)
    assert place_of(table, ("a", "c", 0), ("a.yml", 1)) == ("a.yml", 4)
    assert place_of(table, ("a", "c", 1, "d"), ("a.yml", 1)) == ("a.yml", 5)


def test_what_is_missing_has_the_place_of_what_is_around_it() -> None:
    table = read("a:\n  - b: 1\n")
    assert place_of(table, ("a", 0, "c"), ("a.yml", 1)) == ("a.yml", 2)
    assert place_of(table, ("a", 7), ("a.yml", 1)) == ("a.yml", 1)
    assert place_of(table, ("z", "y"), ("main.yml", 1)) == ("main.yml", 1)


def test_a_path_reads_as_an_operator_would_write_it() -> None:
    assert key_text(("snmp", "managers", 0, "host")) == "snmp.managers[0].host"


def test_a_merged_table_knows_which_file_each_key_is_from() -> None:
    both = merge(read("a: {b: 1, c: 2}\nd: [1]\n", "one.yml"), read("\na: {b: 3}\nd: [4, 5]\n", "two.yml"))
    assert both == {"a": {"b": "3", "c": "2"}, "d": ["4", "5"]}
    assert place_of(both, ("a", "b"), ("", 0)) == ("two.yml", 2)
    assert place_of(both, ("a", "c"), ("", 0)) == ("one.yml", 1)
    assert place_of(both, ("d", 1), ("", 0)) == ("two.yml", 3)


def test_a_hundred_thousand_brackets_are_a_fault_and_no_crash() -> None:
    faults: list[Fault] = []
    assert read_yaml("[" * 100_000, "a.yml", faults) == {}
    assert [fault.wrong for fault in faults] == ["nested more than 32 levels deep"]


def test_aliases_count_as_often_as_they_are_used() -> None:
    faults: list[Fault] = []
    read_yaml("a: &a [1, 2, 3]\nb: [*a, *a]\n", "a.yml", faults, most_values=14)
    assert faults == []
    read_yaml("a: &a [1, 2, 3]\nb: [*a, *a, *a]\n", "a.yml", faults, most_values=14)
    assert [fault.wrong for fault in faults] == ["more than 14 values"]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{},&*!<|>'\"#%@`? \n\t\x07é"), max_size=60))
def test_any_text_is_a_table_or_faults(text: str) -> None:
    faults: list[Fault] = []
    assert isinstance(read_yaml(text, "a.yml", faults), Table)
    assert all(1 <= fault.line <= text.count("\n") + 2 for fault in faults)


TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
VALUES = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@settings(max_examples=75, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_pyyaml_writes_is_read_back(value: dict[str, object]) -> None:
    assert read(yaml.safe_dump(value, allow_unicode=True)) == value
