from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.http.phones.ranges import Part, Version, requested_part, unchanged

VERSION = Version('"abc"', 1_772_616_902)
DATE = "Wed, 04 Mar 2026 09:35:02 GMT"
EARLIER = "Wed, 04 Mar 2026 09:35:01 GMT"


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", Part(0, 1)),
        ("bytes=0-499", Part(0, 500)),
        ("bytes=500-", Part(500, 1000)),
        ("bytes=999-", Part(999, 1000)),
        ("bytes=0-5000", Part(0, 1000)),
        ("bytes=-1", Part(999, 1000)),
        ("bytes=-5000", Part(0, 1000)),
        ("Bytes = 1 - 2 ", Part(1, 3)),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 5000 + "-", None),
        ("", None),
    ],
)
def test_one_range_is_a_part_and_what_makes_no_sense_is_the_whole(wanted: str, part: Part | None) -> None:
    assert requested_part({"range": wanted}, VERSION, 1000) == part


@pytest.mark.parametrize(
    ("wanted", "size"), [("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-5", 0)]
)
def test_a_range_beyond_the_end_is_416(wanted: str, size: int) -> None:
    with pytest.raises(BadMessage) as caught:
        requested_part({"range": wanted}, VERSION, size)
    assert caught.value.status == 416


@pytest.mark.parametrize(
    ("condition", "partial"),
    [('"abc"', True), ('W/"abc"', False), ('"abd"', False), (DATE, True), (EARLIER, False), ("yesterday", False)],
)
def test_if_range_wants_the_very_same_version(condition: str, partial: bool) -> None:
    part = requested_part({"range": "bytes=0-1", "if-range": condition}, VERSION, 10)
    assert (part is not None) is partial


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if-none-match": '"abc"'}, True),
        ({"if-none-match": '"x", W/"abc"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"'}, False),
        ({"if-none-match": '"x"', "if-modified-since": DATE}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": EARLIER}, False),
        ({"if-modified-since": "nonsense"}, False),
        ({}, False),
    ],
)
def test_an_unchanged_file_is_recognised(headers: dict[str, str], expected: bool) -> None:
    assert unchanged(headers, VERSION) is expected


def test_a_version_without_a_date_says_none() -> None:
    assert Version('"abc"').last_modified == ""
    assert VERSION.last_modified == DATE
