from __future__ import annotations

from daemon.config.positions import read_yaml
from daemon.config.sheet import Sheet


def sheet(text: str) -> Sheet:
    return Sheet(read_yaml(text, "a.yml", []), "a.yml", [])


def test_a_fault_stands_where_its_value_stands() -> None:
    page = sheet("a:\n  - b: 1\n")
    page.fault(("a", 0, "b"), "wrong", "do this")
    page.fault(("z",), "missing", "")
    assert [str(fault) for fault in page.faults] == ["a.yml:2 a[0].b: wrong (do this)", "a.yml:1 z: missing"]


def test_entries_are_the_tables_of_a_list_with_their_paths() -> None:
    page = sheet("a: [{b: [{c: 1}]}, text, {b: 2}]\n")
    assert list(page.entries(("a",))) == [(("a", 0), {"b": [{"c": "1"}]}), (("a", 2), {"b": "2"})]
    assert list(page.entries(("a", 0, "b"))) == [(("a", 0, "b", 0), {"c": "1"})]
    assert list(page.entries(("a", 2, "b"))) == []
    assert list(page.entries(("none",))) == []
