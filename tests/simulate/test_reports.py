from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.simulate.plan import plan_fleet
from daemon.simulate.reports import alert, keep_alive, requests_in
from daemon.simulate.trouble import TROUBLES, Trouble

PHONE = plan_fleet(1).phones[0].identity


def test_a_keep_alive_is_text_throughout_and_names_its_user_once_registered() -> None:
    body = json.loads(keep_alive(PHONE, {}, "registered", Random(1)))
    assert all(isinstance(value, str) for value in body.values())
    assert (body["mac"], body["status"], body["phoneNumber"]) == (PHONE.mac, "registered", PHONE.number)
    assert body["emsUserName"] == "system"
    assert len(body["sessionId"]) == 8
    assert len(body["emsUserPassword"]) == 32


@pytest.mark.parametrize("status", ["started", "offline"])
def test_without_a_user_the_users_fields_are_empty(status: str) -> None:
    body = json.loads(keep_alive(PHONE, {}, status, Random(1)))
    assert body["userName"] == body["userId"] == body["phoneNumber"] == ""


def test_the_session_is_new_with_each_message() -> None:
    rng = Random(1)
    first, second = (json.loads(keep_alive(PHONE, {}, "started", rng)) for _ in range(2))
    assert first["sessionId"] != second["sessionId"]
    assert first["emsUserPassword"] != second["emsUserPassword"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_alarm_and_its_clear_differ_in_severity_only(trouble: Trouble) -> None:
    raised, cleared = (
        json.loads(alert(PHONE, {}, trouble, raised=raised, now=0.0, rng=Random(1)))["alerts"][0]
        for raised in (True, False)
    )
    assert cleared == {**raised, "severity": "0"}
    assert raised["severity"] in "12345"
    assert raised["date"] == "1970-01-01T00:00:00"
    assert raised["source"] == f"IPPhone/{PHONE.mac}"


def test_requests_are_found_in_an_answer() -> None:
    assert requests_in(b'{"requests": [{"path": "x"}, "text"]}') == [{"path": "x"}, "text"]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60) | st.sampled_from([b"[]", b"null", b'{"requests": 1}', b"{}"]))
def test_any_other_answer_holds_no_request(body: bytes) -> None:
    assert requests_in(body) == []


def test_a_phone_that_was_given_a_number_reports_that() -> None:
    nobodys = replace(PHONE, number="", user="")
    assert json.loads(keep_alive(nobodys, {}, "registered", Random(1)))["phoneNumber"] == ""
    given_one = json.loads(keep_alive(nobodys, {"voip/line/0/id": "2201"}, "registered", Random(1)))
    assert (given_one["phoneNumber"], given_one["userName"]) == ("2201", "2201")
