from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.model import Report
from daemon.fleet.records import PhoneRequest
from daemon.http.phones.keepalive import read_keep_alive, write_answer
from tests.support.builders import MAC, NOW

DATA = Path(__file__).parents[2] / "data" / "http"


def test_a_phone_that_just_started_is_read_trailing_comma_and_all() -> None:
    mac, report = read_keep_alive((DATA / "keep-alive-started.json").read_bytes())
    assert mac == MAC
    assert report == Report(
        status="started",
        model="420HD",
        firmware="2.2.16.142",
        ip="10.1.2.7",
        subnet_mask="255.255.255.0",
        vlan="12",
        region="acme",
        user_agent="AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908F4867AF)",
        ems_user="system",
    )


def test_a_registered_phone_is_read_with_numbers_and_unknown_fields() -> None:
    mac, report = read_keep_alive((DATA / "keep-alive-registered.json").read_bytes())
    assert mac == MAC
    assert (report.status, report.number, report.vlan) == ("registered", "2041", "12")
    assert (report.user_name, report.location) == ("Zoë, (front desk),]", "Hall 3, left")
    assert (report.btoe_status, report.usb_headset, report.ems_user) == ("not paired", "none", "EMS_01")


def test_the_vendors_digest_is_dropped_at_the_door() -> None:
    _, report = read_keep_alive((DATA / "keep-alive-started.json").read_bytes())
    assert "00112233445566778899aabbccddeeff" not in repr(report)
    assert "0badcafe" not in repr(report)


@pytest.mark.parametrize("mac", ["00-90-8F-48-67-AF", "00908F4867AF", "0090.8f48.67af"])
def test_a_mac_may_be_written_in_any_way(mac: str) -> None:
    assert read_keep_alive(json.dumps({"mac": mac}).encode())[0] == MAC


@pytest.mark.parametrize("body", [{}, {"mac": ""}, {"mac": "00908f4867"}, {"mac": "../../etc/passwd"}])
def test_without_a_mac_nobody_knows_who_speaks(body: dict[str, str]) -> None:
    with pytest.raises(BadMessage, match="mac"):
        read_keep_alive(json.dumps(body).encode())


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["mac", "status", "ip", "vLanId", "location", "other"]),
        st.text(max_size=10) | st.integers() | st.lists(st.integers(), max_size=2) | st.just("00908f4867af"),
    )
)
def test_nothing_but_bad_message_is_ever_raised(fields: dict[str, object]) -> None:
    try:
        mac, _ = read_keep_alive(json.dumps(fields).encode())
    except BadMessage:
        return
    assert len(mac) == 12


def a_request(action: str) -> PhoneRequest:
    return PhoneRequest(1, MAC, action, {"schedulePeriod": "5"}, NOW, NOW + 60)


def test_an_answer_without_requests_is_an_empty_list() -> None:
    assert json.loads(write_answer(())) == {"requests": []}


def test_a_request_looks_as_in_the_official_example() -> None:
    assert json.loads(write_answer([a_request("reset_graceful")])) == {
        "requests": [
            {"method": "POST", "path": "/rest/v1/command/ResetGracefulHandler", "body": {"schedulePeriod": "5"}}
        ]
    }


def test_an_action_nobody_knows_the_path_of_is_left_out() -> None:
    assert json.loads(write_answer([a_request("make_coffee")])) == {"requests": []}


def test_an_entry_may_be_text_in_a_string() -> None:
    (entry,) = json.loads(write_answer([a_request("reset_graceful")], as_text=True))["requests"]
    assert json.loads(entry)["path"] == "/rest/v1/command/ResetGracefulHandler"
