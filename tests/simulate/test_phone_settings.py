from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.simulate.phone_settings import read_configuration


def test_settings_comments_and_includes_are_told_apart() -> None:
    file = read_configuration(
        b"include global.cfg\n; user/name=nobody\r\nvoip/line/0/id = 2001\nvoip/line/0/description=a=b\n\nnonsense\n"
    )
    assert file.includes == ("global.cfg",)
    assert file.settings == {"voip/line/0/id": "2001", "voip/line/0/description": "a=b"}


def test_of_two_equal_keys_the_later_wins() -> None:
    assert read_configuration(b"a=1\na=2\n").settings == {"a": "2"}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    read_configuration(raw)
