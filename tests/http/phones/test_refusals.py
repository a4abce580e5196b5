from __future__ import annotations

import json

from structlog.testing import capture_logs

from daemon.errors import BadMessage
from daemon.http.phones.refusals import LINES_PER_MINUTE, Refusals


def test_every_refusal_is_counted_and_few_are_logged() -> None:
    now = 0.0
    refusals = Refusals(lambda: now)
    with capture_logs() as logs:
        for _ in range(LINES_PER_MINUTE + 50):
            refusals.not_found("unknown phone", "203.0.113.9")
        now = 60.0
        refusals.not_found("unknown phone", "203.0.113.9")
    assert refusals.by_reason == {"unknown phone": LINES_PER_MINUTE + 51}
    assert len(logs) == LINES_PER_MINUTE + 1


def test_a_404_does_not_say_why() -> None:
    refusals = Refusals(lambda: 0.0)
    assert refusals.not_found("one", "a").body == refusals.not_found("another", "b", "detail").body


def test_a_400_says_why() -> None:
    response = Refusals(lambda: 0.0).bad(BadMessage("mac", 'not "one"'), "10.1.2.7")
    assert json.loads(bytes(response.body))["detail"] == 'mac: not "one"'


def test_a_401_offers_every_way_to_log_in_and_does_not_say_why() -> None:
    refusals = Refusals(lambda: 0.0)
    response = refusals.log_in("unknown phone", "203.0.113.9", ["Digest one", "Basic two"])
    assert response.status_code == 401
    assert [value for name, value in response.raw_headers if name == b"www-authenticate"] == [
        b"Digest one",
        b"Basic two",
    ]
    assert b"unknown" not in response.body
    assert refusals.by_reason == {"unknown phone": 1}
