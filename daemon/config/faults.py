"""What pydantic found, told to an operator: the key, its file and line, what is wrong and what to do.

The texts stand in one table; the values themselves are shown only where they cannot be a secret (a choice, a
number). Not here: finding anything wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from daemon.config.positions import Key, Place, key_text
from daemon.config.shape import block_at, written_path
from daemon.errors import Fault

Places = Callable[[tuple[Key, ...]], Place]

# By pydantic's error type: what is wrong, and what to do. {input} is the text given, the others pydantic's own.
_SENTENCES = {
    "missing": ("is missing", "add it"),
    "literal_error": ("{input} is none of the choices", "choose {expected}"),
    "enum": ("{input} is none of the choices", "choose {expected}"),
    "string_pattern_mismatch": ("{input} is not of the right form", "it must match {pattern}"),
    "string_too_long": ("is longer than {max_length} characters", "shorten it"),
    "string_too_short": ("is empty", "fill it in or remove the key"),
    "string_type": ("is not text", "write one value; quote it if it is meant to be empty or null"),
    "int_parsing": ("{input} is not a whole number", "write digits only"),
    "float_parsing": ("{input} is not a number", "write it like 0.5"),
    "bool_parsing": ("{input} is neither true nor false", "write true or false"),
    "greater_than": ("{input} is too small", "it must be greater than {gt}"),
    "greater_than_equal": ("{input} is too small", "the least is {ge}"),
    "less_than_equal": ("{input} is too large", "the most is {le}"),
    "tuple_type": ("is not a list", "write it as [value, value] or one `- value` a line"),
    "model_type": ("holds a single value where keys belong", "write `key: value` lines below it"),
    "dict_type": ("holds a single value where keys belong", "write `key: value` lines below it"),
    "model_attributes_type": ("holds a single value where keys belong", "write `key: value` lines below it"),
    "union_tag_not_found": ("does not say its kind", "write kind, which says what the other keys are"),
    "union_tag_invalid": ("is of a kind {tag!r} that does not exist", "choose {expected_tags}"),
    "date_from_datetime_parsing": ("{input} is no date", "write it as 2026-12-31"),
    "path_type": ("is not a path", "write one file or folder name"),
}


def translate(
    error: ValidationError, block: type[BaseModel], places: Places, path: tuple[Key, ...] = ()
) -> list[Fault]:
    """Every fault in `error`, which came of validating what stands at `path` as a `block`."""
    faults = []
    for found in error.errors(include_url=False):
        spoken = written_path(block, found["loc"])
        where = path + tuple(key for key in spoken if key != "[key]")  # pydantic's mark of a dictionary's key
        file, line = places(where)
        faults.append(Fault(file, line, key_text(where), *_sentence(found, block)))
    return faults


def unknown_key(name: str, known: Iterable[str]) -> tuple[str, str]:
    """What to say of a key nobody knows: the nearest one we do know, or all of them."""
    near = get_close_matches(name, sorted(known), n=1)
    return "unknown key", f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"


def split_hint(text: str) -> tuple[str, str]:
    """`what is wrong: what to do` -> its two halves; the second may be empty."""
    wrong, colon, hint = text.rpartition(": ")
    return (wrong, hint) if colon else (text, "")


def _sentence(found: Any, block: type[BaseModel]) -> tuple[str, str]:
    """One of pydantic's error records -> (what is wrong, what to do)."""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "extra_forbidden":
        around = block_at(block, found["loc"][:-1])
        return unknown_key(str(found["loc"][-1]), around.model_fields if around else ())
    if kind == "value_error":
        return split_hint(str(context["error"]))
    wrong, hint = _SENTENCES.get(kind, (found["msg"], ""))
    words = {**context, "input": repr(found["input"])[:60]}
    return wrong.format(**words), hint.format(**words)
