from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.http.phones import lenient_json
from daemon.http.phones.lenient_json import MAX_DEPTH, MAX_FIELDS, MAX_LENGTH, read_object, text_field

WORDS = st.text(max_size=12) | st.sampled_from([",}", '",]', "\\", '"', "{,", "a,\n}"])
LEAVES = WORDS | st.integers() | st.booleans() | st.none()
BRANCHES = LEAVES | st.lists(LEAVES, max_size=4) | st.dictionaries(WORDS, LEAVES, max_size=4)
VALUES = BRANCHES | st.lists(BRANCHES, max_size=3) | st.dictionaries(WORDS, BRANCHES, max_size=3)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=5)


def plain(value: Any) -> Any:
    """What the strict reader's value is in our terms."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def with_trailing_commas(value: Any) -> str:
    """JSON as simulators write it."""
    if isinstance(value, dict):
        return (
            "{"
            + "".join(f"{json.dumps(name)}: {with_trailing_commas(entry)} ,\n" for name, entry in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + "".join(f"{with_trailing_commas(entry)},\t" for entry in value) + " ]"
    return json.dumps(value)


@settings(max_examples=60)
@given(OBJECTS)
def test_valid_json_means_what_the_strict_reader_says(value: dict[str, Any]) -> None:
    assert read_object(json.dumps(value).encode()) == plain(value)


@settings(max_examples=60)
@given(OBJECTS)
def test_trailing_commas_change_nothing(value: dict[str, Any]) -> None:
    assert read_object(with_trailing_commas(value).encode()) == plain(value)


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ \n01ae', max_size=60).map(str.encode))
def test_nothing_but_bad_message_is_ever_raised(body: bytes) -> None:
    with suppress(BadMessage):
        read_object(body)


@pytest.mark.parametrize(
    "piece", ['"', '\\"', '"\\', ",", ", ", "[", '{"a":', "1,", '",}', " ", "\n,\n", '"a,}",', '{"a":[1,],', "\\\\"]
)
def test_time_grows_with_the_length_and_not_with_its_square(piece: str) -> None:
    def seconds(size: int) -> float:
        body = ("{" + piece * (size // len(piece))).encode()
        best = 1e9
        for _ in range(3):
            start = time.perf_counter()
            with pytest.raises(BadMessage):
                read_object(body)
            best = min(best, time.perf_counter() - start)
        return best

    # 16 times as much: linear takes 16 times as long, quadratic 256 times.
    assert seconds(64 * 1024) < 100 * max(seconds(4 * 1024), 20e-6)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "json"),
        (b"[]", "json_not_object"),
        (b'"text"', "json_not_object"),
        (b"{", "json"),
        (b'{"a":NaN}', "json"),
        (b'{"a":[1,,2]}', "json"),
        (b'{"a":1} tail', "json"),
        (b'{"a":' * 60_000, "json"),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "json_depth"),
        (json.dumps({str(n): n for n in range(MAX_FIELDS + 1)}).encode(), "json_fields"),
        (json.dumps({"a": list(range(MAX_FIELDS))}).encode(), "json_fields"),
        (json.dumps({"a": "x" * (MAX_LENGTH + 1)}).encode(), "json_length"),
        (b'{"a":' + b"1" * (MAX_LENGTH + 1) + b"}", "json_length"),
    ],
)
def test_every_limit_has_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as caught:
        read_object(body)
    assert caught.value.reason == reason


def test_what_lies_just_within_the_limits_is_read() -> None:
    deep: Any = "x"
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert read_object(json.dumps({"a": deep, "b": "x" * MAX_LENGTH}).encode())
    assert len(read_object(json.dumps({str(n): n for n in range(MAX_FIELDS)}).encode())) == MAX_FIELDS


def test_a_comma_in_a_text_is_left_alone() -> None:
    assert read_object(b'{"a": "x,}", "b": ["y,]", ], }') == {"a": "x,}", "b": ["y,]"]}


def test_latin_1_is_read_where_utf_8_fails_and_a_byte_order_mark_is_skipped() -> None:
    assert read_object('{"a": "Müller"}'.encode("latin-1")) == {"a": "Müller"}
    assert read_object('\ufeff{"a": "Müller"}'.encode()) == {"a": "Müller"}


@pytest.mark.parametrize("nasty", ["\r\n", "\0", "\x9b31m", "\x85", "\u202e", "\u2028", "\ufeff", "\ud800"])
def test_nothing_in_a_text_field_moves_a_cursor_turns_a_line_or_breaks_an_encoding(nasty: str) -> None:
    told = text_field({"a": f"a{nasty}b"}, "a")
    assert told.isprintable()
    assert told.encode()[:1] + told.encode()[-1:] == b"ab"


def test_a_text_field_is_clean_and_stripped() -> None:
    fields = lenient_json.read_object(b'{"a": " x\\u0000y\\ud800 ", "b": 5, "c": null, "d": [], "e": true}')
    assert text_field(fields, "a") == "x y"
    assert text_field(fields, "c", "b") == "5"
    assert text_field(fields, "e") == "true"
    assert text_field(fields, "none") == ""
    with pytest.raises(BadMessage, match="field_type"):
        text_field(fields, "d")
