from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.model import Contact
from daemon.sip.message import Source
from daemon.sip.notify import CheckSync, destination
from tests.support.builders import contact


def check_sync(to: Contact | None = None, *, reboot: bool = False) -> CheckSync:
    return CheckSync(to or contact(), reboot, "t1", "192.0.2.1:5060", "pbx.example.net", "Ringkeeper")


def test_it_looks_as_phones_expect_it() -> None:
    request = check_sync().request(1)
    assert (request.method, request.uri, request.body) == ("NOTIFY", "sip:2041@10.1.2.7:5060", b"")
    assert request.headers == (
        ("max-forwards", "70"),
        ("from", "<sip:ringkeeper@pbx.example.net>;tag=t1"),
        ("to", "<sip:2041@10.1.2.7:5060>"),
        ("call-id", "t1@pbx.example.net"),
        ("cseq", "1 NOTIFY"),
        ("contact", "<sip:ringkeeper@192.0.2.1:5060>"),
        ("event", "check-sync;reboot=false"),
        ("subscription-state", "terminated"),
        ("user-agent", "Ringkeeper"),
    )


def test_with_a_restart_only_the_event_differs() -> None:
    plain, restart = check_sync().request(1), check_sync(reboot=True).request(1)
    assert restart.first("event") == "check-sync;reboot=true"
    assert [header for header in plain.headers if header[0] != "event"] == [
        header for header in restart.headers if header[0] != "event"
    ]


def test_the_second_one_is_of_the_same_call_with_a_higher_number_and_the_credentials() -> None:
    first, second = check_sync().request(1), check_sync().request(2, ("authorization", "Digest x"))
    assert (second.first("cseq"), second.first("authorization")) == ("2 NOTIFY", "Digest x")
    for same in ("call-id", "from", "to", "event"):
        assert second.first(same) == first.first(same)


def test_a_path_becomes_the_route_in_its_order() -> None:
    through = replace(contact(), route=("sip:edge.example.net;lr", "sip:inner.example.net;lr"))
    request = check_sync(through).request(1)
    assert request.all("route") == ["<sip:edge.example.net;lr>", "<sip:inner.example.net;lr>"]
    assert request.uri == "sip:2041@10.1.2.7:5060"


def test_headers_within_a_contact_uri_stay_out_of_the_request_line() -> None:
    assert check_sync(replace(contact(), uri="sip:2041@10.1.2.7?subject=x")).request(1).uri == "sip:2041@10.1.2.7"


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_over_a_stream_we_are_reached_over_a_stream_too(transport: str) -> None:
    request = check_sync(replace(contact(), transport=transport)).request(1)
    assert request.first("contact") == f"<sip:ringkeeper@192.0.2.1:5060;transport={transport}>"


def test_it_goes_where_the_contact_is_over_its_own_transport() -> None:
    assert destination(contact(5062)) == Source("10.1.2.7", 5062, "udp")
    assert destination(replace(contact(49152), transport="tls")) == Source("10.1.2.7", 49152, "tls")
