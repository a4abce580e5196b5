from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from daemon.config.entries import (
    WrittenConnection,
    WrittenDevice,
    WrittenNumber,
    WrittenServer,
    WrittenSite,
    WrittenTenant,
)

MAC = "00908f4867af"


@pytest.mark.parametrize("name", ["acme", "a", "4you", "north-1.example_2", "A" * 63])
def test_names_that_stand_in_urls_are_taken(name: str) -> None:
    assert WrittenTenant(name=name).noun(str).name == name


@pytest.mark.parametrize("name", ["", ".", "..", "-a", "a b", "a/b", "ä", "A" * 64, "a\n", "a%2f"])
def test_names_that_would_not_survive_a_url_are_refused(name: str) -> None:
    for block in (WrittenTenant, WrittenSite):
        with pytest.raises(ValidationError):
            block(name=name)


@pytest.mark.parametrize("name", ["", "UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_a_time_zone_is_one_that_this_machine_knows(name: str) -> None:
    assert WrittenTenant(name="a", timezone=name).noun(str).timezone == name
    assert WrittenSite(name="a", timezone=name).noun(str).timezone == name


@pytest.mark.parametrize("name", ["CEST", "Europe/", "Europe", "../etc/passwd", "/etc/passwd", "a\0b", "Z" * 5000, " "])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        WrittenTenant(name="a", timezone=name)


@pytest.mark.parametrize("number", ["2041", "+4989123", "*72", "alice", "0041", "1-2"])
def test_numbers_are_text(number: str) -> None:
    assert WrittenNumber(number=number).noun().number == number


@pytest.mark.parametrize("number", ["", "+", "1 2", "1@2", "1;2", "1/2", "1\n", "1" * 65])
def test_numbers_that_are_no_plain_sip_user_are_refused(number: str) -> None:
    with pytest.raises(ValidationError):
        WrittenNumber(number=number)


@pytest.mark.parametrize("contact", ["", "sip:10.1.2.7", "sip:2041@10.1.2.7:5060", "sip:2041@[2001:db8::1]:5060"])
def test_a_static_contact_has_an_address(contact: str) -> None:
    assert WrittenDevice.model_validate({"mac": MAC, "contact": contact}).contact == contact


@pytest.mark.parametrize("contact", ["10.1.2.7", "sip:a@b", "sips:a@10.1.2.7", "sip:a@10.1.2.999", "sip:a@[::g]"])
def test_a_contact_that_needs_a_lookup_or_makes_no_sense_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError):
        WrittenDevice.model_validate({"mac": MAC, "contact": contact})


@pytest.mark.parametrize("address", ["sip:pbx", "sip:192.0.2.1:5080", "sip:[2001:db8::1]"])
def test_a_server_has_a_sip_address(address: str) -> None:
    assert WrittenServer(name="a", address=address).noun().address == address


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_no_text_that_is_taken_can_begin_a_line_of_its_own(text: str) -> None:
    try:
        device = WrittenDevice.model_validate({"mac": MAC, "display_name": text, "placeholders": {"X": text}})
    except ValidationError:
        return
    assert len(device.display_name.splitlines()) <= 1


def test_a_password_is_sealed_and_a_missing_one_is_not() -> None:
    assert WrittenDevice.model_validate({"mac": MAC, "sip_password": "p"}).noun(str.upper).sip_password == "P"
    assert WrittenDevice.model_validate({"mac": MAC}).noun(lambda _: "sealed").sip_password == ""


def test_only_written_fields_count_and_the_mac_never() -> None:
    assert WrittenDevice.model_validate({"mac": MAC, "user": ""}).fields() == {"user"}


@pytest.mark.parametrize(
    "target",
    ["sip:sbc.example.net", "sip:10.1.2.3:5070;transport=tcp", "sips:sbc", "sip:[2001:db8::1]", "sip:ping@10.1.2.3"],
)
def test_targets_of_connections_may_be_names_or_addresses(target: str) -> None:
    assert WrittenConnection(name="trunk-a", target=target).noun().target == target


@pytest.mark.parametrize(
    "target",
    ["", "sbc.example.net", "sip:", "sip:a..b", "sip:sbc:99999", "sip:sbc;transport=sctp", "sips:sbc;transport=udp",
     "sip:sbc;maddr=192.0.2.1", "sip:sbc\r\nVia: x", "tel:+49", "sip:-sbc", "sip:sbc?subject=x"],
)  # fmt: skip
def test_targets_that_lead_nowhere_are_refused(target: str) -> None:
    with pytest.raises(ValidationError):
        WrittenConnection(name="trunk-a", target=target)


def test_a_connection_knows_which_of_its_fields_were_written() -> None:
    written = WrittenConnection.model_validate({"name": "trunk-a", "target": "sip:sbc", "interval": "10s"})
    assert written.fields() == {"target", "interval"}
    assert written.noun().interval == 10
