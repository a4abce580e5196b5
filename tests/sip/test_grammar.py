from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.sip.grammar import parse_name_addr, parse_number, parse_params, split_outside_quotes


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ('"Smith, J" <sip:j@x>;q=1, <sip:k,l@x>', ['"Smith, J" <sip:j@x>;q=1', "<sip:k,l@x>"]),
        (r'"a\",b" <sip:x@y>', [r'"a\",b" <sip:x@y>']),
        (" , ,", []),
    ],
)
def test_commas_count_only_outside_quotes_and_brackets(value: str, items: list[str]) -> None:
    assert split_outside_quotes(value, ",") == items


@pytest.mark.parametrize("value", ['"never closed', "<sip:a@b", '"Mr. X <sip:a@b>'])
def test_what_is_opened_must_be_closed(value: str) -> None:
    with pytest.raises(BadMessage, match="unbalanced"):
        split_outside_quotes(value, ",")


def test_parameters_lose_case_in_names_and_quotes_around_values_and_the_first_wins() -> None:
    assert parse_params(';Tag="a b";lr;TAG=other') == {"tag": "a b", "lr": ""}


@pytest.mark.parametrize(
    ("value", "uri", "params"),
    [
        ("<sip:a@b;x=1>;tag=t", "sip:a@b;x=1", {"tag": "t"}),
        ("sip:a@b;tag=t", "sip:a@b", {"tag": "t"}),
        (r'"A \"B\" <C>" <sip:a@b>', "sip:a@b", {}),
        ("Desk Phone <sip:a@b> ;tag=t", "sip:a@b", {"tag": "t"}),
        ("*", "*", {}),
    ],
)
def test_addresses_come_with_and_without_brackets(value: str, uri: str, params: dict[str, str]) -> None:
    parsed = parse_name_addr(value)
    assert (parsed.uri, dict(parsed.params)) == (uri, params)


@pytest.mark.parametrize("value", ['"X <sip:a@b>', "<sip:a@b", "<sip:a@b> trailing", "sip:a@b>", "<<sip:a@b>>"])
def test_a_broken_address_is_named_as_such(value: str) -> None:
    with pytest.raises(BadMessage):
        parse_name_addr(value)


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("70", 70), ("71", None), ("-1", None), ("1e1", None), ("", None), ("٣", None)]
)
def test_numbers_are_ascii_digits_up_to_a_limit(text: str, value: int | None) -> None:
    assert parse_number(text, 70) == value


def test_a_long_run_of_spaces_costs_no_more_than_its_length() -> None:
    with pytest.raises(BadMessage):
        parse_name_addr('"x"' + " " * 8000 + "y")
