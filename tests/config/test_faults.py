from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.config.faults import split_hint, translate, unknown_key
from daemon.config.settings import Settings


def test_a_fault_has_key_place_wrong_and_hint() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"qualify": {"misses": "x"}})
    [fault] = translate(caught.value, Settings, lambda where: ("a.yml", len(where)))
    assert str(fault) == "a.yml:2 qualify.misses: 'x' is not a whole number (write digits only)"


def test_the_nearest_key_is_the_hint() -> None:
    assert unknown_key("levle", ["level", "format"]) == ("unknown key", "did you mean level?")
    assert unknown_key("zzz", ["level", "format"]) == ("unknown key", "known here: format, level")


def test_the_last_colon_parts_what_is_wrong_from_what_to_do() -> None:
    assert split_hint("'a: b' will not do: write c") == ("'a: b' will not do", "write c")
    assert split_hint("plain") == ("plain", "")
