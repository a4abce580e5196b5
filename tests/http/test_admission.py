from __future__ import annotations

import pytest

from daemon.http.admission import LATEST, SOONEST, has_body, retry_after
from tests.support.http_peer import DATE


def test_a_storm_is_told_to_come_back_spread_over_a_minute() -> None:
    pauses = [retry_after(f"10.1.{n // 250}.{n % 250}", DATE) for n in range(5600)]
    assert (min(pauses), max(pauses)) == (SOONEST, LATEST)
    busiest = max(pauses.count(second) for second in range(SOONEST, LATEST + 1))
    assert busiest < 200  # of 5,600 over 56 seconds: no second gets twice its share


def test_who_comes_again_is_told_something_else() -> None:
    assert len({retry_after("10.1.0.9", b"Thu, 05 Mar 2026 10:00:%02d GMT" % second) for second in range(60)}) > 20


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b"1")], True),
        ([(b"transfer-encoding", b"chunked")], True),
    ],
)
def test_a_body_is_known_by_the_head(headers: list[tuple[bytes, bytes]], expected: bool) -> None:
    assert has_body(headers) is expected
