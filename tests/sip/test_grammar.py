from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.sip.grammar import (
    parse_name_addr,
    parse_number,
    parse_params,
    split_challenges,
    split_outside_quotes,
    unquoted,
)


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ('"Smith, J" <sip:j@x>;q=1, <sip:k,l@x>', ['"Smith, J" <sip:j@x>;q=1', "<sip:k,l@x>"]),
        (r'"a\",b" <sip:x@y>', [r'"a\",b" <sip:x@y>']),
        (r'"a\\", b', [r'"a\\"', "b"]),
        (r"a\, b", ["a\\", "b"]),  # outside quotes a backslash is a character like any other
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
    assert parse_params(r';a="x;\"y\"" ; b = "<urn:1>";c=') == {"a": 'x;"y"', "b": "<urn:1>", "c": ""}
    assert parse_params("") == {}


def test_a_quoted_string_loses_quotes_and_backslashes_and_nothing_else_does() -> None:
    assert unquoted(r'"say \"hi\" \\"') == r'say "hi" \ '.rstrip()
    assert (unquoted('"'), unquoted(r"a\b"), unquoted('"a"b'), unquoted("")) == ('"', r"a\b", '"a"b', "")


@pytest.mark.parametrize(
    ("value", "challenges"),
    [
        ('Digest realm="a, b", nonce="1"', ['Digest realm="a, b", nonce="1"']),
        (
            'Digest realm="a",nonce="1" , Basic realm="c",Negotiate',
            ['Digest realm="a", nonce="1"', 'Basic realm="c"', "Negotiate"],
        ),
        ('Digest qop="auth,auth-int", algorithm = MD5', ['Digest qop="auth,auth-int", algorithm = MD5']),
        ("", []),
    ],
)
def test_challenges_that_share_a_line_are_told_apart(value: str, challenges: list[str]) -> None:
    assert split_challenges(value) == challenges


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


@pytest.mark.parametrize(
    "value",
    ['"X <sip:a@b>', "<sip:a@b", "<sip:a@b> trailing", "sip:a@b>", "<<sip:a@b>>", "< sip:a@b >", "Smith, J <sip:a@b>"],
)
def test_a_broken_address_is_named_as_such(value: str) -> None:
    with pytest.raises(BadMessage):
        parse_name_addr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("70", 70),
        ("71", None),
        ("-1", None),
        ("1e1", None),
        ("", None),
        ("²", None),
        ("0" * 11, None),
        ("٣", None),
    ],
)
def test_numbers_are_ascii_digits_up_to_a_limit(text: str, value: int | None) -> None:
    assert parse_number(text, 70) == value


def test_a_long_run_of_spaces_costs_no_more_than_its_length() -> None:
    with pytest.raises(BadMessage):
        parse_name_addr('"x"' + " " * 8000 + "y")
