"""Lines before a vendor's syntax."""

from __future__ import annotations

import re
import unicodedata

import pytest

from daemon.errors import ConfigError
from daemon.provisioning.vendors.syntax import _REFUSED, Include, Setting, checked, checked_settings, read_line

ANY_KEY = re.compile(r"[a-z/]+")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b=1", Setting("a/b", "1")),
        ("a/b = 1", Setting("a/b", "1")),
        ("a/b= x=y ", Setting("a/b", " x=y ")),
        ("a/b=", Setting("a/b", "")),
        ("include_mode=1", Setting("include_mode", "1")),
        ("include http://x/y.cfg", Include("http://x/y.cfg")),
        ("no equals sign", Setting("no equals sign", "")),
    ],
)
def test_a_templates_line_is_a_setting_or_an_include(text: str, expected: Setting | Include) -> None:
    assert read_line(text) == expected


def test_a_line_remembers_where_its_template_wrote_it() -> None:
    assert read_line("a=1", "420HD.xml", 7) == Setting("a", "1", "420HD.xml", 7)


@pytest.mark.parametrize("character", ["\n", "\r", "\x00", "\x85", "\u2028", "\u2029", "\ud800", "\ufffe"])
def test_a_value_that_would_end_a_line_is_refused_with_its_place(character: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checked([read_line(f"a=1{character}b=2", "x.xml", 3)], ANY_KEY)
    assert "x.xml:3 a: its value holds a line break or control character" in str(caught.value)


def test_what_is_refused_are_whole_categories_of_characters() -> None:
    refused = {"Cc", "Zl", "Zp", "Cs"}
    for character in map(chr, range(0x10000)):
        unfit = unicodedata.category(character) in refused or character in "\ufffe\uffff"
        assert bool(_REFUSED.search(character)) == (unfit and character != "\t")


def test_every_fault_is_named_not_only_the_first() -> None:
    with pytest.raises(ConfigError) as caught:
        checked([Setting("a", "1\n"), Setting("B", "2"), Setting("c", "3"), Include("a b")], ANY_KEY)
    assert [fault.key for fault in caught.value.faults] == ["a", "B", "include"]


def test_of_two_equal_keys_the_later_one_counts_in_the_place_of_the_first() -> None:
    assert list(checked_settings([Setting("a", "1"), Setting("b", "2"), Setting("a", "3")], ANY_KEY).items()) == [
        ("a", "3"),
        ("b", "2"),
    ]


def test_a_syntax_without_includes_says_so() -> None:
    with pytest.raises(ConfigError, match="include no files"):
        checked_settings([read_line("include x.cfg", "x.xml", 2)], ANY_KEY)
