from __future__ import annotations

import pytest

from daemon.integrations.ami_contacts import Gone, happened, listed
from daemon.integrations.ami_protocol import Packet
from daemon.integrations.sightings import Sighting
from tests.support.ami_peer import contact_list, contact_status, peer_entry, peer_status, status_detail


def read(lines: list[str]) -> Packet:
    return Packet(tuple((key, value.strip()) for key, _, value in (line.partition(":") for line in lines)))


def test_a_contact_of_pjsip_is_one_of_its_address_of_record() -> None:
    assert listed(read(contact_list("2041"))) == Sighting(
        "2041", "sip:2041@10.1.2.7:5060", via="10.1.2.7:5060", freshness=1_800_003_600
    )


def test_the_older_list_tells_the_same() -> None:
    assert listed(read(status_detail("2041"))) == listed(read(contact_list("2041")))


def test_semicolons_that_asterisk_hides_are_shown() -> None:
    found = listed(read(contact_list("2041", Uri="sip:2041@10.1.2.7:5061^3Btransport=TLS", Path="<sip:10.0.0.8^3Blr>")))
    assert found is not None
    assert (found.uri, found.path) == ("sip:2041@10.1.2.7:5061;transport=TLS", "<sip:10.0.0.8;lr>")


@pytest.mark.parametrize("expires", ["", "never", "99999999999999999999", "٣"])
def test_an_expiry_that_is_no_number_is_the_oldest(expires: str) -> None:
    found = listed(read(contact_list("2041", ExpirationTime=expires)))
    assert found is not None
    assert found.freshness == 0.0


def test_a_peer_of_chan_sip_is_reached_at_its_address() -> None:
    assert listed(read(peer_entry("2041"))) == Sighting("2041", "sip:2041@10.1.2.8:5060")
    assert listed(read(peer_entry("2041", "2001:db8::7"))) == Sighting("2041", "sip:2041@[2001:db8::7]:5060")


@pytest.mark.parametrize(
    "entry",
    [
        peer_entry("2041", "-none-", 0),
        peer_entry("2041", "(null)", 5060),
        peer_entry("2041", "10.1.2.8", 0),
        peer_entry("trunk", dynamic="no"),
        contact_list("", Endpoint="", ObjectName=""),
        contact_list("2041", Uri=""),
        ["Event: AorList", "ObjectName: 2041"],
        ["Ping: Pong"],
    ],
)
def test_what_is_no_registration_is_none(entry: list[str]) -> None:
    assert listed(read(entry)) is None


@pytest.mark.parametrize("status", ["Created", "Updated", "Reachable", "Unreachable", "NonQualified", "Unknown"])
def test_a_contact_is_registered_whatever_asterisks_own_pings_say(status: str) -> None:
    assert happened(read(contact_status("2041", status, 5062))) == Sighting(
        "2041", "sip:2041@10.1.2.7:5062", via="10.1.2.7:5060", freshness=1_800_003_600
    )


def test_a_removed_contact_is_gone() -> None:
    assert happened(read(contact_status("2041", "Removed"))) == Gone("2041", "sip:2041@10.1.2.7:5060")


def test_a_peer_registers_and_leaves() -> None:
    came = read(peer_status("2041", "Registered", "Address: 10.1.2.8:5062"))
    left = read(peer_status("2041", "Unregistered", "Cause: Expired"))
    assert happened(came) == Sighting("2041", "sip:2041@10.1.2.8:5062")
    assert happened(left) == Gone("2041")


@pytest.mark.parametrize(
    "event",
    [
        peer_status("2041", "Reachable", "Time: 12"),
        peer_status("2041", "Lagged", "Time: 2500"),
        peer_status("2041", "Unreachable", "Time: -1"),
        peer_status("2041", "Registered"),
        ["Event: PeerStatus", "ChannelType: PJSIP", "Peer: PJSIP/2041", "PeerStatus: Unregistered"],
        ["Event: Registry", "ChannelType: PJSIP", "Domain: sip:trunk", "Status: Registered"],
        ["Event: Newchannel"],
        [],
    ],
)
def test_other_events_say_nothing_of_a_registration(event: list[str]) -> None:
    assert happened(read(event)) is None
