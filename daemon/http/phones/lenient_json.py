"""JSON as phones write it: a comma before a closing bracket is forgiven, size and shape are not.

`read_object` is total: an object or `BadMessage`. Strict JSON is tried first; only what fails is read again without its
trailing commas, in one linear pass that leaves strings alone. Numbers and truth values come out as their text, since
phones write `"5"` and `5` alike. Not here: what any field means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from daemon.errors import BadMessage

JsonValue = str | list["JsonValue"] | dict[str, "JsonValue"]

MAX_DEPTH = 6  # an alarm message has three levels
MAX_FIELDS = 512  # names, and entries of lists: an alarm of 13 fields, MAX_ALERTS times, with room for new ones
MAX_LENGTH = 4096  # characters in one text; the longest seen is a location of 2,048

# A string, even an unfinished one, is one token, so a quote inside it never begins another: the pass stays linear.
_STRING_OR_TRAILING_COMMA = re.compile(r'"(?:[^"\\]++|\\.)*+"?|,[ \t\r\n]*+(?=[}\]])', re.DOTALL)


def read_object(body: bytes) -> dict[str, JsonValue]:
    """The object in `body`, whatever its declared type; UTF-8, or Latin-1 where it is none.

    `BadMessage` reasons: "json", "json_not_object", "json_depth", "json_fields", "json_length".
    """
    value = _load(_text(body))
    if not isinstance(value, dict):
        raise BadMessage("json_not_object")
    _check(value)
    return value


def text_field(fields: dict[str, JsonValue], *names: str) -> str:
    """The first of these fields that says anything, printable and stripped; "" if none does."""
    for name in names:
        value = fields.get(name, "")
        if not isinstance(value, str):
            raise BadMessage("field_type", f"{name[:40]} is a list or an object")
        if value and (text := (value if value.isprintable() else _printable(value)).strip()):
            return text
    return ""


def _printable(text: str) -> str:
    """Without controls, C1's and those of writing direction too: it is shown on terminals and pages."""
    return "".join(character if character.isprintable() else " " for character in text)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _load(text: str) -> JsonValue:
    try:
        return _DECODE(text)
    except (ValueError, RecursionError):
        pass
    try:
        return _DECODE(_STRING_OR_TRAILING_COMMA.sub(_without_comma, text))
    except (ValueError, RecursionError) as error:
        raise BadMessage("json", str(error)[:100]) from None


def _without_comma(token: re.Match[str]) -> str:
    return "" if token[0][0] == "," else token[0]


def _check(value: dict[str, JsonValue]) -> None:
    """Depth, number of entries and length of texts, level by level."""
    fields = 0
    level: list[dict[str, JsonValue] | list[JsonValue]] = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[dict[str, JsonValue] | list[JsonValue]] = []
        for holder in level:
            fields += len(holder)
            for entry in holder.values() if isinstance(holder, dict) else holder:
                if not isinstance(entry, str):
                    deeper.append(entry)
                elif len(entry) > MAX_LENGTH:
                    raise BadMessage("json_length", f"a text of {len(entry)} characters")
        if fields > MAX_FIELDS:
            raise BadMessage("json_fields", f"more than {MAX_FIELDS}")
        level = deeper
    if level:
        raise BadMessage("json_depth", f"more than {MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, object]]) -> dict[str, JsonValue]:
    return {name: _plain(value) for name, value in pairs}


def _plain(value: object) -> JsonValue:
    """Lists and objects as they are, `null` as "", truth values as JSON spells them."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, (str, dict)):
        return value
    return "" if value is None else str(value).lower()


def _no_constant(name: str) -> str:
    raise ValueError(f"{name} is not JSON")


_DECODE: Callable[[str], JsonValue] = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_no_constant
).decode
